//! `stagectl generate`.

use anyhow::Result;

use super::Context;
use crate::cli::GenerateArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: GenerateArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
