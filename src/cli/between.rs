//! The options of a copy between any two PostgreSQL servers, without a stack.

use std::path::PathBuf;

use clap::Args;

/// With `--from` and `--to`, no engine and no stagectl.yml is needed.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Between two servers, without a stack")]
pub struct Between {
    /// Production's database, which is only read: a URL, or `file:PATH` of a file that holds it.
    #[arg(long, value_name = "URL", env = "STAGECTL_FROM", hide_env_values = true, requires = "to")]
    pub from: Option<String>,
    /// Staging's database, which is replaced, and made where it is missing.
    #[arg(long, value_name = "URL", env = "STAGECTL_TO", hide_env_values = true, requires = "from")]
    pub to: Option<String>,
    /// The decisions about each column. Default: `masking.yml` in this folder, where there is one.
    #[arg(long, value_name = "FILE", requires = "from")]
    pub masking: Option<PathBuf>,
    /// Confirms once, by host and name, that the database of `--to` is staging. Remembered there.
    #[arg(long, value_name = "HOST/DATABASE", requires = "from")]
    pub this_is_staging: Option<String>,
    /// The table whose rows `--limit` counts. Default: the one that most others lead to.
    #[arg(long, value_name = "TABLE", requires = "from", conflicts_with = "all")]
    pub root: Option<String>,
    /// A schema to copy. May be given more than once. Default: public.
    #[arg(long, value_name = "SCHEMA", requires = "from")]
    pub schema: Vec<String>,
    /// How many previous databases are kept for `rollback data`. Default: 1.
    #[arg(long, value_name = "N", requires = "from")]
    pub keep: Option<u32>,
    /// The folder for the report and the backup.
    #[arg(long, value_name = "DIR", requires = "from", default_value = "staging-backups")]
    pub reports: PathBuf,
}
