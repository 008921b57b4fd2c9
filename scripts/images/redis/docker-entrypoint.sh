#!/bin/sh
# Starts Redis the way the official image does.
set -eu

# `docker run IMAGE --appendonly yes` and `docker run IMAGE /some.conf` mean the server.
if [ "${1#-}" != "${1:-}" ] || [ "${1%.conf}" != "${1:-}" ]; then set -- redis-server "$@"; fi

if [ "${1:-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . \! -user redis -exec chown redis '{}' +
  exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
fi

# The dump holds the data: nobody else's business.
[ "$(umask)" != 0022 ] || umask 0077

# The official binary is built with protected mode off (a container's port is closed unless published); Debian's is not.
if [ "${1:-}" = redis-server ]; then
  given=no
  for argument in "$@"; do
    case $argument in
      --protected-mode) given=yes ;;
      *.conf) if grep -qs '^[[:space:]]*protected-mode' "$argument"; then given=yes; fi ;;
    esac
  done
  if [ "$given" = no ]; then set -- "$@" --protected-mode no; fi
fi
exec "$@"
