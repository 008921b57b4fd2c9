-- What this very backend holds and has done, seen from inside its transaction: each relation that
-- it has locked, what it is now, and how often it was read and written so far. MAX is the highest
-- object number before the migration: younger tables are the migration's own.
SELECT l.relation, n.nspname, c.relname, c.relkind, l.modes, c.relfilenode, c.relpersistence,
  pg_catalog.pg_stat_get_numscans(l.relation) + pg_catalog.pg_stat_get_xact_numscans(l.relation),
  pg_catalog.pg_stat_get_tuples_returned(l.relation) + pg_catalog.pg_stat_get_xact_tuples_returned(l.relation),
  pg_catalog.pg_stat_get_tuples_inserted(l.relation) + pg_catalog.pg_stat_get_xact_tuples_inserted(l.relation),
  pg_catalog.pg_stat_get_tuples_updated(l.relation) + pg_catalog.pg_stat_get_xact_tuples_updated(l.relation),
  pg_catalog.pg_stat_get_tuples_deleted(l.relation) + pg_catalog.pg_stat_get_xact_tuples_deleted(l.relation),
  CASE WHEN l.modes LIKE '%AccessExclusive%' AND c.relkind IN ('r', 'p') THEN (COLUMNS) END,
  (SELECT i.indrelid FROM pg_catalog.pg_index i WHERE i.indexrelid = l.relation),
  pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')
FROM (
  SELECT relation, pg_catalog.string_agg(mode, ',') AS modes
  FROM pg_catalog.pg_locks
  WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted AND relation >= 16384
  GROUP BY relation
) l
LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (l.relation <= MAX OR c.relkind = 'i') AND c.relnamespace IS DISTINCT FROM 99
