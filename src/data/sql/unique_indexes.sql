-- Unique indexes of these tables: the columns that each depends on, its condition, and whether it ignores case.
SELECT n.nspname::text, c.relname::text, x.relname::text,
  ARRAY(SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped
          AND (a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
            OR i.indexprs IS NOT NULL AND EXISTS (SELECT FROM pg_depend d
               WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                 AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))
        ORDER BY a.attnum),
  pg_get_expr(i.indpred, i.indrelid),
  -- lower(email) and the like; citext compares so by itself
  i.indexprs IS NOT NULL
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indisunique AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY ($1)
ORDER BY 1, 2, 3
