//! The databases that stagectl can work with: PostgreSQL and Redis, by the images that run them.

use super::derive::Deriver;
use super::{credential, reference};
use crate::compose::tree::{Map, Node, Value};

/// The twin's PostgreSQL; texts as [`reference::written`] writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    pub service: String,
    pub name: String,
    pub user: String,
    pub password: String,
    pub admin_user: String,
    pub admin_password: String,
}

/// The twin's Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    pub service: String,
    pub password: Option<String>,
}

/// The network by which the host reaches a database that has no way out.
const ACCESS: &str = "access";

const POSTGRES: [&str; 8] = [
    "postgres",
    "postgis",
    "timescaledb",
    "timescaledb-ha",
    "pgvector",
    "postgresql",
    "pgvecto-rs",
    "paradedb",
];
const REDIS: [&str; 6] = ["redis", "valkey", "redis-stack", "redis-stack-server", "keydb", "dragonfly"];

/// The last part of an image's name: `postgres` of `registry.example.com:5000/postgres:15@sha256:…`.
pub fn image_name(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split(':').next().unwrap_or(last)
}

/// Finds the first of each, opens its port for stagectl and returns how to log in.
pub(super) fn recognise(
    deriver: &mut Deriver,
    root: &mut Node,
    services: &mut Map,
) -> (Option<Database>, Option<Cache>) {
    let mut database = None;
    let mut cache = None;
    let mut closed = Vec::new();
    for (name, service) in services.iter_mut() {
        let image = service.get("image").map(Node::to_string).unwrap_or_default();
        let image = image_name(&image).to_owned();
        let Some(map) = service.map_mut() else { continue };
        let port = if POSTGRES.contains(&image.as_str()) && database.is_none() {
            database = Some(postgres(root, name, map));
            5432
        } else if REDIS.contains(&image.as_str()) && cache.is_none() {
            cache = Some(Cache { service: name.clone(), password: redis_password(map) });
            6379
        } else {
            continue;
        };
        deriver.open(name, map, port);
        closed.push(name.clone());
    }
    for name in closed {
        let Some(map) = services.get_mut(&name).and_then(Node::map_mut) else { continue };
        let Some(networks) = map.get_mut("networks").and_then(Node::map_mut) else { continue };
        let internal = |key: &String| {
            let network = root.get("networks").and_then(|networks| networks.get(key));
            network
                .and_then(|network| network.get("internal"))
                .is_some_and(|node| node.value == Value::Bool(true))
        };
        if networks.keys().all(internal) {
            networks.insert(ACCESS.to_owned(), Node::implied(Value::Null));
            access(root);
            let why = "a port of an internal network cannot be published; this one lets nothing out";
            deriver.change(
                &format!("services.{name}.networks"),
                &Node::implied(""),
                "the network access is added",
                why,
            );
        }
    }
    (database, cache)
}

/// A network that publishes ports and lets nothing out.
fn access(root: &mut Node) {
    let option = ("com.docker.network.bridge.enable_ip_masquerade".to_owned(), Node::implied("false"));
    let network = Map::from([("driver_opts".to_owned(), Node::implied(Map::from([option])))]);
    if let Some(networks) = root.get_mut("networks").and_then(Node::map_mut) {
        networks.entry(ACCESS.to_owned()).or_insert_with(|| Node::implied(network));
    }
}

fn postgres(root: &Node, name: &str, map: &Map) -> Database {
    let variable = |names: &[&str]| {
        let environment = map.get("environment")?;
        names
            .iter()
            .find_map(|name| environment.get(name))
            .map(Node::to_string)
            .filter(|text| !text.is_empty())
    };
    let user = variable(&["POSTGRES_USER", "POSTGRESQL_USERNAME"]).unwrap_or_else(|| "postgres".to_owned());
    let database = variable(&["POSTGRES_DB", "POSTGRESQL_DATABASE"]).unwrap_or_else(|| user.clone());
    let password = variable(&["POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD"])
        .or_else(|| variable(&["POSTGRES_PASSWORD_FILE"]).and_then(|path| of_secret(root, map, &path)))
        .map_or_else(String::new, |text| reference::written(&text));
    let admin = variable(&["POSTGRESQL_POSTGRES_PASSWORD"]);
    Database {
        service: name.to_owned(),
        name: database,
        admin_user: if admin.is_some() { "postgres".to_owned() } else { user.clone() },
        admin_password: admin.map_or_else(|| password.clone(), |text| reference::written(&text)),
        user,
        password,
    }
}

/// The variable behind a file below `/run/secrets`.
fn of_secret(root: &Node, map: &Map, path: &str) -> Option<String> {
    let mounted = map
        .get("secrets")?
        .list()?
        .iter()
        .find(|secret| secret.get("target").is_some_and(|target| target.to_string() == path))?;
    let source = mounted.get("source")?.to_string();
    let variable = root.get("secrets")?.get(&source)?.get("environment")?.to_string();
    Some(reference::to(&variable))
}

/// `--requirepass PASSWORD` of the command, else the variable that the image reads.
fn redis_password(map: &Map) -> Option<String> {
    let words: Vec<String> =
        map.get("command").and_then(Node::list).unwrap_or_default().iter().map(Node::to_string).collect();
    let given = credential::in_words(&words).first().map(|(index, from)| words[*index][*from..].to_owned());
    let variable =
        || map.get("environment")?.get("REDIS_PASSWORD").map(Node::to_string).filter(|text| !text.is_empty());
    given.or_else(variable).map(|text| reference::written(&text))
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_image_is_known_whatever_registry_and_tag_it_has() {
        for (image, name) in [
            ("postgres", "postgres"),
            ("postgres:15-alpine", "postgres"),
            ("registry.example.com:5000/library/postgres:15@sha256:abc", "postgres"),
            ("postgis/postgis:16-3.4", "postgis"),
            ("bitnami/redis:7", "redis"),
        ] {
            assert_eq!(super::image_name(image), name);
        }
    }
}
