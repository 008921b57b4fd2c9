//! `stagectl up`.

use anyhow::Result;

use super::Context;
use crate::cli::UpArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: UpArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
