//! `stagectl psql`.

use anyhow::Result;

use super::Context;
use crate::cli::PsqlArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: PsqlArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
