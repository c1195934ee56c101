#!/usr/bin/env bash
# Downloads the `torch` package with pip, unpacks libtorch 2.11.0 from it, and links that as `libtorch`
# in this checkout, where Cargo looks for it.
#
# The wheels are pinned by SHA-256 in libtorch-cpu.txt and libtorch-cuda.txt. They are unpacked into
# a cache outside the checkout, so a second clone downloads nothing.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: scripts/fetch_libtorch.sh [--device cpu|cuda] [--to DIR]

  --device cpu    libtorch for the CPU only, 0.5 GB on disk (default)
  --device cuda   libtorch with CUDA 13 and NVIDIA's libraries, 3.7 GB on disk; also runs on the CPU
  --to DIR        unpack into DIR instead of the cache

environment:
  PETITE_CACHE           the cache (default: $XDG_CACHE_HOME/petite or ~/.cache/petite)
  LIBTORCH               use this libtorch 2.11.0 and download nothing
  LIBTORCH_USE_PYTORCH   if 1, use the libtorch of your Python's torch 2.11.0 and download nothing
EOF
}

version=2.11.0
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
die() { printf 'fetch_libtorch: %s\n' "$*" >&2; exit 1; }
wrong_usage() { printf 'fetch_libtorch: %s\n\n' "$*" >&2; usage >&2; exit 2; }

device=cpu
to=
while [ $# -gt 0 ]; do
  case $1 in
    --device) [ $# -ge 2 ] || wrong_usage "--device needs cpu or cuda"; device=$2; shift 2 ;;
    --to) [ $# -ge 2 ] && [ -n "$2" ] || wrong_usage "--to needs a folder"; to=$2; shift 2 ;;
    -h|--help) usage; exit 0 ;;
    *) wrong_usage "unknown argument $1" ;;
  esac
done
# need_kib: disk space for the wheels and their contents at the same time.
case $device in
  cpu) need_kib=$((1200 * 1024)) ;;
  cuda) need_kib=$((6500 * 1024)) ;;
  *) wrong_usage "expected --device cpu or cuda, found $device" ;;
esac

if [ -n "${LIBTORCH_USE_PYTORCH:-}" ]; then
  echo "LIBTORCH_USE_PYTORCH is set: using the libtorch of your Python's torch, downloading nothing"
  exit 0
fi
if [ -n "${LIBTORCH:-}" ] && [ ! "$LIBTORCH" -ef "$root/libtorch" ]; then
  [ -e "$LIBTORCH/lib/libtorch_cpu.so" ] || [ -e "$LIBTORCH/lib/libtorch_cpu.dylib" ] \
    || die "expected lib/libtorch_cpu.so under LIBTORCH=$LIBTORCH, found none; try unsetting LIBTORCH"
  echo "LIBTORCH is set: using $LIBTORCH, downloading nothing"
  exit 0
fi

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] \
  || die "expected Linux on x86-64, found $(uname -s) on $(uname -m); try pip install torch==$version and LIBTORCH_USE_PYTORCH=1"
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2) || true
[ -n "$glibc" ] && [ "$(printf '2.28\n%s\n' "$glibc" | sort -V | head -n 1)" = 2.28 ] \
  || die "expected glibc 2.28 or newer, found ${glibc:-another C library}; try a newer distribution, or LIBTORCH"

cache=${PETITE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/petite}
target=${to:-$cache/libtorch-$version-$device}
mkdir -p "$(dirname "$target")" 2>/dev/null \
  || die "cannot create $(dirname "$target"); try another PETITE_CACHE or --to"
target=$(cd "$(dirname "$target")" && pwd)/$(basename "$target")

# Cargo reads $root/libtorch. The touch makes it rebuild when the link changes between CPU and CUDA.
link() {
  if [ -e "$root/libtorch" ] && [ ! -L "$root/libtorch" ]; then
    die "expected $root/libtorch to be a link, found a folder; try moving it away"
  fi
  if [ ! "$root/libtorch" -ef "$target/torch" ]; then
    touch "$target/torch/build-version"
    ln -sfn "$target/torch" "$root/libtorch"
  fi
  echo "libtorch $version ($device) is at $target, linked as $root/libtorch"
}

# build-version is the last file written before the rename, so its presence means a complete folder.
# A CUDA folder from an earlier petite has no headers; the message below asks to move it away.
if [ "$(cat "$target/torch/build-version" 2>/dev/null)" = "$version" ] \
  && { [ "$device" = cpu ] || [ -e "$target/nvidia/cu13/include/cuda_runtime_api.h" ]; }; then
  link
  exit 0
fi
[ ! -e "$target" ] || [ -z "$(ls -A "$target" 2>/dev/null)" ] \
  || die "expected $target to be new or empty, found other files there; try another --to, or move them away"

command -v python3 >/dev/null || die "expected python3, found none; try installing Python 3 with pip"
python3 -m pip --version >/dev/null 2>&1 \
  || die "expected pip for python3, found none; try your system's python3-pip package, or python3 -m ensurepip"
free_kib=$(df -Pk "$(dirname "$target")" | awk 'NR == 2 { print $4 }')
[ "$free_kib" -ge "$need_kib" ] \
  || die "expected $((need_kib / 1024)) MiB free beside $target, found $((free_kib / 1024)); try another PETITE_CACHE or --to"

# Complete wheels outlive an interrupted run, so the next one downloads only the missing ones.
wheels=$target.wheels
work=
trap '[ -z "$work" ] || rm -rf "$work"; rmdir "$wheels" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM
work=$(mktemp -d "$target.XXXXXX") || die "cannot write beside $target; try another PETITE_CACHE or --to"
mkdir -p "$wheels"

platforms=(--platform manylinux1_x86_64 --platform manylinux2010_x86_64 --platform manylinux2014_x86_64)
for minor in $(seq 17 28); do platforms+=(--platform "manylinux_2_${minor}_x86_64"); done
echo "downloading libtorch $version ($device) with pip: $([ "$device" = cpu ] && echo 0.5 || echo 2.3) GB"
quiet=()
[ -t 1 ] || quiet=(--quiet)
if ! TMPDIR=$work python3 -m pip --disable-pip-version-check download "${quiet[@]}" \
  --require-hashes --no-deps --only-binary=:all: --no-cache-dir --retries 2 \
  --python-version 3.12 --implementation cp --abi cp312 --abi none "${platforms[@]}" \
  --dest "$wheels" --requirement "$root/scripts/libtorch-$device.txt" 2>"$work/errors"; then
  if grep -qi 'hash' "$work/errors"; then
    die "expected the pinned wheel of $(grep -om1 '[a-z0-9-]*==[0-9.]*' "$work/errors"), found another; try again, or check pip's index settings"
  elif grep -qi 'no space left' "$work/errors"; then
    die "the disk filled up while downloading to $wheels; try another PETITE_CACHE or --to"
  elif grep -qi 'retrying\|connection\|timed out\|resolve' "$work/errors"; then
    die "pip could not reach its package index; try again with a network connection, or set LIBTORCH to an existing libtorch $version"
  fi
  die "pip failed: $(grep -m1 ERROR "$work/errors" || tail -n 1 "$work/errors")"
fi

echo "unpacking to $target"
if ! python3 - "$device" "$wheels" "$work/tree" 2>"$work/errors" <<'EOF'
# Keeps the wheels' layout (torch/lib beside nvidia/*/lib), which the libraries' rpaths expect.
import fnmatch, pathlib, sys, zipfile

device, wheels, tree = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
wanted = {
    "cpu": ["torch/lib/libtorch_cpu.so", "torch/lib/libc10.so", "torch/lib/libshm.so",
            "torch/lib/libgomp.so.1", "nvidia/cu13/lib/libcudart.so.13", "nvidia/cu13/lib/libcupti.so.13"],
    # petite's own C++ needs CUDA's headers, which three wheels provide.
    "cuda": ["torch/lib/*.so*", "nvidia/*/lib/*.so*", "nvidia/cu13/include/*"],
}[device] + ["torch/include/*", "*.dist-info/*LICENSE*", "*.dist-info/*NOTICE*"]
unwanted = ["torch/lib/libtorch_python.so", "*.alt.so*"]
for wheel in sorted(wheels.glob("*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            matches = lambda patterns: any(fnmatch.fnmatchcase(name, p) for p in patterns)
            if matches(wanted) and not matches(unwanted) and not name.endswith("/"):
                archive.extract(name, tree)
if device == "cpu":
    # The wheel's libtorch.so, an empty library, depends on the CUDA part.
    (tree / "torch/lib/libtorch.so").symlink_to("libtorch_cpu.so")
EOF
then
  die "cannot unpack the wheels: $(tail -n 1 "$work/errors"); try again with more disk space"
fi
missing=$(find "$work/tree/torch/lib" -name 'libtorch*.so' -exec ldd {} + 2>/dev/null \
  | awk '/not found/ && !/libcuda\.so/ { print $1 }' | sort -u | xargs)
[ -z "$missing" ] || die "expected $missing for the unpacked libtorch, found none; try your system's package for it"
echo "$version" >"$work/tree/torch/build-version"

[ ! -d "$target" ] || rmdir "$target"
# Another run may have been faster; its result is the same.
mv -T "$work/tree" "$target" 2>/dev/null || [ -e "$target/torch/build-version" ] \
  || die "cannot rename $work/tree to $target"
rm -rf "$wheels"
link
