//! The arguments of `stagectl validate`.

use clap::{Args, ValueEnum};

use super::examples;

#[derive(Debug, Args)]
#[command(after_help = examples::VALIDATE)]
pub struct ValidateArgs {
    /// Only the essential checks, in seconds.
    #[arg(long)]
    pub quick: bool,
    /// List the checks and run none.
    #[arg(long)]
    pub list: bool,
    /// Run only these check ids or categories. May be given more than once.
    #[arg(long, value_name = "ID|CATEGORY")]
    pub only: Vec<String>,
    /// Do not run these check ids or categories. May be given more than once.
    #[arg(long, value_name = "ID|CATEGORY")]
    pub skip: Vec<String>,
    /// Say what a check looks at, what it expects and how to repair it; run none.
    #[arg(long, value_name = "ID", conflicts_with_all = ["list", "quick", "only", "skip"])]
    pub explain: Option<String>,
    /// Failures below this severity only warn.
    #[arg(long, value_name = "SEVERITY", default_value = "major")]
    pub fail_on: FailOn,
    /// Name what is new, fixed or slower since the `last` report of the same scope, or since this report.
    #[arg(long, value_name = "last|FILE")]
    pub compare: Option<String>,
    /// Write these beside JSON, HTML and JUnit.
    #[arg(long, value_name = "FORMAT", value_delimiter = ',')]
    pub format: Vec<ValidationFormat>,
}

/// The least severity that fails a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Info,
    Minor,
    Major,
    Blocker,
}

/// Further formats of the validation report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ValidationFormat {
    /// Test Anything Protocol 14, as `.tap`.
    Tap,
    /// Prometheus' text format for node_exporter's textfile collector, as `.prom`.
    Prometheus,
}
