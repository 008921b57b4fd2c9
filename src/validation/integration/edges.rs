//! Every edge between two services, tried from inside the caller.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;

use crate::config::Settings;
use crate::engine::Container;
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::infrastructure::port_of;
use crate::validation::reach::{Reach, reach};
use crate::validation::{Category, Check, Need, Outcome};

pub const CHECKS: &[Check] = &[Check {
    id: "INT-001",
    title: "every service reaches what it depends on",
    severity: Severity::Blocker,
    quick: true,
    needs: &[Need::Engine],
    expected: "each `depends_on` and each host in a service's variables accepts a connection from inside the service",
    remedy: "the two need a network in common; check host and port in `services.*.environment`",
    timeout: Duration::from_secs(20),
    run: |facts| Box::pin(edges_answer(facts)),
    ..Check::base(Category::Integration)
}];

async fn edges_answer(facts: &Facts) -> Outcome {
    let Ok(engine) = &facts.engine else { return Outcome::error("the engine is not reachable") };
    let edges: Vec<(&Container, Edge)> = facts
        .running()
        .flat_map(|container| {
            edges(&facts.settings, container).into_iter().map(move |edge| (container, edge))
        })
        .collect();
    if edges.is_empty() {
        return Outcome::skip("no running service depends on another");
    }
    let tried = join_all(edges.iter().map(|(from, edge)| async move {
        let words = format!("{} to {}:{} ({})", from.name, edge.host, edge.port, edge.cause);
        (words, reach(engine, &from.id, &edge.host, edge.port).await)
    }))
    .await;
    judge(&tried)
}

/// A way from a container to another service, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    host: String,
    port: u16,
    cause: String,
}

fn edges(settings: &Settings, container: &Container) -> BTreeSet<Edge> {
    let Some(service) = settings.config.services.get(container.service()) else { return BTreeSet::new() };
    let variables = container.env.iter().filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        let (host, port) = place(value)?;
        settings.config.services.contains_key(&host).then(|| Edge { host, port, cause: name.to_owned() })
    });
    let mut found: BTreeSet<Edge> = variables.collect();
    for host in service.depends_on.keys() {
        let known = found.iter().any(|edge| &edge.host == host);
        if let (false, Some(port)) = (known, port_of(settings, host)) {
            found.insert(Edge { host: host.clone(), port, cause: "depends_on".to_owned() });
        }
    }
    found
}

/// Host and port of a URL with both, or of a scheme whose port is known.
fn place(value: &str) -> Option<(String, u16)> {
    let (scheme, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let default = match scheme {
        "postgres" | "postgresql" => Some(5432),
        "redis" | "rediss" => Some(6379),
        "http" => Some(80),
        "https" => Some(443),
        "mongodb" => Some(27017),
        "amqp" => Some(5672),
        _ => None,
    };
    match place.rsplit_once(':') {
        Some((host, port)) => Some((host.to_owned(), port.parse().ok()?)),
        None => Some((place.to_owned(), default?)),
    }
}

fn judge(tried: &[(String, Reach)]) -> Outcome {
    let of = |wanted: Reach| {
        tried.iter().filter(move |(_, reach)| *reach == wanted).map(|(words, _)| words.clone())
    };
    let closed: Vec<String> = of(Reach::Closed).collect();
    let unknown: Vec<String> = of(Reach::Unknown).collect();
    let open = of(Reach::Open).count();
    if !closed.is_empty() {
        return Outcome::none(closed, tried.len(), "edges");
    }
    if open == 0 {
        return Outcome::error("no image has a tool to try with").evidence(unknown);
    }
    let words = format!("{open} edges open");
    if unknown.is_empty() {
        Outcome::pass(words)
    } else {
        // The health checks of these services say whether they work.
        let note = unknown.iter().map(|words| format!("no tool in the image to try {words}"));
        Outcome::pass(format!("{words}, {} could not be tried", unknown.len())).evidence(note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;

    #[test]
    fn hosts_and_ports_are_found_in_urls() {
        assert_eq!(place("postgresql://u:p%40@db:5433/x?a=b"), Some(("db".into(), 5433)));
        assert_eq!(place("redis://:p@cache/0"), Some(("cache".into(), 6379)));
        assert_eq!(place("just text"), None);
        assert_eq!(place("unknown://host/x"), None);
    }

    #[test]
    fn one_closed_edge_fails_and_none_tried_is_no_proof() {
        let of = |reach| ("a to b:1".to_owned(), reach);
        assert_eq!(judge(&[of(Reach::Open), of(Reach::Closed)]).status, Status::Fail);
        assert_eq!(judge(&[of(Reach::Unknown)]).status, Status::Error);
        assert_eq!(judge(&[of(Reach::Open), of(Reach::Unknown)]).status, Status::Pass);
    }
}
