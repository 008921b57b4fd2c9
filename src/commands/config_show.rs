//! `stagectl config`: the settings of stagectl.yml, or with `-f` a compose file as docker compose resolves it.

use std::collections::BTreeMap;

use anyhow::Result;

use super::{Context, containers};
use crate::cli::ConfigArgs;
use crate::compose::hash;
use crate::compose::{Model, output};
use crate::config::redacted;
use crate::exit;
use crate::failure::Failure;
use crate::stack::labels::Dialect;
use crate::stack::observe::installed_compose;

pub async fn run(context: &Context, args: ConfigArgs) -> Result<u8> {
    if args.project.file.is_empty() {
        return settings(context);
    }
    let model = containers::source(context, &args.project)?.model()?;
    for name in &model.unset {
        context.ui.warn(format!("the variable `{name}` is not set: it stands for nothing"));
    }
    if args.quiet {
        return Ok(exit::OK);
    }
    if let Some(wanted) = &args.hash {
        return hashes(context, &model, wanted).await;
    }
    let document = output::json(&model.root);
    context.ui.data(&if context.ui.options.json {
        serde_json::to_string_pretty(&document)?
    } else {
        serde_yaml::to_string(&document)?
    });
    Ok(exit::OK)
}

fn settings(context: &Context) -> Result<u8> {
    let document = redacted::document(&context.settings()?)?;
    context.ui.data(&if context.ui.options.json {
        serde_json::to_string_pretty(&document)?
    } else {
        serde_yaml::to_string(&document)?
    });
    Ok(exit::OK)
}

/// The hashes that the installed docker compose would write, or those of its newest generation.
async fn hashes(context: &Context, model: &Model, wanted: &str) -> Result<u8> {
    let dialect = Dialect::of(installed_compose().await.as_deref());
    let mut hashes = hash::services(model, dialect.profile);
    hashes.retain(|(name, _)| wanted == "*" || name == wanted);
    if hashes.is_empty() {
        return Err(Failure::usage(format!("--hash: there is no service `{wanted}`")).into());
    }
    context.ui.data(&if context.ui.options.json {
        serde_json::to_string_pretty(&hashes.into_iter().collect::<BTreeMap<_, _>>())?
    } else {
        hashes.iter().map(|(name, hash)| format!("{name} {hash}")).collect::<Vec<_>>().join("\n")
    });
    Ok(exit::OK)
}
