-- The twin's own books: what a migration converted, what tests found, what setups did.
-- Runs as the application's role, any number of times.
CREATE SCHEMA IF NOT EXISTS staging_migrations;
CREATE SCHEMA IF NOT EXISTS staging_logs;

CREATE TABLE IF NOT EXISTS staging_migrations.role_migration_log (
    id bigserial PRIMARY KEY,
    run_id text,
    table_name text,
    row_id text,
    old_value text,
    new_value text,
    migrated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS staging_migrations.test_results (
    id bigserial PRIMARY KEY,
    run_id text,
    category text,
    name text,
    status text,
    duration_ms bigint,
    details jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS staging_logs.init_log (
    id bigserial PRIMARY KEY,
    event text NOT NULL,
    details jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
);
