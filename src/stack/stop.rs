//! The plans of `down` and `restart`: made from what is there, by label, so that they work
//! also for services of inactive profiles and without a compose file. Pure.

use std::collections::BTreeMap;

use super::labels;
use super::plan::{Action, Plan, Until};
use crate::engine::{Container, Network, Volume};

/// Stops and removes the containers, dependents first, and each network when those in it are gone.
/// The volumes that are given go, too.
pub fn down(containers: &[Container], networks: &[Network], volumes: &[Volume]) -> Plan {
    let mut plan = Plan::default();
    let mut stopped: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut removed: BTreeMap<&str, usize> = BTreeMap::new();
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
        removed.insert(&container.id, plan.push(action, "", before));
    }
    let without = |uses: &dyn Fn(&Container) -> bool| {
        containers.iter().filter(|c| uses(c)).filter_map(|c| removed.get(c.id.as_str()).copied()).collect()
    };
    for network in networks {
        let after = without(&|container| container.networks.contains_key(&network.name));
        plan.push(Action::RemoveNetwork { name: network.name.clone() }, "", after);
    }
    for volume in volumes {
        let cause = "asked for: the data in it goes";
        let after = without(&|container| container.mounts.iter().any(|mount| mount.name == volume.name));
        plan.push(Action::RemoveVolume { name: volume.name.clone() }, cause, after);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Endpoint, Mount, State};

    fn container(name: &str, needs: &str, network: &str, volume: &str) -> Container {
        let depends = if needs.is_empty() { String::new() } else { format!("{needs}:service_started:false") };
        Container {
            id: name.to_owned(),
            name: name.to_owned(),
            labels: BTreeMap::from([
                ("com.docker.compose.service".to_owned(), name.to_owned()),
                (labels::DEPENDS_ON.to_owned(), depends),
            ]),
            state: State { status: "running".to_owned(), running: true, ..State::default() },
            networks: BTreeMap::from([(network.to_owned(), Endpoint::default())]),
            mounts: vec![Mount { name: volume.to_owned(), ..Mount::default() }],
            ..Container::default()
        }
    }

    /// Every step that has to be done before this one, by verb and object.
    fn before(plan: &Plan, verb: &str, object: &str) -> Vec<String> {
        let at = |verb: &str, object: &str| {
            plan.steps.iter().position(|s| s.action.verb() == verb && s.action.object() == object)
        };
        let mut open = vec![at(verb, object).expect("the step")];
        let mut found = Vec::new();
        while let Some(index) = open.pop() {
            for &after in &plan.steps[index].after {
                let action = &plan.steps[after].action;
                found.push(format!("{} {}", action.verb(), action.object()));
                open.push(after);
            }
        }
        found.sort();
        found
    }

    #[test]
    fn a_network_and_a_volume_go_as_soon_as_nobody_uses_them() {
        let containers = [container("web", "db", "front", "cache"), container("db", "", "back", "data")];
        let network = |name: &str| Network { name: name.to_owned(), ..Network::default() };
        let volume = |name: &str| Volume { name: name.to_owned(), ..Volume::default() };
        let plan = down(&containers, &[network("front"), network("back")], &[volume("data")]);
        assert_eq!(before(&plan, "stop", "db"), ["stop web"]);
        assert_eq!(before(&plan, "remove network", "front"), ["remove container web", "stop web"]);
        let all = ["remove container db", "stop db", "stop web"];
        assert_eq!(before(&plan, "remove network", "back"), all);
        assert_eq!(before(&plan, "remove volume", "data"), all);
    }
}
