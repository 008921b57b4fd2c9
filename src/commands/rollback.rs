//! `stagectl rollback data`: the previous database in the place of the live one.

use anyhow::Result;

use super::{Context, copy_between};
use crate::cli::{RollbackArgs, RollbackDataArgs, RollbackWhat};
use crate::clock;
use crate::data::swap::Databases;
use crate::exit;
use crate::failure::Failure;
use crate::store::Lock;

pub async fn run(context: &Context, args: RollbackArgs) -> Result<u8> {
    match args.what {
        RollbackWhat::Data(args) => data(context, &args).await,
    }
}

async fn data(context: &Context, args: &RollbackDataArgs) -> Result<u8> {
    let (admin, _lock) = if let Some(to) = &args.to {
        (copy_between::target(to)?, None)
    } else {
        let settings = context.settings()?;
        let lock = if args.dry_run { None } else { Some(Lock::acquire(&settings.root, "rollback data")?) };
        (settings.database_admin()?, lock)
    };
    let databases = Databases::open(&admin).await?;
    let Some(newest) = databases.previous().await?.pop() else {
        return Err(Failure::environment(format!("no previous database of {} is kept", admin.name))
            .hint("`copy-data` keeps `copy.keep` of them; staging-backups/ holds the dumps")
            .into());
    };
    if args.dry_run {
        say(context, "planned", &admin.name, &newest, None)?;
        return Ok(exit::OK);
    }
    if !context.ui.confirm(&format!("Put {newest} in the place of {}?", admin.name)) {
        return Err(Failure::refused(format!("{} would be swapped with {newest}", admin.name))
            .hint("say it with --yes: `stagectl rollback data --yes`")
            .into());
    }
    databases.lock().await?;
    let swapped = databases.swap(&newest, clock::now()).await?;
    say(context, "done", &admin.name, &newest, swapped.kept.as_deref())?;
    Ok(exit::OK)
}

fn say(context: &Context, word: &str, live: &str, newest: &str, kept: Option<&str>) -> Result<()> {
    if context.ui.options.json {
        let document = serde_json::json!({ "state": word, "database": live, "was": newest, "kept": kept });
        context.ui.data(&serde_json::to_string_pretty(&document)?);
        return Ok(());
    }
    let words = match kept {
        Some(kept) => format!("{word}: {live} is what {newest} was; what was live is kept as {kept}"),
        None => format!("{word}: {live} becomes what {newest} is; what is live is kept"),
    };
    context.ui.data(&words);
    Ok(())
}
