-- Every object of the database as (kind, identity, definition), in a form that does not depend on object ids or on the
-- order of creation. Runs with search_path = pg_catalog, so that every name comes out with its schema.
-- Columns that not every supported server version has are read through to_jsonb(row).
WITH
own_namespace AS (
  SELECT oid, nspname, nspowner, nspacl FROM pg_namespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    AND nspname <> ALL ($1::text[])
),
member AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
relation AS (
  SELECT c.*, format('%I.%I', n.nspname, c.relname) AS identity
  FROM pg_class c JOIN own_namespace n ON n.oid = c.relnamespace
  WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
),
own_type AS (
  SELECT t.*, format('%I.%I', n.nspname, t.typname) AS identity
  FROM pg_type t JOIN own_namespace n ON n.oid = t.typnamespace
  WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
),
routine AS (
  SELECT p.*, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS identity
  FROM pg_proc p JOIN own_namespace n ON n.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
),
object (kind, identity, definition) AS (
  SELECT 'schema'::text, format('%I', nspname)::text, concat_ws(' | ', 'owner ' || pg_get_userbyid(nspowner), 'rights ' || (
    SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(coalesce(nspacl, acldefault('n', nspowner))) x))
  FROM own_namespace

  UNION ALL
  SELECT CASE r.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END, r.identity, concat_ws(' | ',
    CASE r.relpersistence WHEN 'u' THEN 'unlogged' END,
    'owner ' || pg_get_userbyid(r.relowner),
    'access method ' || (SELECT amname FROM pg_am WHERE oid = r.relam),
    'tablespace ' || (SELECT spcname FROM pg_tablespace WHERE oid = r.reltablespace),
    'options ' || (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(r.reloptions) o),
    'toast options ' || (SELECT string_agg(o, ', ' ORDER BY o) FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = r.reltoastrelid),
    CASE WHEN r.relrowsecurity THEN 'row security' END,
    CASE WHEN r.relforcerowsecurity THEN 'row security forced' END,
    'replica identity ' || r.relreplident::text,
    'of type ' || CASE WHEN r.reloftype <> 0 THEN r.reloftype::regtype::text END,
    'partitioned by ' || pg_get_partkeydef(r.oid),
    'partition ' || pg_get_expr(r.relpartbound, r.oid),
    'inherits ' || (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = r.oid),
    'server ' || (SELECT s.srvname || ' ' || coalesce(f.ftoptions::text, '') FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = r.oid))
  FROM relation r WHERE r.relkind IN ('r', 'p', 'f')

  UNION ALL
  SELECT 'rights', r.identity, (
    SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C")
    FROM unnest(coalesce(r.relacl, acldefault(CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", r.relowner))) x)
  FROM relation r WHERE r.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')

  UNION ALL
  SELECT CASE r.relkind WHEN 'c' THEN 'attribute' ELSE 'column' END, format('%s.%I', r.identity, a.attname), concat_ws(' | ',
    format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attnotnull THEN 'not null' END,
    'default ' || CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
    'generated ' || CASE WHEN a.attgenerated <> '' THEN a.attgenerated::text || ' ' || pg_get_expr(d.adbin, d.adrelid) END,
    'identity ' || nullif(a.attidentity::text, ''),
    'collation ' || CASE WHEN a.attcollation <> t.typcollation THEN (SELECT format('%I.%I', n.nspname, co.collname) FROM pg_collation co JOIN pg_namespace n ON n.oid = co.collnamespace WHERE co.oid = a.attcollation) END,
    'storage ' || CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END,
    'compression ' || nullif(to_jsonb(a) ->> 'attcompression', ''),
    'statistics ' || nullif(nullif(to_jsonb(a) ->> 'attstattarget', '-1'), ''),
    -- pg_attver is a stamp that some server builds put on each column at DDL: no setting of anybody's.
    'options ' || (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg\_attver=%'),
    'foreign options ' || a.attfdwoptions::text,
    CASE WHEN NOT a.attislocal THEN 'inherited' END,
    'rights ' || (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(a.attacl) x))
  FROM relation r
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE r.relkind IN ('r', 'p', 'f', 'c', 'v', 'm')

  UNION ALL
  SELECT 'column order', r.identity, (
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
    WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM relation r WHERE r.relkind IN ('r', 'p', 'f', 'c')

  UNION ALL
  SELECT 'constraint', format('%s.%I', coalesce(r.identity, t.identity), c.conname), concat_ws(' | ',
    pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN 'not validated' END,
    CASE WHEN NOT c.conislocal THEN 'inherited' END)
  FROM pg_constraint c
  LEFT JOIN relation r ON r.oid = c.conrelid
  LEFT JOIN own_type t ON t.oid = c.contypid
  WHERE coalesce(r.identity, t.identity) IS NOT NULL AND c.contype <> 't'

  UNION ALL
  SELECT 'index', r.identity, concat_ws(' | ', pg_get_indexdef(i.indexrelid),
    CASE WHEN NOT i.indisvalid THEN 'invalid' END, CASE WHEN NOT i.indisready THEN 'not ready' END,
    CASE WHEN i.indisclustered THEN 'clustered' END, CASE WHEN i.indisreplident THEN 'replica identity' END,
    'statistics ' || (SELECT string_agg(a.attnum || '=' || (to_jsonb(a) ->> 'attstattarget'), ', ' ORDER BY a.attnum) FROM pg_attribute a
      WHERE a.attrelid = r.oid AND coalesce(to_jsonb(a) ->> 'attstattarget', '-1') <> '-1'))
  FROM relation r JOIN pg_index i ON i.indexrelid = r.oid

  UNION ALL
  SELECT CASE r.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, r.identity, concat_ws(' | ',
    pg_get_viewdef(r.oid), 'owner ' || pg_get_userbyid(r.relowner),
    'options ' || (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(r.reloptions) o),
    CASE WHEN r.relkind = 'm' AND NOT r.relispopulated THEN 'not populated' END)
  FROM relation r WHERE r.relkind IN ('v', 'm')

  UNION ALL
  SELECT 'sequence', r.identity, concat_ws(' | ',
    format('%s start %s by %s from %s to %s cache %s', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache),
    CASE WHEN s.seqcycle THEN 'cycle' END, CASE r.relpersistence WHEN 'u' THEN 'unlogged' END,
    'owner ' || pg_get_userbyid(r.relowner),
    'owned by ' || (SELECT format('%s.%I', d.refobjid::regclass, a.attname) FROM pg_depend d
      JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass))
  FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid

  UNION ALL
  SELECT 'function', p.identity, concat_ws(' | ',
    CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE (
      SELECT format('aggregate %s %s, state %s initially %s, final %s, combine %s, sort %s', g.aggkind, g.aggtransfn::regproc, g.aggtranstype::regtype,
        coalesce(g.agginitval, 'null'), g.aggfinalfn::regproc, g.aggcombinefn::regproc, g.aggsortop::regoper) FROM pg_aggregate g WHERE g.aggfnoid = p.oid) END,
    'owner ' || pg_get_userbyid(p.proowner),
    'rights ' || (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) x))
  FROM routine p

  UNION ALL
  SELECT 'trigger', format('%s.%I', r.identity, t.tgname), concat_ws(' | ', pg_get_triggerdef(t.oid), 'enabled ' || t.tgenabled::text)
  FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal

  -- The triggers of foreign keys have generated names; that one is switched off is still a difference.
  UNION ALL
  SELECT 'key trigger', format('%s.%I', coalesce((SELECT identity FROM relation WHERE oid = c.conrelid), c.conrelid::text), c.conname),
    string_agg(format('%s %s', t.tgfoid::regproc, t.tgenabled), ', ' ORDER BY t.tgfoid::regproc::text, t.tgenabled::text)
  FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid JOIN pg_constraint c ON c.oid = t.tgconstraint
  WHERE t.tgisinternal GROUP BY c.oid, c.conrelid, c.conname

  UNION ALL
  SELECT 'rule', format('%s.%I', r.identity, w.rulename), concat_ws(' | ', pg_get_ruledef(w.oid), 'enabled ' || w.ev_enabled::text)
  FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'

  UNION ALL
  SELECT 'policy', format('%s.%I', r.identity, p.polname), concat_ws(' | ', 'for ' || p.polcmd::text,
    CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
    'to ' || (SELECT string_agg(CASE x WHEN 0 THEN 'public' ELSE pg_get_userbyid(x) END, ', ' ORDER BY 1) FROM unnest(p.polroles) x),
    'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid))
  FROM pg_policy p JOIN relation r ON r.oid = p.polrelid

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
  SELECT 'default rights', format('%s in %s for %s', pg_get_userbyid(d.defaclrole), coalesce(n.nspname, 'every schema'), d.defaclobjtype),
    (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(d.defaclacl) x)
  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
  WHERE n.oid IS NULL OR n.oid IN (SELECT oid FROM own_namespace)

  UNION ALL
  SELECT 'comment', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description
  FROM pg_description d
  WHERE (d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass)
    AND NOT EXISTS (SELECT FROM member m WHERE m.classid = d.classoid AND m.objid = d.objoid)
    AND NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE d.classoid = 'pg_class'::regclass AND c.oid = d.objoid AND (n.nspname = ANY ($1::text[]) OR n.nspname ~ '^pg_'))
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
    'tables ' || (SELECT string_agg(pr.prrelid::regclass::text
        || coalesce(' columns ' || (to_jsonb(pr) ->> 'prattrs'), '')
        || coalesce(' where ' || pg_get_expr((to_jsonb(pr) ->> 'prqual')::pg_node_tree, pr.prrelid), ''), ', ' ORDER BY pr.prrelid::regclass::text)
      FROM pg_publication_rel pr WHERE pr.prpubid = p.oid))
  FROM pg_publication p

  UNION ALL
  SELECT 'subscription', format('%I', s.subname), concat_ws(' | ', s.subenabled::text, s.subpublications::text)
  FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())

  UNION ALL
  SELECT 'event trigger', format('%I', e.evtname), concat_ws(' | ', 'on ' || e.evtevent, 'runs ' || e.evtfoid::regprocedure::text,
    'enabled ' || e.evtenabled::text, 'tags ' || e.evttags::text, 'owner ' || pg_get_userbyid(e.evtowner))
  FROM pg_event_trigger e

  UNION ALL
  SELECT 'statistics', format('%I.%I', n.nspname, s.stxname), concat_ws(' | ', pg_get_statisticsobjdef(s.oid), 'owner ' || pg_get_userbyid(s.stxowner),
    'target ' || nullif(to_jsonb(s) ->> 'stxstattarget', '-1'))
  FROM pg_statistic_ext s JOIN own_namespace n ON n.oid = s.stxnamespace

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

  UNION ALL
  SELECT 'language', format('%I', l.lanname), concat_ws(' | ', CASE WHEN l.lanpltrusted THEN 'trusted' END, 'owner ' || pg_get_userbyid(l.lanowner),
    'rights ' || (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(coalesce(l.lanacl, acldefault('l', l.lanowner))) x))
  FROM pg_language l

  UNION ALL
  SELECT 'database', 'this database', concat_ws(' | ', 'owner ' || pg_get_userbyid(d.datdba),
    'rights ' || (SELECT string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(coalesce(d.datacl, acldefault('d', d.datdba))) x),
    'settings ' || (SELECT string_agg(format('%s: %s', CASE s.setrole WHEN 0 THEN 'all' ELSE pg_get_userbyid(s.setrole) END, s.setconfig), ', ' ORDER BY s.setrole) FROM pg_db_role_setting s WHERE s.setdatabase = d.oid))
  FROM pg_database d WHERE d.datname = current_database()
)
SELECT kind, identity, coalesce(definition, '') FROM object
