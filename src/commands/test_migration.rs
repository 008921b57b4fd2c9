//! `stagectl test-migration`.

use anyhow::Result;

use super::Context;
use crate::cli::TestMigrationArgs;
use crate::failure::Failure;

pub async fn run(_context: &Context, _args: TestMigrationArgs) -> Result<u8> {
    Err(Failure::usage("not built yet").into())
}
