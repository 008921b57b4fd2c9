//! The examples at the end of each command's `--help`, with what it writes.

pub const INIT: &str = "Examples:
  stagectl init                                        the first blueprint
  stagectl init --blueprint fastapi-react --print      look at another one
  stagectl init --project shop-staging                 containers and volumes are named after it
  stagectl init --from docker-compose.yml --dry-run    the twin of a production stack: what changes, and why
  stagectl -C ../shop-a init --from docker-compose.yml --name shop-a

Writes stagectl.yml; with --from also docker-compose.twin.yml and twin-files/. Next: name your images and services in it, then `stagectl
setup`. Two twins on one machine need two folders, two project names and different host ports.";

pub const GENERATE: &str = "Examples:
  stagectl generate --dry-run      what would change
  stagectl generate --check        for CI: exit 1 when a generated file was edited or is out of date

Writes docker-compose.staging.yml, .env.staging, staging-data/, nginx/ and staging-monitoring/.
Secrets are made once and kept. Edit stagectl.yml or your templates, never these files.";

pub const SETUP: &str = "Examples:
  stagectl setup --dry-run         what would be written, created and started, and why
  stagectl setup --all             with pgAdmin and monitoring
  stagectl setup --profile admin   with pgAdmin only

Writes what `generate` and `certs` write, and staging-backups/setup-report-TIME.json. May be run
again at any time: it changes only what differs. When a start fails, what ran before runs again.";

pub const UP: &str = "Examples:
  stagectl up                      all services without a profile
  stagectl up app-staging          one service, with what it depends on
  stagectl up -f compose.yml       any compose file, as docker compose would start it

With -f nothing is written beside the file: lock and journal of the run stand below
$XDG_STATE_HOME/stagectl (~/.local/state/stagectl), by engine and project.
  stagectl up --build              the images of services with a `build` anew, first
  stagectl up --pull always        look for newer images, first";

pub const DOWN: &str = "Examples:
  stagectl down                    the data stays in its volumes
  stagectl down -v --yes           removes the data too
  stagectl down -t 2               kills after two seconds
  stagectl down -p shop            any project of the engine, by its name alone";

pub const RESTART: &str = "Examples:
  stagectl restart                 all containers
  stagectl restart nginx-staging   one, after `stagectl certs`";

pub const LOGS: &str = "Examples:
  stagectl logs -f app-staging nginx-staging
  stagectl logs --since 10m --tail 100
  stagectl logs --file compose.yml web";

pub const EXEC: &str = "Examples:
  stagectl exec app-staging sh
  stagectl exec -T -u root -w /tmp -e LEVEL=debug app-staging env
  stagectl exec redis-staging redis-cli info memory";

pub const PSQL: &str = r#"Examples:
  stagectl psql
  stagectl psql -c 'SELECT count(*) FROM "User"'
  stagectl psql --admin -c '\l'
  stagectl psql --file docker-compose.yml --service db

psql runs inside the container: nothing needs to be installed. Its exit code is handed on."#;

pub const CERTS: &str = "Examples:
  stagectl certs --dry-run         why each file is or is not made
  stagectl certs && stagectl restart nginx-staging

Writes into `certificates.directory` (nginx/ssl-staging): its own CA, and a certificate that it
signed. Trust ca.crt in your browser and the warning goes away.";

pub const COPY_DATA: &str = "Examples:
  stagectl copy-data --dry-run             every table, row count and column, with what decided it
  stagectl copy-data --dry-run --write-masking   propose masking.yml, for a review
  stagectl copy-data --limit 100           100 rows of the root table, and all that these need
  stagectl copy-data --yes --json          for a script
  stagectl copy-data --from postgresql://reader@prod/shop --to postgresql://me@stage/shop --all

Reads production in one read-only snapshot, and writes to a new database beside the live one.
Before the swap, every personal value that was met is looked for in it: one hit, no swap. Writes
a backup (staging-backup-TIME.sql.gz) and a report (test-data-summary-TIME.json) into staging-
backups/. `stagectl rollback data` takes the swap back.

Passwords: in STAGECTL_FROM and STAGECTL_TO, in `file:PATH` instead of the URL, in PGPASSWORD or
~/.pgpass. On the command line everybody on the machine can read them.

Exit code 5: a column or Redis key is undecided, production and staging are one, the database of
`--to` is not known to be staging, or a value leaked.";

pub const ROLLBACK: &str = "Examples:
  stagectl rollback data
  stagectl rollback data --dry-run
  stagectl rollback data --to file:staging.url
  stagectl rollback data --yes     asks nothing; run it again to go back and forth";

pub const TEST_MIGRATION: &str = "Examples:
  stagectl test-migration --dry-run            the steps and what would be tried
  stagectl test-migration --only rollback      the question whether down restores, alone
  stagectl test-migration --keep-clone         leaves the migrated clone, and prints its name

Any PostgreSQL server, without an engine or stagectl.yml:
  export STAGECTL_DATABASE_URL=postgresql://app:…@127.0.0.1:5432/shop
  stagectl test-migration --migrations migrations          in any layout that is known
  stagectl test-migration --up up.sql --down down.sql
  stagectl test-migration --up up.sql --production-rows orders=80000000   how long it takes there
  stagectl test-migration --layout alembic --all-migrations
  stagectl test-migration --migrations migrations --role-url postgresql://migrator:…@127.0.0.1/shop
  stagectl test-migration --up-command 'tool up {step}' --down-command 'tool down {previous}' \
      --steps-command 'tool list'

Works on clones of the staging database, which it drops afterwards; the staging database stays
as it is. Writes staging-backups/migration-test-report-TIME.json; with --only it is called
migration-test-partial-TIME.json, and `stagectl report` does not count it.

Exit code 1: a check failed.  2: something could not be checked.";

pub const MIGRATE: &str = "Examples:
  stagectl migrate up --dry-run       the pending steps, and what is done before them
  stagectl migrate up --yes           takes them, after a copy of the staging database
  stagectl migrate down --steps 2     takes the last two back, newest first

Where a step or an assertion fails, the copy takes the staging database's place again, and what
the failed run left is kept under another name. Applied steps are noted in
staging_migrations.applied_steps; a tool's own commands keep their own book. Writes
staging-backups/migrate-report-TIME.json.

Exit code 6: a step failed, and staging is as before.";

pub const VALIDATE: &str = "Examples:
  stagectl validate --quick                    within a minute
  stagectl validate --only security            one category
  stagectl validate --only SEC-004             one check
  stagectl validate --skip performance         all but one category
  stagectl validate --list --json              what each check expects, and its remedy
  stagectl validate --explain SEC-004          one check in words
  stagectl validate --fail-on minor            findings of minor severity fail, too
  stagectl validate --compare last             what is new, fixed or slower since the last report
  stagectl validate --format tap,prometheus    further formats beside JSON, HTML and JUnit

Writes staging-backups/staging-validation-report-TIME.json, .html and .xml (JUnit). A run with
--quick, --only or --skip does not make `stagectl report` green. `validation.waivers` in
stagectl.yml leaves a check out until a date, with a reason and an owner.

Exit code 1: a check failed.  2: none failed, but something could not be checked.";

pub const CONFIG: &str = "\
Examples:
  stagectl config                              the settings of stagectl.yml, secrets redacted
  stagectl config -f docker-compose.yml        a compose file as docker compose resolves it
  stagectl config -f a.yml -f b.yml --json     two on top of each other, as `docker compose config --format json`
  stagectl config -f docker-compose.yml -q     only check it";

pub const STATUS: &str = "Examples:
  stagectl status                              the containers of the twin
  stagectl ps -f docker-compose.yml            those of any compose project
  stagectl ps -p shop --json                   of a project by name alone
  stagectl ps -q                               their ids";

pub const REDIS_CLI: &str = "Examples:
  stagectl redis-cli info memory
  stagectl redis-cli --service cache --scan

redis-cli runs inside the container, with the password that the container was given.";

pub const STATS: &str = "Examples:
  stagectl stats                               every second, until Ctrl-C
  stagectl stats --no-stream app-staging       once";

pub const EVENTS: &str = "Examples:
  stagectl events                              until Ctrl-C
  stagectl events --json app-staging           one JSON document a line
  stagectl events --since 1h --until 0s        what was, and then the end";

pub const PULL: &str = "Examples:
  stagectl pull                                look for newer images of all services
  stagectl pull --policy missing               only what the engine does not have
  stagectl pull --dry-run                      what would be pulled

Logs in to registries as `docker login` has left it, credential helpers included.";

pub const BUILD: &str = "Examples:
  stagectl build
  stagectl build app --no-cache --build-arg VERSION=1.2
  stagectl build --dry-run                     which images, and why

The engine's own builder does it. What only BuildKit can do (`secrets`, `ssh`, `additional_contexts`, several
`platforms`, `RUN --mount`) is refused by name: `docker compose build` brings BuildKit, and `stagectl up` takes its images.";
