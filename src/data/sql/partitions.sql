-- The partitions that hold rows of these tables, at any depth, where the role may read them on their own.
SELECT root.oid, c.oid, n.nspname::text, c.relname::text
FROM unnest($1::oid[]) AS root (oid)
CROSS JOIN LATERAL pg_partition_tree(root.oid) t
JOIN pg_class c ON c.oid = t.relid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.isleaf AND t.relid <> root.oid
  AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
ORDER BY 1, 2
