#!/usr/bin/env bash
# Fetches a pretrained base's published weights from their home, or takes a file at hand, checks them
# against the hash pinned here, and puts them where petite finds them, converted if they are Keras's.
#
# The destination is whole or absent: a download is checked before it is renamed, and a file that is
# not the published one is left where it is.
set -euo pipefail
unset CDPATH

usage() {
  cat <<'EOF'
usage: scripts/fetch_weights.sh NAME [FILE] [--sha256 HEX]

  NAME           vgg16, mobilenet, squeezenet, resnet18, resnet34 or resnet50
  FILE           the published file, if you have it already
  --sha256 HEX   expect this SHA-256 instead of the pinned one

environment:
  PETITE_CACHE         weights go to its folder `weights`
                       (default: $XDG_CACHE_HOME/petite or ~/.cache/petite)
  PETITE_WEIGHTS_URL   another address of the published file, such as a mirror
  PETITE_PYTHON        a Python with h5py and safetensors, which Keras's files (vgg16, mobilenet,
                       squeezenet) need (default: one made in the cache, with pip)
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
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

# The first eight digits of torchvision's are in its files' names; VGG16's is of the file whose MD5
# Keras publishes, 6d6bbae143d832006294945121d1f1fc. Keras publishes none for MobileNet.
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
case $published in *.h5) target=$folder/$name.safetensors ;; *) target=$folder/$name.pth ;; esac
if [ -e "$target" ]; then
  echo "already there: $target"
  exit 0
fi
mkdir -p "$folder" 2>/dev/null && [ -w "$folder" ] || die "cannot write to $folder; try another PETITE_CACHE"
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
work=$(mktemp -d "$folder/.$name.XXXXXX")

if [ -n "$file" ]; then
  case $file in *.safetensors|*.npz|*.ot)
    die "expected $published, found $file, which petite reads as it is; try petite summary --model $name --weights $file" ;;
  esac
  [ -f "$file" ] || die "expected the file $published at $file, found none; try its path"
  cp "$file" "$work/$published" || die "cannot copy $file to $folder; try another PETITE_CACHE"
else
  echo "downloading $url"
  status=0
  if command -v curl >/dev/null; then
    curl --fail --location --silent --show-error --connect-timeout 20 --speed-limit 1 --speed-time 60 \
      --output "$work/$published" "$url" 2>"$work/errors" || status=$?
  elif command -v wget >/dev/null; then
    wget --no-verbose --timeout=60 --tries=1 --output-document="$work/$published" "$url" 2>"$work/errors" || status=$?
  else
    die "expected curl or wget, found neither; try installing one, or give the path of the file from a browser"
  fi
  [ "$status" = 0 ] || die "expected the weights at $url, found: $(tail -n 1 "$work/errors"); try again, or give the path of the file from a browser"
fi

found=$(sha256sum "$work/$published")
found=${found%% *}
if [ -z "$sha256" ]; then
  say "note: nobody publishes a hash of $published; this one's SHA-256 is $found," \
    "which --sha256 can hold another download to"
elif [ "$found" != "$sha256" ]; then
  die "expected $published with the SHA-256 $sha256, found $found in ${file:-what came from $url}; try another copy"
fi

case $published in
  *.h5)
    python=${PETITE_PYTHON:-}
    if [ -z "$python" ]; then
      # Made under its own name, as a venv cannot be moved; `ready` is written last.
      venv=${folder%/weights}/python-h5
      python=$venv/bin/python
      if [ ! -e "$venv/ready" ]; then
        echo "making $venv, a Python with h5py"
        rm -rf "$venv"
        if ! python3 -m venv "$venv" >"$work/errors" 2>&1 \
          || ! "$venv/bin/pip" --disable-pip-version-check install --quiet h5py==3.14.0 safetensors==0.8.0 numpy >"$work/errors" 2>&1; then
          die "cannot make a Python with h5py: $(tail -n 1 "$work/errors"); try PETITE_PYTHON=python3 with h5py and safetensors installed"
        fi
        touch "$venv/ready"
      fi
    fi
    "$python" "$root/scripts/keras_weights.py" "$work/$published" "$work/done.safetensors" >"$work/errors" 2>&1 \
      || die "cannot convert $published: $(tail -n 1 "$work/errors")" ;;
  *) mv "$work/$published" "$work/done.pth" ;;
esac
mv "$work"/done.* "$target"
echo "$name: $target"
echo "next: petite summary --model $name --weights $target"
