"""The Python part of fetch_dataset.sh: zips, many links at once, checksums, and downloads without curl.

Needs only Python 3.7 or newer. The names of the files it creates come from the patterns in kaggle_name,
never from the paths in a zip.
"""

import hashlib
import os
import re
import shutil
import sys
import zipfile
import zlib


def kaggle_name(path):
    """PetImages/Cat/1.jpg and train/cat.1.jpg -> cat.1.jpg; None for any other path."""
    parts = path.split("/")
    if "\\" in path or any(part in ("", ".", "..") for part in parts):
        return None
    if re.fullmatch(r"(cat|dog)\.[0-9]{1,9}\.jpg", parts[-1]):
        return parts[-1]
    microsoft = re.fullmatch(r"(Cat|Dog)/([0-9]{1,9}\.jpg)", "/".join(parts[-2:]))
    return microsoft and f"{microsoft[1].lower()}.{microsoft[2]}"


def pictures(path):
    """The zip that holds the pictures (`path`, or train.zip inside it), and its pictures by name."""
    archive = zipfile.ZipFile(path)
    found = {kaggle_name(member.filename): member for member in archive.infolist()}
    inner = found.pop(None, None) and [m for m in archive.infolist() if m.filename.endswith("train.zip")]
    if not found and inner:
        return pictures(archive.open(inner[0]))
    return archive, found


def look(path):
    """Prints the number of pictures, an upper bound of their size on disk, in bytes, and `microsoft` if they
    are in its folders."""
    found = pictures(path)[1].values()
    microsoft = any(re.search("(^|/)(Cat|Dog)/[0-9]+.jpg$", member.filename) for member in found)
    print(len(found), sum(member.file_size + 4096 for member in found), "microsoft" if microsoft else "")


def unpack(path, to):
    archive, found = pictures(path)
    # In the order of the file: seeking backwards in train.zip inside a zip is slow.
    for name, member in sorted(found.items(), key=lambda item: item[1].header_offset):
        with archive.open(member) as source, open(os.path.join(to, name), "xb") as file:
            shutil.copyfileobj(source, file, 1 << 20)


def link(folder, to):
    """Links the pictures of Microsoft's two folders into one folder."""
    for kind in ("Cat", "Dog"):
        inside = os.path.join(folder, kind)
        for file in os.listdir(inside) if os.path.isdir(inside) else []:
            if re.fullmatch(r"[0-9]{1,9}\.jpg", file):
                os.symlink(os.path.join(inside, file), os.path.join(to, f"{kind.lower()}.{file}"))


def unlike(folder, each, expected):
    """Prints the number of the first `each` pictures of a class whose SHA-256 is in the file `expected`, and
    the names of those that have another."""
    with open(expected, encoding="ascii") as file:
        rows = [line.split() for line in file if not line.startswith("#")][: int(each)]
    print(2 * len(rows))
    for kind, name in enumerate(("cat", "dog")):
        for number, row in enumerate(rows):
            with open(os.path.join(folder, f"{name}.{number}.jpg"), "rb") as file:
                if not hashlib.sha256(file.read()).hexdigest().startswith(row[kind]):
                    print(f"{name}.{number}.jpg")


def download(url, path):
    """Continues the download in `path`; exits with curl's exit codes."""
    import http.client
    import urllib.error
    import urllib.request  # Slow to load, and rarely needed.

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
    """Exits with 0 if `path` is a zip with its end, else 1."""
    sys.exit(0 if zipfile.is_zipfile(path) else 1)


if __name__ == "__main__":
    tools = {"look": look, "unpack": unpack, "link": link, "unlike": unlike, "download": download, "whole": whole,
             "rename": os.rename}  # fmt: skip
    try:
        tools[sys.argv[1]](*sys.argv[2:])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        print(error, file=sys.stderr)
        sys.exit(4)
    except OSError as error:
        sys.exit(str(error))
