#!/bin/sh
# Made by stagectl. The image runs it once, as the superuser, when the volume is empty.
# Passwords come through the environment, never as an argument: `\getenv` reads them inside psql.
set -eu

: "${STAGING_DB_USER:?}" "${STAGING_DB_PASSWORD:?}" "${POSTGRES_DB:?}" "${POSTGRES_USER:?}"
export STAGING_MONITOR_USER="${STAGING_MONITOR_USER:-}" STAGING_MONITOR_PASSWORD="${STAGING_MONITOR_PASSWORD:-}"

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
\getenv user STAGING_DB_USER
\getenv password STAGING_DB_PASSWORD
\getenv database POSTGRES_DB
\getenv monitor_user STAGING_MONITOR_USER
\getenv monitor_password STAGING_MONITOR_PASSWORD
-- The passwords below must not reach the server's log.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;

-- The application's role owns its database and can do nothing to the server.
CREATE ROLE :"user" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
ALTER DATABASE :"database" OWNER TO :"user";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
REVOKE CONNECT ON DATABASE template1 FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO :"user";

-- The exporter's role reads statistics, no tables.
SELECT :'monitor_user' <> '' AS has_monitor \gset
\if :has_monitor
CREATE ROLE :"monitor_user" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 5 PASSWORD :'monitor_password';
GRANT pg_monitor TO :"monitor_user";
GRANT CONNECT ON DATABASE :"database" TO :"monitor_user";
\endif

-- Their tables are made by `stagectl setup`.
CREATE SCHEMA staging_migrations AUTHORIZATION :"user";
CREATE SCHEMA staging_logs AUTHORIZATION :"user";
SQL
