//! `stagectl config`.

use anyhow::Result;

use super::Context;
use crate::failure::Failure;

pub async fn run(_context: &Context) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
