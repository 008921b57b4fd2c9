-- Every sequence with its step and the column it feeds.
SELECT n.nspname::text, c.relname::text, s.seqincrement,
       CASE WHEN d.objid IS NOT NULL THEN d.refobjid::regclass::text END,
       a.attname::text
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_sequence s ON s.seqrelid = c.oid
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
                     AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE n.nspname !~ '^(pg_|information_schema$)'
ORDER BY 1, 2
