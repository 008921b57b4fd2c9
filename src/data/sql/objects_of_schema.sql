-- Every object of these schemas by kind and name, to compare two databases. Names alone: types are written
-- differently from one search path, and definitions from one version, to another.
WITH mine AS (SELECT oid, nspname::text AS schema FROM pg_namespace WHERE nspname = ANY ($1)),
brought AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
relation AS (
  SELECT c.oid, c.relkind, schema || '.' || relname AS name
  FROM pg_class c JOIN mine ON mine.oid = relnamespace
  WHERE relpersistence <> 't' AND NOT EXISTS (SELECT FROM brought WHERE classid = 'pg_class'::regclass AND objid = c.oid)
)
SELECT kind, name FROM (
  SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
      WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'table' END, name
  FROM relation WHERE relkind <> 't'
  UNION ALL SELECT 'column', name || '.' || attname
  FROM relation JOIN pg_attribute a ON attrelid = oid AND attnum > 0 AND NOT attisdropped
  WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
  UNION ALL SELECT 'default', name || '.' || attname
  FROM relation JOIN pg_attrdef ON adrelid = relation.oid JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
  -- What a partition inherits of its root has a name of its own on each server.
  UNION ALL SELECT CASE contype WHEN 'f' THEN 'foreign key' ELSE 'constraint' END, name || '.' || conname
  FROM relation JOIN pg_constraint ON conrelid = relation.oid
  WHERE conparentid = 0 AND contype IN ('p', 'u', 'f', 'c', 'x')
  UNION ALL SELECT 'trigger', name || '.' || tgname
  FROM relation JOIN pg_trigger t ON tgrelid = relation.oid
  WHERE NOT tgisinternal AND coalesce((to_jsonb(t) ->> 'tgparentid')::oid, 0) = 0
  UNION ALL SELECT 'rule', name || '.' || rulename
  FROM relation JOIN pg_rewrite ON ev_class = relation.oid WHERE rulename <> '_RETURN'
  UNION ALL SELECT 'policy', name || '.' || polname FROM relation JOIN pg_policy ON polrelid = relation.oid
  UNION ALL SELECT 'statistics', schema || '.' || stxname FROM pg_statistic_ext JOIN mine ON mine.oid = stxnamespace
  UNION ALL SELECT 'function', schema || '.' || proname || '('
    || array_to_string(ARRAY(SELECT t.typname FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS a (type, place)
                             JOIN pg_type t ON t.oid = a.type ORDER BY place), ', ') || ')'
  FROM pg_proc p JOIN mine ON mine.oid = pronamespace
  WHERE NOT EXISTS (SELECT FROM brought WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
  UNION ALL SELECT CASE typtype WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum' ELSE 'type' END, schema || '.' || typname
  FROM pg_type t JOIN mine ON mine.oid = typnamespace
  WHERE typtype IN ('d', 'e', 'r') AND NOT EXISTS (SELECT FROM brought WHERE classid = 'pg_type'::regclass AND objid = t.oid)
  UNION ALL SELECT 'label', schema || '.' || typname || '.' || enumlabel
  FROM pg_enum JOIN pg_type t ON t.oid = enumtypid JOIN mine ON mine.oid = typnamespace
  WHERE NOT EXISTS (SELECT FROM brought WHERE classid = 'pg_type'::regclass AND objid = t.oid)
) AS objects (kind, name)
ORDER BY kind, name
