# shellcheck shell=bash
# Tools this project is compared with, fetched beside the system: nothing is installed. Needs log.sh, packages.sh.

# private_apt DIR ARGS...: apt-get with lists, cache and sources of its own, from the mirror this machine uses.
private_apt() {
  local dir=$1
  shift
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  apt-get -qq -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=root \
    -o Acquire::Languages=none "$@"
}

# fetch_package DIR SUITE PACKAGE: unpacks one package of that suite below DIR/PACKAGE.
fetch_package() {
  local dir=$1 suite=$2 package=$3 apt=$1/apt-$2 log=$1/fetch.log
  mkdir -p "$apt"
  echo "deb $(debian_mirror) $suite main" >"$apt/sources.list"
  if ! (private_apt "$apt" update && cd "$apt" && rm -f -- *.deb && private_apt "$apt" download "$package") >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    fail "the package $package of Debian $suite cannot be fetched" "the lines above say why"
  fi
  dpkg-deb -x "$apt"/"$package"_*.deb "$dir/$package"
  rm -rf "$apt"
}

# ensure_compose DIR: an executable DIR/docker-compose, version 2 or later.
ensure_compose() {
  local dir plugin
  mkdir -p "$1"
  dir=$(cd "$1" && pwd)
  if [[ -x $dir/docker-compose ]] && "$dir/docker-compose" version >/dev/null 2>&1; then return; fi
  if docker compose version >/dev/null 2>&1; then
    # The plugin by itself may lie in any of the client's folders; the client knows which.
    printf '#!/bin/sh\nexec docker compose "$@"\n' >"$dir/docker-compose"
  elif plugin=$(command -v docker-compose) && [[ $("$plugin" version --short 2>/dev/null) =~ ^v?([2-9]|[1-9][0-9])\. ]]; then
    ln -sf "$plugin" "$dir/docker-compose"
    return
  else
    say "fetching docker compose from Debian sid (unpacked in $dir, nothing is installed)"
    fetch_package "$dir" sid docker-compose
    plugin=$(find "$dir/docker-compose" -type f -path '*cli-plugins*' -name docker-compose | head -n 1)
    [[ -n $plugin ]] || fail "the package docker-compose holds no plugin" "look below $dir/docker-compose"
    mv "$plugin" "$dir/docker-compose.bin"
    rm -rf "$dir/docker-compose"
    mv "$dir/docker-compose.bin" "$dir/docker-compose"
  fi
  chmod 755 "$dir/docker-compose"
  "$dir/docker-compose" version >/dev/null || fail "docker compose does not run on this machine" "try: $dir/docker-compose version"
}
