-- Constraints that were never checked against the rows that were there before them.
SELECT conrelid::regclass::text, conname
FROM pg_constraint JOIN pg_namespace n ON n.oid = connamespace
WHERE NOT convalidated AND n.nspname IN ($schemas)
ORDER BY 1, 2
