//! What has to happen so that the containers are as the compose file says; docker compose's
//! rules for when a container is replaced. Pure.

mod containers;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::images::{self, BuildOptions};
use super::labels::Dialect;
use super::observe::Observed;
use super::plan::{Action, Plan, Until};
use super::specify::{refuse, shares::Ids};
use super::{conflict, specify};
use crate::compose::typed::mount::MountKind;
use crate::compose::typed::select::order;
use crate::compose::typed::{Condition, Project, Service};
use crate::failure::Failure;

/// The plan of `up`. What cannot be done without touching somebody else's is an error that names it.
pub fn up(
    project: &Project,
    selected: &BTreeSet<String>,
    observed: &Observed,
    dialect: &Dialect,
) -> Result<Plan, Failure> {
    let mut planner = Planner {
        project,
        selected,
        observed,
        dialect,
        plan: Plan::default(),
        resources: BTreeMap::new(),
        ready: BTreeMap::new(),
        started: BTreeMap::new(),
        parents: Parents::default(),
        stopped: BTreeMap::new(),
        replaced: BTreeSet::new(),
        obsolete: Vec::new(),
    };
    for (name, service) in planner.services() {
        refuse::check(project, name, service)?;
    }
    planner.resources()?;
    for name in order(project, selected)? {
        if let Some(service) = project.services.get(&name) {
            planner.service(&name, service)?;
        }
    }
    planner.leftovers();
    conflict::check(project, observed, &planner.plan)?;
    Ok(planner.plan)
}

struct Planner<'a> {
    project: &'a Project,
    selected: &'a BTreeSet<String>,
    observed: &'a Observed,
    dialect: &'a Dialect,
    plan: Plan,
    /// The steps that make a network, volume or image, by a name of its kind.
    resources: BTreeMap<String, usize>,
    /// By service: the steps after which it is ready, and those after which it has started.
    ready: BTreeMap<String, Vec<usize>>,
    started: BTreeMap<String, Vec<usize>>,
    /// The first container of every service, for those that share something with it.
    parents: Parents,
    /// Containers that stop because one stops that they share with: the steps, by id.
    stopped: BTreeMap<String, usize>,
    /// Services whose containers come up anew while others that use them keep running.
    replaced: BTreeSet<String>,
    /// Containers to remove when all is done, with why.
    obsolete: Vec<(String, String, String)>,
}

/// First containers by service.
#[derive(Debug, Default)]
struct Parents {
    /// Those that are there.
    ids: Ids,
    /// Those that the plan makes: their names, and the steps that do.
    names: BTreeMap<String, (String, usize)>,
}

impl<'a> Planner<'a> {
    fn services(&self) -> impl Iterator<Item = (&'a String, &'a Service)> + use<'a> {
        let selected = self.selected;
        self.project.services.iter().filter(move |(name, _)| selected.contains(*name))
    }

    fn resources(&mut self) -> Result<(), Failure> {
        for (reference, image) in &self.observed.images {
            if image.is_none() {
                self.missing_image(reference)?;
            }
        }
        let networks: BTreeSet<&String> = self.services().flat_map(|(_, s)| s.networks.keys()).collect();
        for key in networks {
            let (Some(network), Some(spec)) =
                (self.project.networks.get(key), specify::network(self.project, key, self.dialect))
            else {
                continue;
            };
            let existing = self.observed.networks.iter().find(|n| n.name == network.name);
            if conflict::network(self.project, key, network, existing)? {
                let step = self.plan.push(Action::CreateNetwork { spec }, "it does not exist", Vec::new());
                self.resources.insert(format!("network {key}"), step);
            }
        }
        let volumes: BTreeSet<&String> = self
            .services()
            .flat_map(|(_, s)| &s.volumes)
            .filter(|mount| mount.kind == MountKind::Volume)
            .map(|mount| &mount.source)
            .collect();
        for key in volumes {
            let (Some(volume), Some(spec)) =
                (self.project.volumes.get(key), specify::volume(self.project, key, self.dialect))
            else {
                continue;
            };
            let existing = self.observed.volumes.iter().find(|v| v.name == volume.name);
            if conflict::volume(self.project, key, volume, existing, &mut self.plan.warnings)? {
                let step = self.plan.push(Action::CreateVolume { spec }, "it does not exist", Vec::new());
                self.resources.insert(format!("volume {key}"), step);
            }
        }
        Ok(())
    }

    fn missing_image(&mut self, reference: &str) -> Result<(), Failure> {
        let user = self.services().find(|(name, s)| specify::image(self.project, name, s) == reference);
        if let Some((name, _)) = user.filter(|(_, service)| service.pull_policy.as_deref() == Some("never")) {
            return Err(Failure::environment(format!(
                "services.{name}: the engine does not have the image {reference}, and `pull_policy: never` forbids to pull it"
            ))
            .hint("build or load it, or change the policy"));
        }
        let platform = user.and_then(|(_, service)| service.platform.clone());
        if let Some((name, service)) = user
            && service.build.is_some()
        {
            let action = images::building(name, service, reference, &BuildOptions::default())?;
            let step = self.plan.push(action, "the engine does not have it", Vec::new());
            self.resources.insert(format!("image {reference}"), step);
            return Ok(());
        }
        let action = Action::PullImage { image: reference.to_owned(), platform };
        let step = self.plan.push(action, "the engine does not have it", Vec::new());
        self.resources.insert(format!("image {reference}"), step);
        Ok(())
    }

    /// The steps that make what the service's containers need.
    fn needs(&self, name: &str, service: &Service) -> Vec<usize> {
        let image = format!("image {}", specify::image(self.project, name, service));
        let networks = service.networks.keys().map(|key| format!("network {key}"));
        let volumes = service.volumes.iter().map(|mount| format!("volume {}", mount.source));
        let mut steps: Vec<usize> = std::iter::once(image)
            .chain(networks)
            .chain(volumes)
            .filter_map(|resource| self.resources.get(&resource).copied())
            .collect();
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    /// The steps after which the service may start.
    fn gates(&self, service: &Service) -> Vec<usize> {
        let mut steps: Vec<usize> = service
            .depends_on
            .iter()
            .flat_map(|(name, rule)| {
                let steps = match rule.condition {
                    Condition::Started => &self.started,
                    Condition::Healthy | Condition::Completed => &self.ready,
                };
                steps.get(name).cloned().unwrap_or_default()
            })
            .collect();
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    fn until(&self, name: &str) -> Until {
        let completed = self.services().any(|(_, service)| {
            service.depends_on.get(name).is_some_and(|rule| rule.condition == Condition::Completed)
        });
        if completed { Until::Completed } else { Until::Ready }
    }

    /// Old containers go last, when nothing can fail any more. Orphans are only named.
    fn leftovers(&mut self) {
        let last: Vec<usize> = (0..self.plan.steps.len()).collect();
        for (id, name, why) in std::mem::take(&mut self.obsolete) {
            self.plan.push(Action::Remove { id, name }, why, last.clone());
        }
        for container in &self.observed.containers {
            let service = container.service();
            if !self.project.services.contains_key(service) && !self.project.inactive.contains_key(service) {
                self.plan.warnings.push(format!(
                    "{} belongs to the project, but its service `{}` is not in the compose file any more",
                    container.name, service
                ));
            }
        }
    }
}
