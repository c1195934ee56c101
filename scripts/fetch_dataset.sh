#!/usr/bin/env bash
# Gets the pictures of Dogs vs. Cats into data/originals, one flat folder with Kaggle's file names
# (cat.0.jpg, dog.0.jpg), from which `petite prepare` makes the splits.
#
# The folder is built beside its destination, its pictures are counted and their SHA-256 compared with
# dogs-vs-cats.txt, and it is renamed: the destination is complete or absent. A folder of yours is
# linked, never copied or changed.
set -euo pipefail
unset CDPATH

usage() {
  cat <<'EOF'
usage: scripts/fetch_dataset.sh PATH | --kaggle | --microsoft [--to DIR] [--each N] [--unchecked]

  PATH          pictures you already have, as a folder or zip: Kaggle's dogs-vs-cats.zip or
                train.zip, Microsoft's kagglecatsanddogs_5340.zip, or one of these unpacked
  --kaggle      download from Kaggle, 0.8 GB; needs its client and an API token
  --microsoft   download Microsoft's public archive, 0.8 GB; needs no account, but has a few broken
                pictures
  --to DIR      destination folder (default: data/originals in this checkout)
  --each N      pictures required per class (default: 2000, numbers 0 to 1999, which the book's
                split uses; the complete set has 12500)
  --unchecked   accept pictures whose SHA-256 is not that of Kaggle's. Numbers 0 to 1999 are checked
                otherwise; Microsoft's archive has the same pictures in other files, so it is not

environment:
  PETITE_CACHE           where downloads are kept until they are unpacked
                         (default: $XDG_CACHE_HOME/petite or ~/.cache/petite)
  PETITE_MICROSOFT_URL   another address of Microsoft's archive, such as a mirror
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
say() { printf 'fetch_dataset: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }
wrong_usage() { say "$@"; echo >&2; usage >&2; exit 2; }

source=
to=$root/data/originals
each=2000
unchecked=
choose() {
  [ -z "$source" ] || wrong_usage "expected one source, found $source and $1"
  source=$1
}
while [ $# -gt 0 ]; do
  case $1 in
    --to) [ $# -ge 2 ] && [ -n "$2" ] || wrong_usage "--to needs a folder"; to=$2; shift 2 ;;
    --each) [ $# -ge 2 ] || wrong_usage "--each needs a number"; each=$2; shift 2 ;;
    --unchecked) unchecked=1; shift ;;
    -h|--help) usage; exit 0 ;;
    --kaggle|--microsoft) choose "$1"; shift ;;
    -*|'') wrong_usage "unknown argument '$1'" ;;
    *) choose "$1"; shift ;;
  esac
done
[ -n "$source" ] || wrong_usage "expected PATH, --kaggle or --microsoft, found no source"
[[ $each =~ ^[1-9][0-9]{0,4}$ ]] && [ "$each" -le 12500 ] \
  || wrong_usage "expected --each from 1 to 12500, found '$each'"
command -v python3 >/dev/null || die "expected python3, found none; try installing Python 3"

# pictures DIR CLASS [find's tests]: names of the form CLASS.<number>.jpg in DIR, links followed.
pictures() {
  (cd "$1" && find -L . -maxdepth 1 -type f "${@:3}" -name "$2.*.jpg") \
    | sed -n "s|^\./\($2\.[0-9][0-9]*\.jpg\)\$|\1|p"
}
count() { echo $(($(pictures "$@" | wc -l))); }

# missing DIR: the names missing in DIR among the first $each of each class.
missing() {
  local class n
  for class in cat dog; do
    for ((n = 0; n < each; n++)); do
      [ -f "$1/$class.$n.jpg" ] || echo "$class.$n.jpg"
    done
  done
}
# listed NAMES: the first ten names on one line, and the number of further ones.
listed() {
  local more=$(($(wc -l <<<"$1") - 10))
  printf '%s' "$(head -n 10 <<<"$1" | xargs | sed 's/ /, /g')"
  [ "$more" -le 0 ] || printf ' and %s more' "$more"
}
# check DIR NAME: ends the script unless DIR has all required pictures; the message calls it NAME.
check() {
  local names
  names=$(missing "$1")
  [ -z "$names" ] || die "expected $each cats and $each dogs, numbered from 0, in $2," \
    "found $(($(wc -l <<<"$names"))) missing: $(listed "$names"); try a complete copy, or a smaller --each"
}
# check_contents DIR NAME: ends the script if pictures in DIR are not Kaggle's; the message calls it NAME.
check_contents() {
  local answer expected names number
  [ -z "$unchecked" ] || return 0
  answer=$("${tool[@]}" unlike "$1" "$each" "$root/scripts/dogs-vs-cats.txt" 2>&1) \
    || die "cannot read the pictures in $2: $(tail -n 1 <<<"$answer"); try again"
  expected=$(head -n 1 <<<"$answer")
  names=$(tail -n +2 <<<"$answer")
  [ -n "$names" ] || return 0
  number=$(($(wc -l <<<"$names")))
  if [ -n "$microsoft" ] && [ "$number" = "$expected" ]; then
    say "note: Microsoft's pictures are other files than Kaggle's: their contents were not checked"
    return 0
  fi
  die "expected Kaggle's pictures in $2, found $number of $expected with another SHA-256:" \
    "$(listed "$names"); try a fresh copy from Kaggle, or --unchecked to accept them"
}
# report WORDS: prints the last lines of a successful run.
report() {
  local empty needed
  empty=$(pictures "$target" cat -size 0; pictures "$target" dog -size 0)
  if [ -n "$empty" ]; then
    say "note: pictures that are empty files: $(($(wc -l <<<"$empty")))"
    needed=$(awk -F. -v each="$each" '$2 < each' <<<"$empty" | sort -t. -k1,1 -k2,2n)
    [ -z "$needed" ] || say "note: empty among the first $each: $(listed "$needed");" \
      "petite train --skip-bad-pictures leaves them out"
  fi
  echo "$1 $(count "$target" cat) cats and $(count "$target" dog) dogs: $target"
}

mkdir -p "$(dirname "$to")" 2>/dev/null || die "cannot create $(dirname "$to"); try another --to"
target=$(cd "$(dirname "$to")" && pwd)/$(basename "$to")
tool=(python3 -I "$root/scripts/fetch_dataset.py")
# Set for pictures from Microsoft, and for a folder that is already there, which may be from it.
microsoft=
if [ -d "$target" ] && [ -z "$(missing "$target")" ]; then
  microsoft=1
  check_contents "$target" "$target"
  report "already there:"
  exit 0
elif [ -L "$target" ]; then
  die "expected $target to be new or empty, found a link to $(readlink "$target"); try another --to, or remove the link"
elif [ -d "$target" ] && [ -n "$(ls -A "$target")" ]; then
  die "expected $target to be new or empty, found a folder with $(count "$target" cat) cats and" \
    "$(count "$target" dog) dogs that is not a complete set; try another --to, or move it away"
elif [ -e "$target" ] && [ ! -d "$target" ]; then
  die "expected $target to be new or empty, found a file; try another --to, or move it away"
fi

# Long commands run in the background, so that a signal ends them at once.
child=
work=
run() {
  local status=0
  "$@" &
  child=$!
  wait "$child" || status=$?
  child=
  return "$status"
}
interrupted() {
  trap '' HUP INT TERM
  if [ -n "$child" ]; then
    kill "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  exit 130
}
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap interrupted HUP INT TERM
work=$(mktemp -d "$target.XXXXXX" 2>/dev/null) || die "cannot write beside $target; try another --to"

# need BYTES DIR HINT: ends the script unless DIR's disk has BYTES free.
need() {
  local mib=$((($1 >> 20) + 1)) free_kib
  free_kib=$(df -Pk "$2" | awk 'NR == 2 { print $4 }')
  [ "$free_kib" -ge $((mib * 1024)) ] || die "expected $mib MiB free at $2, found $((free_kib / 1024)); try $3"
}

# A damaged download is removed, so that the next run starts again; a zip of yours is kept.
downloaded=
bad_zip() { [ -z "$downloaded" ] || rm -f "$downloaded"; die "$@"; }
# zip_tool NAME [ARGUMENT]: runs a command of fetch_dataset.py on $zip.
zip_tool() {
  local status=0
  run "${tool[@]}" "$1" "$zip" "${@:2}" 2>"$work/errors" >"$work/answer" || status=$?
  case $status in
    0) ;;
    4) bad_zip "expected an intact zip at $zip, found damage ($(tail -n 1 "$work/errors")); try downloading it again" ;;
    *) die "cannot unpack $zip: $(tail -n 1 "$work/errors"); try again with more disk space, or another --to" ;;
  esac
}
from_zip() {
  zip=$1
  local bytes number
  "${tool[@]}" whole "$zip" || bad_zip "expected a zip at $zip, found another kind of file; try the zip as downloaded from Kaggle or Microsoft"
  zip_tool look
  read -r number bytes microsoft <"$work/answer"
  [ "$number" -gt 0 ] || bad_zip "expected train/cat.0.jpg or PetImages/Cat/0.jpg in $zip, found no such pictures;" \
    "try Kaggle's dogs-vs-cats.zip or Microsoft's kagglecatsanddogs_5340.zip"
  need "$bytes" "$work" "another --to"
  echo "unpacking $number pictures from $zip"
  mkdir "$work/tree"
  zip_tool unpack "$work/tree"
}

from_folder() {
  local folder base archive
  folder=$(cd "$1" 2>/dev/null && pwd) || die "expected a readable folder at $1, found no permission to enter it; try another"
  for base in "$folder" "$folder/train"; do
    if [ -d "$base" ] && [ -n "$(pictures "$base" '[cd][ao][tg]')" ]; then
      ln -s "$base" "$work/tree"
      return
    fi
  done
  for base in "$folder/PetImages" "$folder"; do
    if [ -d "$base/Cat" ] || [ -d "$base/Dog" ]; then
      microsoft=1
      mkdir "$work/tree"
      run "${tool[@]}" link "$base" "$work/tree" 2>"$work/errors" \
        || die "cannot link the pictures of $base: $(tail -n 1 "$work/errors"); try another --to"
      return
    fi
  done
  for archive in train.zip dogs-vs-cats.zip kagglecatsanddogs_5340.zip; do
    [ ! -f "$folder/$archive" ] || die "expected pictures in $folder, found $archive; try scripts/fetch_dataset.sh $folder/$archive"
  done
  die "expected cat.0.jpg, train/cat.0.jpg or PetImages/Cat/0.jpg in $folder, found no such pictures; try another folder, --kaggle or --microsoft"
}

# start_download NAME: sets the file of a download, which an interrupted run leaves for the next.
start_download() {
  cache=${PETITE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/petite}
  mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || die "cannot write to $cache; try another PETITE_CACHE"
  downloaded=$cache/$1
  "${tool[@]}" whole "$downloaded" 2>/dev/null || need $((900 << 20)) "$cache" "another PETITE_CACHE"
}

from_kaggle() {
  local rules=https://www.kaggle.com/competitions/dogs-vs-cats/rules
  command -v kaggle >/dev/null || die "expected Kaggle's client, found none; try pip install kaggle, or --microsoft"
  start_download dogs-vs-cats.zip
  if ! "${tool[@]}" whole "$downloaded"; then
    echo "downloading from Kaggle, 0.8 GB; its client prints nothing meanwhile"
    if ! run kaggle competitions download -c dogs-vs-cats -p "$cache" >"$work/errors" 2>&1; then
      if grep -qi 'forbidden' "$work/errors"; then
        die "expected the competition's rules to be accepted, found Kaggle refusing (403); try accepting them at $rules (Join or Late Submission) and running this again"
      elif grep -qi 'max retries\|failed to resolve\|connection\|timed out' "$work/errors"; then
        die "expected an answer from Kaggle, found no network connection; try again when there is one"
      elif grep -qi 'authentication required\|unauthorized\|kaggle\.json' "$work/errors"; then
        die "expected a Kaggle token, found none that works; try creating one at https://www.kaggle.com/settings and storing it as Kaggle describes (~/.kaggle/kaggle.json or access_token, or KAGGLE_USERNAME and KAGGLE_KEY)"
      fi
      die "Kaggle's client failed: $(tail -n 1 "$work/errors"); try pip install --upgrade kaggle, or --microsoft"
    fi
  fi
  from_zip "$downloaded"
}

from_microsoft() {
  local url status=0 before after code progress
  url=${PETITE_MICROSOFT_URL:-https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/kagglecatsanddogs_5340.zip}
  start_download kagglecatsanddogs_5340.zip
  if ! "${tool[@]}" whole "$downloaded"; then
    : >>"$downloaded"
    before=$(($(wc -c <"$downloaded")))
    echo "downloading from Microsoft, 0.8 GB$([ "$before" = 0 ] || echo "; continuing after $((before >> 20)) MiB")"
    if command -v curl >/dev/null; then
      progress=--silent
      [ ! -t 2 ] || progress=--progress-bar
      run curl --fail --location "$progress" --connect-timeout 20 --speed-limit 1 --speed-time 60 \
        --write-out '%{http_code}' --continue-at - --output "$downloaded" "$url" >"$work/code" || status=$?
    elif command -v wget >/dev/null; then
      progress=--quiet
      [ ! -t 2 ] || progress=--no-verbose\ --show-progress
      # shellcheck disable=SC2086
      run wget $progress --timeout=60 --tries=1 --continue --output-document="$downloaded" "$url" || status=$?
      case $status in 3) status=23 ;; 8) status=22 ;; esac
    else
      run "${tool[@]}" download "$url" "$downloaded" >"$work/code" || status=$?
    fi
    after=$(($(wc -c <"$downloaded")))
    [ "$after" -gt 0 ] || rm -f "$downloaded"
    code=$(cat "$work/code" 2>/dev/null || true)
    case $status in
      0) ;;
      22) [ "$code" != 416 ] || rm -f "$downloaded"
        die "expected the archive at $url, found the server's error ${code:-page}; try again, or --kaggle" ;;
      23) die "cannot write $downloaded; try another PETITE_CACHE with 0.9 GB free" ;;
      *) [ "$after" -le "$before" ] || die "expected the whole archive, found a download interrupted after" \
          "$after bytes; try again: it continues from there"
        die "expected an answer from $url, found no network connection to it; try again, or download it in a browser and give its path" ;;
    esac
  fi
  from_zip "$downloaded"
}

case $source in
  --kaggle) from_kaggle ;;
  --microsoft) from_microsoft ;;
  *)
    if [ -d "$source" ]; then
      from_folder "$source"
    elif [ -f "$source" ]; then
      from_zip "$source"
    else
      die "expected a folder or a zip at $source, found nothing; try another PATH, --kaggle or --microsoft"
    fi
    ;;
esac

check "$work/tree" "${downloaded:-$source}"
check_contents "$work/tree" "${downloaded:-$source}"
[ ! -d "$target" ] || rmdir "$target" || die "cannot remove the empty $target; try another --to"
"${tool[@]}" rename "$work/tree" "$target" 2>"$work/errors" \
  || die "cannot rename to $target: $(tail -n 1 "$work/errors"); try again, or another --to"
[ -z "$downloaded" ] || rm -f "$downloaded"
report "$([ -L "$target" ] && echo linked || echo fetched)"
