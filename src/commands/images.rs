//! `stagectl pull` and `stagectl build`, and what `up` does of them first.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::try_join_all;

use super::Context;
use super::containers::{self, Applied};
use crate::cli::{BuildArgs, ProjectArgs, PullArgs, PullWhen};
use crate::compose::typed::{Project, Selection, select};
use crate::engine::Engine;
use crate::exit;
use crate::failure::Failure;
use crate::stack::apply;
use crate::stack::images::{self, BuildOptions, Pull};
use crate::stack::plan::Plan;
use crate::stack::specify;

/// `stagectl pull`.
pub async fn pull(context: &Context, args: PullArgs) -> Result<u8> {
    let (project, wanted) = project(context, &args.project, &args.services)?;
    let engine = Engine::connect().await?;
    let when = args.policy.map_or(Pull::Always, when);
    let here = here(&engine, &project, &wanted).await?;
    let plan = images::pull(&project, &wanted, when, &|image| here.contains(image))?;
    run(context, &engine, &project, &plan, args.dry_run, "Pull images").await
}

/// `stagectl build`.
pub async fn build(context: &Context, args: BuildArgs) -> Result<u8> {
    let (project, wanted) = project(context, &args.project, &args.services)?;
    let options = BuildOptions {
        no_cache: args.no_cache,
        pull: args.pull,
        args: args.build_arg.iter().map(|text| variable(text)).collect::<Result<_>>()?,
    };
    let plan = images::build(&project, &wanted, &options, true)?;
    if plan.steps.is_empty() {
        return Err(Failure::usage("none of these services has a `build`").into());
    }
    let engine = Engine::connect().await?;
    run(context, &engine, &project, &plan, args.dry_run, "Build images").await
}

async fn run(
    context: &Context,
    engine: &Engine,
    project: &Project,
    plan: &Plan,
    dry_run: bool,
    title: &str,
) -> Result<u8> {
    if dry_run {
        containers::show(context, plan, &Applied::default())?;
        return Ok(exit::OK);
    }
    let begun = Instant::now();
    apply_images(context, engine, &project.name, plan, title).await?;
    containers::show(context, plan, &Applied { applied: true, ms: begun.elapsed().as_millis() as u64 })?;
    Ok(exit::OK)
}

/// Carries out a plan that only fetches and builds images; it leaves nothing to undo.
pub async fn apply_images(
    context: &Context,
    engine: &Engine,
    project: &str,
    plan: &Plan,
    title: &str,
) -> Result<()> {
    if plan.steps.is_empty() {
        return Ok(());
    }
    context.ui.phase(title);
    let run = containers::run(context, engine, &context.root, project, Duration::ZERO);
    apply::apply_forward(&run, plan).await
}

/// What `up` fetches and builds before it looks at the containers.
pub async fn before_up(
    engine: &Engine,
    project: &Project,
    selection: &Selection,
    pull: Option<PullWhen>,
    build: bool,
) -> Result<Plan> {
    let wanted = select(project, selection)?;
    // The plan of the containers asks for the images itself; here they matter for few answers only.
    let here = if matches!(pull, Some(PullWhen::Missing | PullWhen::Never)) || images::have_policies(project)
    {
        here(engine, project, &wanted).await?
    } else {
        BTreeSet::new()
    };
    let has = |image: &str| here.contains(image);
    let mut plan = images::pull(project, &wanted, pull.map_or(Pull::Policy, when), &has)?;
    let built = images::build(project, &wanted, &BuildOptions::default(), build)?;
    plan.steps.extend(built.steps);
    Ok(plan)
}

fn when(policy: PullWhen) -> Pull {
    match policy {
        PullWhen::Always => Pull::Always,
        PullWhen::Missing => Pull::Missing,
        PullWhen::Never => Pull::Never,
    }
}

/// The project, and the services asked for (none: all) without what they depend on.
fn project(
    context: &Context,
    args: &ProjectArgs,
    services: &[String],
) -> Result<(Project, BTreeSet<String>)> {
    let source = containers::source(context, args)?;
    let selection = Selection { all: false, profiles: args.profile.clone(), services: services.to_vec() };
    let project = source.load(&selection)?;
    let all = select(&project, &selection)?;
    let wanted = if services.is_empty() { all } else { services.iter().cloned().collect() };
    Ok((project, wanted))
}

/// Those of the services' images that the engine has.
async fn here(engine: &Engine, project: &Project, wanted: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let references: BTreeSet<String> = project
        .services
        .iter()
        .filter(|(name, _)| wanted.contains(*name))
        .map(|(name, service)| specify::image(project, name, service))
        .collect();
    let found = try_join_all(
        references
            .iter()
            .map(async |reference| anyhow::Ok(engine.image(reference).await?.map(|_| reference.clone()))),
    );
    Ok(found.await?.into_iter().flatten().collect())
}

/// `NAME=VALUE`; a name alone takes its value from the environment.
pub fn variable(text: &str) -> Result<(String, String)> {
    if let Some((name, value)) = text.split_once('=') {
        return Ok((name.to_owned(), value.to_owned()));
    }
    let value = std::env::var(text)
        .map_err(|_| Failure::usage(format!("`{text}` is not set")).hint("write NAME=VALUE"))?;
    Ok((text.to_owned(), value))
}
