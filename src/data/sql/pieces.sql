-- What holds the rows of these tables: each table itself, or the leaves of a partitioned one, with its size.
WITH wanted AS (
  SELECT w.place, c.oid, c.relkind
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (schema, name, place)
  JOIN pg_namespace n ON n.nspname = w.schema
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
)
SELECT w.place, n.nspname::text, c.relname::text, pg_relation_size(c.oid), greatest(c.reltuples, 0)::int8,
  has_table_privilege(c.oid, 'SELECT')
FROM wanted w
CROSS JOIN LATERAL (
  SELECT w.oid WHERE w.relkind = 'r'
  UNION ALL
  SELECT t.relid FROM pg_partition_tree(w.oid) t WHERE w.relkind = 'p' AND t.isleaf) AS leaf (oid)
JOIN pg_class c ON c.oid = leaf.oid AND c.relkind = 'r'
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY 1, 2, 3
