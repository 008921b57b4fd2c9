-- Functions, types, operators, casts, languages and their kin.
SELECT 'function', p.identity, concat_ws(' | ',
  CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE (
    SELECT format('aggregate %s %s, state %s initially %s, final %s, combine %s, sort %s', g.aggkind, g.aggtransfn::regproc, g.aggtranstype::regtype,
      coalesce(g.agginitval, 'null'), g.aggfinalfn::regproc, g.aggcombinefn::regproc, g.aggsortop::regoper) FROM pg_aggregate g WHERE g.aggfnoid = p.oid) END,
  'owner ' || pg_get_userbyid(p.proowner),
  'rights ' || (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) x))
FROM routine p

UNION ALL
SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range type' WHEN 'c' THEN 'composite type' ELSE 'base type' END,
  t.identity, concat_ws(' | ',
  (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
  CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
  CASE WHEN t.typtype = 'd' AND t.typnotnull THEN 'not null' END,
  'default ' || t.typdefault,
  'collation ' || CASE WHEN t.typtype = 'd' AND t.typcollation <> 0 THEN (SELECT collname FROM pg_collation WHERE oid = t.typcollation) END,
  (SELECT format('of %s, class %s, canonical %s, difference %s, collation %s', g.rngsubtype::regtype,
    (SELECT opcname FROM pg_opclass WHERE oid = g.rngsubopc), g.rngcanonical::regproc, g.rngsubdiff::regproc,
    (SELECT collname FROM pg_collation WHERE oid = g.rngcollation)) FROM pg_range g WHERE g.rngtypid = t.oid),
  CASE WHEN t.typtype = 'b' THEN format('input %s, output %s', t.typinput::regproc, t.typoutput::regproc) END,
  'owner ' || pg_get_userbyid(t.typowner),
  'rights ' || (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(coalesce(t.typacl, acldefault('T', t.typowner))) x))
FROM own_type t
WHERE t.typtype IN ('e', 'd', 'r')
  OR (t.typtype = 'c' AND (SELECT relkind FROM pg_class WHERE oid = t.typrelid) = 'c')
  OR (t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid))

UNION ALL
SELECT 'collation', format('%I.%I', n.nspname, c.collname), concat_ws(' | ', (to_jsonb(c) - 'oid' - 'collnamespace' - 'collowner' - 'collversion')::text,
  'owner ' || pg_get_userbyid(c.collowner))
FROM pg_collation c JOIN own_namespace n ON n.oid = c.collnamespace

UNION ALL
SELECT 'conversion', format('%I.%I', n.nspname, c.conname), concat_ws(' | ', pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding),
  c.conproc::regproc::text, c.condefault::text)
FROM pg_conversion c JOIN own_namespace n ON n.oid = c.connamespace

UNION ALL
SELECT 'operator', format('%I.%s(%s, %s)', n.nspname, o.oprname, o.oprleft::regtype, o.oprright::regtype), concat_ws(' | ',
  'runs ' || o.oprcode::regprocedure::text, 'gives ' || o.oprresult::regtype::text, 'commutator ' || o.oprcom::regoperator::text,
  'negator ' || o.oprnegate::regoperator::text, 'restrict ' || o.oprrest::regproc::text, 'join ' || o.oprjoin::regproc::text,
  CASE WHEN o.oprcanmerge THEN 'merges' END, CASE WHEN o.oprcanhash THEN 'hashes' END, 'owner ' || pg_get_userbyid(o.oprowner))
FROM pg_operator o JOIN own_namespace n ON n.oid = o.oprnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_operator'::regclass AND m.objid = o.oid)

UNION ALL
SELECT 'operator class', format('%I.%I using %s', n.nspname, o.opcname, m.amname), concat_ws(' | ', 'for ' || o.opcintype::regtype::text,
  CASE WHEN o.opcdefault THEN 'default' END, 'owner ' || pg_get_userbyid(o.opcowner))
FROM pg_opclass o JOIN own_namespace n ON n.oid = o.opcnamespace JOIN pg_am m ON m.oid = o.opcmethod
WHERE NOT EXISTS (SELECT FROM member e WHERE e.classid = 'pg_opclass'::regclass AND e.objid = o.oid)

UNION ALL
SELECT 'operator family', format('%I.%I using %s', n.nspname, f.opfname, m.amname), concat_ws(' | ', 'owner ' || pg_get_userbyid(f.opfowner),
  (SELECT string_agg(format('%s %s', a.amopstrategy, a.amopopr::regoperator), ', ' ORDER BY a.amopstrategy, a.amopopr::regoperator::text) FROM pg_amop a WHERE a.amopfamily = f.oid),
  (SELECT string_agg(format('%s %s', a.amprocnum, a.amproc::regprocedure), ', ' ORDER BY a.amprocnum, a.amproc::regprocedure::text) FROM pg_amproc a WHERE a.amprocfamily = f.oid))
FROM pg_opfamily f JOIN own_namespace n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod
WHERE NOT EXISTS (SELECT FROM member e WHERE e.classid = 'pg_opfamily'::regclass AND e.objid = f.oid)

UNION ALL
SELECT 'cast', format('(%s as %s)', c.castsource::regtype, c.casttarget::regtype), concat_ws(' | ', c.castfunc::regprocedure::text, c.castcontext::text, c.castmethod::text)
FROM pg_cast c WHERE c.oid >= 16384 AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_cast'::regclass AND m.objid = c.oid)

UNION ALL
SELECT 'transform', format('for %s language %I', f.trftype::regtype, l.lanname), concat_ws(' | ', 'from ' || f.trffromsql::regprocedure::text, 'to ' || f.trftosql::regprocedure::text)
FROM pg_transform f JOIN pg_language l ON l.oid = f.trflang
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_transform'::regclass AND m.objid = f.oid)

UNION ALL
SELECT 'language', format('%I', l.lanname), concat_ws(' | ', CASE WHEN l.lanpltrusted THEN 'trusted' END, 'owner ' || pg_get_userbyid(l.lanowner),
  'rights ' || (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(coalesce(l.lanacl, acldefault('l', l.lanowner))) x))
FROM pg_language l

UNION ALL
SELECT 'access method', format('%I', a.amname), concat_ws(' | ', 'kind ' || a.amtype::text, 'handler ' || a.amhandler::regproc::text)
FROM pg_am a WHERE a.oid >= 16384 AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_am'::regclass AND m.objid = a.oid)
