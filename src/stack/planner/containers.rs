//! One service: its containers made, replaced, kept or started. Pure.

use std::collections::BTreeMap;

use super::super::labels;
use super::super::plan::{Action, Pending, Until};
use super::super::specify::shares::{self, Ids};
use super::super::specify::{self, FileDigests, Making};
use super::Planner;
use crate::compose::hash::{self, Profile};
use crate::compose::typed::Service;
use crate::compose::typed::mount::MountKind;
use crate::engine::{Container, ContainerSpec};
use crate::failure::Failure;

impl Planner<'_> {
    pub(super) fn service(&mut self, name: &str, service: &Service) -> Result<(), Failure> {
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
            let why = match existing {
                None => Some("it does not exist".to_owned()),
                Some(container) => self.divergence(name, service, container),
            };
            let steps = match (why, existing) {
                (None, Some(container)) => {
                    if number == 1 {
                        self.parents.ids.insert(name.to_owned(), container.id.clone());
                    }
                    self.keep(name, service, container, until)
                }
                (why, _) => self.create(name, service, number, existing, &why.unwrap_or_default(), until)?,
            };
            if self.is_optional(name) {
                for &step in steps.0.iter().chain(&steps.1) {
                    self.plan.steps[step].optional = true;
                }
            }
            self.started.entry(name.to_owned()).or_default().extend(steps.0);
            self.ready.entry(name.to_owned()).or_default().extend(steps.1);
        }
        Ok(())
    }

    /// Every service that depends on it can do without.
    fn is_optional(&self, name: &str) -> bool {
        let mut rules = self.services().filter_map(|(_, service)| service.depends_on.get(name)).peekable();
        rules.peek().is_some() && rules.all(|rule| !rule.required)
    }

    /// Why a container has to be replaced: docker compose's rules, and a file that changed.
    fn divergence(&self, name: &str, service: &Service, container: &Container) -> Option<String> {
        let parents = shares::parents(service);
        if let Some(parent) = parents.iter().find(|parent| self.parents.names.contains_key(*parent)) {
            return Some(format!("it shares with {parent}, which is made anew"));
        }
        let canonical = if parents.is_empty() {
            &service.canonical
        } else {
            &shares::canonical(&service.canonical, &self.parents.ids)
        };
        let label = container.label(labels::CONFIG_HASH);
        if !Profile::ALL.iter().any(|&profile| hash::service(canonical, profile) == label) {
            return Some("its configuration changed".to_owned());
        }
        let digests = FileDigests::of(self.project, service, &self.observed.files);
        if let Some(file) = digests.changed(container.label(labels::FILES)) {
            return Some(format!("the file behind {file} changed"));
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
            let volumes = service.volumes.iter().filter(|mount| mount.kind == MountKind::Volume);
            for volume in volumes.filter_map(|mount| self.project.volumes.get(&mount.source)) {
                if !container.mounts.iter().any(|mount| mount.name == volume.name) {
                    return Some(format!("it does not have the volume {}", volume.name));
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
        let cause = if let Some(&stopped) = self.stopped.get(&container.id) {
            let mut before = self.gates(service);
            before.push(stopped);
            started.push(self.plan.push(Action::Start { name: name.clone() }, "", before));
            self.replaced.insert(service_name.to_owned());
            String::new()
        } else if let Some((dependency, _)) = anew.filter(|_| state.running) {
            let gates = self.gates(service);
            let mut before = self.stop_sharers(service_name, &gates);
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
        let making = Making {
            project: self.project,
            dialect: self.dialect,
            files: &self.observed.files,
            number,
            image_id,
            old,
        };
        let mut spec = specify::container(making, name, service);
        let own = spec.name.clone();
        let mut before_create = self.needs(name, service);
        let pending = self.shared(service, &mut spec, &mut before_create);
        if let Some(old) = old {
            let aside = format!("{}_{own}", old.short_id());
            let action = Action::SetAside { id: old.id.clone(), name: old.name.clone(), aside };
            before_create.push(self.plan.push(action, cause, Vec::new()));
        }
        let create =
            self.plan.push(Action::CreateContainer { spec: Box::new(spec), pending }, cause, before_create);
        if number == 1 {
            self.parents.ids.remove(name);
            self.parents.names.insert(name.to_owned(), (own.clone(), create));
        }
        let mut before_start = self.gates(service);
        before_start.push(create);
        if let Some(old) = old {
            self.replaced.insert(name.to_owned());
            if let Some(&stopped) = self.stopped.get(&old.id) {
                before_start.push(stopped);
            } else if old.state.running {
                let before_stop = self.stop_sharers(name, &before_start);
                let action = Action::Stop { id: old.id.clone(), name: old.name.clone() };
                before_start.push(self.plan.push(action, "its replacement is made", before_stop));
            }
            self.obsolete.push((old.id.clone(), old.name.clone(), "it is replaced".to_owned()));
        }
        let start = self.plan.push(Action::Start { name: own.clone() }, "", before_start);
        let wait = self.plan.push(Action::Wait { name: own, until }, "", vec![start]);
        Ok((vec![start], vec![wait]))
    }

    /// Stops what shares with a service before that one stops: nothing runs in a namespace that is gone, and
    /// what is undone comes back in the right order. Returns the steps after which the service may stop.
    fn stop_sharers(&mut self, name: &str, before: &[usize]) -> Vec<usize> {
        let mut steps = before.to_vec();
        let sharers: Vec<&String> = self
            .services()
            .filter(|(_, service)| shares::parents(service).contains(name))
            .map(|(sharer, _)| sharer)
            .collect();
        let observed = self.observed;
        for sharer in sharers {
            let inner = self.stop_sharers(sharer, before);
            for container in observed.of_service(sharer).filter(|container| container.state.running) {
                let step = self.stopped.get(&container.id).copied().unwrap_or_else(|| {
                    let action = Action::Stop { id: container.id.clone(), name: container.name.clone() };
                    let cause = format!("it shares with {name}, which stops");
                    self.plan.push(action, cause, inner.clone())
                });
                self.stopped.insert(container.id.clone(), step);
                steps.push(step);
            }
        }
        steps
    }

    /// Puts the ids of the containers that this one shares with into its spec; what the plan
    /// still has to make is left for later, after the steps that make it.
    fn shared(
        &self,
        service: &Service,
        spec: &mut ContainerSpec,
        before: &mut Vec<usize>,
    ) -> Option<Box<Pending>> {
        let parents = shares::parents(service);
        if parents.is_empty() {
            return None;
        }
        let made: BTreeMap<String, String> = parents
            .iter()
            .filter_map(|parent| {
                let (name, step) = self.parents.names.get(parent)?;
                before.push(*step);
                Some((parent.clone(), name.clone()))
            })
            .collect();
        let ids: Ids =
            self.parents.ids.iter().filter(|(name, _)| parents.contains(*name)).map(own_pair).collect();
        if made.is_empty() {
            shares::resolve(spec, &service.canonical, &ids, self.dialect);
            return None;
        }
        let (canonical, dialect) = (service.canonical.clone(), self.dialect.clone());
        Some(Box::new(Pending { canonical, dialect, ids, made }))
    }
}

fn own_pair((name, id): (&String, &String)) -> (String, String) {
    (name.clone(), id.clone())
}
