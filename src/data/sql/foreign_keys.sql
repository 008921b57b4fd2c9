-- Foreign keys between these tables. One that stands on a partition counts for its root.
SELECT DISTINCT k.conname::text, child.oid, parent.oid,
  (SELECT array_agg(a.attname::text ORDER BY c.place) FROM unnest(k.conkey) WITH ORDINALITY AS c (attnum, place)
   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.attnum),
  (SELECT array_agg(a.attname::text ORDER BY c.place) FROM unnest(k.confkey) WITH ORDINALITY AS c (attnum, place)
   JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = c.attnum),
  -- MATCH FULL wants all columns NULL or none: with more than one column it counts as NOT NULL
  (k.confmatchtype <> 'f' OR cardinality(k.conkey) = 1)
   AND EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
   WHERE a.attrelid = child.oid AND NOT a.attnotnull AND NOT t.typnotnull AND a.attgenerated = ''
   AND a.attname IN (SELECT own.attname FROM pg_attribute own WHERE own.attrelid = k.conrelid AND own.attnum = ANY (k.conkey)))
FROM pg_constraint k
CROSS JOIN LATERAL (SELECT coalesce(pg_partition_root(k.conrelid)::oid, k.conrelid) AS oid) AS child
CROSS JOIN LATERAL (SELECT coalesce(pg_partition_root(k.confrelid)::oid, k.confrelid) AS oid) AS parent
WHERE k.contype = 'f' AND k.conparentid = 0
  AND child.oid = ANY ($1)
ORDER BY 1
