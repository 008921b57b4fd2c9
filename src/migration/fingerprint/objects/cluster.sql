-- What all databases of the server share, and the settings of roles and databases.
SELECT 'role', format('%I', r.rolname), concat_ws(' | ',
  CASE WHEN r.rolsuper THEN 'superuser' END, CASE WHEN NOT r.rolinherit THEN 'does not inherit' END, CASE WHEN r.rolcreaterole THEN 'creates roles' END,
  CASE WHEN r.rolcreatedb THEN 'creates databases' END, CASE WHEN r.rolcanlogin THEN 'may log in' END, CASE WHEN r.rolreplication THEN 'replicates' END,
  CASE WHEN r.rolbypassrls THEN 'bypasses row security' END, 'connections ' || nullif(r.rolconnlimit, -1), 'valid until ' || r.rolvaliduntil::text)
FROM pg_roles r WHERE r.rolname !~ '^pg_'

UNION ALL
SELECT 'membership', format('%I in %I', pg_get_userbyid(m.member), pg_get_userbyid(m.roleid)),
  string_agg(concat_ws(' | ', 'granted by ' || pg_get_userbyid(m.grantor), CASE WHEN m.admin_option THEN 'with admin' END
    , CASE WHEN NOT m.inherit_option THEN 'without inherit' END, CASE WHEN NOT m.set_option THEN 'without set' END -- since 160000
  ), ', ' ORDER BY pg_get_userbyid(m.grantor))
FROM pg_auth_members m WHERE m.member <> 0 GROUP BY m.member, m.roleid

UNION ALL
SELECT 'setting', format('%s of %s', split_part(c, '=', 1), CASE WHEN s.setrole = 0 THEN 'this database'
    ELSE 'role ' || quote_ident(pg_get_userbyid(s.setrole)) || CASE WHEN s.setdatabase = 0 THEN '' ELSE ' in this database' END END),
  substr(c, strpos(c, '=') + 1)
FROM pg_db_role_setting s, unnest(s.setconfig) c
WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))

UNION ALL
SELECT 'comment', pg_describe_object(d.classoid, d.objoid, 0), d.description
FROM pg_shdescription d
WHERE d.classoid = 'pg_authid'::regclass OR d.classoid = 'pg_database'::regclass AND d.objoid = (SELECT oid FROM pg_database WHERE datname = current_database())

UNION ALL
SELECT 'security label', l.objtype || ' ' || l.objname, l.provider || ' ' || l.label FROM pg_seclabels l
WHERE l.objtype = 'role'
