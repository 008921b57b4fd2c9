//! `stagectl copy-data`.

use anyhow::Result;
use serde_json::json;

use super::{Context, copy_apply, copy_cache, copy_job};
use crate::cli::CopyDataArgs;
use crate::data::prepare::prepare;
use crate::data::text;
use crate::exit;
use crate::store::Lock;

pub async fn run(context: &Context, args: CopyDataArgs) -> Result<u8> {
    let ui = &context.ui;
    let settings = context.settings()?;
    let _lock = if args.dry_run { None } else { Some(Lock::acquire(&settings.root, "copy-data")?) };
    let work = Box::pin(prepare(copy_job::of_settings(&settings, &args)?, ui));
    let mut prepared = context.interrupt.guard(work).await?;
    let cache = context.interrupt.guard(Box::pin(copy_cache::plan(&prepared, &settings))).await?;
    if args.dry_run {
        context.interrupt.guard(Box::pin(prepared.explain())).await?;
        ui.data(&if ui.options.json {
            serde_json::to_string_pretty(&json!({ "database": prepared.plan, "cache": cache }))?
        } else {
            let cache = cache.as_ref().map_or_else(String::new, |plan| format!("\n{plan}"));
            text::plan(&prepared.plan) + &cache
        });
        prepared.decided_as_shown()?;
        cache.map_or(Ok(()), |plan| plan.decided())?;
        return Ok(exit::OK);
    }
    for warning in &prepared.plan.warnings {
        ui.warn(warning.clone());
    }
    prepared.decided()?;
    cache.map_or(Ok(()), |plan| plan.decided())?;
    Box::pin(copy_apply::run(context, prepared, settings)).await
}
