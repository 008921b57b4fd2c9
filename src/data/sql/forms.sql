-- For each of these tables: the columns that only the text format of COPY carries safely, the columns that
-- choose a row's partition, and whether something else than columns alone chooses it.
WITH RECURSIVE wanted AS (
  SELECT w.place, c.oid
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (schema, name, place)
  JOIN pg_namespace n ON n.nspname = w.schema
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
),
-- Types below domains, as the binary format carries a domain like its base.
plain (attrelid, attname, typid) AS (
  SELECT a.attrelid, a.attname, a.atttypid FROM wanted w
  JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT p.attrelid, p.attname, t.typbasetype FROM plain p JOIN pg_type t ON t.oid = p.typid WHERE t.typtype = 'd'
),
text_only AS (
  SELECT p.attrelid, p.attname
  FROM plain p
  JOIN pg_type t ON t.oid = p.typid AND t.typtype <> 'd'
  LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
  LEFT JOIN pg_range r ON r.rngtypid = t.oid OR r.rngmultitypid = t.oid
  WHERE t.typsend = 0 OR t.typreceive = 0 OR e.typsend = 0 OR e.typreceive = 0
    -- these carry oids, which mean something else on another server
    OR (t.typnamespace = 'pg_catalog'::regnamespace AND t.typname ~ '^reg')
    OR (e.typnamespace = 'pg_catalog'::regnamespace AND e.typname ~ '^reg')
    OR t.typtype = 'c' OR e.typtype = 'c' OR e.oid >= 16384 OR r.rngsubtype >= 16384
),
levels AS (
  SELECT w.place, p.*
  FROM wanted w
  CROSS JOIN LATERAL pg_partition_tree(w.oid) AS t
  JOIN pg_partitioned_table p ON p.partrelid = t.relid
)
SELECT w.place,
  coalesce((SELECT array_agg(t.attname::text) FROM text_only t WHERE t.attrelid = w.oid), '{}'),
  coalesce((SELECT array_agg(DISTINCT a.attname::text) FROM levels l
            JOIN pg_attribute a ON a.attrelid = l.partrelid AND a.attnum = ANY (l.partattrs::int2[])
            WHERE l.place = w.place), '{}'),
  -- a hash differs between servers, and an expression may read any column
  EXISTS (SELECT FROM levels l WHERE l.place = w.place AND (l.partstrat = 'h' OR l.partexprs IS NOT NULL))
FROM wanted w
ORDER BY w.place
