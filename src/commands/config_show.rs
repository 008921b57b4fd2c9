//! `stagectl config`: the settings of stagectl.yml, or with `-f` a compose file as docker compose resolves it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Context;
use crate::cli::ConfigArgs;
use crate::compose::hash;
use crate::compose::{self, Environment, Model, Request, dotenv, output};
use crate::config::redacted;
use crate::exit;
use crate::failure::Failure;
use crate::stack::labels::Dialect;
use crate::stack::observe::installed_compose;

pub async fn run(context: &Context, args: ConfigArgs) -> Result<u8> {
    if args.file.is_empty() {
        return settings(context);
    }
    let model = load(&args)?;
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

/// Reads the compose files that the command line names.
fn load(args: &ConfigArgs) -> Result<Model> {
    let here = std::env::current_dir().context("find the working directory")?;
    let files: Vec<PathBuf> = args.file.iter().map(|file| here.join(file)).collect();
    let folder = match &args.project_directory {
        Some(folder) => here.join(folder),
        None => files.first().and_then(|file| file.parent()).unwrap_or(&here).to_owned(),
    };
    let directory = fs_err::canonicalize(folder)?;
    let process: Environment = std::env::vars().collect();
    let lookup = |name: &str| process.get(name).cloned();
    let mut below = Environment::new();
    let given = !args.env_file.is_empty();
    let env_files = if given {
        args.env_file.iter().map(|file| here.join(file)).collect()
    } else {
        vec![directory.join(".env")]
    };
    for file in env_files {
        let Some(text) = read(&file)? else {
            if given {
                return Err(Failure::usage(format!("--env-file: there is no file {}", file.display())).into());
            }
            continue;
        };
        let variables = dotenv::parse(&text, &lookup)
            .map_err(|bad| Failure::config(format!("{}:{}: {}", file.display(), bad.line, bad.words)))?;
        below.extend(variables);
    }
    let mut profiles: BTreeSet<String> = args.profile.iter().cloned().collect();
    let environment = compose::environment(Some(below), process);
    if let (true, Some(names)) = (profiles.is_empty(), environment.get("COMPOSE_PROFILES")) {
        profiles.extend(names.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()));
    }
    let files = files.iter().map(fs_err::canonicalize).collect::<Result<_, _>>()?;
    let request = Request { files, directory, environment, profiles, name: args.project_name.clone() };
    Ok(compose::load(&request, &mut read)?)
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    if path.is_dir() || !path.exists() {
        return Ok(None);
    }
    fs_err::read_to_string(path).map(Some).map_err(|error| Failure::config(error.to_string()))
}
