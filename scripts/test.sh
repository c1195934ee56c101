#!/usr/bin/env bash
# Runs the tests; arguments go to cargo test. PETITE_PICTURES=DIR (Kaggle's originals) adds those
# on real pictures, PETITE_WEIGHTS=DIR (published weights of bases) those on real weights.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -e libtorch/build-version ] || scripts/fetch_libtorch.sh
[ -n "${PETITE_PICTURES:-}" ] \
  || echo "PETITE_PICTURES is not set: the tests on real pictures will say that they were skipped"
[ -n "${PETITE_WEIGHTS:-}" ] \
  || echo "PETITE_WEIGHTS is not set: the tests on published weights will say that they were skipped"
exec cargo test "$@"
