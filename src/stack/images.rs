//! The plans of `pull` and `build`, and of `up` where it is told to do either first. Pure but for
//! the Dockerfiles that are looked for.

use std::collections::BTreeSet;

use super::build::requested;
use super::plan::{Action, Plan};
use super::specify;
use crate::compose::tree::Node;
use crate::compose::typed::{Project, Service};
use crate::failure::Failure;

/// When an image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pull {
    /// As each service's `pull_policy` says; without one, when the engine does not have it.
    #[default]
    Policy,
    Always,
    Missing,
    Never,
}

/// What a build is told on top of the file.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    pub no_cache: bool,
    /// Look for newer base images.
    pub pull: bool,
    /// Name and value; a value goes before that of the file.
    pub args: Vec<(String, String)>,
}

/// The images that are pulled before anything else; `has` says which ones the engine has.
pub fn pull(
    project: &Project,
    selected: &BTreeSet<String>,
    when: Pull,
    has: &dyn Fn(&str) -> bool,
) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let mut seen = BTreeSet::new();
    for (name, service) in services(project, selected) {
        let image = specify::image(project, name, service);
        if service.build.is_some() || !seen.insert(image.clone()) {
            continue;
        }
        let policy = policy(service);
        let cause = match when {
            Pull::Always => "asked for",
            Pull::Policy
                if matches!(policy, "always" | "daily" | "weekly") || policy.starts_with("every_") =>
            {
                "its pull_policy"
            }
            _ if has(&image) => continue,
            // The plan of the containers pulls what is missing, where nothing else is said.
            Pull::Policy if policy != "never" => continue,
            Pull::Never => return Err(absent(name, &image, "--pull never")),
            Pull::Policy => return Err(absent(name, &image, "its pull_policy: never")),
            Pull::Missing => "the engine does not have it",
        };
        let platform = service.platform.clone();
        plan.push(Action::PullImage { image, platform }, cause, Vec::new());
    }
    Ok(plan)
}

/// The images that are built whether they are there or not: all, or those whose `pull_policy` says so.
pub fn build(
    project: &Project,
    selected: &BTreeSet<String>,
    options: &BuildOptions,
    all: bool,
) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    let mut seen = BTreeSet::new();
    for (name, service) in services(project, selected) {
        if service.build.is_none() {
            continue;
        }
        let image = specify::image(project, name, service);
        let cause = match all {
            true => "asked for",
            false if policy(service) == "build" => "its pull_policy",
            false => continue,
        };
        if seen.insert(image.clone()) {
            let action = building(name, service, &image, options)?;
            plan.push(action, cause, Vec::new());
        }
    }
    Ok(plan)
}

/// The step that builds a service's image.
pub fn building(
    name: &str,
    service: &Service,
    image: &str,
    options: &BuildOptions,
) -> Result<Action, Failure> {
    let keys = service.canonical.get("build").map(Node::json).unwrap_or_default();
    let mut build = requested(name, &keys, image, service.platform.as_deref())?;
    build.spec.no_cache |= options.no_cache;
    build.spec.pull |= options.pull;
    build.spec.args.extend(options.args.iter().cloned());
    Ok(Action::BuildImage { build: Box::new(build) })
}

fn services<'p>(
    project: &'p Project,
    selected: &'p BTreeSet<String>,
) -> impl Iterator<Item = (&'p String, &'p Service)> {
    project.services.iter().filter(|(name, _)| selected.contains(*name))
}

/// Whether any service says when its image is pulled.
pub fn have_policies(project: &Project) -> bool {
    project.services.values().any(|service| !policy(service).is_empty())
}

fn policy(service: &Service) -> &str {
    service.canonical.get("pull_policy").and_then(|node| node.text()).unwrap_or_default()
}

fn absent(service: &str, image: &str, why: &str) -> Failure {
    Failure::environment(format!(
        "services.{service}: the engine does not have {image}, and {why} forbids to pull it"
    ))
    .hint(format!("`docker pull {image}`, or another policy"))
}
