//! The copy that two URLs ask for: `copy-data --from URL --to URL`.

use std::path::Path;

use anyhow::{Context as _, Result};
use rand::TryRng as _;
use rand::rngs::SysRng;
use secrecy::SecretString;

use super::{Context, copy_draft, copy_job};
use crate::cli::{Between, CopyDataArgs};
use crate::config::data::Copy;
use crate::config::masking::Masking;
use crate::config::{env, load};
use crate::data::job::Job;
use crate::failure::Failure;
use crate::postgres;
use crate::store::{self, Mode};

/// Where the secret behind the masks stands when the environment has none.
const KEY_FILE: &str = ".stagectl-masking-key";
const KEY_VARIABLE: &str = "STAGECTL_MASKING_KEY";

/// The job of these options; `None` where they ask for the stack's.
///
/// # Errors
/// Refuses URLs and files that cannot be read.
pub fn job(context: &Context, args: &CopyDataArgs) -> Result<Option<Job>> {
    let between = &args.between;
    let (Some(from), Some(to)) = (&between.from, &between.to) else { return Ok(None) };
    warn_of_passwords(context);
    let source = url("--from", from)?;
    postgres::address(&source).context("--from")?;
    let target = postgres::address(&url("--to", to)?).context("--to")?;
    let file = copy_draft::file(between);
    // Named, it must be there, unless this run writes it; `masking.yml` is taken where there is one.
    let named = between.masking.is_some() && !args.write_masking;
    let mut masking = if named || file.exists() { load::masking(&file)? } else { Masking::default() };
    masking.file = Some(file.display().to_string());
    let copy = copy_job::with_conditions(&copy(between), &args.predicates);
    Ok(Some(Job {
        source: source.into(),
        owner: target.clone(),
        admin: target,
        extent: copy_job::extent(args, &copy),
        copy,
        key: Some(key(context, &masking, args.dry_run)?),
        masking,
        unclassified: copy_job::unclassified(args),
        jobs: copy_job::jobs(args.jobs),
        books: false,
    }))
}

fn copy(between: &Between) -> Copy {
    let default = Copy::default();
    Copy {
        schemas: if between.schema.is_empty() { default.schemas } else { between.schema.clone() },
        root: between.root.clone(),
        keep: between.keep.unwrap_or(default.keep),
        ..default
    }
}

/// The database of `--to`, for commands that need nothing else.
pub fn target(to: &str) -> Result<crate::model::DatabaseAddress> {
    postgres::address(&url("--to", to)?).context("--to")
}

/// A URL, or the content of the file that `file:PATH` names.
fn url(flag: &str, text: &str) -> Result<String> {
    let Some(path) = text.strip_prefix("file:") else { return Ok(text.to_owned()) };
    let content = load::read_text(Path::new(path)).with_context(|| format!("{flag}: read {path}"))?;
    let lines = content.lines().map(str::trim);
    let url = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect::<Vec<_>>();
    match url.as_slice() {
        [url] => Ok((*url).to_owned()),
        _ => Err(Failure::config(format!("{flag}: {path} must hold one line, the URL")).into()),
    }
}

/// What stands on a command line can be read by everybody on the machine, and stays in shells' histories.
fn warn_of_passwords(context: &Context) {
    let given = std::env::args_os().any(|word| {
        let word = word.to_string_lossy();
        postgres::without_passwords(&word) != word
    });
    if given {
        context.ui.warn(
            "a password on the command line can be seen by others on this machine: \
             set STAGECTL_FROM and STAGECTL_TO instead, use `file:PATH`, or PGPASSWORD or ~/.pgpass",
        );
    }
}

/// The secret behind the masks: of the masking file, the environment, or a file that is made once.
/// A dry run makes none: it goes on with one that nobody keeps.
fn key(context: &Context, masking: &Masking, dry_run: bool) -> Result<SecretString> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(text) = &masking.key {
        return Ok(env::expand(text, &mut |name| variable(name)).context("key of the masking file")?.into());
    }
    if let Some(key) = variable(KEY_VARIABLE) {
        return Ok(key.into());
    }
    let path = context.root.join(KEY_FILE);
    if path.exists() {
        return Ok(load::read_text(&path)?.trim().to_owned().into());
    }
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).context("read the system's random source")?;
    let key = bytes.iter().fold(String::new(), |key, byte| key + &format!("{byte:02x}"));
    if !dry_run {
        store::write(&path, format!("{key}\n").as_bytes(), Mode::Secret)?;
        context.ui.note(format!(
            "the secret behind the masks was made and is in {}: keep it, and out of git; with it, equal values \
             get equal masks in each run",
            path.display()
        ));
    }
    Ok(key.into())
}
