//! `stagectl reset`.

use anyhow::Result;

use super::Context;
use crate::cli::PlanArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: PlanArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
