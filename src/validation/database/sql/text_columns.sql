-- The tables with a column that can hold text.
SELECT DISTINCT format('%I.%I', n.nspname, c.relname)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ($schemas)
  AND (t.typcategory = 'S' OR t.typname IN ('json', 'jsonb', 'hstore', 'xml', 'citext', '_text', '_varchar', '_jsonb'))
ORDER BY 1
