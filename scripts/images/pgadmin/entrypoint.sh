#!/bin/sh
# Starts pgAdmin the way the official image does.
set -eu

data=/var/lib/pgadmin
if [ -n "${PGADMIN_DEFAULT_PASSWORD_FILE:-}" ]; then
  PGADMIN_DEFAULT_PASSWORD=$(cat "$PGADMIN_DEFAULT_PASSWORD_FILE")
fi

if [ ! -f "$data/pgadmin4.db" ]; then
  if [ -z "${PGADMIN_DEFAULT_EMAIL:-}" ] || [ -z "${PGADMIN_DEFAULT_PASSWORD:-}" ]; then
    echo 'You need to define the PGADMIN_DEFAULT_EMAIL and PGADMIN_DEFAULT_PASSWORD or PGADMIN_DEFAULT_PASSWORD_FILE environment variables.' >&2
    exit 1
  fi
  export PGADMIN_SETUP_EMAIL="$PGADMIN_DEFAULT_EMAIL" PGADMIN_SETUP_PASSWORD="$PGADMIN_DEFAULT_PASSWORD"
  /venv/bin/python3 /pgadmin4/run_pgadmin.py
  servers=${PGADMIN_SERVER_JSON_FILE:-/pgadmin4/servers.json}
  if [ -f "$servers" ]; then
    /venv/bin/python3 /pgadmin4/setup.py load-servers "$servers" --user "$PGADMIN_DEFAULT_EMAIL"
  fi
fi

# [::] serves IPv4 too, but a kernel without IPv6 refuses it.
address=${PGADMIN_LISTEN_ADDRESS:-}
if [ -z "$address" ]; then
  if [ -e /proc/net/if_inet6 ]; then address='[::]'; else address=0.0.0.0; fi
fi
# One worker: pgAdmin keeps a session's connections in the process.
exec /venv/bin/gunicorn --chdir /pgadmin4 --worker-tmp-dir /dev/shm --bind "$address:${PGADMIN_LISTEN_PORT:-80}" \
  -w 1 --threads "${GUNICORN_THREADS:-25}" --timeout "${GUNICORN_TIMEOUT:-86400}" \
  --access-logfile "${GUNICORN_ACCESS_LOGFILE:--}" run_pgadmin:app
