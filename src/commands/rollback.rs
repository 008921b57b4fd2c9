//! `stagectl rollback data`: the previous database in the place of the live one.

use anyhow::Result;

use super::Context;
use crate::cli::{RollbackArgs, RollbackWhat};
use crate::clock;
use crate::data::swap;
use crate::exit;
use crate::failure::Failure;
use crate::store::Lock;

pub async fn run(context: &Context, args: RollbackArgs) -> Result<u8> {
    match args.what {
        RollbackWhat::Data => data(context).await,
    }
}

async fn data(context: &Context) -> Result<u8> {
    let settings = context.settings()?;
    let _lock = Lock::acquire(&settings.root, "rollback data")?;
    let admin = settings.database_admin()?;
    let databases = swap::Databases::open(&admin).await?;
    if let Some(newest) = databases.previous().await?.last()
        && !context.ui.confirm(&format!("Put {newest} in the place of {}?", admin.name))
    {
        return Err(Failure::refused(format!("{} would be swapped with {newest}", admin.name))
            .hint("say it with --yes: `stagectl rollback data --yes`")
            .into());
    }
    let (live, kept) = swap::rollback(&admin, clock::now()).await?;
    if context.ui.options.json {
        let document = serde_json::json!({ "database": admin.name, "was": live, "kept": kept });
        context.ui.data(&serde_json::to_string_pretty(&document)?);
    } else {
        context.ui.data(&format!("done: {} is what {live} was; what was live is kept as {kept}", admin.name));
    }
    Ok(exit::OK)
}
