-- What hangs on a table or a type: constraints, triggers, rules, policies, statistics.
SELECT 'constraint', format('%s.%I', coalesce(r.identity, t.identity), c.conname), concat_ws(' | ',
  pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN 'not validated' END,
  CASE WHEN NOT c.conislocal THEN 'inherited' END)
FROM pg_constraint c
LEFT JOIN relation r ON r.oid = c.conrelid
LEFT JOIN own_type t ON t.oid = c.contypid
WHERE coalesce(r.identity, t.identity) IS NOT NULL AND c.contype <> 't'

UNION ALL
SELECT 'trigger', format('%s.%I', r.identity, t.tgname), concat_ws(' | ', pg_get_triggerdef(t.oid), 'enabled ' || t.tgenabled::text)
FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal

UNION ALL
-- The triggers of foreign keys have generated names; that one is switched off is still a difference.
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
SELECT 'statistics', format('%I.%I', n.nspname, s.stxname), concat_ws(' | ', pg_get_statisticsobjdef(s.oid), 'owner ' || pg_get_userbyid(s.stxowner),
  'target ' || nullif(to_jsonb(s) ->> 'stxstattarget', '-1'))
FROM pg_statistic_ext s JOIN own_namespace n ON n.oid = s.stxnamespace
