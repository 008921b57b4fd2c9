-- As look.sql, of every relation: for what is known before the migration, and for statements that
-- give their locks back before they end (VACUUM, CLUSTER, CONCURRENTLY).
SELECT c.oid, n.nspname, c.relname, c.relkind,
  (SELECT pg_catalog.string_agg(mode, ',') FROM pg_catalog.pg_locks
   WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted AND relation = c.oid),
  c.relfilenode, c.relpersistence,
  pg_catalog.pg_stat_get_numscans(c.oid) + pg_catalog.pg_stat_get_xact_numscans(c.oid),
  pg_catalog.pg_stat_get_tuples_returned(c.oid) + pg_catalog.pg_stat_get_xact_tuples_returned(c.oid),
  pg_catalog.pg_stat_get_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid),
  pg_catalog.pg_stat_get_tuples_updated(c.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid),
  pg_catalog.pg_stat_get_tuples_deleted(c.oid) + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid),
  CASE WHEN c.relkind IN ('r', 'p') THEN (COLUMNS) END,
  (SELECT i.indrelid FROM pg_catalog.pg_index i WHERE i.indexrelid = c.oid),
  pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid >= 16384 AND c.relnamespace <> 99 AND c.relkind IN ('r', 'p', 'i', 'I', 'm', 'v', 'S', 'f')
