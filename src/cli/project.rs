//! Which compose project a command is about.

use std::path::PathBuf;

use clap::Args;

/// Any compose project, in place of the twin of stagectl.yml.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Compose project (default: the twin of stagectl.yml)")]
pub struct ProjectArgs {
    /// A compose file; several are laid on top of each other.
    #[arg(short, long, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// The project's name, in place of the one in the file.
    #[arg(short, long, value_name = "NAME")]
    pub project_name: Option<String>,
    /// Bring the services of this profile too; `*` is all. May be given more than once.
    #[arg(long, value_name = "PROFILE")]
    pub profile: Vec<String>,
    /// Variables for `${NAME}`, in place of `.env`.
    #[arg(long, value_name = "FILE", requires = "file")]
    pub env_file: Vec<PathBuf>,
    /// What relative paths start from. Default: the folder of the first file.
    #[arg(long, value_name = "DIR", requires = "file")]
    pub project_directory: Option<PathBuf>,
}

impl ProjectArgs {
    /// True when another project than the twin of stagectl.yml is meant.
    pub fn is_given(&self) -> bool {
        !self.file.is_empty() || self.project_name.is_some()
    }
}
