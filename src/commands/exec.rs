//! `stagectl exec`.

use anyhow::Result;

use super::Context;
use crate::cli::ExecArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: ExecArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
