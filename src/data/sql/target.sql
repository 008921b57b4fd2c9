-- What stands in the database of this session: our mark $1, objects, sessions of others than $2.
SELECT
  coalesce($1 = ANY (string_to_array(shobj_description(d.oid, 'pg_database'), E'\n')), false),
  (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$|staging_)'
     AND NOT EXISTS (SELECT FROM pg_depend e
                     WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e'))
  + (SELECT count(*) FROM pg_largeobject_metadata),
  (SELECT count(*) FROM pg_stat_activity a
   WHERE a.datid = d.oid AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
     AND a.application_name <> $2)
FROM pg_database d WHERE d.datname = current_database()
