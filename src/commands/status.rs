//! `stagectl status`, called `ps` too.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use super::Context;
use super::containers::Place;
use super::table::Table;
use crate::cli::StatusArgs;
use crate::clock;
use crate::engine::{Container, Published};
use crate::exit;
use crate::stack::twin;

pub async fn run(context: &Context, args: StatusArgs) -> Result<u8> {
    let Place { engine, project, .. } = Place::open(context, &args.project).await?;
    let containers = twin::containers(&engine, &project, &args.services).await?;
    if context.ui.options.json {
        let list: Vec<serde_json::Value> = containers.iter().map(json).collect();
        let document = serde_json::json!({ "project": project, "containers": list });
        context.ui.data(&serde_json::to_string_pretty(&document)?);
    } else if context.ui.options.quiet {
        let ids: Vec<&str> = containers.iter().map(|container| container.id.as_str()).collect();
        if !ids.is_empty() {
            context.ui.data(&ids.join("\n"));
        }
    } else if containers.is_empty() {
        context.ui.data(&format!("{project} has no containers: `stagectl up` starts them"));
    } else {
        context.ui.data(&table(&containers, clock::now()));
    }
    Ok(exit::OK)
}

fn json(container: &Container) -> serde_json::Value {
    serde_json::json!({
        "service": container.service(),
        "container": container.name,
        "id": container.id,
        "image": container.image,
        "state": container.state.status,
        "health": health(container),
        "exit_code": container.state.exit_code,
        "restarts": container.state.restart_count,
        "started_at": container.state.started_at,
        "ports": container.ports,
    })
}

fn health(container: &Container) -> Option<&str> {
    container.state.health.as_ref().map(|health| health.status.as_str())
}

fn table(containers: &[Container], now: Timestamp) -> String {
    let mut table = Table::new(["CONTAINER", "STATE", "HEALTH", "PORTS", "IMAGE"]);
    for container in containers {
        table.row([
            container.name.clone(),
            state(container, now),
            health(container).unwrap_or("-").to_owned(),
            ports(&container.ports),
            container.image.clone(),
        ]);
    }
    table.text()
}

/// The state, and for how long it has been so.
fn state(container: &Container, now: Timestamp) -> String {
    let state = &container.state;
    let (word, since) = match state.status.as_str() {
        "exited" | "dead" => (format!("{} ({})", state.status, state.exit_code), &state.finished_at),
        _ => (state.status.clone(), &state.started_at),
    };
    let since = since.parse::<Timestamp>().ok().filter(|at| at.as_second() > 0);
    let mut text = match since {
        Some(at) if state.status != "created" => format!("{word} {}", age(now.duration_since(at))),
        _ => word,
    };
    if state.restart_count > 0 {
        text += &format!(", {} restarts", state.restart_count);
    }
    text
}

/// The largest unit of an age.
fn age(age: SignedDuration) -> String {
    let seconds = age.as_secs().max(0);
    let units = [("d", 86_400, 2), ("h", 3600, 1), ("m", 60, 1)];
    let fits = units.iter().find(|(_, length, least)| seconds >= length * least);
    fits.map_or(format!("{seconds}s"), |(unit, length, _)| format!("{}{unit}", seconds / length))
}

/// One line for each port; the two families of an address for anybody are one.
fn ports(ports: &[Published]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for port in ports {
        let address = match port.address.as_str() {
            "0.0.0.0" | "::" | "" => "*",
            address => address,
        };
        let protocol = if port.protocol == "tcp" { "" } else { &format!("/{}", port.protocol) };
        let address = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        let line = format!("{address}:{}->{}{protocol}", port.host_port, port.container_port);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if lines.is_empty() { "-".to_owned() } else { lines.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::State;

    fn port(address: &str, host_port: u16, container_port: u16, protocol: &str) -> Published {
        Published { container_port, protocol: protocol.into(), address: address.into(), host_port }
    }

    #[test]
    fn ports_are_told_once_for_both_families() {
        let both = [port("0.0.0.0", 80, 8080, "tcp"), port("::", 80, 8080, "tcp")];
        assert_eq!(ports(&both), "*:80->8080");
        let two = [port("127.0.0.1", 53, 53, "udp"), port("::1", 54, 53, "tcp")];
        assert_eq!(ports(&two), "127.0.0.1:53->53/udp\n[::1]:54->53");
        assert_eq!(ports(&[]), "-");
    }

    #[test]
    fn a_state_says_for_how_long_and_how_it_ended() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let told = |status: &str, started: &str, finished: &str, code| {
            let state = State {
                status: status.into(),
                started_at: started.into(),
                finished_at: finished.into(),
                exit_code: code,
                ..State::default()
            };
            super::state(&Container { state, ..Container::default() }, now)
        };
        let never = "0001-01-01T00:00:00Z";
        assert_eq!(told("running", "2026-11-21T09:15:00Z", never, 0), "running 45m");
        assert_eq!(told("exited", "2026-11-21T08:00:00Z", "2026-11-21T09:59:30Z", 137), "exited (137) 30s");
        assert_eq!(told("created", never, never, 0), "created");
        assert_eq!(told("running", "2026-11-18T09:15:00Z", never, 0), "running 3d");
    }
}
