-- What belongs to the database as a whole.
SELECT 'default rights', format('%s in %s for %s', pg_get_userbyid(d.defaclrole), coalesce(n.nspname, 'every schema'), d.defaclobjtype),
  (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(d.defaclacl) x)
FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
WHERE n.oid IS NULL OR n.oid IN (SELECT oid FROM own_namespace)

UNION ALL
SELECT 'comment', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description
FROM pg_description d
WHERE (d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass)
  AND NOT EXISTS (SELECT FROM member m WHERE m.classid = d.classoid AND m.objid = d.objoid)
  AND NOT (d.classoid = 'pg_class'::regclass AND d.objoid NOT IN (SELECT oid FROM relation))
  AND NOT (d.classoid = 'pg_namespace'::regclass AND d.objoid NOT IN (SELECT oid FROM own_namespace))

UNION ALL
SELECT 'security label', l.objtype || ' ' || l.objname, l.provider || ' ' || l.label FROM pg_seclabels l
WHERE l.objtype NOT IN ('database', 'role', 'tablespace', 'subscription')

UNION ALL
SELECT 'extension', format('%I', e.extname), concat_ws(' | ', 'version ' || e.extversion, 'in ' || n.nspname, 'owner ' || pg_get_userbyid(e.extowner),
  'config ' || (SELECT string_agg(c::regclass::text, ', ' ORDER BY c::regclass::text) FROM unnest(e.extconfig) c), 'conditions ' || e.extcondition::text)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace

UNION ALL
SELECT 'publication', format('%I', p.pubname), concat_ws(' | ',
  (to_jsonb(p) - 'oid' - 'pubowner' - 'pubname')::text, 'owner ' || pg_get_userbyid(p.pubowner),
  'schemas ' || (SELECT string_agg(s.pnnspid::regnamespace::text, ', ' ORDER BY s.pnnspid::regnamespace::text) FROM pg_publication_namespace s WHERE s.pnpubid = p.oid), -- since 150000
  'tables ' || (SELECT string_agg(pr.prrelid::regclass::text
      || coalesce(' columns ' || (SELECT string_agg(a.attname, ', ' ORDER BY a.attname) FROM pg_attribute a WHERE a.attrelid = pr.prrelid AND a.attnum = ANY (pr.prattrs)), '') -- since 150000
      || coalesce(' where ' || pg_get_expr(pr.prqual, pr.prrelid), '') -- since 150000
      , ', ' ORDER BY pr.prrelid::regclass::text)
    FROM pg_publication_rel pr WHERE pr.prpubid = p.oid))
FROM pg_publication p

UNION ALL
SELECT 'subscription', format('%I', s.subname), concat_ws(' | ', CASE WHEN s.subenabled THEN 'enabled' ELSE 'disabled' END, 'to ' || s.subpublications::text, 'slot ' || s.subslotname::text, 'commit ' || s.subsynccommit, 'owner ' || pg_get_userbyid(s.subowner))
FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())

UNION ALL
SELECT 'event trigger', format('%I', e.evtname), concat_ws(' | ', 'on ' || e.evtevent, 'runs ' || e.evtfoid::regprocedure::text,
  'enabled ' || e.evtenabled::text, 'tags ' || e.evttags::text, 'owner ' || pg_get_userbyid(e.evtowner))
FROM pg_event_trigger e

UNION ALL
SELECT 'large object', l.oid::text, concat_ws(' | ', 'owner ' || pg_get_userbyid(l.lomowner), 'rights ' || l.lomacl::text)
FROM pg_largeobject_metadata l

UNION ALL
SELECT 'database', 'this database', concat_ws(' | ', 'owner ' || pg_get_userbyid(d.datdba), 'connections ' || nullif(d.datconnlimit, -1),
  'tablespace ' || (SELECT spcname FROM pg_tablespace WHERE oid = d.dattablespace),
  'rights ' || (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(coalesce(d.datacl, acldefault('d', d.datdba))) x))
FROM pg_database d WHERE d.datname = current_database()
