#!/usr/bin/env bash
# From a fresh checkout to a trained network: fetches libtorch, builds, prepares the pictures, trains
# and evaluates. It can be run again: finished steps are kept, and an interrupted run continues.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: scripts/quickstart.sh [PICTURES]

  PICTURES   folder or zip of the Dogs vs. Cats pictures, Kaggle's or Microsoft's

Without PICTURES it uses the data set in data/dogs-vs-cats, where scripts/fetch_dataset.sh puts it, or
the pictures in data/originals. If there are none, it draws its own.
EOF
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
case ${1:-} in
  -h|--help) usage; exit 0 ;;
  -*) printf 'quickstart: unknown argument %s\n\n' "$1" >&2; usage >&2; exit 2 ;;
esac
[ $# -le 1 ] || { printf 'quickstart: expected one PICTURES, found %s arguments\n\n' $# >&2; usage >&2; exit 2; }
pictures=${1:-}
if [ -n "$pictures" ] && [ ! -e "$pictures" ]; then
  echo "quickstart: expected a folder or zip of pictures, found nothing at $pictures" >&2
  exit 1
fi
command -v cargo >/dev/null || { echo "quickstart: expected cargo, found none; try installing Rust" >&2; exit 1; }
step() { printf '\n== %s\n' "$*"; }

step "libtorch"
if [ -e libtorch/build-version ]; then
  echo "already there: $(readlink libtorch)"
elif nvidia-smi -L >/dev/null 2>&1; then
  scripts/fetch_libtorch.sh --device cuda
else
  scripts/fetch_libtorch.sh
fi

step "build (about five minutes the first time)"
cargo build
petite=target/debug/petite

step "pictures"
data=data/dogs-vs-cats
run=runs/quickstart
settings=(--recipe baseline)
if [ -d "$data" ]; then
  echo "already there: $data"
elif [ -n "$pictures" ]; then
  scripts/fetch_dataset.sh "$pictures" --to "$data"
elif [ -e data/originals ]; then
  $petite prepare --from data/originals --to "$data" --link symbolic
else
  data=data/drawn
  run=runs/quickstart-drawn
  settings+=(--epochs 12)
  echo "There are no pictures of cats and dogs here, so this is a trial on DRAWN ones, spots and stripes:"
  echo "half a minute in bf16 on two cores, up to three minutes without. With real pictures:"
  echo "scripts/quickstart.sh PICTURES"
  if [ ! -d "$data" ]; then
    [ -d data/drawn-originals ] || $petite synthesize --to data/drawn-originals --each 450
    $petite prepare --from data/drawn-originals --to "$data" --train 250 --validation 100 --test 100
  fi
fi

step "train"
if [ -e "$run/config.json" ]; then
  $petite train --resume --out "$run"
else
  $petite train --data "$data" --out "$run" "${settings[@]}"
fi

step "evaluate"
$petite evaluate --run "$run" --split test

step "done"
echo "weights   $run/last.ot, $run/best.ot"
echo "history   $run/history.csv"
echo "curves    $run/curves.png, $run/curves.svg"
echo "try       $petite report $run"
echo "          $petite predict --run $run PICTURE.jpg"
