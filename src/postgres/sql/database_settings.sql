-- The statements that give the database $2 the grants and settings of the database $1.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $2::text)
FROM pg_database d WHERE d.datname = $1::text AND d.datacl IS NOT NULL
UNION ALL
SELECT format('GRANT %s ON DATABASE %I TO %s', a.privilege_type, $2::text,
              CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END)
FROM pg_database d, aclexplode(d.datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE d.datname = $1::text AND (a.grantee = 0 OR r.rolname IS NOT NULL)
UNION ALL
-- A list such as search_path is stored as it was written, so it is not quoted again.
SELECT CASE WHEN split_part(c, '=', 1) IN ('search_path', 'temp_tablespaces', 'session_preload_libraries')
            THEN format('ALTER DATABASE %I SET %s = %s', $2::text, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1))
            ELSE format('ALTER DATABASE %I SET %s = %L', $2::text, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1))
       END
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c
WHERE s.setrole = 0 AND d.datname = $1::text
