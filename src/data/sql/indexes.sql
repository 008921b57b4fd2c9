-- Every index that can be taken away and built again as it was, those of partitions after those they hang on.
-- What a statement cannot give back stays: a replica identity, a clustering, statistics targets.
SELECT pg_partition_root(i.indexrelid)::oid, i.indexrelid::regclass::text,
  (SELECT ARRAY[s.nspname::text, r.relname::text] FROM pg_class r JOIN pg_namespace s ON s.oid = r.relnamespace
   WHERE r.oid = coalesce(pg_partition_root(t.oid)::oid, t.oid)),
  t.oid::regclass::text,
  pg_get_indexdef(i.indexrelid), x.relkind = 'I',
  (SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = i.indexrelid),
  quote_ident(k.conname), pg_get_constraintdef(k.oid),
  CASE WHEN k.contype = 'p' THEN 'PRIMARY KEY' WHEN k.contype = 'u' THEN 'UNIQUE' END
    || ' USING INDEX ' || quote_ident(x.relname)
    || CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END
    || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END,
  obj_description(i.indexrelid, 'pg_class'), obj_description(k.oid, 'pg_constraint'),
  EXISTS (SELECT FROM unnest(i.indcollation) c (oid) WHERE c.oid <> 0)
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_class t ON t.oid = i.indrelid AND t.relkind IN ('r', 'p')
JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname !~ '^(pg_|information_schema$)'
JOIN pg_am a ON a.oid = x.relam
LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
CROSS JOIN LATERAL (SELECT coalesce(pg_partition_root(i.indexrelid)::oid, i.indexrelid) AS oid) AS top
LEFT JOIN LATERAL (SELECT count(*) AS levels FROM pg_partition_ancestors(i.indexrelid)) AS depth ON true
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid IN (x.oid, t.oid) AND d.deptype = 'e')
  AND NOT EXISTS (
    SELECT FROM (SELECT top.oid UNION SELECT p.relid FROM pg_partition_tree(top.oid) p) AS family (oid)
    JOIN pg_index f ON f.indexrelid = family.oid
    JOIN pg_class fx ON fx.oid = f.indexrelid
    LEFT JOIN pg_constraint fk ON fk.conindid = f.indexrelid AND fk.conrelid = f.indrelid AND fk.contype IN ('p', 'u', 'x')
    WHERE f.indisreplident OR f.indisclustered OR fk.contype = 'x'
      OR (fk.oid IS NOT NULL AND fx.relam <> (SELECT oid FROM pg_am WHERE amname = 'btree'))
      OR EXISTS (SELECT FROM pg_attribute s WHERE s.attrelid = f.indexrelid AND coalesce(s.attstattarget, -1) >= 0))
ORDER BY depth.levels, 2
