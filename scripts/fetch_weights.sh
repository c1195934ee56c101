#!/usr/bin/env bash
# Downloads a pretrained base's published weights, or copies a local file, checks the hash pinned
# here if the file is the published one, converts Keras's format, and puts the result where petite
# looks for it.
#
# The destination is complete or absent: files are checked before they are renamed. A local file is
# never changed.
set -euo pipefail
unset CDPATH

usage() {
  cat <<'EOF'
usage: scripts/fetch_weights.sh NAME [FILE] [--sha256 HEX]

  NAME           vgg16, mobilenet, squeezenet, resnet18, resnet34 or resnet50
  FILE           the published file, if you already have it, or weights of your own:
                 .safetensors, .npz, .ot, or PyTorch's .pth, .pt, .ckpt, .bin or .pth.tar
  --sha256 HEX   expect this SHA-256 instead of the pinned one

environment:
  PETITE_CACHE         the weights go into its folder `weights`
                       (default: $XDG_CACHE_HOME/petite or ~/.cache/petite)
  PETITE_WEIGHTS_URL   another address of the published file, such as a mirror
  PETITE_PYTHON        a Python with h5py and safetensors, which Keras's files need: vgg16, mobilenet,
                       squeezenet (default: one created in the cache, with pip)
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=/dev/null
. "$root/scripts/download.sh"
say() { printf 'fetch_weights: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }
wrong_usage() { say "$@"; echo >&2; usage >&2; exit 2; }

name=
file=
pinned=
while [ $# -gt 0 ]; do
  case $1 in
    -h|--help) usage; exit 0 ;;
    --sha256) [ $# -ge 2 ] || wrong_usage "--sha256 needs a hash"; pinned=${2,,}; shift 2 ;;
    -*|'') wrong_usage "unknown argument '$1'" ;;
    *) if [ -z "$name" ]; then name=$1; elif [ -z "$file" ]; then file=$1; else wrong_usage "unknown argument '$1'"; fi; shift ;;
  esac
done
[ -n "$name" ] || wrong_usage "expected a NAME, found none"
[ -z "$pinned" ] || [[ $pinned =~ ^[0-9a-f]{64}$ ]] || wrong_usage "expected --sha256 of 64 hexadecimal digits, found '$pinned'"

# torchvision's file names contain the first eight digits of the hash. VGG16's hash is that of the file
# whose MD5 Keras publishes, 6d6bbae143d832006294945121d1f1fc. Keras publishes none for MobileNet.
keras=https://storage.googleapis.com/tensorflow/keras-applications
torchvision=https://download.pytorch.org/models
sha256=
case $name in
  vgg16)
    url=$keras/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5
    sha256=bfe5187d0a272bed55ba430631598124cff8e880b98d38c9e56c8d66032abdc1 ;;
  mobilenet)
    url=$keras/mobilenet/mobilenet_1_0_224_tf_no_top.h5 ;;
  squeezenet)
    url=https://github.com/rcmalli/keras-squeezenet/releases/download/v1.0/squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5
    sha256=17154246284f555591549ac2c83e127abfbf4307dc4b0060fdaa2931d0fa38da ;;
  resnet18)
    url=$torchvision/resnet18-f37072fd.pth
    sha256=f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec ;;
  resnet34)
    url=$torchvision/resnet34-b627a593.pth
    sha256=b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f ;;
  resnet50)
    url=$torchvision/resnet50-0676ba61.pth
    sha256=0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a ;;
  *) wrong_usage "expected vgg16, mobilenet, squeezenet, resnet18, resnet34 or resnet50, found '$name'" ;;
esac
published=${url##*/}
url=${PETITE_WEIGHTS_URL:-$url}
sha256=${pinned:-$sha256}

folder=${PETITE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/petite}/weights
# The endings that petite looks for (src/run/train/start.rs).
endings=" safetensors npz ot pth pt ckpt bin tar "
ending=${published##*.}
own=
if [ -n "$file" ]; then
  [ -f "$file" ] || die "expected the file $published, or weights of your own, at $file, found none; try its path"
  ending=${file##*.}
  ending=${ending,,}
  case $file in
    */"$published"|"$published"|*.h5|*.hdf5|*.keras) ending=${published##*.} ;;
    *)
      [[ $endings == *" $ending "* ]] \
        || die "expected $published or a file ending in one of$endings, found $file; try scripts/keras_weights.py for Keras's"
      own=yes ;;
  esac
fi
[ "$ending" != h5 ] || ending=safetensors
target=$folder/$name.$ending
for there in $endings; do
  there=$folder/$name.$there
  [ -e "$there" ] || continue
  # Another file would not be used, or other weights than before without a word.
  [ -z "$own" ] || cmp -s "$file" "$there" \
    || die "expected no weights of $name in the cache, found $there; try removing it first"
  echo "already there: $there"
  exit 0
done
mkdir -p "$folder" 2>/dev/null && [ -w "$folder" ] || die "cannot write to $folder; try another PETITE_CACHE"
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
work=$(mktemp -d "$folder/.$name.XXXXXX")

if [ -n "$file" ]; then
  [ -z "$own" ] || published=${file##*/}
  cp "$file" "$work/$published" || die "cannot copy $file to $folder; try another PETITE_CACHE"
else
  echo "downloading $url"
  download "$url" "$work/$published" \
    || die "expected the weights at $url, found the error above; try again, or download the file in a browser and give its path"
fi

found=$(sha256sum "$work/$published")
found=${found%% *}
if [ -n "$own" ] && [ -z "$pinned" ]; then
  say "note: $file is not the published $name; its SHA-256 is $found"
elif [ -z "$sha256" ]; then
  say "note: there is no published hash of $published; this one's SHA-256 is $found;" \
    "--sha256 checks another download against it"
elif [ "$found" != "$sha256" ]; then
  die "expected $published with the SHA-256 $sha256, found $found in ${file:-what came from $url}; try another copy"
fi

case $published in
  *.h5|*.keras)
    python=${PETITE_PYTHON:-}
    if [ -z "$python" ]; then
      # Created in place, because a venv cannot be moved; `ready` is written last.
      venv=${folder%/weights}/python-h5
      python=$venv/bin/python
      if [ ! -e "$venv/ready" ]; then
        echo "creating $venv, a Python with h5py"
        rm -rf "$venv"
        if ! python3 -m venv "$venv" >"$work/errors" 2>&1 \
          || ! "$venv/bin/pip" --disable-pip-version-check install --quiet --requirement "$root/scripts/requirements/weights.txt" >"$work/errors" 2>&1; then
          die "cannot create a Python with h5py: $(tail -n 1 "$work/errors"); try PETITE_PYTHON=python3 with h5py and safetensors installed"
        fi
        touch "$venv/ready"
      fi
    fi
    "$python" "$root/scripts/keras_weights.py" "$work/$published" "$work/done.safetensors" >"$work/errors" 2>&1 \
      || die "cannot convert $published: $(tail -n 1 "$work/errors")" ;;
  *) mv "$work/$published" "$work/done.$ending" ;;
esac
# Where petite is built, it says whether these are the base's weights.
petite=${PETITE:-$root/target/debug/petite}
if [ -n "$own" ] && [ -x "$petite" ]; then
  "$petite" summary --model "$name" --weights "$work/done.$ending" >/dev/null 2>"$work/errors" \
    || die "$(sed "s|$work/done.$ending|$file|; s/^error: //" "$work/errors")"
fi
mv "$work"/done.* "$target"
echo "$name: $target"
echo "next: petite summary --model $name --weights $target"
