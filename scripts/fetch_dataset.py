"""What fetch_dataset.sh leaves to Python: zips, links in numbers, and a download without curl.

Needs Python 3.7 or newer and nothing else. The names of the files it makes come from the patterns in
kaggle_name alone, never from a zip's own paths.
"""

import os
import re
import shutil
import sys
import zipfile
import zlib


def kaggle_name(path):
    """PetImages/Cat/1.jpg and train/cat.1.jpg -> cat.1.jpg; None for what is no such picture."""
    parts = path.split("/")
    if "\\" in path or any(part in ("", ".", "..") for part in parts):
        return None
    if re.fullmatch(r"(cat|dog)\.[0-9]{1,9}\.jpg", parts[-1]):
        return parts[-1]
    microsoft = re.fullmatch(r"(Cat|Dog)/([0-9]{1,9}\.jpg)", "/".join(parts[-2:]))
    return microsoft and f"{microsoft[1].lower()}.{microsoft[2]}"


def pictures(path):
    """The zip that holds the pictures (`path`, or train.zip inside it), and its members by name."""
    archive = zipfile.ZipFile(path)
    found = {kaggle_name(member.filename): member for member in archive.infolist()}
    inner = found.pop(None, None) and [m for m in archive.infolist() if m.filename.endswith("train.zip")]
    if not found and inner:
        return pictures(archive.open(inner[0]))
    return archive, found


def look(path):
    """How many pictures, and the bytes they take in whole blocks."""
    found = pictures(path)[1].values()
    print(len(found), sum(member.file_size + 4096 for member in found))


def unpack(path, to):
    archive, found = pictures(path)
    # In their order, since train.zip inside a zip cannot be read backwards quickly.
    for name, member in sorted(found.items(), key=lambda item: item[1].header_offset):
        with archive.open(member) as source, open(os.path.join(to, name), "xb") as file:
            shutil.copyfileobj(source, file, 1 << 20)


def link(folder, to):
    """Microsoft's folders as one folder of links."""
    for kind in ("Cat", "Dog"):
        inside = os.path.join(folder, kind)
        for file in os.listdir(inside) if os.path.isdir(inside) else []:
            if re.fullmatch(r"[0-9]{1,9}\.jpg", file):
                os.symlink(os.path.join(inside, file), os.path.join(to, f"{kind.lower()}.{file}"))


def download(url, path):
    """Goes on from what `path` holds; curl's exit codes."""
    import http.client
    import urllib.error
    import urllib.request  # as slow to load as all the rest

    have = os.path.getsize(path)
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            expected = int(answer.headers.get("Content-Length") or 0)
            with open(path, "ab" if answer.status == 206 else "wb") as file:
                start = file.tell()
                shutil.copyfileobj(answer, file, 1 << 20)
                sys.exit(18 if file.tell() - start < expected else 0)
    except urllib.error.HTTPError as error:
        print(error.code)
        sys.exit(22)
    except (OSError, http.client.HTTPException, ValueError) as error:
        sys.exit(23 if getattr(error, "errno", None) in (13, 28, 122) else 6)


def whole(path):
    sys.exit(0 if zipfile.is_zipfile(path) else 1)


if __name__ == "__main__":
    tools = {"look": look, "unpack": unpack, "link": link, "download": download, "whole": whole, "rename": os.rename}
    try:
        tools[sys.argv[1]](*sys.argv[2:])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        print(error, file=sys.stderr)
        sys.exit(4)
    except OSError as error:
        sys.exit(str(error))
