//! The command line: clap types and help texts, nothing else.

mod between;
mod daily;
mod examples;
mod project;
mod twin;
mod validate;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use between::Between;
pub use daily::{
    BuildArgs, EventsArgs, ExecArgs, LogsArgs, PsqlArgs, PullArgs, PullWhen, RedisCliArgs, StatsArgs,
    StatusArgs,
};
pub use project::ProjectArgs;
pub use twin::TwinArgs;
pub use validate::{FailOn, ValidateArgs, ValidationFormat};

use crate::config::migration::{CloneBy, Layout};
use crate::ui;

/// A safe staging twin of your production, and proof that it is ready.
///
/// stagectl never writes to production, never loses staging data, never lets a real
/// person's data into staging, and says plainly what it did.
#[derive(Debug, Parser)]
#[command(name = "stagectl", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0   done, and every verdict is green
  1   done, and the answer is no: a check failed, a file drifted, a rollback does not restore
  2   wrong usage, or something could not be checked
  3   stagectl.yml, an env file or a template is invalid
  4   something needed is missing or unreachable (engine, database, port, disk)
  5   refused for safety (production equals staging, an undecided column, a leak, no --yes)
  6   an action failed; what ran before was put back
  70  a bug in stagectl
  130 interrupted";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The folder that holds stagectl.yml.
    #[arg(
        short = 'C',
        long,
        global = true,
        default_value = ".",
        value_name = "DIR",
        env = "STAGECTL_DIRECTORY"
    )]
    pub directory: PathBuf,
    /// Results as one JSON document on stdout, events as JSON lines on stderr.
    #[arg(long, global = true)]
    pub json: bool,
    /// Only failures and results.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Every step and its detail.
    #[arg(long, global = true)]
    pub verbose: bool,
    /// Answer yes to every question, also to those about data that will be dropped.
    #[arg(short, long, global = true)]
    pub yes: bool,
}

impl Global {
    pub fn ui_options(&self) -> ui::Options {
        ui::Options { json: self.json, quiet: self.quiet, verbose: self.verbose, yes: self.yes }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented stagectl.yml.
    Init(InitArgs),
    /// Render every file of the twin and say what changed.
    Generate(GenerateArgs),
    /// From nothing to a running, healthy twin: files, certificates, containers, schemas.
    Setup(SetupArgs),
    /// Start the containers (no files, no certificates) and wait until they are ready.
    Up(UpArgs),
    /// Stop and remove the containers and networks; volumes stay unless asked.
    Down(DownArgs),
    /// Restart services, or all of them, and wait until they are ready.
    Restart(ServicesArgs),
    /// Show the containers, their health and their addresses.
    #[command(visible_alias = "ps")]
    Status(StatusArgs),
    /// Show the logs of services, or of all.
    Logs(LogsArgs),
    /// Run a command in a service's container.
    Exec(ExecArgs),
    /// Open psql on the twin's database, or on that of any project.
    Psql(PsqlArgs),
    /// Open redis-cli on the project's Redis.
    RedisCli(RedisCliArgs),
    /// Show what the containers use: processor, memory, network, disk.
    Stats(StatsArgs),
    /// Show what happens to the containers.
    Events(EventsArgs),
    /// Pull the images of services.
    Pull(PullArgs),
    /// Build the images of services.
    Build(BuildArgs),
    /// Drop the twin's database and start from an empty one.
    Reset(PlanArgs),
    /// Make the certificates that are missing or near expiry.
    Certs(CertsArgs),
    /// Copy production data into the twin: a whole subset, every personal value masked.
    CopyData(CopyDataArgs),
    /// Take back what a command has done.
    Rollback(RollbackArgs),
    /// Try the migration on a clone: up, down and up again, with proof that down restores.
    TestMigration(TestMigrationArgs),
    /// Apply migrations to the staging database, or take them back; a copy is made first.
    Migrate(MigrateArgs),
    /// Check the twin: infrastructure, application, database, security, performance, integration.
    Validate(ValidateArgs),
    /// The readiness verdict over the newest reports.
    Report,
    /// Print the resolved settings, secrets redacted.
    Config(ConfigArgs),
    /// Print the completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one page per command into a folder.
    Man {
        /// The folder for the pages.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Print the JSON Schemas of stagectl.yml and of every report, or write them into a folder.
    #[command(hide = true)]
    Schemas {
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Blueprint {
    /// Next.js, PostgreSQL, Redis, nginx, pgAdmin, Prometheus, Grafana.
    NextjsPostgres,
    /// FastAPI, React, PostgreSQL, Redis, nginx on four networks.
    FastapiReact,
    /// Fastify replicas, Supabase-like PostgreSQL with RLS, S3-compatible storage.
    FastifySupabase,
    /// Node web, API and workers, MongoDB replica set, Redis cluster.
    NodeMongoCluster,
    /// Next.js storefront, Vite admin, Node API, MongoDB, Redis.
    StorefrontMongo,
}

#[derive(Debug, Args)]
#[command(after_help = examples::INIT)]
pub struct InitArgs {
    /// The stack to start from.
    #[arg(long, value_enum, default_value = "nextjs-postgres")]
    pub blueprint: Blueprint,
    /// The compose project's name. Default: the blueprint's, or with `--from` production's and `-staging`.
    #[arg(long, visible_alias = "name", value_name = "NAME")]
    pub project: Option<String>,
    #[command(flatten)]
    pub twin: TwinArgs,
    /// Print the file instead of writing it.
    #[arg(long)]
    pub print: bool,
    /// Replace an existing stagectl.yml.
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples::GENERATE)]
pub struct GenerateArgs {
    /// Change nothing; exit 1 when a file differs from what would be generated.
    #[arg(long, conflicts_with = "dry_run")]
    pub check: bool,
    /// Print what would change; write nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Print the plan; change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples::SETUP)]
pub struct SetupArgs {
    /// With the profiles `admin` and `monitoring`.
    #[arg(long)]
    pub all: bool,
    /// Also start the services of a profile. May be given more than once.
    #[arg(long, value_name = "PROFILE")]
    pub profile: Vec<String>,
    /// Print the plan; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How long a service may take to get ready, in seconds.
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    pub wait_timeout: u64,
    /// When a start fails, keep everything as it is for a look. The next command puts back what ran before.
    #[arg(long)]
    pub keep_failed: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples::UP)]
pub struct UpArgs {
    /// The services to start, with what they depend on. None: all.
    pub services: Vec<String>,
    /// With the profiles `admin` and `monitoring`.
    #[arg(long)]
    pub all: bool,
    /// Build the images first, also those that are there.
    #[arg(long)]
    pub build: bool,
    /// When images are pulled first. Default: each service's `pull_policy`.
    #[arg(long, value_enum, value_name = "WHEN")]
    pub pull: Option<PullWhen>,
    /// Print the plan; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How long a service may take to get ready, in seconds.
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    pub wait_timeout: u64,
    /// When a start fails, keep everything as it is for a look. The next command puts back what ran before.
    #[arg(long)]
    pub keep_failed: bool,
    #[command(flatten)]
    pub project: ProjectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = examples::DOWN)]
pub struct DownArgs {
    /// Also remove the volumes, and with them the twin's data.
    #[arg(short, long)]
    pub volumes: bool,
    /// How long a container may take to stop before it is killed, in seconds. Default: its own grace period.
    #[arg(short, long, value_name = "SECONDS")]
    pub timeout: Option<u32>,
    /// Taken for docker compose's sake: containers of services that the file no longer has go in any case.
    #[arg(long)]
    pub remove_orphans: bool,
    /// Print the plan; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub project: ProjectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = examples::RESTART)]
pub struct ServicesArgs {
    /// The services. None: all.
    pub services: Vec<String>,
    /// How long a container may take to stop before it is killed, in seconds. Default: its own grace period.
    #[arg(short, long, value_name = "SECONDS")]
    pub timeout: Option<u32>,
    /// Print the plan; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How long a service may take to get ready, in seconds.
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    pub wait_timeout: u64,
    #[command(flatten)]
    pub project: ProjectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = examples::CERTS)]
pub struct CertsArgs {
    /// Make them anew even when they are fine.
    #[arg(long)]
    pub force: bool,
    /// Print the plan; change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = examples::COPY_DATA)]
pub struct CopyDataArgs {
    /// Print what would be copied, and each column's strategy; never a value; write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How many rows of the root table. Default: `copy.limit`, 10.
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Copy every row of every table that is not skipped.
    #[arg(long, conflicts_with_all = ["limit", "predicates"])]
    pub all: bool,
    /// How many workers copy at once. Default: `copy.jobs`, or one for each core up to 4.
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<std::num::NonZeroU16>,
    /// Start from the rows of a table that an SQL condition names; several may be given.
    #[arg(long = "where", value_name = "TABLE: CONDITION", value_parser = table_and_condition)]
    pub predicates: Vec<(String, String)>,
    /// What to do with a personal column that nobody has decided about.
    #[arg(long, value_enum, default_value = "stop")]
    pub unclassified: Unclassified,
    /// Write a proposal for each undecided column to the masking file (`masking.yml`), for a person to
    /// review. What stands there stays.
    #[arg(long, requires = "dry_run")]
    pub write_masking: bool,
    #[command(flatten)]
    pub between: Between,
}

#[derive(Debug, Args)]
#[command(after_help = examples::CONFIG)]
pub struct ConfigArgs {
    /// Only check; print nothing.
    #[arg(short, long, requires = "file")]
    pub quiet: bool,
    /// Print the hash that docker compose labels containers with, of one service or of all (`*`).
    #[arg(long, value_name = "SERVICE", requires = "file")]
    pub hash: Option<String>,
    #[command(flatten)]
    pub project: ProjectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = examples::ROLLBACK)]
pub struct RollbackArgs {
    #[command(subcommand)]
    pub what: RollbackWhat,
}

#[derive(Debug, Clone, Subcommand)]
pub enum RollbackWhat {
    /// Swap staging's database with the one that the last copy replaced.
    Data(RollbackDataArgs),
}

#[derive(Debug, Clone, Args)]
pub struct RollbackDataArgs {
    /// Print what would be swapped; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// The database that a copy without a stack has replaced. Default: that of stagectl.yml.
    #[arg(long, value_name = "URL", env = "STAGECTL_TO", hide_env_values = true)]
    pub to: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Unclassified {
    /// Stop and print a ready-to-paste entry.
    Stop,
    /// Mask it by its type.
    Mask,
    /// Set it to NULL.
    Null,
}

#[derive(Debug, Args)]
#[command(after_help = examples::TEST_MIGRATION)]
pub struct TestMigrationArgs {
    /// Print what would be tried; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Leave the migrated clone for a look at it.
    #[arg(long)]
    pub keep_clone: bool,
    /// Only this category, after the prerequisites. May be given more than once.
    #[arg(long, value_name = "CATEGORY", value_parser = ["prerequisites", "logic", "integrity", "rollback", "performance", "edge-cases"])]
    pub only: Vec<String>,
    #[command(flatten)]
    pub source: MigrationSource,
}

#[derive(Debug, Args)]
#[command(after_help = examples::MIGRATE)]
pub struct MigrateArgs {
    #[command(subcommand)]
    pub which: MigrateWhich,
}

#[derive(Debug, Subcommand)]
pub enum MigrateWhich {
    /// Take the steps that are pending.
    Up(MigrateStepArgs),
    /// Take the newest step back.
    Down(MigrateStepArgs),
}

#[derive(Debug, Args)]
pub struct MigrateStepArgs {
    /// How many steps. None: all that are pending; one down.
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    /// Print what would be done; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub source: MigrationSource,
}

/// Which migration, and on which database. Each goes before stagectl.yml.
#[derive(Debug, Args)]
#[command(next_help_heading = "Migration")]
pub struct MigrationSource {
    /// Any PostgreSQL database instead of the twin's: no engine, no stagectl.yml. It is only cloned.
    #[arg(long, value_name = "URL", env = "STAGECTL_DATABASE_URL", hide_env_values = true)]
    pub database: Option<String>,
    /// The folder of the migrations.
    #[arg(long, value_name = "PATH")]
    pub migrations: Option<PathBuf>,
    /// A single file as the one step.
    #[arg(long, value_name = "FILE", conflicts_with = "migrations")]
    pub up: Option<PathBuf>,
    /// The file that takes it back.
    #[arg(long, value_name = "FILE", requires = "up")]
    pub down: Option<PathBuf>,
    /// How the folder is laid out.
    #[arg(long, value_enum)]
    pub layout: Option<Layout>,
    /// A tool's command that takes a step, such as `alembic upgrade {step}`.
    #[arg(long, value_name = "COMMAND", conflicts_with = "up")]
    pub up_command: Option<String>,
    /// The command that takes it back, such as `alembic downgrade {previous}`.
    #[arg(long, value_name = "COMMAND", requires = "up_command")]
    pub down_command: Option<String>,
    /// A command that prints the steps, one on a line. None: one step for all.
    #[arg(long, value_name = "COMMAND", requires = "up_command")]
    pub steps_command: Option<String>,
    /// A variable for the commands, as NAME=VALUE; `{url}`, `{user}` … are filled in. May be given more than once.
    #[arg(long, value_name = "NAME=VALUE")]
    pub environment: Vec<String>,
    /// The whole history from an empty database, not what is pending.
    #[arg(long)]
    pub all_migrations: bool,
    /// The role that the migration runs as (SET ROLE).
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    /// The URL of the role that the migration logs in as, where that is not the one of --database.
    #[arg(long, value_name = "URL", env = "STAGECTL_ROLE_URL", hide_env_values = true)]
    pub role_url: Option<String>,
    /// An empty tablespace on a disk of a few MiB, for the case of a full one.
    #[arg(long, value_name = "NAME")]
    pub small_tablespace: Option<String>,
    /// How the first clone is made.
    #[arg(long, value_enum)]
    pub clone: Option<CloneBy>,
    /// Rows that a table has in production, as TABLE=N: how long does up take there? May be given more than once.
    #[arg(long, value_name = "TABLE=N")]
    pub production_rows: Vec<String>,
}

/// `Table: condition`.
fn table_and_condition(text: &str) -> Result<(String, String), String> {
    let (table, condition) = text.split_once(':').unwrap_or_default();
    if table.trim().is_empty() || condition.trim().is_empty() {
        return Err("write it as `Table: condition`, such as `User: id = 42`".to_owned());
    }
    Ok((table.trim().to_owned(), condition.trim().to_owned()))
}
