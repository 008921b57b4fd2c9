//! The plans of `down` and `restart`: made from what is there, by label, so that they work
//! also for services of inactive profiles and without a compose file. Pure.

use std::collections::BTreeMap;

use super::labels;
use super::plan::{Action, Plan, Until};
use crate::engine::{Container, Network, Volume};

/// Stops and removes the containers, dependents first, then the networks. The volumes that are
/// given go, too.
pub fn down(containers: &[Container], networks: &[Network], volumes: &[Volume]) -> Plan {
    let mut plan = Plan::default();
    let mut stopped: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut removed = Vec::new();
    for container in dependents_first(containers) {
        let mut before = Vec::new();
        if matches!(container.state.status.as_str(), "running" | "restarting" | "paused") {
            // Those that use this one have stopped already: they came before.
            let users: Vec<usize> = containers
                .iter()
                .filter(|other| dependencies(other).any(|name| name == container.service()))
                .flat_map(|other| stopped.get(other.id.as_str()).cloned().unwrap_or_default())
                .collect();
            let action = Action::Stop { id: container.id.clone(), name: container.name.clone() };
            let stop = plan.push(action, "", users);
            stopped.entry(&container.id).or_default().push(stop);
            before.push(stop);
        }
        let action = Action::Remove { id: container.id.clone(), name: container.name.clone() };
        removed.push(plan.push(action, "", before));
    }
    for network in networks {
        plan.push(Action::RemoveNetwork { name: network.name.clone() }, "", removed.clone());
    }
    for volume in volumes {
        let cause = "asked for: the data in it goes";
        plan.push(Action::RemoveVolume { name: volume.name.clone() }, cause, removed.clone());
    }
    plan
}

/// Stops the containers and starts them again, each when what it depends on is ready.
pub fn restart(containers: &[Container]) -> Plan {
    let mut plan = Plan::default();
    let mut ready: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut order = dependents_first(containers);
    order.reverse();
    for container in order {
        let mut before: Vec<usize> =
            dependencies(container).flat_map(|name| ready.get(name).cloned().unwrap_or_default()).collect();
        let name = container.name.clone();
        if container.state.status != "exited" && container.state.status != "created" {
            let action = Action::Stop { id: container.id.clone(), name: name.clone() };
            before.push(plan.push(action, "asked for", Vec::new()));
        }
        let start = plan.push(Action::Start { name: name.clone() }, "", before);
        let until = if awaited_to_complete(containers, container) { Until::Completed } else { Until::Ready };
        let wait = plan.push(Action::Wait { name, until }, "", vec![start]);
        ready.entry(container.service()).or_default().push(wait);
    }
    plan
}

/// Adds the containers that ask to be restarted along with the chosen ones.
pub fn with_followers(all: &[Container], mut chosen: Vec<Container>) -> Vec<Container> {
    loop {
        let follower = all.iter().find(|container| {
            !chosen.iter().any(|other| other.id == container.id)
                && chosen.iter().any(|other| follows(container, other.service()))
        });
        match follower {
            Some(container) => chosen.push(container.clone()),
            None => return chosen,
        }
    }
}

fn follows(container: &Container, service: &str) -> bool {
    container.state.running
        && container.label(labels::DEPENDS_ON).split(',').any(|entry| {
            let mut parts = entry.split(':');
            parts.next() == Some(service) && parts.nth(1) == Some("true")
        })
}

/// The services that a container's label says it depends on.
fn dependencies(container: &Container) -> impl Iterator<Item = &str> {
    container.label(labels::DEPENDS_ON).split(',').filter_map(|entry| entry.split(':').next())
}

fn awaited_to_complete(containers: &[Container], container: &Container) -> bool {
    let entry = format!("{}:service_completed_successfully:", container.service());
    containers.iter().any(|other| other.label(labels::DEPENDS_ON).split(',').any(|e| e.starts_with(&entry)))
}

/// A container comes before those it depends on. In a circle, which nothing can make but a
/// hand, the rest comes in the order given.
fn dependents_first(containers: &[Container]) -> Vec<&Container> {
    let mut open: Vec<&Container> = containers.iter().collect();
    let mut ordered = Vec::new();
    while !open.is_empty() {
        let (free, used): (Vec<&Container>, Vec<&Container>) = open.iter().partition(|container| {
            !open.iter().any(|other| {
                other.id != container.id && dependencies(other).any(|d| d == container.service())
            })
        });
        if free.is_empty() {
            ordered.extend(used);
            break;
        }
        ordered.extend(free);
        open = used;
    }
    ordered
}
