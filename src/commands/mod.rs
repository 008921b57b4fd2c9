//! One file per command: resolve → observe → plan → print or apply → report, nothing else.

mod certs;
mod config_show;
mod containers;
mod copy_apply;
mod copy_between;
mod copy_cache;
mod copy_data;
mod copy_draft;
mod copy_job;
mod docs;
mod down;
mod events;
mod exec;
mod generate;
mod images;
mod init;
mod init_from;
mod init_shown;
mod logs;
mod migrate;
mod migration_subject;
mod production_rows;
mod psql;
mod redis_cli;
mod report;
mod reset;
mod restart;
mod rollback;
mod setup;
mod stats;
mod status;
mod table;
mod terminal;
mod test_migration;
mod up;
mod validate;

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::{Cli, Command};
use crate::config::Settings;
use crate::interrupt::Interrupt;
use crate::postgres::without_passwords;
use crate::ui::Ui;

/// What every command is handed.
#[derive(Clone)]
pub struct Context {
    /// The folder that holds `stagectl.yml`.
    pub root: PathBuf,
    pub ui: Ui,
    pub interrupt: Interrupt,
    /// The command line as typed, for reports, without the passwords of URLs.
    pub command_line: String,
}

impl Context {
    pub fn settings(&self) -> Result<Settings> {
        Settings::load(&self.root)
    }
}

/// Runs the command and returns the exit code.
pub async fn run(cli: Cli, ui: &Ui, interrupt: Interrupt) -> Result<u8> {
    let context = Context {
        root: cli.global.directory,
        ui: ui.clone(),
        interrupt,
        command_line: std::env::args_os().skip(1).fold("stagectl".to_owned(), |line, word| {
            line + " " + &without_passwords(&word.to_string_lossy())
        }),
    };
    let context = &context;
    match cli.command {
        Command::Init(args) => init::run(context, args).await,
        Command::Generate(args) => generate::run(context, args).await,
        Command::Setup(args) => Box::pin(setup::run(context, args)).await,
        Command::Up(args) => up::run(context, args).await,
        Command::Down(args) => down::run(context, args).await,
        Command::Restart(args) => restart::run(context, args).await,
        Command::Status(args) => status::run(context, args).await,
        Command::Logs(args) => logs::run(context, args).await,
        Command::Exec(args) => exec::run(context, args).await,
        Command::Psql(args) => psql::run(context, args).await,
        Command::RedisCli(args) => redis_cli::run(context, args).await,
        Command::Stats(args) => stats::run(context, args).await,
        Command::Events(args) => events::run(context, args).await,
        Command::Pull(args) => images::pull(context, args).await,
        Command::Build(args) => images::build(context, args).await,
        Command::Reset(args) => reset::run(context, args).await,
        Command::Certs(args) => certs::run(context, args).await,
        Command::CopyData(args) => copy_data::run(context, args).await,
        Command::Rollback(args) => rollback::run(context, args).await,
        Command::TestMigration(args) => test_migration::run(context, args).await,
        Command::Migrate(args) => migrate::run(context, args).await,
        Command::Validate(args) => validate::run(context, args).await,
        Command::Report => report::run(context).await,
        Command::Config(args) => config_show::run(context, args).await,
        Command::Completions { shell } => docs::completions(context, shell),
        Command::Man { out } => docs::man(context, out.as_deref()),
        Command::Schemas { out } => docs::schemas(context, out.as_deref()),
    }
}
