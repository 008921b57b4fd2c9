//! `stagectl setup`.

use anyhow::Result;

use super::Context;
use crate::cli::SetupArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: SetupArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
