# shellcheck shell=bash
# What a script needs from the machine, installed when it is missing. Needs log.sh.

# Runs a command as root: directly, or through sudo where there is one.
as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    fail "this step needs root: $*" "run it as root, or install sudo"
  fi
}

can_be_root() { [[ $(id -u) -eq 0 ]] || command -v sudo >/dev/null; }

# install_packages "why" PACKAGE...: apt-get update runs only when a package is not found without it.
install_packages() {
  local why=$1
  shift
  command -v apt-get >/dev/null ||
    fail "missing on this machine: $* ($why)" "install it with your package manager, then run this again"
  # Asked here, because the words of a failing as_root would go into the log below.
  can_be_root || fail "missing on this machine: $* ($why)" "install it as root (apt-get install $*), or run this as root"
  say "installing $* ($why)"
  local log
  log=$(mktemp)
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >"$log" 2>&1; then
    as_root apt-get update -q >>"$log" 2>&1 || true
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >>"$log" 2>&1; then
      tail -n 15 "$log" >&2
      rm -f "$log"
      fail "apt-get cannot install $*" "the lines above say why; install it by hand and run this again"
    fi
  fi
  rm -f "$log"
}

# ensure_command COMMAND PACKAGE "why"
ensure_command() {
  # Debian keeps daemons and debootstrap in sbin, which is not on every user's PATH.
  case ":$PATH:" in *:/usr/sbin:*) ;; *) PATH=$PATH:/usr/sbin:/sbin ;; esac
  # A file: a builtin of this shell (kill) is no use to the programs that the script starts.
  type -P "$1" >/dev/null || install_packages "$3" "$2"
}

# Rust is the one thing a user has; what it cannot link without is installed.
ensure_rust() {
  # A compiler without the C library's own files is no linker yet: only a program that links proves it.
  cc_links || install_packages "link the Rust program" gcc libc6-dev
  [[ -n $(type -P cargo) ]] || PATH=$PATH:$HOME/.cargo/bin
  [[ -n $(type -P cargo) ]] || fail "cargo is missing" "install Rust 1.88 or newer (https://rustup.rs), then run this again"
}

cc_links() { echo 'int main(void) { return 0; }' | cc -x c -o /dev/null - >/dev/null 2>&1; }

# Prints "URI SUITE" for every Debian package source of this machine, whichever of apt's two formats it has.
apt_sources() {
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ -r $file ]] || continue
    sed -nE 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?(https?:[^[:space:]]+)[[:space:]]+([^[:space:]]+).*/\2 \3/p' "$file"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [[ -r $file ]] || continue
    awk '
      function flush(  u, s, i, j) {
        u = split(uris, U, " "); s = split(suites, S, " ")
        if (enabled) for (i = 1; i <= u; i++) for (j = 1; j <= s; j++) print U[i], S[j]
        uris = suites = ""; enabled = 1
      }
      BEGIN { enabled = 1 }
      /^URIs:/ { sub(/^URIs:[ \t]*/, ""); uris = $0 }
      /^Suites:/ { sub(/^Suites:[ \t]*/, ""); suites = $0 }
      /^Enabled:[ \t]*no/ { enabled = 0 }
      /^[ \t]*$/ { flush() }
      END { flush() }' "$file"
  done
}

# The Debian mirror this machine uses itself: nothing here names a host. STAGECTL_DEBIAN_MIRROR overrides it.
debian_mirror() {
  local mirror=${STAGECTL_DEBIAN_MIRROR:-}
  [[ -n $mirror ]] || mirror=$(apt_sources | awk '$1 ~ /\/debian\/?$/ { print $1; exit }')
  [[ -n $mirror ]] ||
    fail "no Debian mirror among this machine's package sources" "set STAGECTL_DEBIAN_MIRROR to the URL of one"
  echo "${mirror%/}"
}

debian_security_mirror() {
  apt_sources | awk '$2 ~ /-security/ && $1 ~ /debian/ { sub(/\/$/, "", $1); print $1; exit }'
}

# The machine's own apt transport settings (a proxy, for instance), as apt.conf lines.
apt_transport_settings() {
  apt-config dump | grep -E '^Acquire::(https?::|Check-)' || true
}
