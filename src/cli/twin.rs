//! `init --from`: what a twin is derived from, and what somebody decided about it.

use std::path::PathBuf;

use clap::Args;

/// A twin out of production's compose file.
#[derive(Debug, Args)]
#[command(next_help_heading = "A twin of a compose file")]
pub struct TwinArgs {
    /// Production's compose file: derive an isolated twin from it. It is only read.
    #[arg(long, value_name = "FILE", conflicts_with = "blueprint")]
    pub from: Option<PathBuf>,
    /// A further compose file of production, laid on top. May be given more than once.
    #[arg(short = 'f', long = "file", value_name = "FILE", requires = "from")]
    pub file: Vec<PathBuf>,
    /// Production's env file, instead of `.env` beside its compose file. May be given more than once.
    #[arg(long, value_name = "FILE", requires = "from")]
    pub env_file: Vec<PathBuf>,
    /// Share this with production after all: `network:NAME`, `volume:NAME`, `mount:PATH`, `address:HOST`, `host:SERVICE`.
    #[arg(long, value_name = "KIND:NAME", requires = "from")]
    pub share: Vec<String>,
    /// Give the twin an empty one of its own: `network:NAME`, `volume:NAME`, `mount:PATH`.
    #[arg(long, value_name = "KIND:NAME", requires = "from")]
    pub own: Vec<String>,
    /// Give the twin a copy of a mounted folder of configuration, as `mount:PATH`: its files are searched for credentials.
    #[arg(long, value_name = "mount:PATH", requires = "from")]
    pub copy: Vec<String>,
    /// Leave a service out.
    #[arg(long, value_name = "SERVICE", requires = "from")]
    pub without: Vec<String>,
    /// Print what would be derived, and why; write nothing.
    #[arg(long, requires = "from")]
    pub dry_run: bool,
}
