//! `stagectl copy-data`.

use anyhow::Result;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::copy_apply::{self, Asked};
use super::{Context, copy_between, copy_cache, copy_draft, copy_job};
use crate::cli::CopyDataArgs;
use crate::config::Settings;
use crate::config::load::MASKING_FILE;
use crate::data::prepare::prepare;
use crate::data::{target, text};
use crate::exit;
use crate::store::Lock;

pub async fn run(context: &Context, args: CopyDataArgs) -> Result<u8> {
    let ui = &context.ui;
    let (job, stack) = if let Some(job) = copy_between::job(context, &args)? {
        (job, None)
    } else {
        let settings = context.settings()?;
        (copy_job::of_settings(&settings, &args)?, Some(settings))
    };
    let asked = Asked {
        project: stack.as_ref().map_or(&job.admin.name, |settings| &settings.config.project).clone(),
        folder: stack.as_ref().map_or_else(|| context.root.join(&args.between.reports), Settings::backups),
        target: target::observe(job.source.expose_secret(), &job.admin).await?,
        stack,
    };
    let _lock = match &asked.stack {
        Some(settings) if !args.dry_run => Some(Lock::acquire(&settings.root, "copy-data")?),
        _ => None,
    };
    if asked.stack.is_none() {
        let sure = args.between.this_is_staging.as_deref();
        asked.target.allow(&job.admin, sure)?;
    }
    let mut prepared = context.interrupt.guard(Box::pin(prepare(job, ui))).await?;
    let cache = match &asked.stack {
        Some(settings) => context.interrupt.guard(Box::pin(copy_cache::plan(&prepared, settings))).await?,
        None => None,
    };
    if args.dry_run {
        context.interrupt.guard(Box::pin(prepared.explain())).await?;
        ui.data(&if ui.options.json {
            serde_json::to_string_pretty(&json!({ "database": prepared.plan, "cache": cache }))?
        } else {
            let cache = cache.as_ref().map_or_else(String::new, |plan| format!("\n{plan}"));
            text::plan(&prepared.plan) + &cache
        });
        if args.write_masking {
            let path = match &asked.stack {
                Some(settings) => {
                    settings.root.join(settings.config.masking.file.as_deref().unwrap_or(MASKING_FILE))
                }
                None => copy_draft::file(&args.between),
            };
            copy_draft::write(context, &prepared, &path)?;
            return Ok(exit::OK);
        }
        prepared.decided_as_shown()?;
        cache.map_or(Ok(()), |plan| plan.decided())?;
        return Ok(exit::OK);
    }
    for warning in &prepared.plan.warnings {
        ui.warn(warning.clone());
    }
    prepared.decided()?;
    cache.map_or(Ok(()), |plan| plan.decided())?;
    Box::pin(copy_apply::run(context, prepared, asked)).await
}
