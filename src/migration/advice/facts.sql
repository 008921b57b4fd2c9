-- What running code may name beside tables and their columns, and what is left unfinished.
SELECT 'enum value', format('%s.%s', t.oid::regtype, e.enumlabel), NULL::oid, e.enumlabel::text, true
FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
UNION ALL
SELECT 'function', p.oid::regprocedure::text, NULL, p.proname::text, true
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND p.prorettype <> 'trigger'::regtype
UNION ALL
SELECT 'column of a view', format('%I.%I.%I', n.nspname, c.relname, a.attname), NULL, c.relname::text, true
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'relation', format('%I.%I', n.nspname, c.relname), c.oid, c.relname::text, true
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'constraint ' || k.contype::text, pg_get_constraintdef(k.oid), k.conrelid, k.conname::text, k.convalidated
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
WHERE k.conrelid <> 0 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'index', c.oid::regclass::text, i.indrelid, c.relname::text, i.indisvalid
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_'
