//! Are the networks as declared, and do they keep apart what must not meet?

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;

use crate::config::Settings;
use crate::config::services::Role;
use crate::engine::{Container, Engine, Network};
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::reach::{Reach, reach};
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check { needs: &[Need::Engine], ..Check::base(Category::Infrastructure) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "INF-009",
        title: "networks and their members are as declared",
        severity: Severity::Blocker,
        quick: true,
        expected: "each declared network exists, closed as declared, and each container is in its service's networks only",
        remedy: "`stagectl up`; `docker network disconnect NETWORK CONTAINER` for a member too many",
        run: |facts| Box::pin(async { networks_match(facts) }),
        ..BASE
    },
    Check {
        id: "INF-010",
        title: "the proxy cannot reach the database or the cache",
        severity: Severity::Blocker,
        expected: "no port of a database or cache opens from inside the proxy's container",
        remedy: "take the proxy out of the data network: `services.*.networks` in stagectl.yml, then `stagectl up`",
        timeout: Duration::from_secs(30),
        run: |facts| Box::pin(proxy_is_apart(facts)),
        ..BASE
    },
    Check {
        id: "INF-017",
        title: "the data network has no way out",
        severity: Severity::Blocker,
        expected: "the networks of databases and caches are internal or without egress, and nothing outside answers from inside",
        remedy: "set `internal: true` or `no_egress: true` on their networks in stagectl.yml, then `stagectl up`",
        timeout: Duration::from_secs(30),
        run: |facts| Box::pin(no_way_out(facts)),
        ..BASE
    },
];

const NETWORK_LABEL: &str = "com.docker.compose.network";
const MASQUERADE: &str = "com.docker.network.bridge.enable_ip_masquerade";

fn networks_match(facts: &Facts) -> Outcome {
    let config = &facts.settings.config;
    if config.networks.is_empty() {
        return Outcome::skip("stagectl.yml declares no networks");
    }
    let used: BTreeSet<&String> = facts
        .running()
        .filter_map(|c| config.services.get(c.service()))
        .flat_map(|service| &service.networks)
        .collect();
    let mut problems: Vec<String> = used
        .iter()
        .filter_map(|key| {
            let declared = config.networks.get(*key)?;
            let actual = facts.networks.iter().find(|n| n.labels.get(NETWORK_LABEL) == Some(*key));
            open_network(key, declared.internal, declared.no_egress, actual)
        })
        .collect();
    let names = names(&facts.networks);
    for container in facts.running() {
        if let Some(service) = config.services.get(container.service()) {
            problems.extend(misplaced(container, &service.networks, &names));
        }
    }
    Outcome::none(problems, used.len(), "networks as declared")
}

/// The engine's network names to the compose file's keys.
fn names(networks: &[Network]) -> BTreeMap<&str, &str> {
    networks.iter().filter_map(|n| Some((n.name.as_str(), n.labels.get(NETWORK_LABEL)?.as_str()))).collect()
}

fn open_network(key: &str, internal: bool, no_egress: bool, actual: Option<&Network>) -> Option<String> {
    let Some(actual) = actual else { return Some(format!("network `{key}` does not exist")) };
    if internal != actual.internal {
        let state = if actual.internal { "internal" } else { "not internal" };
        return Some(format!("network `{key}` is {state}, unlike its declaration"));
    }
    (no_egress && leads_out(actual)).then(|| format!("network `{key}` lets its containers out"))
}

fn leads_out(network: &Network) -> bool {
    !network.internal && network.options.get(MASQUERADE).is_none_or(|value| value != "false")
}

fn misplaced(container: &Container, declared: &[String], names: &BTreeMap<&str, &str>) -> Vec<String> {
    let mut found: Vec<String> = container
        .networks
        .keys()
        .filter(|name| names.get(name.as_str()).is_none_or(|key| !declared.iter().any(|d| d == key)))
        .map(|name| format!("{} is in network `{name}`, which its service does not name", container.name))
        .collect();
    found.extend(
        declared
            .iter()
            .filter(|key| {
                !container.networks.keys().any(|name| names.get(name.as_str()) == Some(&key.as_str()))
            })
            .map(|key| format!("{} is not in network `{key}`", container.name)),
    );
    found
}

/// Containers that hold data, with the port they answer on.
fn stores(facts: &Facts) -> Vec<(&Container, u16)> {
    facts
        .running()
        .filter(|c| matches!(facts.role(c), Role::Database | Role::Cache))
        .filter_map(|c| Some((c, port_of(&facts.settings, c.service())?)))
        .collect()
}

/// The container port that a service answers on, as far as stagectl.yml tells.
pub(in crate::validation) fn port_of(settings: &Settings, service: &str) -> Option<u16> {
    let config = &settings.config;
    if config.database.as_ref().is_some_and(|database| database.service == service) {
        return Some(5432);
    }
    if config.cache.as_ref().is_some_and(|cache| cache.service == service) {
        return Some(6379);
    }
    let upstreams = config.proxy.iter().flat_map(|proxy| proxy.upstreams.values());
    let upstream = upstreams.filter(|upstream| upstream.service == service).map(|u| u.port).next();
    let declared = config.services.get(service)?;
    let published = || declared.ports.iter().find_map(|text| crate::config::settings::parse_port(text));
    upstream.or_else(|| Some(published()?.container)).or_else(|| Some(declared.metrics.as_ref()?.port))
}

async fn proxy_is_apart(facts: &Facts) -> Outcome {
    let Ok(engine) = &facts.engine else { return Outcome::error("the engine is not reachable") };
    let Some(proxy) = &facts.settings.config.proxy else {
        return Outcome::skip("stagectl.yml has no `proxy`");
    };
    let proxies: Vec<&Container> = facts.containers_of(&proxy.service).filter(|c| c.state.running).collect();
    if proxies.is_empty() {
        return Outcome::error("the proxy does not run");
    }
    let stores = stores(facts);
    let mut attempts = Vec::new();
    for from in &proxies {
        for (store, port) in &stores {
            // By name, and by each address: a name that does not resolve is no wall.
            let hosts = store.networks.values().map(|end| end.address.as_str());
            let hosts = hosts.chain([store.service()]).filter(|host| !host.is_empty());
            attempts.extend(hosts.map(|host| attempt(engine, from, host, *port)));
        }
    }
    if stores.is_empty() {
        return Outcome::skip("no database or cache runs");
    }
    judge(&join_all(attempts).await)
}

struct Attempt {
    words: String,
    reach: Reach,
}

async fn attempt(engine: &Engine, from: &Container, host: &str, port: u16) -> Attempt {
    Attempt {
        words: format!("{} to {host}:{port}", from.name),
        reach: reach(engine, &from.id, host, port).await,
    }
}

/// Attempts that must not succeed. One that could not be made proves nothing.
fn judge(attempts: &[Attempt]) -> Outcome {
    let of = |reach| attempts.iter().filter(move |a| a.reach == reach).map(|a| a.words.clone());
    let open: Vec<String> = of(Reach::Open).collect();
    if let Some(first) = open.first() {
        return Outcome::fail(format!("{first} opens")).evidence(open);
    }
    match of(Reach::Unknown).next() {
        Some(unknown) => Outcome::error(format!("no tool in the image to try {unknown}")),
        None if attempts.is_empty() => Outcome::error("nothing was tried"),
        None => Outcome::pass(format!("{} attempts, none opened", attempts.len())),
    }
}

/// Public addresses that nearly any network would let through.
const OUTSIDE: [(&str, u16); 2] = [("1.1.1.1", 443), ("8.8.8.8", 53)];

async fn no_way_out(facts: &Facts) -> Outcome {
    let Ok(engine) = &facts.engine else { return Outcome::error("the engine is not reachable") };
    let stores = stores(facts);
    if stores.is_empty() {
        return Outcome::skip("no database or cache runs");
    }
    let leading_out: Vec<String> =
        stores.iter().flat_map(|(store, _)| ways_out(store, &facts.networks)).collect();
    if !leading_out.is_empty() {
        return Outcome::none(leading_out, stores.len(), "data containers");
    }
    let attempts = stores
        .iter()
        .flat_map(|(store, _)| OUTSIDE.map(|(host, port)| attempt(engine, store, host, port)))
        .collect::<Vec<_>>();
    judge(&join_all(attempts).await)
}

fn ways_out(container: &Container, networks: &[Network]) -> Vec<String> {
    container
        .networks
        .keys()
        // A network of somebody else's is not known to be closed.
        .filter(|name| networks.iter().find(|n| &n.name == *name).is_none_or(leads_out))
        .map(|name| format!("{} can get out through network `{name}`", container.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Endpoint;
    use crate::report::Status;

    fn network(name: &str, internal: bool) -> Network {
        Network {
            name: format!("p_{name}"),
            internal,
            labels: [(NETWORK_LABEL.to_owned(), name.to_owned())].into(),
            ..Network::default()
        }
    }

    fn member(networks: &[&str]) -> Container {
        let networks = networks.iter().map(|name| (format!("p_{name}"), Endpoint::default())).collect();
        Container { name: "x".into(), networks, ..Container::default() }
    }

    #[test]
    fn an_open_a_missing_and_a_wrong_network_are_seen() {
        assert_eq!(open_network("data", true, false, Some(&network("data", true))), None);
        assert!(open_network("data", true, false, Some(&network("data", false))).is_some());
        assert!(open_network("data", true, false, None).is_some());
        assert!(open_network("access", false, true, Some(&network("access", false))).is_some());
        let mut closed = network("access", false);
        closed.options.insert(MASQUERADE.into(), "false".into());
        assert_eq!(open_network("access", false, true, Some(&closed)), None);
        assert!(ways_out(&member(&["data"]), &[network("data", true)]).is_empty());
        assert_eq!(ways_out(&member(&["data"]), &[network("data", false)]).len(), 1);
        assert_eq!(ways_out(&member(&["foreign"]), &[]).len(), 1);
    }

    #[test]
    fn a_member_too_many_and_one_too_few_are_seen() {
        let all = [network("data", true), network("app", true)];
        let names = names(&all);
        let declared = ["data".to_owned()];
        assert!(misplaced(&member(&["data"]), &declared, &names).is_empty());
        assert_eq!(misplaced(&member(&["data", "app"]), &declared, &names).len(), 1);
        assert_eq!(misplaced(&member(&["app"]), &declared, &names).len(), 2);
    }

    #[test]
    fn one_open_port_fails_and_one_that_nobody_could_try_is_no_proof() {
        let of = |reach| Attempt { words: "a to b:1".into(), reach };
        assert_eq!(judge(&[of(Reach::Closed)]).status, Status::Pass);
        assert_eq!(judge(&[of(Reach::Closed), of(Reach::Open)]).status, Status::Fail);
        assert_eq!(judge(&[of(Reach::Closed), of(Reach::Unknown)]).status, Status::Error);
        assert_eq!(judge(&[]).status, Status::Error);
    }
}
