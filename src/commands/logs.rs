//! `stagectl logs`.

use anyhow::Result;

use super::Context;
use crate::cli::LogsArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: LogsArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
