#!/usr/bin/env bash
# Starts PostgreSQL the way the official image does: the same variables, the same order, the same folder of init scripts.
# No -u: init scripts are sourced into this shell, and the official one does not have it either.
set -Eeo pipefail

# A variable, or the content of the file that VARIABLE_FILE names.
from_env() {
  local name=$1 default=${2:-} file_name=${1}_FILE
  if [[ -n ${!name:-} && -n ${!file_name:-} ]]; then
    echo >&2 "error: both $name and $file_name are set (but are exclusive)"
    exit 1
  fi
  if [[ -n ${!file_name:-} ]]; then
    printf -v "$name" '%s' "$(<"${!file_name}")"
  else
    printf -v "$name" '%s' "${!name:-$default}"
  fi
  export "${name?}"
  unset "$file_name"
}

prepare_directories() {
  mkdir -p "$PGDATA"
  # With a `user:` of their own, folders may belong to somebody else: then their modes are the mounter's business.
  chmod 00700 "$PGDATA" 2>/dev/null || true
  mkdir -p /var/run/postgresql 2>/dev/null || true
  chmod 03775 /var/run/postgresql 2>/dev/null || true
  if [[ $(id -u) -eq 0 ]]; then
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
  fi
}

create_cluster() {
  # An unknown uid (compose's `user:` with a number of its own) has no name, and initdb asks for one.
  if ! getent passwd "$(id -u)" >/dev/null; then
    echo >&2 "error: uid $(id -u) has no name in this image; use 999 (postgres)"
    exit 1
  fi
  # shellcheck disable=SC2086 # POSTGRES_INITDB_ARGS is a list of arguments by contract
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") \
    ${POSTGRES_INITDB_WALDIR:+--waldir "$POSTGRES_INITDB_WALDIR"} ${POSTGRES_INITDB_ARGS:-}
}

check_password() {
  if [[ -z ${POSTGRES_PASSWORD:-} && ${POSTGRES_HOST_AUTH_METHOD:-} != trust ]]; then
    cat >&2 <<-'MSG'
	Error: Database is uninitialized and superuser password is not specified.
	       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser.
	MSG
    exit 1
  fi
}

psql_here() { # DATABASE ARGS...
  local database=$1
  shift
  PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --no-password --dbname "$database" "$@"
}

# The name init scripts know it by.
docker_process_sql() { psql_here "$POSTGRES_DB" "$@"; }

run_init_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh)
        if [[ -x $file ]]; then
          echo "$0: running $file"
          "$file"
        else
          echo "$0: sourcing $file"
          # shellcheck disable=SC1090
          . "$file"
        fi
        ;;
      *.sql) echo "$0: running $file" && psql_here "$POSTGRES_DB" -f "$file" ;;
      *.sql.gz) echo "$0: running $file" && gunzip -c "$file" | psql_here "$POSTGRES_DB" ;;
      */\*) ;;
      *) echo "$0: ignoring $file" ;;
    esac
  done
}

main() {
  # `docker run IMAGE -c key=value` means the server's options.
  if [[ ${1:0:1} == - ]]; then set -- postgres "$@"; fi
  if [[ ${1:-} != postgres ]] || [[ " $* " =~ \ (--help|-\?|--version|-V|--describe-config|-C)\  ]]; then exec "$@"; fi

  prepare_directories
  if [[ $(id -u) -eq 0 ]]; then
    exec setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/var/lib/postgresql "${BASH_SOURCE[0]}" "$@"
  fi

  if [[ -s $PGDATA/PG_VERSION ]]; then
    echo 'PostgreSQL Database directory appears to contain a database; Skipping initialization'
    exec "$@"
  fi

  from_env POSTGRES_PASSWORD
  from_env POSTGRES_USER postgres
  from_env POSTGRES_DB "$POSTGRES_USER"
  from_env POSTGRES_INITDB_ARGS
  check_password
  create_cluster
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "${@:2}" 2>/dev/null || echo scram-sha-256)}" >>"$PGDATA/pg_hba.conf"

  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  # The temporary server takes no TCP connection: nobody from outside may find a half-made database ready.
  PGUSER=${PGUSER:-$POSTGRES_USER} pg_ctl -D "$PGDATA" -o "$(printf '%q ' "${@:2}" -c "listen_addresses=" -p 5432)" -w start
  if [[ -z $(psql_here postgres -tAc "SELECT 1 FROM pg_database WHERE datname = '${POSTGRES_DB//\'/\'\'}'") ]]; then
    psql_here postgres -c "CREATE DATABASE \"${POSTGRES_DB//\"/\"\"}\""
  fi
  run_init_files
  PGUSER=${PGUSER:-$POSTGRES_USER} pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGPASSWORD

  printf '\nPostgreSQL init process complete; ready for start up.\n\n'
  exec "$@"
}

main "$@"
