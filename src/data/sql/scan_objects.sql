-- Every text that the schema itself holds, with its place. What an extension brought is no person's.
SELECT place, content FROM (
  SELECT 'comment on ' || pg_describe_object(classoid, objoid, objsubid), description
  FROM pg_description WHERE objoid >= 16384 OR classoid = 'pg_namespace'::regclass
  UNION ALL SELECT 'comment on the database', shobj_description(oid, 'pg_database')
  FROM pg_database WHERE datname = current_database()
  UNION ALL SELECT 'security label on ' || pg_describe_object(classoid, objoid, objsubid), label FROM pg_seclabel
  UNION ALL SELECT 'label of enum ' || enumtypid::regtype, enumlabel FROM pg_enum
  UNION ALL SELECT 'default of ' || adrelid::regclass || '.' || attname, pg_get_expr(adbin, adrelid)
  FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
  UNION ALL SELECT 'default of type ' || oid::regtype, typdefault FROM pg_type WHERE oid >= 16384
  UNION ALL SELECT 'constraint ' || quote_ident(conname), pg_get_constraintdef(oid)
  FROM pg_constraint WHERE contype IN ('c', 'x')
  UNION ALL SELECT 'function ' || oid::regprocedure, pg_get_functiondef(oid)
  FROM pg_proc p WHERE prokind IN ('f', 'p', 'w') AND oid >= 16384
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  UNION ALL SELECT 'view ' || oid::regclass, pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', 'm') AND oid >= 16384
  UNION ALL SELECT 'rule ' || quote_ident(rulename), pg_get_ruledef(oid)
  FROM pg_rewrite WHERE rulename <> '_RETURN' AND oid >= 16384
  UNION ALL SELECT 'trigger ' || quote_ident(tgname), pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT 'policy ' || quote_ident(polname),
    concat_ws(' ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) FROM pg_policy
  UNION ALL SELECT 'index ' || indexrelid::regclass, pg_get_indexdef(indexrelid)
  FROM pg_index WHERE indexrelid >= 16384 AND (indexprs IS NOT NULL OR indpred IS NOT NULL)
  UNION ALL SELECT 'bounds of partition ' || oid::regclass, pg_get_expr(relpartbound, oid)
  FROM pg_class WHERE relpartbound IS NOT NULL
  UNION ALL SELECT 'statistics ' || quote_ident(stxname), pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
  UNION ALL SELECT 'options of server ' || quote_ident(srvname), array_to_string(srvoptions, E'\n') FROM pg_foreign_server
  UNION ALL SELECT 'options of a user mapping', array_to_string(umoptions, E'\n') FROM pg_user_mappings
  UNION ALL SELECT 'options of foreign table ' || ftrelid::regclass, array_to_string(ftoptions, E'\n') FROM pg_foreign_table
  UNION ALL SELECT 'text search dictionary ' || quote_ident(dictname), dictinitoption
  FROM pg_ts_dict WHERE oid >= 16384
  UNION ALL SELECT 'settings of the database', array_to_string(setconfig, E'\n') FROM pg_db_role_setting
  WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS texts (place, content)
WHERE content <> ''
ORDER BY place
