-- Foreign keys between these tables. One that stands on a partition counts for its root.
SELECT DISTINCT k.conname::text, child.oid, parent.oid, own.columns, theirs.columns, own.nullable,
  k.confmatchtype = 'f', own.indexed, own.joined
FROM pg_constraint k
CROSS JOIN LATERAL (SELECT coalesce(pg_partition_root(k.conrelid)::oid, k.conrelid) AS oid) AS child
CROSS JOIN LATERAL (SELECT coalesce(pg_partition_root(k.confrelid)::oid, k.confrelid) AS oid) AS parent
CROSS JOIN LATERAL (
  SELECT array_agg(a.attname::text ORDER BY c.place) AS columns,
    -- in the root and in the partition that the key stands on
    bool_or(NOT a.attnotnull AND NOT coalesce(r.attnotnull, false) AND NOT t.typnotnull AND a.attgenerated = '') AS nullable,
    bool_or(EXISTS (SELECT FROM pg_index i WHERE i.indrelid IN (k.conrelid, child.oid) AND i.indisvalid
      AND i.indpred IS NULL AND i.indkey[0] = a.attnum)) AS indexed,
    -- with the operator of the key itself, whose schema need not be in the path
    string_agg(format('p.%I OPERATOR(%I.%s) c.%I', b.attname, n.nspname, o.oprname, a.attname), ' AND ' ORDER BY c.place) AS joined
  FROM unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY AS c (attnum, theirs, operator, place)
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.attnum
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attribute r ON r.attrelid = child.oid AND r.attname = a.attname
  JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = c.theirs
  JOIN pg_operator o ON o.oid = c.operator
  JOIN pg_namespace n ON n.oid = o.oprnamespace
) AS own
CROSS JOIN LATERAL (
  SELECT array_agg(a.attname::text ORDER BY c.place) AS columns
  FROM unnest(k.confkey) WITH ORDINALITY AS c (attnum, place)
  JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = c.attnum
) AS theirs
WHERE k.contype = 'f' AND k.conparentid = 0
  AND child.oid = ANY ($1)
ORDER BY child.oid, k.conname::text
