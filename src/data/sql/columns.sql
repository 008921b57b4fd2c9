-- The columns of every table, with their types followed through domains and arrays to the bottom.
WITH RECURSIVE bottom (typid, at, modifier, is_array) AS (
  SELECT t.oid, t.oid, -1, false FROM pg_type t
  UNION ALL
  SELECT b.typid,
    CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END,
    CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE b.modifier END,
    b.is_array OR t.typcategory = 'A'
  FROM bottom b JOIN pg_type t ON t.oid = b.at
  WHERE t.typtype = 'd' OR (t.typcategory = 'A' AND t.typelem <> 0)
)
SELECT a.attrelid, a.attname::text, format_type(a.atttypid, a.atttypmod), t.typname::text,
  t.typtype = 'e', b.is_array,
  CASE WHEN t.typname IN ('varchar', 'bpchar') THEN nullif(greatest(a.atttypmod, b.modifier), -1) - 4 END,
  a.attnotnull OR own.typnotnull,
  -- a NULL in its place could find no partition, or a row that is equal to it
  EXISTS (SELECT FROM pg_partitioned_table h WHERE h.partrelid IN (SELECT relid FROM pg_partition_tree(a.attrelid))
          AND (a.attname IN (SELECT o.attname FROM pg_attribute o WHERE o.attrelid = h.partrelid AND o.attnum = ANY (h.partattrs::int2[]))
            OR h.partexprs IS NOT NULL))
   OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY (i.indkey::int2[])
              AND to_jsonb(i) ->> 'indnullsnotdistinct' = 'true'),
  a.attgenerated <> '',
  EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique
     AND (a.attnum = ANY (i.indkey::int2[])
       -- an index over an expression, such as lower(email), depends on its columns
       OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                  AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum)))
   -- a key must be masked to the very value that the unique column it refers to gets
   OR EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey)),
  EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f'
     AND (k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey)
       OR k.confrelid = a.attrelid AND a.attnum = ANY (k.confkey))),
  coalesce((SELECT array_agg(f.attname::text ORDER BY f.attnum) FROM pg_attribute f
            WHERE t.typtype = 'c' AND f.attrelid = t.typrelid AND f.attnum > 0 AND NOT f.attisdropped), '{}')
FROM pg_attribute a
JOIN pg_type own ON own.oid = a.atttypid
JOIN bottom b ON b.typid = a.atttypid
JOIN pg_type t ON t.oid = b.at AND t.typtype <> 'd' AND NOT (t.typcategory = 'A' AND t.typelem <> 0)
WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
