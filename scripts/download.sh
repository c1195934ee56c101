# shellcheck shell=bash
# download URL FILE: downloads what FILE lacks, with curl or wget, which say why they fail.
download() {
  local progress
  if command -v curl >/dev/null; then
    progress=(--silent --show-error)
    [ ! -t 2 ] || progress=(--progress-bar)
    curl --fail --location "${progress[@]}" --connect-timeout 20 --speed-limit 1 --speed-time 60 \
      --continue-at - --output "$2" "$1"
  elif command -v wget >/dev/null; then
    progress=(--no-verbose)
    [ ! -t 2 ] || progress=(--quiet --show-progress)
    wget "${progress[@]}" --timeout=60 --tries=1 --continue --output-document="$2" "$1"
  else
    echo "expected curl or wget, found neither; try installing one" >&2
    return 1
  fi
}
