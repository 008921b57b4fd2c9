//! `stagectl copy-data`.

use anyhow::Result;

use super::Context;
use crate::cli::CopyDataArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: CopyDataArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
