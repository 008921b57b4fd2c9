//! `stagectl validate`.

use anyhow::Result;

use super::Context;
use crate::cli::ValidateArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: ValidateArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
