//! The copy that stagectl.yml and the command line ask for.

use anyhow::{Context as _, Result};

use crate::cli::{CopyDataArgs, Unclassified};
use crate::config::Settings;
use crate::config::data::Copy;
use crate::data::job::{Extent, Job};
use crate::data::plan;
use crate::failure::Failure;

/// Resolves the job.
///
/// # Errors
/// Refuses where a setting that it needs is missing.
pub fn of_settings(settings: &Settings, args: &CopyDataArgs) -> Result<Job> {
    let config = &settings.config;
    let key = config.masking.key.as_deref().map(|key| settings.expand(key)).transpose();
    Ok(Job {
        source: production_url(settings)?.into(),
        owner: settings.database_user()?,
        admin: settings.database_admin()?,
        copy: with_conditions(&config.copy, &args.predicates),
        masking: config.masking.clone(),
        key: key.context("masking.key")?.map(Into::into),
        jobs: jobs(args.jobs.or(config.copy.jobs)),
        extent: extent(args, &config.copy),
        unclassified: unclassified(args),
        books: true,
    })
}

/// How many rows the command line asks for.
pub fn extent(args: &CopyDataArgs, copy: &Copy) -> Extent {
    if args.all { Extent::All } else { Extent::Roots(args.limit.or(copy.limit)) }
}

/// What the command line says about undecided columns.
pub fn unclassified(args: &CopyDataArgs) -> plan::Unclassified {
    match args.unclassified {
        Unclassified::Stop => plan::Unclassified::Stop,
        Unclassified::Mask => plan::Unclassified::Mask,
        Unclassified::Null => plan::Unclassified::Null,
    }
}

/// As many as asked for; else one for each core, up to 4, so that production is not taken by surprise.
pub fn jobs(asked: Option<std::num::NonZeroU16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4));
    asked.map_or_else(cores, |asked| usize::from(asked.get()))
}

/// The conditions of the command line take the place of the config's.
pub fn with_conditions(copy: &Copy, conditions: &[(String, String)]) -> Copy {
    let mut copy = copy.clone();
    if !conditions.is_empty() {
        copy.predicates = conditions.iter().cloned().collect();
    }
    copy
}

/// The URL of production's database.
fn production_url(settings: &Settings) -> Result<String> {
    let hint =
        "put PRODUCTION_DATABASE_URL in the environment or in .env.production (mode 0600, never in git)";
    let production = settings.config.production.as_ref();
    let text = production.and_then(|production| production.database_url.as_deref()).unwrap_or_default();
    let url = settings.expand(text).context("production.database_url")?;
    if url.is_empty() {
        return Err(Failure::config("production.database_url is not set").hint(hint).into());
    }
    Ok(url)
}
