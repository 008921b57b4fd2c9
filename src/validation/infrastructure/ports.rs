//! Do the published ports answer, where they should and nowhere else?

use std::time::Duration;

use futures_util::future::join_all;

use crate::config::settings::{Port, parse_port};
use crate::engine::{Container, Published};
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check { needs: &[Need::Engine], ..Check::base(Category::Infrastructure) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "INF-005",
        title: "published ports answer on the declared address",
        severity: Severity::Blocker,
        quick: true,
        expected: "each declared port is bound to its address and accepts a connection within 1 s",
        remedy: "`stagectl up`; another process may hold the port (`ss -ltnp`)",
        run: |facts| Box::pin(answer(facts)),
        ..BASE
    },
    Check {
        id: "INF-006",
        title: "no port is published that is not declared",
        expected: "every published port stands in stagectl.yml, with the same address",
        remedy: "`stagectl up` recreates the container with the declared ports only",
        run: |facts| Box::pin(async { undeclared_ports(facts) }),
        ..BASE
    },
];

async fn answer(facts: &Facts) -> Outcome {
    let declared: Vec<(&Container, Port)> = facts
        .running()
        .flat_map(|container| declared(facts, container).into_iter().map(move |port| (container, port)))
        .collect();
    let checked = declared.len();
    let problems = join_all(declared.into_iter().map(|(container, port)| async move {
        if let Some(problem) = unbound(&container.name, &port, &container.ports) {
            return Some(problem);
        }
        let target = format!("{}:{}", reachable(&port.address), port.host);
        match tokio::time::timeout(Duration::from_secs(1), tokio::net::TcpStream::connect(&target)).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(format!("{}: {target}: {error}", container.name)),
            Err(_) => Some(format!("{}: {target}: no answer within 1 s", container.name)),
        }
    }))
    .await;
    Outcome::none(problems.into_iter().flatten().collect(), checked, "ports answer")
}

fn declared(facts: &Facts, container: &Container) -> Vec<Port> {
    let service = facts.settings.config.services.get(container.service());
    service.map(|s| s.ports.iter().filter_map(|text| parse_port(text)).collect()).unwrap_or_default()
}

/// An address to connect to for an address that is listened on.
fn reachable(address: &str) -> &str {
    if matches!(address, "0.0.0.0" | "::" | "") { "127.0.0.1" } else { address }
}

fn unbound(name: &str, port: &Port, published: &[Published]) -> Option<String> {
    let bound: Vec<&Published> =
        published.iter().filter(|p| p.container_port == port.container && p.host_port == port.host).collect();
    if bound.is_empty() {
        return Some(format!("{name}: port {} is not published on {}", port.container, port.host));
    }
    let wrong = bound.iter().find(|p| p.address != port.address)?;
    Some(format!("{name}: port {} is bound to {}, not {}", port.host, wrong.address, port.address))
}

fn undeclared_ports(facts: &Facts) -> Outcome {
    let running: Vec<&Container> = facts.running().collect();
    let problems = running.iter().flat_map(|c| undeclared(&c.name, &declared(facts, c), &c.ports)).collect();
    Outcome::none(problems, running.len(), "containers publish what is declared")
}

fn undeclared(name: &str, declared: &[Port], published: &[Published]) -> Vec<String> {
    published
        .iter()
        .filter(|p| {
            !declared
                .iter()
                .any(|d| d.container == p.container_port && d.host == p.host_port && d.address == p.address)
        })
        .map(|p| format!("{name}: {}:{} leads to its port {}", p.address, p.host_port, p.container_port))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_on_every_interface_and_a_port_nobody_declared_are_seen() {
        let port = parse_port("8080:80").unwrap();
        let published = |address: &str, host| Published {
            container_port: 80,
            protocol: "tcp".into(),
            address: address.into(),
            host_port: host,
        };
        assert_eq!(unbound("x", &port, &[published("127.0.0.1", 8080)]), None);
        assert!(unbound("x", &port, &[published("0.0.0.0", 8080)]).unwrap().contains("0.0.0.0"));
        assert!(unbound("x", &port, &[]).unwrap().contains("not published"));
        let declared = [port];
        assert!(undeclared("x", &declared, &[published("127.0.0.1", 8080)]).is_empty());
        assert_eq!(undeclared("x", &declared, &[published("127.0.0.1", 9999)]).len(), 1);
        assert_eq!(undeclared("x", &declared, &[published("0.0.0.0", 8080)]).len(), 1);
    }
}
