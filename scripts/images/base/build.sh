#!/usr/bin/env bash
# Makes a minimal Debian image with debootstrap, from the mirror this machine uses itself.
#   build.sh TAG SUITE MIRROR SECURITY_MIRROR|'' INPUTS_HASH < apt-settings      (as root)
set -euo pipefail
tag=$1 suite=$2 mirror=$3 security=$4 inputs=$5

root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT

# wget is in the base because every image's health check uses it: one layer instead of nine.
debootstrap --variant=minbase --include=ca-certificates,wget "$suite" "$root" "$mirror"

{
  echo "deb $mirror $suite main"
  echo "deb $mirror $suite-updates main"
  [[ -z $security ]] || echo "deb $security $suite-security main"
} >"$root/etc/apt/sources.list"
# The machine's apt transport settings (a proxy, for instance) hold for the builds too.
cat >"$root/etc/apt/apt.conf.d/90machine"
echo 'Acquire::Languages "none"; APT::Keep-Downloaded-Packages "false"; Dpkg::Use-Pty "false";' \
  >"$root/etc/apt/apt.conf.d/80image"
# fsync after every file costs minutes and protects nothing in an image; documentation is not read in one.
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/80image"
printf 'path-exclude=/usr/share/%s/*\n' doc man info locale lintian >>"$root/etc/dpkg/dpkg.cfg.d/80image"
echo 'path-include=/usr/share/locale/locale.alias' >>"$root/etc/dpkg/dpkg.cfg.d/80image"
# Package scripts must not start daemons inside a build.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/cache/debconf/*-old "$root"/var/log/* \
  "$root"/usr/share/{doc,man,info,lintian}/* "$root"/etc/machine-id "$root"/etc/resolv.conf
find "$root/usr/share/locale" -mindepth 1 -maxdepth 1 ! -name locale.alias -exec rm -rf {} +

tar -C "$root" -c . |
  docker import --change 'CMD ["bash"]' --change "LABEL stagectl.inputs=$inputs" - "$tag" >/dev/null
