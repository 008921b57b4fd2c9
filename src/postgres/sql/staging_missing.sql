-- Which of the twin's own tables are not there.
SELECT name
FROM unnest(ARRAY[
    'staging_migrations.role_migration_log',
    'staging_migrations.test_results',
    'staging_logs.init_log'
]) AS name
WHERE to_regclass(name) IS NULL;
