-- Roles, and settings of roles and databases, that a down forgets. Each case begins with `create table t` of tests/it/migration/corpus.rs.

-- case: role added
-- finds: role clerk was not there
-- up:
CREATE ROLE clerk;
-- forgets:
SELECT 1;
-- restores:
DROP ROLE clerk;

-- case: role attribute
-- finds: role clerk differs
-- setup:
CREATE ROLE clerk;
-- up:
ALTER ROLE clerk CREATEDB;
-- forgets:
SELECT 1;
-- restores:
ALTER ROLE clerk NOCREATEDB;

-- case: role membership
-- finds: membership clerk in office was not there
-- setup:
CREATE ROLE clerk; CREATE ROLE office;
-- up:
GRANT office TO clerk WITH ADMIN OPTION;
-- forgets:
SELECT 1;
-- restores:
REVOKE office FROM clerk;

-- case: role setting
-- finds: setting statement_timeout of role clerk was not there
-- setup:
CREATE ROLE clerk;
-- up:
ALTER ROLE clerk SET statement_timeout = '5s';
-- forgets:
SELECT 1;
-- restores:
ALTER ROLE clerk RESET statement_timeout;

-- case: database setting
-- finds: setting work_mem of this database was not there
-- up:
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''9MB''', current_database()); END $$;
-- forgets:
SELECT 1;
-- restores:
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET work_mem', current_database()); END $$;

-- case: role's setting in one database
-- finds: setting work_mem of role clerk in this database
-- setup:
CREATE ROLE clerk;
-- up:
DO $$ BEGIN EXECUTE format('ALTER ROLE clerk IN DATABASE %I SET work_mem = ''9MB''', current_database()); END $$;
-- forgets:
SELECT 1;
-- restores:
DO $$ BEGIN EXECUTE format('ALTER ROLE clerk IN DATABASE %I RESET work_mem', current_database()); END $$;

-- case: database's connections
-- finds: database this database differs
-- up:
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 7', current_database()); END $$;
-- forgets:
SELECT 1;
-- restores:
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT -1', current_database()); END $$;

-- case: comment on a role
-- finds: comment role clerk
-- setup:
CREATE ROLE clerk;
-- up:
COMMENT ON ROLE clerk IS 'files';
-- forgets:
SELECT 1;
-- restores:
COMMENT ON ROLE clerk IS NULL;
