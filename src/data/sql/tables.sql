-- Ordinary tables and the roots of partitioned ones; partitions come with their root.
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind = 'p',
  coalesce((SELECT array_agg(a.attname::text ORDER BY k.place)
     FROM pg_index i
     CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts), '{}'),
  -- -1: never analysed
  greatest(0, CASE WHEN c.relkind = 'p' AND c.reltuples < 1
     THEN (SELECT coalesce(sum(greatest(p.reltuples, 0)), 0) FROM pg_partition_tree(c.oid) t
           JOIN pg_class p ON p.oid = t.relid WHERE t.isleaf)
     ELSE c.reltuples END)::bigint,
  CASE WHEN c.relkind = 'p'
     THEN (SELECT coalesce(sum(pg_table_size(t.relid)), 0) FROM pg_partition_tree(c.oid) t WHERE t.isleaf)
     ELSE pg_table_size(c.oid) END::bigint
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname = ANY ($1)
  -- what an extension made comes with the extension
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
