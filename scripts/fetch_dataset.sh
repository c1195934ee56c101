#!/usr/bin/env bash
# Finds or downloads the pictures of Dogs vs. Cats, and has `petite prepare` split them as the book does:
# it unpacks zips, counts the pictures, compares them with Kaggle's and creates the folder or nothing.
set -euo pipefail
unset CDPATH

usage() {
  cat <<'END'
usage: scripts/fetch_dataset.sh PATH | --kaggle | --microsoft [--to DIR]

  PATH          pictures you already have, as a folder or zip: Kaggle's dogs-vs-cats.zip or
                train.zip, Microsoft's kagglecatsanddogs_5340.zip, or one of these unpacked
  --kaggle      download from Kaggle, 0.8 GB; needs its client and an API token
  --microsoft   download Microsoft's public archive, 0.8 GB; needs no account, but has a few broken
                pictures, and the others are other files than Kaggle's
  --to DIR      data set to create (default: data/dogs-vs-cats in this checkout)

For links or other numbers of pictures: petite prepare --from PATH

environment:
  PETITE_CACHE           where downloads are kept until they are unpacked, and what they are unpacked to
                         (default: $XDG_CACHE_HOME/petite or ~/.cache/petite)
  PETITE_MICROSOFT_URL   another address of Microsoft's archive, such as a mirror
  PETITE                 the program (default: target/debug/petite in this checkout)
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=/dev/null
. "$root/scripts/download.sh"
say() { printf 'fetch_dataset: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }
wrong_usage() { say "$@"; echo >&2; usage >&2; exit 2; }

source=
to=$root/data/dogs-vs-cats
while [ $# -gt 0 ]; do
  case $1 in
    --to) [ $# -ge 2 ] && [ -n "$2" ] || wrong_usage "--to needs a folder"; to=$2; shift ;;
    -h|--help) usage; exit 0 ;;
    --kaggle|--microsoft|[!-]*)
      [ -z "$source" ] || wrong_usage "expected one source, found $source and $1"
      source=$1 ;;
    *) wrong_usage "unknown argument '$1'" ;;
  esac
  shift
done
[ -n "$source" ] || wrong_usage "expected PATH, --kaggle or --microsoft, found no source"
if [ -n "$(ls -A "$to" 2>/dev/null)" ]; then
  echo "already there: $to"
  exit 0
fi
petite=${PETITE:-$root/target/debug/petite}
[ -x "$petite" ] || die "expected petite at $petite, found none; try cargo build"
cache=${PETITE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/petite}
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || die "cannot write to $cache; try another PETITE_CACHE"
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
work=$(mktemp -d "$cache/.dogs-vs-cats.XXXXXX")

download_from_kaggle() {
  command -v kaggle >/dev/null || die "expected Kaggle's client, found none; try pip install kaggle, or --microsoft"
  echo "downloading from Kaggle, 0.8 GB; its client prints nothing meanwhile"
  if kaggle competitions download -c dogs-vs-cats -p "$work" >"$work/errors" 2>&1; then
    mv "$work/dogs-vs-cats.zip" "$zip"
    return
  fi
  case $(<"$work/errors") in
    *[Ff]orbidden*)
      die "expected the competition's rules to be accepted, found Kaggle refusing (403); try accepting them at https://www.kaggle.com/competitions/dogs-vs-cats/rules (Join or Late Submission) and running this again" ;;
    *[Mm]ax\ retries*|*[Ff]ailed\ to\ resolve*|*[Cc]onnection*|*timed\ out*)
      die "expected an answer from Kaggle, found no network connection; try again when there is one" ;;
    *[Aa]uthentication\ required*|*[Uu]nauthorized*|*kaggle.json*)
      die "expected a Kaggle token, found none that works; try creating one at https://www.kaggle.com/settings and storing it as Kaggle describes (~/.kaggle/kaggle.json or access_token, or KAGGLE_USERNAME and KAGGLE_KEY)" ;;
    *) die "Kaggle's client failed: $(tail -n 1 "$work/errors"); try pip install --upgrade kaggle, or --microsoft" ;;
  esac
}
download_from_microsoft() {
  local url=${PETITE_MICROSOFT_URL:-https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/kagglecatsanddogs_5340.zip}
  echo "downloading from Microsoft, 0.8 GB"
  download "$url" "$zip.part" \
    || die "expected the whole archive at $url, found the error above; try again, which continues the download, or --kaggle"
  mv "$zip.part" "$zip"
}

# A complete download has its own name.
case $source in
  --kaggle) zip=$cache/dogs-vs-cats.zip ;;
  --microsoft) zip=$cache/kagglecatsanddogs_5340.zip ;;
  *) zip= ;;
esac
[ -z "$zip" ] || [ -e "$zip" ] || "download_from_${source#--}"
source=${zip:-$source}
[ -e "$source" ] || die "expected a folder or a zip at $source, found nothing; try another PATH, --kaggle or --microsoft"
# Microsoft's PetImages/Cat/0.jpg gets Kaggle's name cat.0.jpg, by which the book splits.
mkdir "$work/pictures"
from=$(python3 - "$source" "$work/pictures" 2>"$work/errors" <<'END'
import pathlib, re, sys, zipfile

source, to = map(pathlib.Path, sys.argv[1:])
root = zipfile.Path(source) if zipfile.is_zipfile(source) else source
folders = [base / kind for base in (root / "PetImages", root) for kind in ("Cat", "Dog")]
pictures = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
pictures = [path for path in pictures if re.fullmatch("[0-9]+[.]jpg", path.name)]
for path in pictures:
    copy = to / f"{path.parent.name.lower()}.{path.name}"
    if root is source:
        copy.symlink_to(path.absolute())
    else:
        copy.write_bytes(path.read_bytes())
print(to if pictures else source)
END
) || die "cannot read $source: $(tail -n 1 "$work/errors"); try another copy of it"
if ! "$petite" prepare --from "$from" --to "$to"; then
  [ -z "$zip" ] || say "note: the download is kept in $zip; if it is damaged, try removing it"
  exit 1
fi
rm -f "$zip"
echo "data set: $to"
