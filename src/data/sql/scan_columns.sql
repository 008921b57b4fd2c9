-- Every column of every table and populated materialized view with its type followed through domains and
-- arrays to the bottom, its table's size, and the root where the table is a partition.
WITH RECURSIVE bottom (typid, at, is_array) AS (
  SELECT t.oid, t.oid, false FROM pg_type t
  UNION ALL
  SELECT b.typid, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END, b.is_array OR t.typcategory = 'A'
  FROM bottom b JOIN pg_type t ON t.oid = b.at
  WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND t.typelem <> 0)
)
SELECT c.oid, n.nspname::text, c.relname::text, root_schema.nspname::text, root.relname::text,
  pg_relation_size(c.oid) / current_setting('block_size')::bigint,
  a.attname::text, CASE WHEN t.typtype IN ('e', 'r', 'm') THEN t.typtype::text ELSE t.typname::text END, b.is_array
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class root ON root.oid = CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid ELSE c.oid END
JOIN pg_namespace root_schema ON root_schema.oid = root.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN bottom b ON b.typid = a.atttypid
LEFT JOIN pg_type t ON t.oid = b.at
WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND n.nspname !~ '^(pg_|information_schema$)'
  AND (t.oid IS NULL OR t.typtype <> 'd' AND NOT (t.typcategory = 'A' AND t.typelem <> 0))
ORDER BY c.oid, a.attnum
