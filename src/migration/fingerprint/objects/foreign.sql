-- Foreign data: wrappers, servers, user mappings. Options may hold passwords: only their sum leaves the server.
SELECT 'foreign data wrapper', format('%I', w.fdwname), concat_ws(' | ', w.fdwhandler::regproc::text, w.fdwvalidator::regproc::text, w.fdwoptions::text,
  'owner ' || pg_get_userbyid(w.fdwowner), 'rights ' || (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(coalesce(w.fdwacl, acldefault('F', w.fdwowner))) x))
FROM pg_foreign_data_wrapper w
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_foreign_data_wrapper'::regclass AND m.objid = w.oid)

UNION ALL
SELECT 'foreign server', format('%I', s.srvname), concat_ws(' | ', s.srvtype, s.srvversion,
  -- Options may hold passwords: only their fingerprint leaves the server.
  'options ' || md5(s.srvoptions::text), 'wrapper ' || (SELECT fdwname FROM pg_foreign_data_wrapper WHERE oid = s.srvfdw), 'owner ' || pg_get_userbyid(s.srvowner),
  'rights ' || (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(coalesce(s.srvacl, acldefault('S', s.srvowner))) x))
FROM pg_foreign_server s

UNION ALL
SELECT 'user mapping', format('%s on %I', u.usename, u.srvname), 'options ' || coalesce(md5(u.umoptions::text), 'none')
FROM pg_user_mappings u
