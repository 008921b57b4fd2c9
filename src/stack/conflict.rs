//! What stands in the way and is not ours to move: names, networks, volumes and ports of
//! others. Found before anything changes, and named. Pure.

use std::collections::BTreeSet;

use super::labels;
use super::observe::Observed;
use super::plan::{Action, Plan};
use crate::compose::typed::Project;
use crate::compose::typed::mount::Volume;
use crate::compose::typed::network::Network;
use crate::engine::{self, ContainerSpec, Published};
use crate::failure::Failure;

/// Whether the network has to be made. Refuses one of another owner or another shape.
pub fn network(
    project: &Project,
    key: &str,
    wanted: &Network,
    existing: Option<&engine::Network>,
) -> Result<bool, Failure> {
    let name = &wanted.name;
    let Some(existing) = existing else {
        if wanted.external {
            return Err(Failure::environment(format!("the external network {name} does not exist"))
                .hint(format!("docker network create {name}")));
        }
        return Ok(true);
    };
    if wanted.external {
        return Ok(false);
    }
    let label = |label: &str| existing.labels.get(label).map_or("", String::as_str);
    if label(labels::PROJECT) != project.name || label(labels::NETWORK) != key {
        return Err(foreign("network", name, label(labels::PROJECT)));
    }
    let found = label(labels::CONFIG_HASH);
    if !found.is_empty() && found != wanted.hash {
        return Err(Failure::refused(format!("the network {name} exists with another configuration"))
            .hint("a network cannot be changed while it is used: run `stagectl down`, then the same command again (volumes stay)"));
    }
    Ok(false)
}

/// Whether the volume has to be made. One of another shape is kept, with a warning: its data matters more.
pub fn volume(
    project: &Project,
    key: &str,
    wanted: &Volume,
    existing: Option<&engine::Volume>,
    warnings: &mut Vec<String>,
) -> Result<bool, Failure> {
    let name = &wanted.name;
    let Some(existing) = existing else {
        if wanted.external {
            return Err(Failure::environment(format!("the external volume {name} does not exist"))
                .hint(format!("docker volume create {name}")));
        }
        return Ok(true);
    };
    if wanted.external {
        return Ok(false);
    }
    let label = |label: &str| existing.labels.get(label).map_or("", String::as_str);
    if label(labels::PROJECT) != project.name || label(labels::VOLUME) != key {
        return Err(foreign("volume", name, label(labels::PROJECT)));
    }
    let found = label(labels::CONFIG_HASH);
    if !found.is_empty() && found != wanted.hash {
        warnings.push(format!("the volume {name} exists with another configuration and is used as it is"));
    }
    Ok(false)
}

fn foreign(kind: &str, name: &str, owner: &str) -> Failure {
    let owner = match owner {
        "" => "was not made by this project".to_owned(),
        owner => format!("belongs to the project {owner}"),
    };
    Failure::environment(format!("the {kind} {name} exists and {owner}"))
        .hint(format!("remove it (`docker {kind} rm {name}`), or choose another name in stagectl.yml"))
}

/// Names and ports of the containers that the plan makes or starts.
pub fn check(project: &Project, observed: &Observed, plan: &Plan) -> Result<(), Failure> {
    let mut freed: BTreeSet<&str> = BTreeSet::new();
    for step in &plan.steps {
        if let Action::SetAside { id, .. } | Action::Stop { id, .. } = &step.action {
            freed.insert(id);
        }
    }
    for step in &plan.steps {
        match &step.action {
            Action::CreateContainer { spec, .. } => {
                name_is_free(project, observed, spec, &freed)?;
                // Of a range the engine takes one that is free.
                for port in spec.ports.iter().filter(|port| port.host_port.parse::<u16>().is_ok()) {
                    let wanted = Published {
                        container_port: port.container_port,
                        protocol: port.protocol.clone(),
                        address: port.address.clone(),
                        host_port: port.host_port.parse().unwrap_or_default(),
                    };
                    port_is_free(observed, &spec.name, &wanted, &freed)?;
                }
            }
            Action::Start { name } => {
                let Some(container) = observed.containers.iter().find(|c| &c.name == name) else { continue };
                if freed.contains(container.id.as_str()) {
                    continue;
                }
                for port in container.host.wanted_ports.iter().filter(|port| port.host_port != 0) {
                    port_is_free(observed, name, port, &freed)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn name_is_free(
    project: &Project,
    observed: &Observed,
    spec: &ContainerSpec,
    freed: &BTreeSet<&str>,
) -> Result<(), Failure> {
    let Some(holder) = observed.all.iter().find(|c| c.name == spec.name) else { return Ok(()) };
    if freed.contains(holder.id.as_str()) {
        return Ok(());
    }
    let owner = match holder.labels.get(labels::PROJECT) {
        Some(owner) if owner == &project.name => "another service of this project".to_owned(),
        Some(owner) => format!("the project {owner}"),
        None => "somebody else".to_owned(),
    };
    Err(Failure::environment(format!(
        "the container name {} is taken by {owner} ({}, image {}, {})",
        spec.name,
        holder.id.get(..12).unwrap_or(&holder.id),
        holder.image,
        holder.status
    ))
    .hint(
        "stagectl does not touch it: rename or remove it, or choose another `container_name` in stagectl.yml",
    ))
}

fn port_is_free(
    observed: &Observed,
    container: &str,
    wanted: &Published,
    freed: &BTreeSet<&str>,
) -> Result<(), Failure> {
    let Published { address, host_port: port, protocol, .. } = wanted;
    let port = *port;
    let holders = observed.all.iter().filter(|other| {
        let same = |p: &&Published| p.host_port == port && p.protocol == *protocol;
        other.ports.iter().filter(same).any(|p| overlap(&p.address, address))
    });
    let (ours, others): (Vec<_>, Vec<_>) = holders.partition(|holder| freed.contains(holder.id.as_str()));
    let busy = |who: String| {
        Failure::environment(format!("port {port}, which {container} wants, is taken by {who}"))
            .hint("stop that, or choose another port in stagectl.yml")
    };
    if let Some(other) = others.first() {
        return Err(busy(format!("the container {} (image {})", other.name, other.image)));
    }
    // The engine's own proxy listens for the containers that will be stopped.
    if !ours.is_empty() {
        return Ok(());
    }
    match observed.listeners.iter().find(|listener| listener.blocks(address, port, protocol)) {
        None => Ok(()),
        Some(listener) => Err(busy(match &listener.process {
            Some(process) => format!("the process {} (pid {})", process.name, process.pid),
            None => "a process of another user".to_owned(),
        })),
    }
}

fn overlap(a: &str, b: &str) -> bool {
    let any = |address: &str| matches!(address, "" | "0.0.0.0" | "::");
    a == b || any(a) || any(b)
}
