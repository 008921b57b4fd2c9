-- Schemas that do not cross: neither listed nor home of an extension.
SELECT nspname::text
FROM pg_namespace n
WHERE nspname !~ '^(pg_|information_schema$)'
  AND nspname <> ALL ($1)
  AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extnamespace = n.oid)
ORDER BY 1
