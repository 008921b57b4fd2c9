//! `stagectl init`.

use anyhow::Result;

use super::Context;
use crate::cli::InitArgs;
use crate::config::load::FILE;
use crate::config::{load, validate};
use crate::exit;
use crate::failure::Failure;
use crate::stack::blueprints;
use crate::store::{Mode, write};

pub async fn run(context: &Context, args: InitArgs) -> Result<u8> {
    if let Some(from) = args.twin.from.clone() {
        return super::init_from::run(context, &from, &args).await;
    }
    let name = clap::ValueEnum::to_possible_value(&args.blueprint).map(|value| value.get_name().to_owned());
    let name = name.unwrap_or_default();
    let mut text = blueprints::text(&name)?.to_owned();
    if let Some(project) = &args.project {
        if !validate::is_project_name(project) {
            return Err(Failure::usage(format!(
                "--project `{project}` must be lower-case letters, digits, `-` and `_`, and start with a letter or digit"
            ))
            .into());
        }
        text = blueprints::rename(&text, project);
    }
    let config = load::parse(&text, None)?;
    validate::check(&config)?;
    if args.print {
        context.ui.data(&text);
        return Ok(exit::OK);
    }
    let path = context.root.join(FILE);
    if path.exists() {
        if !args.force {
            return Err(Failure::refused(format!("{} exists already", path.display()))
                .hint("`--force` replaces it and keeps the old one beside it")
                .hint("`--print` shows the blueprint instead of writing it")
                .into());
        }
        let previous = context.root.join(format!("{FILE}.previous"));
        fs_err::rename(&path, &previous)?;
        context.ui.note(format!("the old file is kept in {}", previous.display()));
    }
    write(&path, text.as_bytes(), Mode::Public)?;
    if context.ui.options.json {
        let document = serde_json::json!({
            "path": path, "blueprint": name, "project": config.project,
            "services": config.services.keys().collect::<Vec<_>>(),
        });
        context.ui.data(&serde_json::to_string_pretty(&document)?);
    } else {
        context.ui.data(&format!(
            "{} written: blueprint {name}, project {}, {} services\nnext: look through it, then `stagectl setup`",
            path.display(),
            config.project,
            config.services.len()
        ));
    }
    Ok(exit::OK)
}
