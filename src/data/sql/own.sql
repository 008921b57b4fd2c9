-- Gives everything the session's role has made to the application's role: what extensions hold stays.
DO $own$
DECLARE
  owner text := current_setting('stagectl.owner');
  statement text;
BEGIN
  FOR statement IN
    WITH mine (class, object, kind, name, role) AS (
      SELECT 'pg_namespace'::regclass, oid, 'SCHEMA', quote_ident(nspname), nspowner FROM pg_namespace
      UNION ALL
      SELECT 'pg_class'::regclass, c.oid,
             CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                          WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, c.oid::regclass::text, relowner
      FROM pg_class c WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        -- A sequence of a column goes with its table.
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                        AND d.deptype IN ('a', 'i') AND relkind = 'S')
      UNION ALL
      SELECT 'pg_type'::regclass, oid, CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END,
             format_type(oid, NULL), typowner
      FROM pg_type t
      WHERE typtype IN ('d', 'e', 'r')
         OR (typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
      UNION ALL
      SELECT 'pg_proc'::regclass, oid, CASE prokind WHEN 'a' THEN 'AGGREGATE' ELSE 'ROUTINE' END,
             oid::regprocedure::text, proowner FROM pg_proc
    )
    SELECT format('ALTER %s %s OWNER TO %I', kind, name, owner)
    FROM mine AS m
    WHERE role = (SELECT oid FROM pg_roles WHERE rolname = current_user) AND object >= 16384
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = m.class AND d.objid = m.object AND d.deptype = 'e')
  LOOP
    EXECUTE statement;
  END LOOP;
END
$own$
