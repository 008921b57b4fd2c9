-- Every column of every table and populated materialized view, with its base type.
SELECT n.nspname::text, c.relname::text, a.attname::text,
       CASE WHEN t.typbasetype <> 0 THEN b.typname ELSE t.typname END::text
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND n.nspname !~ '^(pg_|information_schema$)'
ORDER BY n.nspname, c.relname, a.attnum
