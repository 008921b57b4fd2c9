-- Indexes that a failed CREATE INDEX CONCURRENTLY left behind.
SELECT indexrelid::regclass::text
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT (i.indisvalid AND i.indisready) AND n.nspname IN ($schemas)
ORDER BY 1
