-- Schemas, tables, their columns and rights, indexes, views, sequences.
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
  CASE WHEN a.atthasdef THEN CASE a.attgenerated WHEN '' THEN 'default ' ELSE 'generated ' || a.attgenerated::text || ' ' END || pg_get_expr(d.adbin, CASE a.attgenerated WHEN '' THEN 0 ELSE d.adrelid END) END,
  'identity ' || nullif(a.attidentity::text, ''),
  CASE WHEN a.attcollation <> t.typcollation THEN (
    SELECT format('collation %I.%I', n.nspname, o.collname) FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace WHERE o.oid = a.attcollation) END,
  CASE WHEN a.attstorage <> t.typstorage THEN 'storage ' || a.attstorage::text END,
  'compression ' || nullif(a.attcompression::text, ''), -- since 140000
  'statistics ' || nullif(a.attstattarget, -1),
  -- pg_attver is a stamp that some server builds put on each column at DDL: no setting of anybody's.
  CASE WHEN a.attoptions IS NOT NULL THEN (
    SELECT 'options ' || string_agg(o, ', ' ORDER BY o) FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg\_attver=%') END,
  'foreign options ' || a.attfdwoptions::text,
  CASE WHEN NOT a.attislocal THEN 'inherited' END,
  CASE WHEN a.attacl IS NOT NULL THEN (SELECT 'rights ' || string_agg(x::text, ', ' ORDER BY x::text COLLATE "C") FROM unnest(a.attacl) x) END)
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
SELECT 'index', r.identity, concat_ws(' | ', pg_get_indexdef(i.indexrelid),
  CASE WHEN NOT i.indisvalid THEN 'invalid' END, CASE WHEN NOT i.indisready THEN 'not ready' END,
  CASE WHEN i.indisclustered THEN 'clustered' END, CASE WHEN i.indisreplident THEN 'replica identity' END,
  CASE WHEN r.relispartition THEN (SELECT 'part of ' || h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = r.oid) END,
  CASE WHEN i.indexprs IS NOT NULL THEN (
    SELECT 'statistics ' || string_agg(a.attnum || '=' || a.attstattarget, ', ' ORDER BY a.attnum) FROM pg_attribute a
    WHERE a.attrelid = r.oid AND a.attstattarget <> -1) END)
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
