# Sourced. Installs what is missing, and says what.
#   setup_packages build test     the parts of packages.txt that are needed
# On a system other than Debian 12 it prints the packages and ends with 3.

packages_of() {
  local file part
  file="$(dirname "${BASH_SOURCE[0]}")/packages.txt"
  for part in "$@"; do
    sed -n "s/^$part //p" "$file"
  done
}

missing_of() {
  local package
  for package in $(packages_of "$@"); do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

is_debian_12() {
  [ -r /etc/os-release ] && (. /etc/os-release && [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ])
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "Neither root nor sudo: please run as root: $*" >&2
    return 3
  fi
}

setup_packages() {
  if ! is_debian_12; then
    [ -n "${OUTBOX_SKIP_SETUP:-}" ] && return 0
    echo "This is not Debian 12. Install these (Debian's names), then run again with OUTBOX_SKIP_SETUP=1:" >&2
    packages_of "$@" | paste -sd' ' >&2
    exit 3
  fi
  local missing
  missing=$(missing_of "$@")
  [ -n "$missing" ] || return 0
  echo "Installing: $(echo "$missing" | paste -sd' ')"
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -qq || return 1
  # shellcheck disable=SC2086 -- one word a package
  as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null || {
    echo "apt-get could not install: $(echo "$missing" | paste -sd' ')" >&2
    return 1
  }
}

# Same sources, same objects, in whichever checkout they are built.
use_ccache() {
  command -v ccache >/dev/null || return 0
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
}
