//! `stagectl restart`.

use anyhow::Result;

use super::Context;
use crate::cli::ServicesArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: ServicesArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
