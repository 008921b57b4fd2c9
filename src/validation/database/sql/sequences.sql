-- For each sequence that fills a column: where it stands, and a query for the column's largest value.
SELECT s.oid::regclass::text,
       format('SELECT max(%I), (SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM %s) FROM %s',
              a.attname, s.oid::regclass, t.oid::regclass)
FROM pg_class s
JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass
                AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
JOIN pg_class t ON t.oid = d.refobjid
JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
JOIN pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0
WHERE s.relkind = 'S' AND n.nspname IN ($schemas)
ORDER BY 1
