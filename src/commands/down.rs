//! `stagectl down`.

use anyhow::Result;

use super::Context;
use crate::cli::DownArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: DownArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
