//! `migration`: what `test-migration` tries on a clone.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The migration under test.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// The migrations, relative to `stagectl.yml`: a folder in any layout that is known.
    #[serde(default = "here")]
    pub path: String,
    /// How the files are laid out. `auto` looks at them.
    #[serde(default)]
    pub layout: Layout,
    /// A tool's own commands instead of files.
    #[serde(default)]
    pub commands: Option<Commands>,
    /// True: the whole history from an empty database, not what is pending in staging.
    #[serde(default)]
    pub all: bool,
    /// The role that the migration runs as (`SET ROLE`). None: the application's own.
    #[serde(default)]
    pub role: Option<String>,
    /// How the first clone is made.
    #[serde(default)]
    pub clone: CloneBy,
    /// Whether each file runs in one transaction.
    #[serde(default)]
    pub transaction: TransactionMode,
    /// Statements that must return no row after up.
    #[serde(default)]
    pub assertions: Vec<Assertion>,
    /// Values that up converts, such as LEARNER to CUSTOMER.
    #[serde(default)]
    pub conversions: Vec<Conversion>,
    /// Queries timed before and after. None: those of `validation.queries`.
    #[serde(default)]
    pub queries: Vec<NamedQuery>,
    /// Tables whose number of rows up is meant to change.
    #[serde(default)]
    pub row_changes: Vec<String>,
    /// Steps (folder names) whose down is accepted as irreversible.
    #[serde(default)]
    pub irreversible: Vec<String>,
    /// Queries that are sent while up runs, as the application would. None: `queries`; without those, the
    /// ones that `pg_stat_statements` counts most.
    #[serde(default)]
    pub workload: Vec<WorkloadQuery>,
    /// Rows that production has, by table, for the estimate of how long up takes there. Tables that are left out:
    /// as the newest `copy-data` counted them.
    #[serde(default)]
    pub production_rows: BTreeMap<String, i64>,
    /// An empty tablespace on a disk of a few MiB, such as a tmpfs, which may be filled to the last page.
    #[serde(default)]
    pub small_tablespace: Option<String>,
    /// The longest that a lock may keep readers or writers out, in milliseconds.
    #[serde(default = "lock_ms")]
    pub lock_ms: u64,
    /// The longest that up may take as a whole, in milliseconds.
    #[serde(default = "up_ms")]
    pub up_ms: u64,
    /// How often each named query runs before and after.
    #[serde(default = "query_runs")]
    pub query_runs: u32,
}

impl Default for Migration {
    fn default() -> Self {
        Self {
            path: here(),
            layout: Layout::default(),
            commands: None,
            all: false,
            role: None,
            clone: CloneBy::default(),
            transaction: TransactionMode::default(),
            assertions: Vec::new(),
            conversions: Vec::new(),
            queries: Vec::new(),
            row_changes: Vec::new(),
            irreversible: Vec::new(),
            workload: Vec::new(),
            production_rows: BTreeMap::new(),
            small_tablespace: None,
            lock_ms: lock_ms(),
            up_ms: up_ms(),
            query_runs: query_runs(),
        }
    }
}

/// The layouts of migration folders that are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// What the files look like.
    #[default]
    Auto,
    /// `up.sql` and `down.sql` in a folder, or in folders sorted by name.
    Plain,
    /// As plain, sorted by what stands before `_`; `metadata.toml`.
    Diesel,
    /// `N_name.up.sql` and `N_name.down.sql`, or `N_name.sql`; `-- no-transaction`.
    Sqlx,
    /// `N_name.up.sql` and `N_name.down.sql`; also what Rails-like tools write as SQL.
    GolangMigrate,
    /// `-- migrate:up` and `-- migrate:down` in one file.
    Dbmate,
    /// `-- +goose Up` and `-- +goose Down` in one file.
    Goose,
    /// `sqitch.plan` with deploy, revert and verify.
    Sqitch,
    /// `V1__name.sql`, `U1__name.sql`, `R__name.sql`.
    Flyway,
    /// `migration.sql` in folders; no way back but for a `down.sql` beside it.
    Prisma,
    /// The commands of alembic, which are known: `commands` is needed only to change them.
    Alembic,
    /// The commands of Django's `manage.py`, which are known too.
    Django,
}

/// A tool's own commands, for `/bin/sh`. They run on a clone, which they find in `DATABASE_URL` and in
/// `PGHOST`, `PGPORT`, `PGDATABASE`, `PGUSER` and `PGPASSWORD`. `{step}` is the step, `{previous}`
/// the one before it; `{app}`, `{name}` and `{previous_name}` are their parts where a step is `app.name`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commands {
    /// Takes a step, such as `alembic upgrade {step}`.
    pub up: String,
    /// Takes it back, such as `alembic downgrade {previous}`.
    #[serde(default)]
    pub down: Option<String>,
    /// The steps in their order, or a command that prints them, one on a line. None: one step for all.
    #[serde(default)]
    pub steps: Option<StepNames>,
    /// What `{previous}` is for the first step.
    #[serde(default = "first")]
    pub first: String,
    /// Where they run, relative to `stagectl.yml`. None: `migration.path`.
    #[serde(default)]
    pub directory: Option<String>,
    /// Variables for a tool that reads others than `DATABASE_URL`; `{url}`, `{host}`, `{port}`, `{user}`,
    /// `{password}` and `{database}` are filled in.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// The longest that one command may take, in seconds.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
}

impl Commands {
    /// One command for all steps, and nothing else.
    pub fn of(up: &str) -> Self {
        Self {
            up: up.to_owned(),
            down: None,
            steps: None,
            first: first(),
            directory: None,
            environment: BTreeMap::new(),
            timeout_s: timeout_s(),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum StepNames {
    /// A command that prints them.
    Command(String),
    Names(Vec<String>),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum CloneBy {
    /// By the server: fast; idle sessions of the original are closed for the moment of the copy.
    #[default]
    Template,
    /// By pg_dump and psql of this machine: slower; nobody is disturbed.
    Dump,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionMode {
    /// One transaction, unless the file has its own or a statement forbids it.
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    pub name: String,
    /// A query whose every row is a violation.
    pub sql: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    /// `Table` or `schema.Table`.
    pub table: String,
    pub column: String,
    pub from: String,
    pub to: String,
}

/// A query of the application, with every value written out. It runs on a clone and may write.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadQuery {
    pub name: String,
    pub sql: String,
    /// How often it is sent, beside the others'.
    #[serde(default = "weight")]
    pub weight: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedQuery {
    pub name: String,
    pub sql: String,
}

fn here() -> String {
    ".".to_owned()
}
fn first() -> String {
    "base".to_owned()
}
fn timeout_s() -> u64 {
    600
}
fn weight() -> u32 {
    1
}
fn lock_ms() -> u64 {
    1000
}
fn up_ms() -> u64 {
    60_000
}
fn query_runs() -> u32 {
    20
}
