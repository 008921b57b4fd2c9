//! `stagectl copy-data` and `rollback data` between two real servers: what crosses, what never does,
//! and what staging looks like when a run is stopped.

use std::io::Read as _;
use std::time::Duration;

use serde_json::Value;
use stagectl::backup::dump;
use stagectl::engine::Engine;
use stagectl::postgres::programs::{Access, Place};

use crate::copy_plan::{blueprint_copy, script};
use crate::support::{Outcome, Postgres, Workspace, engine_or_skip, eventually};

const PASSWORD: &str = "application-password";

/// People with orders, in the forms that break copies: a cycle, quoted names, identity and generated
/// columns, JSON, arrays, partitions, a table without a key, an extension, a trigger, views.
pub const PRODUCTION: &str = r#"
CREATE EXTENSION citext;
CREATE TYPE "Role" AS ENUM ('LEARNER', 'TEACHER');
CREATE TABLE "User" (
  id int PRIMARY KEY, email citext NOT NULL UNIQUE, name text NOT NULL, phone text, role "Role" NOT NULL,
  profile jsonb NOT NULL DEFAULT '{}', aliases text[], "invitedById" int REFERENCES "User");
CREATE TABLE "Order" (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "userId" int NOT NULL REFERENCES "User",
  "contactEmail" text NOT NULL, total numeric(10,2) NOT NULL,
  vat numeric(10,2) GENERATED ALWAYS AS (round(total * 0.19, 2)) STORED, note text);
CREATE TABLE "Visit" ("userId" int NOT NULL REFERENCES "User", at date NOT NULL, page text) PARTITION BY RANGE (at);
CREATE TABLE visit_2025 PARTITION OF "Visit" FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE visit_2026 PARTITION OF "Visit" FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE audit ("userId" int REFERENCES "User", event text);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO audit VALUES (NEW.id, 'trigger'); RETURN NEW; END $$;
CREATE TRIGGER watch AFTER INSERT ON "User" FOR EACH ROW EXECUTE FUNCTION watch();
CREATE MATERIALIZED VIEW totals AS SELECT "userId", sum(total) AS total FROM "Order" GROUP BY 1;
COMMENT ON TABLE "User" IS 'people';
ALTER TABLE "User" DISABLE TRIGGER watch;
INSERT INTO "User" SELECT i, 'Person.' || i || '@mail.example', 'Jane Doe Number' || i, '+49 170 55500' || lpad(i::text, 2, '0'),
  (ARRAY['LEARNER','TEACHER'])[1 + i % 2]::"Role",
  jsonb_build_object('city', 'Köln', 'contact', jsonb_build_object('mail', 'private.' || i || '@mail.example'), 'level', i),
  ARRAY['alias' || i || '@mail.example', NULL], nullif((i * 7) % 40, i) FROM generate_series(0, 39) i;
ALTER TABLE "User" ENABLE TRIGGER watch;
INSERT INTO "Order" ("userId", "contactEmail", total, note)
  SELECT i % 40, 'person.' || i % 40 || '@mail.example', i, E'tab\tand\nbreak \\' || i FROM generate_series(1, 120) i;
INSERT INTO "Visit" SELECT i % 40, date '2025-06-01' + i * 3, 'page' FROM generate_series(0, 119) i;
INSERT INTO audit SELECT i, 'login' FROM generate_series(0, 39) i;
REFRESH MATERIALIZED VIEW totals;
"#;

pub const RULES: &str = "
    User:
      email: email
      name: name
      phone: phone
      profile: {json: {city: city, contact.mail: email, level: {keep: a number}}}
      aliases: {elements: email}
    Order:
      contactEmail: email
      note: text
    Visit: {page: {keep: a path}}
    audit: {event: {keep: a word}}
";

pub struct Sides {
    pub production: Postgres,
    pub staging: Postgres,
    pub workspace: Workspace,
}

impl Sides {
    pub async fn start() -> Self {
        Self::start_over(Postgres::start()).await
    }

    /// With this server as the twin's.
    pub async fn start_over(staging: Postgres) -> Self {
        let production = Postgres::start();
        production.execute("postgres", "CREATE DATABASE shop").await;
        production.execute("shop", PRODUCTION).await;
        let create = format!("CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'");
        staging.execute("postgres", &create).await;
        staging.execute("postgres", "CREATE DATABASE staging_db OWNER app").await;
        staging.execute("postgres", "ALTER DATABASE staging_db SET work_mem = '8MB'").await;
        staging
            .execute(
                "staging_db",
                "SET ROLE app; CREATE TABLE before (id int); INSERT INTO before VALUES (1), (2);
                 CREATE SCHEMA staging_logs; CREATE TABLE staging_logs.init_log (id bigserial PRIMARY KEY, event text NOT NULL,
                   details jsonb, created_at timestamptz NOT NULL DEFAULT now());
                 INSERT INTO staging_logs.init_log (event) VALUES ('kept')",
            )
            .await;
        let sides = Self { production, staging, workspace: Workspace::new() };
        sides.configure(RULES);
        sides
    }

    pub fn configure(&self, rules: &str) {
        self.workspace.write(
            "stagectl.yml",
            &format!(
                "version: 1\nproject: copying\nservices:\n  db:\n    role: database\n    image: {}\n    ports: ['{}:5432']\n\
                 database:\n  service: db\n  name: staging_db\n  user: app\n  password: {PASSWORD}\n  admin_password: {}\n\
                 production:\n  database_url: {}\ncopy:\n  root: User\n  limit: 10\n\
                 masking:\n  key: a-key-for-tests-only-0123456789\n  tables:{rules}",
                crate::support::image(self.staging.part),
                self.staging.port,
                self.staging.password(),
                self.production.url("shop"),
            ),
        );
    }

    pub fn copy(&self) -> Outcome {
        self.workspace.stagectl(&["copy-data", "--json", "--yes"])
    }

    pub async fn here(&self, sql: &str) -> Vec<String> {
        self.staging.texts("staging_db", sql).await
    }

    pub async fn databases(&self) -> Vec<String> {
        let sql = "SELECT datname FROM pg_database WHERE datname LIKE 'staging\\_db%' ORDER BY 1";
        self.staging.texts("postgres", sql).await
    }

    /// Everything that a database holds, as text.
    pub fn dump(&self, database: &str) -> String {
        self.staging.dump(database)
    }
}

#[tokio::test]
async fn a_copy_is_whole_masked_and_can_be_taken_back() {
    if !engine_or_skip() {
        return;
    }
    let sides = Sides::start().await;
    let counters = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables";
    let before = sides.production.texts("shop", counters).await;
    let report = sides.copy().expect_code(0).json();

    let users: i64 = sides.here(r#"SELECT count(*) FROM "User""#).await[0].parse().unwrap();
    assert!((1..40).contains(&users), "a subset: {users}");
    assert_eq!(report["phase"], "done");
    assert_eq!(report["leak_check"]["hits"], serde_json::json!({}));
    assert!(report["leak_check"]["values"].as_u64().unwrap() >= 40, "{report:#}");

    let dump = sides.dump("staging_db").to_lowercase();
    for original in ["mail.example", "jane doe number", "170 5550", "köln"] {
        let line = dump.lines().find(|line| line.contains(original));
        assert_eq!(line, None, "`{original}` has crossed");
    }
    let joined = r#"SELECT count(*) FROM "Order" o JOIN "User" u ON u.id = o."userId" WHERE lower(u.email::text) = o."contactEmail""#;
    assert_eq!(sides.here(joined).await, sides.here(r#"SELECT count(*) FROM "Order""#).await);
    assert_eq!(sides.here("SELECT count(*) FROM pg_constraint WHERE NOT convalidated").await, ["0"]);
    assert_eq!(
        sides.here("SELECT count(*) FROM pg_constraint WHERE contype = 'f'").await,
        sides.production.texts("shop", "SELECT count(*) FROM pg_constraint WHERE contype = 'f'").await
    );
    assert_eq!(sides.here("SELECT DISTINCT event FROM audit").await, ["login"], "no trigger fired");
    assert_eq!(
        sides.here(r#"SELECT count(*) FROM "Order" WHERE vat <> round(total * 0.19, 2)"#).await,
        ["0"]
    );
    assert_eq!(
        sides.here("SELECT count(*) = (SELECT count(DISTINCT \"userId\") FROM \"Order\") FROM totals").await,
        ["t"]
    );
    assert_eq!(sides.here("SELECT obj_description('\"User\"'::regclass)").await, ["people"]);
    assert_eq!(sides.here("SHOW work_mem").await, ["8MB"]);
    assert_eq!(
        sides.here("SELECT event FROM staging_logs.init_log ORDER BY id").await,
        ["kept", "copy-data"]
    );

    // As the application: it owns what it had made, and the next key is free.
    let next = r#"SET ROLE app; INSERT INTO "Order" ("userId", "contactEmail", total)
        SELECT min(id), 'x@staging.local', 1 FROM "User"; ALTER TABLE "User" ADD COLUMN extra int"#;
    sides.staging.execute("staging_db", next).await;
    assert_eq!(sides.here(r#"SELECT max(id) FROM "Order""#).await, ["121"]);
    assert_eq!(sides.production.texts("shop", counters).await, before, "production was only read");

    let backup = &sides.workspace.files("staging-backups", "staging-backup-")[0];
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(fs_err::File::open(backup).unwrap()).read_to_string(&mut text).unwrap();
    assert!(text.contains("CREATE TABLE public.before"), "{text}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs_err::metadata(backup).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    let masks =
        r#"SELECT id || email::text || name || phone || profile || aliases::text FROM "User" ORDER BY id"#;
    let first = sides.here(masks).await;
    sides.copy().expect_code(0);
    assert_eq!(sides.here(masks).await, first, "the same masks in each run");
    assert_eq!(sides.databases().await.len(), 2, "one previous database is kept");

    // `extra` is a column that only the first copy got.
    let extra = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'extra'";
    assert_eq!(sides.here(extra).await, ["0"]);
    sides.workspace.stagectl(&["rollback", "data"]).expect_code(5);
    sides.workspace.stagectl(&["rollback", "data", "--yes"]).expect_code(0);
    assert_eq!(sides.here(extra).await, ["1"]);
    sides.workspace.stagectl(&["rollback", "data", "--yes"]).expect_code(0);
    assert_eq!(sides.here(extra).await, ["0"]);
}

#[tokio::test]
async fn a_full_copy_takes_every_row_and_nulls_what_led_to_a_skipped_table() {
    if !engine_or_skip() {
        return;
    }
    let sides = Sides::start().await;
    let tables = ["\"User\"", "\"Order\"", "\"Visit\"", "audit"];
    let report = sides.workspace.stagectl(&["copy-data", "--all", "--json", "--yes"]).expect_code(0).json();
    assert_eq!(report["limit"], Value::Null);
    for table in tables {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(sides.here(&count).await, sides.production.texts("shop", &count).await, "{table}");
    }
    let dump = sides.dump("staging_db").to_lowercase();
    for original in ["mail.example", "jane doe number", "170 5550", "köln"] {
        let line = dump.lines().find(|line| line.contains(original));
        assert_eq!(line, None, "`{original}` has crossed");
    }
    assert_eq!(sides.here("SELECT count(\"userId\") FROM audit").await, ["40"]);
    sides.workspace.stagectl(&["copy-data", "--all", "--limit", "3"]).expect_code(2);

    let config = sides.workspace.read("stagectl.yml");
    let config = config.replace("copy:\n", "copy:\n  skip_tables: [User, Order, Visit]\n");
    sides.workspace.write("stagectl.yml", &config);
    sides.workspace.stagectl(&["copy-data", "--all", "--yes"]).expect_code(0);
    assert_eq!(sides.here("SELECT count(*) FROM audit").await, ["40"]);
    assert_eq!(sides.here("SELECT count(\"userId\") FROM audit").await, ["0"]);
}

#[tokio::test]
async fn a_personal_value_in_a_kept_column_stops_the_copy() {
    if !engine_or_skip() {
        return;
    }
    let sides = Sides::start().await;
    for planted in ["seen by JANE doe number3 today", "ask somebody@else.example"] {
        let plant = format!("UPDATE audit SET event = 'login'; UPDATE audit SET event = '{planted}'");
        sides.production.execute("shop", &plant).await;
        let outcome = sides.copy().expect_code(5);
        let words = outcome.stdout + &outcome.stderr;
        assert!(words.contains("audit.event"), "{words}");
        assert!(!words.to_lowercase().contains("jane doe") && !words.contains("else.example"), "{words}");
        assert_eq!(sides.here("SELECT count(*) FROM before").await, ["2"]);
        assert_eq!(sides.databases().await, ["staging_db"]);
    }
}

#[tokio::test]
async fn a_killed_copy_leaves_staging_whole_and_the_next_one_cleans_up() {
    if !engine_or_skip() {
        return;
    }
    let sides = Sides::start().await;
    let mut run = sides.workspace.spawn(&["copy-data", "--yes"]);
    eventually("the new database appears", Duration::from_secs(60), || {
        let sql = "SELECT 1 FROM pg_database WHERE datname LIKE 'staging\\_db\\_\\_new%'";
        sides
            .staging
            .container
            .try_exec(&["psql", "-U", "postgres", "-tAc", sql])
            .filter(|text| text == "1")
            .or_else(|| {
                let line =
                    format!("PGPASSWORD=$POSTGRES_PASSWORD psql -h 127.0.0.1 -U postgres -tAc \"{sql}\"");
                sides.staging.container.try_exec(&["sh", "-c", &line]).filter(|text| text == "1")
            })
    });
    run.kill().expect("kill -9");
    run.wait().expect("its end");
    assert_eq!(sides.here("SELECT count(*) FROM before").await, ["2"]);
    let left = sides.databases().await;
    assert!(left.len() == 2 && left[1].contains("__new_"), "{left:?}");
    let report: Value = sides.copy().expect_code(0).json();
    let now = sides.databases().await;
    assert!(!now.contains(&left[1]), "{now:?}");
    assert_eq!(now[1], report["previous_database"].as_str().unwrap());
}

#[tokio::test]
async fn a_session_on_production_cannot_write() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    let session = stagectl::postgres::connect_url_read_only(&server.url("postgres")).await.unwrap();
    let error = session.batch_execute("CREATE TABLE t (id int)").await.unwrap_err();
    assert_eq!(error.code().map(tokio_postgres::error::SqlState::code), Some("25006"));
}

#[tokio::test]
async fn a_dump_comes_through_the_containers_too_and_the_one_shot_goes() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    server.execute("postgres", "CREATE DATABASE shop").await;
    server
        .execute("shop", "CREATE TABLE marked (id int); INSERT INTO marked SELECT generate_series(1, 50000)")
        .await;
    let engine = Engine::connect().await.unwrap();
    let project = format!("dump-{}", std::process::id());
    let inside = Place::Inside { engine: engine.clone(), container: server.container.id.clone() };
    let one_shot = Place::OneShot {
        engine: engine.clone(),
        project: project.clone(),
        image: crate::support::image("postgres"),
    };
    let folder = tempfile::tempdir().unwrap();
    for (place, second) in [(inside, 1), (one_shot.clone(), 2)] {
        let now = jiff::Timestamp::from_second(1_800_000_000 + second).unwrap();
        let backup = dump(&place, &server.address("shop"), folder.path(), now).await.unwrap();
        let mut text = String::new();
        flate2::read::MultiGzDecoder::new(fs_err::File::open(&backup.path).unwrap())
            .read_to_string(&mut text)
            .unwrap();
        let rows =
            text.split_once("COPY public.marked").unwrap().1.lines().skip(1).take_while(|l| *l != "\\.");
        assert_eq!(rows.count(), 50_000, "{}", place.word());
        assert!(!text.contains(server.password()));
    }
    let wrong = server.address_as("postgres", "wrong-password", "shop");
    let access = Access::of_address(&wrong);
    let refused = one_shot.pg_dump(&[], &access, &mut |_| Ok(())).await.unwrap_err();
    assert!(refused.to_string().contains("password authentication failed"), "{refused:#}");
    let left = engine.all_containers().await.unwrap();
    assert!(!left.iter().any(|container| container.name.starts_with(&project)), "{left:?}");
    let files = fs_err::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 2, "nothing half written stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_crosses_with_the_rules_of_the_first_blueprint() {
    if !engine_or_skip() {
        return;
    }
    let sides = Sides::start().await;
    sides.production.execute("postgres", "CREATE DATABASE sample").await;
    sides.production.execute("sample", &script("schema.sql")).await;
    sides.production.execute("sample", &script("generate.sql")).await;
    let config = sides.workspace.read("stagectl.yml");
    let (head, _) = config.split_once("production:").unwrap();
    sides.workspace.write(
        "stagectl.yml",
        &format!(
            "{}env:\n  STAGECTL_MASKING_KEY: 0123456789abcdef0123456789abcdef\nproduction:\n  database_url: \
             postgresql://stories_reader:reader-password@127.0.0.1:{}/sample?sslmode=disable\n{}",
            head,
            sides.production.port,
            blueprint_copy()
        ),
    );
    let report = sides.copy().expect_code(0).json();
    assert_eq!(report["leak_check"]["hits"], serde_json::json!({}));
    assert_eq!(sides.here("SELECT count(*) FROM pg_constraint WHERE NOT convalidated").await, ["0"]);

    let dump = sides.dump("staging_db").to_lowercase();
    let personal = r#"SELECT lower(email) FROM "User" UNION SELECT lower(name) FROM "User" WHERE name LIKE '% %' AND length(name) > 6
        UNION SELECT phone FROM "User" WHERE phone IS NOT NULL UNION SELECT "donorEmail" FROM "Donation" WHERE "donorEmail" IS NOT NULL"#;
    let originals = sides.production.texts("sample", personal).await;
    assert!(originals.len() > 500, "{}", originals.len());
    let crossed: Vec<&String> = originals.iter().filter(|value| dump.contains(value.as_str())).collect();
    // A mask drawn from word lists may name somebody who is not in the subset, so only names can meet by chance.
    assert!(
        crossed.iter().all(|value| !value.contains('@') && !value.contains(char::is_numeric)),
        "{crossed:?}"
    );
    let inside: Vec<String> =
        report["tables"].as_array().unwrap().iter().map(|t| t["table"].to_string()).collect();
    assert!(inside.len() >= 5, "{inside:?}");
    let joined = r#"SELECT count(*) > 0 AND bool_and(o."contactEmail" = u.email) FROM "Order" o JOIN "User" u ON u.id = o."userId""#;
    assert_eq!(sides.here(joined).await, sides.production.texts("sample", joined).await);
}
