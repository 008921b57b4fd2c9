//! `stagectl init`.

use anyhow::Result;

use super::Context;
use crate::cli::InitArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: InitArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
