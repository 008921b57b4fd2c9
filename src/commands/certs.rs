//! `stagectl certs`.

use anyhow::Result;

use super::Context;
use crate::cli::CertsArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: CertsArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
