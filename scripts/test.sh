#!/usr/bin/env bash
# Runs the tests; arguments are passed to cargo test. PETITE_PICTURES=DIR (Kaggle's originals) enables
# those on real pictures, PETITE_WEIGHTS=DIR (published weights of bases) those on real weights.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -e libtorch/build-version ] || scripts/fetch_libtorch.sh
[ -n "${PETITE_PICTURES:-}" ] \
  || echo "PETITE_PICTURES is not set: the tests on real pictures will be skipped"
[ -n "${PETITE_WEIGHTS:-}" ] \
  || echo "PETITE_WEIGHTS is not set: the tests on published weights will be skipped"
exec cargo test "$@"
