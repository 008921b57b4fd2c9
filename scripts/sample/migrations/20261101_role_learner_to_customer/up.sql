-- LEARNER becomes CUSTOMER.
--
-- Runs in one transaction (psql -1, or whatever the migration tool opens): no BEGIN or COMMIT here.
-- The enum is replaced instead of ALTER TYPE … RENAME VALUE, because the conversion of every row is to be logged and
-- because a renamed value would turn the meaning of old backups and of prepared statements silently.
-- Rewriting "User" needs ACCESS EXCLUSIVE on it; with lock_timeout a busy table refuses the migration instead of
-- queueing every reader behind it. No UPDATE is used: "updatedAt" and its trigger must not notice.
SET LOCAL lock_timeout = '5s';

DO $$
DECLARE
  labels text[] := enum_range(NULL::"UserRole")::text[];
  others text;
BEGIN
  IF 'CUSTOMER' = ANY (labels) OR NOT 'LEARNER' = ANY (labels) THEN
    RAISE EXCEPTION '"UserRole" is %: expected LEARNER and no CUSTOMER', labels
      USING HINT = 'this migration has been applied already, or another one changed the roles';
  END IF;
  SELECT string_agg(format('%s.%I', attrelid::regclass, attname), ', ') INTO others
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
  WHERE atttypid IN ('"UserRole"'::regtype, '"UserRole"[]'::regtype) AND relkind IN ('r', 'p', 'm', 'f')
    AND NOT attisdropped AND attrelid <> '"User"'::regclass;
  IF others IS NOT NULL THEN
    RAISE EXCEPTION '"UserRole" is also the type of %', others USING HINT = 'extend this migration to it first';
  END IF;
END
$$;

-- What hangs on the old type is remembered with its owner and grants, and comes back at the end.
CREATE TEMP TABLE kept AS
SELECT pg_get_userbyid(v.relowner) AS view_owner, v.relacl AS view_acl, obj_description(v.oid, 'pg_class') AS view_comment,
  pg_get_userbyid(t.typowner) AS type_owner, t.typacl AS type_acl, obj_description(t.oid, 'pg_type') AS type_comment
FROM pg_class v, pg_type t
WHERE v.oid = '"LearnerProgress"'::regclass AND t.oid = '"UserRole"'::regtype;

DROP VIEW "LearnerProgress";
DROP INDEX "User_learner_createdAt_idx";
ALTER TABLE "User" ALTER COLUMN role DROP DEFAULT;

-- The trail of who was converted, where the environment keeps one (production does not).
DO $$
BEGIN
  IF to_regclass('staging_migrations.role_migration_log') IS NOT NULL THEN
    INSERT INTO staging_migrations.role_migration_log (run_id, table_name, row_id, old_value, new_value)
    SELECT current_setting('stagectl.run_id', true), 'User', id::text, 'LEARNER', 'CUSTOMER' FROM "User" WHERE role = 'LEARNER' ORDER BY id;
  END IF;
END
$$;

ALTER TYPE "UserRole" RENAME TO "UserRole_before";
-- CUSTOMER stands where LEARNER stood, so that ORDER BY role keeps its order.
CREATE TYPE "UserRole" AS ENUM ('CUSTOMER', 'TEACHER', 'INSTITUTION', 'VOLUNTEER', 'ADMIN');
ALTER TABLE "User" ALTER COLUMN role TYPE "UserRole"
  USING (CASE role WHEN 'LEARNER' THEN 'CUSTOMER' ELSE role::text END)::"UserRole";
DROP TYPE "UserRole_before";

ALTER TABLE "User" ALTER COLUMN role SET DEFAULT 'CUSTOMER';
CREATE INDEX "User_learner_createdAt_idx" ON "User" ("createdAt") WHERE role = 'CUSTOMER';
CREATE VIEW "LearnerProgress" AS
  SELECT u.id, u.name, u.role, count(us."storyId") AS stories, round(avg(us.progress), 1) AS "averageProgress"
  FROM "User" u
  LEFT JOIN "UserStory" us ON us."userId" = u.id
  WHERE u.role = 'CUSTOMER'
  GROUP BY u.id, u.name, u.role;

DO $$
DECLARE
  k kept;
  held record;
BEGIN
  SELECT * INTO k FROM kept;
  EXECUTE format('ALTER VIEW "LearnerProgress" OWNER TO %I', k.view_owner);
  EXECUTE format('ALTER TYPE "UserRole" OWNER TO %I', k.type_owner);
  IF k.view_comment IS NOT NULL THEN EXECUTE format('COMMENT ON VIEW "LearnerProgress" IS %L', k.view_comment); END IF;
  IF k.type_comment IS NOT NULL THEN EXECUTE format('COMMENT ON TYPE "UserRole" IS %L', k.type_comment); END IF;
  -- In the order of the old lists: pg_dump writes grants in that order.
  FOR held IN
    SELECT 'TABLE "LearnerProgress"' AS on_what, a.* FROM aclexplode(k.view_acl) WITH ORDINALITY AS a (grantor, grantee, privilege_type, is_grantable, n)
    UNION ALL
    SELECT 'TYPE "UserRole"', a.* FROM aclexplode(k.type_acl) WITH ORDINALITY AS a (grantor, grantee, privilege_type, is_grantable, n)
    ORDER BY on_what, n
  LOOP
    EXECUTE format('GRANT %s ON %s TO %s%s', held.privilege_type, held.on_what,
      CASE held.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(held.grantee)) END,
      CASE WHEN held.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END
$$;

-- Not ON COMMIT DROP: up and down must be able to follow each other in one transaction.
DROP TABLE kept;

ANALYZE "User";
