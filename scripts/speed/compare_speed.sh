#!/usr/bin/env bash
# Trains the book's network in petite, Keras and PyTorch in turn on this machine, and prints their
# speeds as a Markdown table.
set -euo pipefail
unset CDPATH

usage() {
  cat <<'EOF'
usage: scripts/speed/compare_speed.sh [--data DIR] [--rounds N] [--epochs N] [--only NAME,...]
                                      [--threads N] [--petite PATH] [--venv DIR] [--results FILE]

  --data DIR      data set with train and validation (default: data/dogs-vs-cats)
  --rounds N      runs per contender, in turn (default: 3)
  --epochs N      epochs per run; the first is a warm-up and reported separately (default: 3)
  --only NAME,... only these contenders, of:
                    petite           petite train --recipe baseline
                    petite-fp32, petite-tf32, petite-bf16    the same with --precision
                                     (tf32 only if nvidia-smi finds a GPU or --only names it)
                    keras-book       the book's listings: ImageDataGenerator, fp32
                    keras-fp32       Keras with pictures decoded once and tf.data
                    keras-bf16       the same with mixed_bfloat16
                    pytorch-book     ImageFolder and DataLoader, NCHW, fp32, loss.item() every step
                    pytorch-fp32     pictures decoded once, channels-last, torch.compile
                    pytorch-bf16     the same with autocast to bf16
                    limit            matrix products, as the machine's upper limit
  --threads N     CPU threads of each contender (default: its own choice)
  --petite PATH   the binary (default: target/debug/petite)
  --venv DIR      Python environment, 6 GB, packages installed if missing (default: /tmp/petite-speed)
  --results FILE  append each run's figures to FILE, one JSON object per line; the table covers all
                  of FILE

Like petite, PyTorch uses a CUDA device if there is one. TensorFlow is the CPU wheel and stays on the CPU.
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
    *) wrong_usage "expected --only with contenders listed below, found '$name'" ;;
  esac
done

# petite alone needs no Python packages.
python=python3
if [[ ! $only =~ ^petite[^,]*(,petite[^,]*)*$ ]]; then
  [ -e "$venv/bin/pip" ] || python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$root/scripts/requirements/speed.txt"
  python=$venv/bin/python
fi
exec "$python" "$root/scripts/speed/compare.py" "${forwarded[@]}" ${only:+--only "$only"} --command "$command"
