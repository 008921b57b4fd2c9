-- For each foreign key: its table, its name, and a query that counts the rows it leads nowhere.
SELECT con.conrelid::regclass::text, con.conname,
       format('SELECT count(*) FROM %s c WHERE (%s) AND NOT EXISTS (SELECT 1 FROM %s p WHERE %s)',
              con.conrelid::regclass,
              string_agg(format('c.%I IS NOT NULL', child.attname), ' AND '),
              con.confrelid::regclass,
              string_agg(format('p.%I = c.%I', parent.attname, child.attname), ' AND '))
FROM pg_constraint con
JOIN pg_namespace n ON n.oid = con.connamespace
CROSS JOIN LATERAL unnest(con.conkey, con.confkey) AS pair(child, parent)
JOIN pg_attribute child ON child.attrelid = con.conrelid AND child.attnum = pair.child
JOIN pg_attribute parent ON parent.attrelid = con.confrelid AND parent.attnum = pair.parent
WHERE con.contype = 'f' AND con.conparentid = 0 AND n.nspname IN ($schemas)
GROUP BY con.oid, con.conrelid, con.confrelid, con.conname
ORDER BY 1, 2
