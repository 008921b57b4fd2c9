//! `stagectl copy-data`.

use anyhow::Result;

use super::{Context, copy_apply};
use crate::cli::{CopyDataArgs, Unclassified};
use crate::data::plan;
use crate::data::prepare::prepare;
use crate::data::text;
use crate::exit;
use crate::store::Lock;

pub async fn run(context: &Context, args: CopyDataArgs) -> Result<u8> {
    let unclassified = match args.unclassified {
        Unclassified::Stop => plan::Unclassified::Stop,
        Unclassified::Mask => plan::Unclassified::Mask,
        Unclassified::Null => plan::Unclassified::Null,
    };
    let ui = &context.ui;
    let settings = context.settings()?;
    let _lock = if args.dry_run { None } else { Some(Lock::acquire(&settings.root, "copy-data")?) };
    let work = Box::pin(prepare(settings, args.limit, unclassified, ui));
    let prepared = context.interrupt.guard(work).await?;
    if args.dry_run {
        ui.data(&if ui.options.json {
            serde_json::to_string_pretty(&prepared.plan)?
        } else {
            text::plan(&prepared.plan)
        });
        prepared.decided_as_shown()?;
        return Ok(exit::OK);
    }
    for warning in &prepared.plan.warnings {
        ui.warn(warning.clone());
    }
    prepared.decided()?;
    Box::pin(copy_apply::run(context, prepared, args.limit)).await
}
