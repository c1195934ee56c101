#!/usr/bin/env bash
# Trains the book's network in petite, Keras and PyTorch by turns on this machine, and prints how fast
# each is as a Markdown table.
set -euo pipefail
unset CDPATH

usage() {
  cat <<'EOF'
usage: scripts/speed/compare_speed.sh [--data DIR] [--rounds N] [--epochs N] [--only NAME,...]
                                      [--threads N] [--petite PATH] [--venv DIR] [--results FILE]

  --data DIR      data set with train and validation (default: data/dogs-vs-cats)
  --rounds N      how often each is run, by turns (default: 3)
  --epochs N      epochs of a run; the first is a warm-up and stands apart (default: 3)
  --only NAME,... not all of these:
                    petite           petite train --recipe baseline
                    petite-fp32, petite-tf32, petite-bf16    the same with --precision
                                     (tf32 only where nvidia-smi finds a GPU, or if named)
                    keras-book       the book's listings: ImageDataGenerator, fp32
                    keras-fp32       Keras with pictures decoded once and tf.data
                    keras-bf16       the same with mixed_bfloat16
                    pytorch-book     ImageFolder and DataLoader, NCHW, fp32, loss.item() a step
                    pytorch-fp32     pictures decoded once, channels-last, torch.compile
                    pytorch-bf16     the same with autocast to bf16
                    limit            matrix products, for what the machine allows
  --threads N     threads of each on the CPU (default: its own choice)
  --petite PATH   the binary (default: target/debug/petite)
  --venv DIR      where Python's packages are, 6 GB, installed if missing (default: /tmp/petite-speed)
  --results FILE  adds each run's figures to FILE, a JSON object a line; the table is of all in it

PyTorch, as petite, takes a CUDA device if there is one. TensorFlow is the CPU's wheel and stays there.
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
wrong_usage() { printf 'compare_speed: %s\n\n' "$*" >&2; usage >&2; exit 2; }

command=scripts/speed/compare_speed.sh
for argument in "$@"; do
  [[ $argument =~ ^[A-Za-z0-9_.,/=-]+$ ]] || argument=$(printf %q "$argument")
  command+=" $argument"
done

only=
venv=/tmp/petite-speed
forwarded=(--data "$root/data/dogs-vs-cats" --petite "$root/target/debug/petite")
while [ $# -gt 0 ]; do
  case $1 in
    -h|--help) usage; exit 0 ;;
    --data|--petite|--results|--only|--venv|--rounds|--epochs|--threads)
      [ $# -ge 2 ] && [ -n "$2" ] || wrong_usage "$1 needs a value"
      case $1 in
        --only) only=$2 ;;
        --venv) venv=$2 ;;
        --rounds|--epochs|--threads)
          [[ $2 =~ ^[1-9][0-9]{0,3}$ ]] || wrong_usage "expected $1 of 1 to 9999, found '$2'"
          [ "$1 $2" != "--epochs 1" ] || wrong_usage "expected --epochs of 2 or more, found 1: the first is a warm-up"
          forwarded+=("$1" "$2") ;;
        *) forwarded+=("$1" "$2") ;;
      esac
      shift 2 ;;
    *) wrong_usage "unknown argument '$1'" ;;
  esac
done
for name in ${only//,/ }; do
  case $name in
    petite|petite-fp32|petite-tf32|petite-bf16|keras-book|keras-fp32|keras-bf16|pytorch-book|pytorch-fp32|pytorch-bf16|limit) ;;
    *) wrong_usage "--only names no such contender: '$name'" ;;
  esac
done

# petite alone needs no packages.
python=python3
if [[ ! $only =~ ^petite[^,]*(,petite[^,]*)*$ ]]; then
  # The versions that the figures in docs/results.md were taken with.
  packages=(tensorflow-cpu==2.21.0 keras==3.15.0 torch==2.11.0 numpy==2.4.6 pillow==12.0.0 scipy==1.17.1)
  installed=$venv/compare_speed.txt
  if [ "$(cat "$installed" 2>/dev/null)" != "${packages[*]}" ]; then
    echo "compare_speed: installing ${packages[*]} in $venv" >&2
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
    echo "${packages[*]}" >"$installed"
  fi
  python=$venv/bin/python
fi
exec "$python" "$root/scripts/speed/compare.py" "${forwarded[@]}" ${only:+--only "$only"} --command "$command"
