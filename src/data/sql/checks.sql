-- What production demands of each row of these tables: its checks, with the columns that they look at. Those
-- of a partition alone come with the partition.
SELECT n.nspname::text, c.relname::text, k.conname::text, pg_get_expr(k.conbin, k.conrelid),
  ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'c' AND k.convalidated AND NOT c.relispartition AND n.nspname = ANY ($1)
ORDER BY 1, 2, 3
