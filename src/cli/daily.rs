//! The daily commands: looking at containers, working in them, and their images.

use clap::{Args, ValueEnum};

use super::{ProjectArgs, examples};

#[derive(Debug, Args)]
#[command(after_help = examples::STATUS)]
pub struct StatusArgs {
    /// The services. None: all.
    pub services: Vec<String>,
    #[command(flatten)]
    pub project: ProjectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = examples::LOGS, mut_arg("file", |file| file.short(None)))]
pub struct LogsArgs {
    /// The services. None: all.
    pub services: Vec<String>,
    /// Go on as new lines come, also from containers that start later.
    #[arg(short, long)]
    pub follow: bool,
    /// Only the last lines of each container.
    #[arg(short = 'n', long, value_name = "LINES", value_parser = lines)]
    pub tail: Option<Lines>,
    /// Only since a time (`2026-11-21T10:00:00Z`) or an age (`10m`).
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only until a time or an age.
    #[arg(long, value_name = "TIME", conflicts_with = "follow")]
    pub until: Option<String>,
    /// With the time of each line.
    #[arg(short, long)]
    pub timestamps: bool,
    /// Without colours before the lines.
    #[arg(long)]
    pub no_color: bool,
    /// Without the container's name before the lines.
    #[arg(long)]
    pub no_log_prefix: bool,
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// How many of the last lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines(pub Option<u64>);

/// A number, or `all`.
fn lines(text: &str) -> Result<Lines, String> {
    if text == "all" {
        return Ok(Lines(None));
    }
    text.parse().map(|count| Lines(Some(count))).map_err(|_| "write a number, or `all`".to_owned())
}

#[derive(Debug, Args)]
#[command(after_help = examples::EXEC)]
pub struct ExecArgs {
    /// The service, as the compose file names it.
    pub service: String,
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub command: Vec<String>,
    /// Without a terminal, also where there is one.
    #[arg(short = 'T', long)]
    pub no_tty: bool,
    /// A variable, as NAME=VALUE; NAME alone takes it from the environment. May be given more than once.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    pub env: Vec<String>,
    /// As this user: a name or a number, with a group behind a colon.
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,
    /// In this folder of the container.
    #[arg(short, long, value_name = "PATH")]
    pub workdir: Option<String>,
    /// In this one of several replicas.
    #[arg(long, value_name = "NUMBER")]
    pub index: Option<u32>,
    /// With all rights.
    #[arg(long)]
    pub privileged: bool,
    #[command(flatten)]
    pub project: ProjectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = examples::PSQL, mut_arg("file", |arg| arg.short(None)), mut_arg("project_name", |arg| arg.short(None)))]
pub struct PsqlArgs {
    /// As the administrator instead of the application's role.
    #[arg(long, conflicts_with_all = ["service", "file", "project_name"])]
    pub admin: bool,
    /// The service, where it is not the database of stagectl.yml.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Arguments for psql, such as `-c 'SELECT 1'`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<String>,
    #[command(flatten)]
    pub project: ProjectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = examples::REDIS_CLI, mut_arg("file", |arg| arg.short(None)), mut_arg("project_name", |arg| arg.short(None)))]
pub struct RedisCliArgs {
    /// The service, where there are several.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Arguments for redis-cli, such as `info memory`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<String>,
    #[command(flatten)]
    pub project: ProjectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = examples::STATS)]
pub struct StatsArgs {
    /// The services. None: all.
    pub services: Vec<String>,
    /// Once, and not every second.
    #[arg(long)]
    pub no_stream: bool,
    #[command(flatten)]
    pub project: ProjectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = examples::EVENTS)]
pub struct EventsArgs {
    /// The services. None: all that happens to the project.
    pub services: Vec<String>,
    /// Also what has happened since a time (`2026-11-21T10:00:00Z`) or an age (`10m`).
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only until a time or an age; without it, it goes on until it is interrupted.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// When an image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PullWhen {
    /// Look for a newer one each time.
    Always,
    /// When the engine does not have it.
    Missing,
    /// Fail when the engine does not have it.
    Never,
}

#[derive(Debug, Args)]
#[command(after_help = examples::PULL)]
pub struct PullArgs {
    /// The services. None: all.
    pub services: Vec<String>,
    /// Which ones are pulled. Default: all of them.
    #[arg(long, value_enum)]
    pub policy: Option<PullWhen>,
    /// Print the plan; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub project: ProjectArgs,
}

#[derive(Debug, Args)]
#[command(after_help = examples::BUILD)]
pub struct BuildArgs {
    /// The services. None: all that have a `build`.
    pub services: Vec<String>,
    /// An argument of the build, as NAME=VALUE; NAME alone takes it from the environment. May be
    /// given more than once.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub build_arg: Vec<String>,
    /// Do every step anew.
    #[arg(long)]
    pub no_cache: bool,
    /// Look for newer base images.
    #[arg(long)]
    pub pull: bool,
    /// Print the plan; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub project: ProjectArgs,
}
