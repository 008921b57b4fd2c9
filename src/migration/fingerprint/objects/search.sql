-- Text search.
SELECT 'text search configuration', format('%I.%I', n.nspname, c.cfgname), concat_ws(' | ', 'owner ' || pg_get_userbyid(c.cfgowner),
  'parser ' || (SELECT prsname FROM pg_ts_parser WHERE oid = c.cfgparser),
  (SELECT string_agg(format('%s.%s %s', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ', ' ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = c.oid))
FROM pg_ts_config c JOIN own_namespace n ON n.oid = c.cfgnamespace

UNION ALL
SELECT 'text search dictionary', format('%I.%I', n.nspname, d.dictname), concat_ws(' | ', 'owner ' || pg_get_userbyid(d.dictowner),
  'template ' || (SELECT tmplname FROM pg_ts_template WHERE oid = d.dicttemplate), d.dictinitoption)
FROM pg_ts_dict d JOIN own_namespace n ON n.oid = d.dictnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_ts_dict'::regclass AND m.objid = d.oid)

UNION ALL
SELECT 'text search parser', format('%I.%I', n.nspname, p.prsname), concat_ws(' | ', p.prsstart::regproc::text, p.prstoken::regproc::text, p.prsend::regproc::text, p.prslextype::regproc::text)
FROM pg_ts_parser p JOIN own_namespace n ON n.oid = p.prsnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_ts_parser'::regclass AND m.objid = p.oid)

UNION ALL
SELECT 'text search template', format('%I.%I', n.nspname, p.tmplname), concat_ws(' | ', p.tmplinit::regproc::text, p.tmpllexize::regproc::text)
FROM pg_ts_template p JOIN own_namespace n ON n.oid = p.tmplnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_ts_template'::regclass AND m.objid = p.oid)
