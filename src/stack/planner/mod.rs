//! What has to happen so that the containers are as the compose file says; docker compose's
//! rules for when a container is replaced. Pure.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::images::{self, BuildOptions};
use super::labels::{self, Dialect};
use super::observe::Observed;
use super::plan::{Action, Plan, Until};
use super::{conflict, specify};
use crate::compose::hash::Profile;
use crate::compose::typed::mount::MountKind;
use crate::compose::typed::select::order;
use crate::compose::typed::{Condition, Project, Service};
use crate::engine::Container;
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
        replaced: BTreeSet::new(),
        obsolete: Vec::new(),
    };
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
    /// Services whose containers come up anew while others that use them keep running.
    replaced: BTreeSet<String>,
    /// Containers to remove when all is done, with why.
    obsolete: Vec<(String, String, String)>,
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

    fn service(&mut self, name: &str, service: &Service) -> Result<(), Failure> {
        let observed = self.observed;
        let until = self.until(name);
        for container in observed.of_service(name) {
            let number: u32 = container.label(labels::NUMBER).parse().unwrap_or_default();
            if number == 0 || number > service.replicas() {
                let why = format!("{} of {name} are wanted", service.replicas());
                self.obsolete.push((container.id.clone(), container.name.clone(), why));
            }
        }
        for number in 1..=service.replicas() {
            let own = specify::container_name(self.project, name, service, number);
            let mut same: Vec<&Container> =
                observed.of_service(name).filter(|c| c.label(labels::NUMBER) == number.to_string()).collect();
            // Of two with one number, the one with the right name is kept.
            same.sort_by_key(|container| container.name != own);
            for extra in same.iter().skip(1) {
                let why = "another container has its number".to_owned();
                self.obsolete.push((extra.id.clone(), extra.name.clone(), why));
            }
            let existing = same.first().copied();
            let steps = match existing {
                None => self.create(name, service, number, None, "it does not exist", until)?,
                Some(container) => match self.divergence(name, service, container) {
                    Some(why) => self.create(name, service, number, Some(container), &why, until)?,
                    None => self.keep(name, service, container, until),
                },
            };
            self.started.entry(name.to_owned()).or_default().extend(steps.0);
            self.ready.entry(name.to_owned()).or_default().extend(steps.1);
        }
        Ok(())
    }

    /// Why a container has to be replaced; docker compose's rules.
    fn divergence(&self, name: &str, service: &Service, container: &Container) -> Option<String> {
        let hash = container.label(labels::CONFIG_HASH);
        if !Profile::ALL.iter().any(|&profile| service.hash(profile) == hash) {
            return Some("its configuration changed".to_owned());
        }
        let reference = specify::image(self.project, name, service);
        let image = self.observed.images.get(&reference).and_then(Option::as_ref)?;
        if container.label(labels::IMAGE) != image.id {
            return Some("its image changed".to_owned());
        }
        if container.state.running {
            for key in service.networks.keys() {
                let network = &self.project.networks.get(key)?.name;
                let id = self.observed.networks.iter().find(|n| &n.name == network).map(|n| &n.id);
                let connected = container.networks.get(network).map(|endpoint| &endpoint.network_id);
                if id.is_none() || id != connected {
                    return Some(format!("it is not in the network {network}"));
                }
            }
        }
        None
    }

    /// A container that is as it should be: started when it is not running, and awaited when
    /// the engine has not called it healthy yet. Returns the started and the ready steps.
    fn keep(
        &mut self,
        service_name: &str,
        service: &Service,
        container: &Container,
        until: Until,
    ) -> (Vec<usize>, Vec<usize>) {
        let name = container.name.clone();
        let state = &container.state;
        // A job that ended well is done. Whatever answers to somebody is no job: it was stopped.
        let job = until == Until::Completed
            || (service.restart.as_deref() == Some("no")
                && service.healthcheck.is_none()
                && service.ports.is_empty());
        let done =
            job && state.status == "exited" && state.exit_code == 0 && !state.started_at.starts_with("0001");
        if done {
            return (Vec::new(), Vec::new());
        }
        let mut started = Vec::new();
        let anew =
            service.depends_on.iter().find(|(name, rule)| rule.restart && self.replaced.contains(*name));
        let cause = if let Some((dependency, _)) = anew.filter(|_| state.running) {
            let mut before = self.gates(service);
            let action = Action::Stop { id: container.id.clone(), name: name.clone() };
            let cause = format!("{dependency} comes up anew, and it asks to go along");
            before.push(self.plan.push(action, cause, before.clone()));
            started.push(self.plan.push(Action::Start { name: name.clone() }, "", before));
            self.replaced.insert(service_name.to_owned());
            String::new()
        } else if state.running && state.status != "restarting" {
            match (&state.health, until) {
                (None, Until::Ready) => return (Vec::new(), Vec::new()),
                (Some(health), Until::Ready) if health.status == "healthy" => {
                    return (Vec::new(), Vec::new());
                }
                (Some(health), Until::Ready) => format!("it is {}", health.status),
                (_, Until::Completed) => "others wait for its end".to_owned(),
            }
        } else if state.status == "restarting" {
            "it is restarting".to_owned()
        } else {
            let gates = self.gates(service);
            let cause = format!("it is {}", state.status);
            self.replaced.insert(service_name.to_owned());
            started.push(self.plan.push(Action::Start { name: name.clone() }, cause, gates));
            String::new()
        };
        let wait = self.plan.push(Action::Wait { name, until }, cause, started.clone());
        (started, vec![wait])
    }

    fn create(
        &mut self,
        name: &str,
        service: &Service,
        number: u32,
        old: Option<&Container>,
        cause: &str,
        until: Until,
    ) -> Result<(Vec<usize>, Vec<usize>), Failure> {
        let reference = specify::image(self.project, name, service);
        let image_id = self.observed.images.get(&reference).and_then(Option::as_ref).map_or("", |i| &i.id);
        let spec = specify::container(self.project, name, service, number, image_id, self.dialect);
        let own = spec.name.clone();
        let mut before_create = self.needs(name, service);
        if let Some(old) = old {
            let aside = format!("{}_{own}", old.short_id());
            let action = Action::SetAside { id: old.id.clone(), name: old.name.clone(), aside };
            before_create.push(self.plan.push(action, cause, Vec::new()));
        }
        let create = self.plan.push(Action::CreateContainer { spec: Box::new(spec) }, cause, before_create);
        let mut before_start = self.gates(service);
        before_start.push(create);
        if let Some(old) = old {
            self.replaced.insert(name.to_owned());
            if old.state.running {
                let action = Action::Stop { id: old.id.clone(), name: old.name.clone() };
                before_start.push(self.plan.push(action, "its replacement is made", before_start.clone()));
            }
            self.obsolete.push((old.id.clone(), old.name.clone(), "it is replaced".to_owned()));
        }
        let start = self.plan.push(Action::Start { name: own.clone() }, "", before_start);
        let wait = self.plan.push(Action::Wait { name: own, until }, "", vec![start]);
        Ok((vec![start], vec![wait]))
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
