//! What docker compose implies: the default network, names from keys, dependencies that other keys bring,
//! variables of `env_file`.

use super::canonical::is_empty;
use super::load::{Environment, Loader, join};
use super::tree::{Fault, Map, Node, Path, Value};
use crate::failure::Failure;

/// Applies `one` to each value of a section.
pub(super) fn each(
    node: &Node,
    path: &Path,
    one: fn(&Node, &Path) -> Result<Node, Fault>,
) -> Result<Node, Fault> {
    let Some(map) = node.map() else { return Ok(node.clone()) };
    let done: Result<Map, Fault> =
        map.iter().map(|(name, value)| Ok((name.clone(), one(value, &path.below(name))?))).collect();
    Ok(node.with(done?))
}

/// Adds what is implied to a canonical model.
pub(super) fn model(root: &mut Node, project: &str, environment: &Environment) {
    for service in services(root) {
        self::service(service, environment);
    }
    names(root, project);
}

fn services(root: &mut Node) -> impl Iterator<Item = &mut Node> {
    root.get_mut("services").and_then(Node::map_mut).into_iter().flat_map(|map| map.values_mut())
}

fn service(service: &mut Node, environment: &Environment) {
    let Some(map) = service.map_mut() else { return };
    if !map.contains_key("network_mode")
        && map.get("networks").is_none_or(is_empty)
        && !map.contains_key("provider")
    {
        let default = Map::from([("default".to_owned(), Node::implied(Value::Null))]);
        map.insert("networks".to_owned(), Node::implied(default));
    }
    if let Some(build) = map.get_mut("build").and_then(Node::map_mut) {
        if !build.contains_key("dockerfile_inline") {
            build.entry("dockerfile".to_owned()).or_insert_with(|| Node::implied("Dockerfile"));
        }
        if let Some(arguments) = build.get_mut("args").and_then(Node::map_mut) {
            resolve(arguments, environment);
            arguments.retain(|_, value| !value.is_null());
        }
    }
    if let Some(variables) = map.get_mut("environment").and_then(Node::map_mut) {
        resolve(variables, environment);
    }
    for secret in map.get_mut("secrets").and_then(Node::list_mut).into_iter().flatten() {
        let Some(map) = secret.map_mut() else { continue };
        if let (Some(source), false) = (map.get("source").map(Node::to_string), map.contains_key("target")) {
            map.insert("target".to_owned(), Node::implied(format!("/run/secrets/{source}")));
        }
    }
    implied_dependencies(map);
}

/// A name without a value takes the environment's.
fn resolve(variables: &mut Map, environment: &Environment) {
    for (name, value) in variables {
        if let (true, Some(found)) = (value.is_null(), environment.get(name)) {
            value.value = Value::Text(found.clone());
        }
    }
}

/// `links`, `volumes_from` and `network_mode: service:x` make a service depend on the other one.
fn implied_dependencies(map: &mut Map) {
    let mut implied: Vec<(String, bool)> = Vec::new();
    for link in map.get("links").and_then(Node::list).unwrap_or_default() {
        implied.push((link.to_string().split(':').next().unwrap_or_default().to_owned(), true));
    }
    for key in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        if let Some(name) = map.get(key).and_then(Node::text).and_then(|text| text.strip_prefix("service:")) {
            implied.push((name.to_owned(), true));
        }
    }
    for from in map.get("volumes_from").and_then(Node::list).unwrap_or_default() {
        let from = from.to_string();
        if !from.starts_with("container:") {
            implied.push((from.split(':').next().unwrap_or_default().to_owned(), false));
        }
    }
    if implied.is_empty() {
        return;
    }
    let depends = map.entry("depends_on".to_owned()).or_insert_with(|| Node::implied(Map::new()));
    let Some(depends) = depends.map_mut() else { return };
    for (name, restart) in implied {
        depends.entry(name).or_insert_with(|| {
            let mut one = Map::from([
                ("condition".to_owned(), Node::implied("service_started")),
                ("required".to_owned(), Node::implied(true)),
            ]);
            if restart {
                one.insert("restart".to_owned(), Node::implied(true));
            }
            Node::implied(one)
        });
    }
}

/// Resources without a name of their own are called after the project and their key.
fn names(root: &mut Node, project: &str) {
    let Some(root) = root.map_mut() else { return };
    let networks = root.entry("networks".to_owned()).or_insert_with(|| Node::implied(Map::new()));
    if networks.is_null() {
        networks.value = Value::Map(Map::new());
    }
    if let Some(networks) = networks.map_mut() {
        let default = Map::from([("ipam".to_owned(), Node::implied(Map::new()))]);
        networks.entry("default".to_owned()).or_insert_with(|| Node::implied(default));
    }
    for section in ["networks", "volumes", "secrets", "configs"] {
        for (key, resource) in root.get_mut(section).and_then(Node::map_mut).into_iter().flatten() {
            let Some(map) = resource.map_mut() else { continue };
            let external = map.get("external").is_some_and(|external| external.value == Value::Bool(true));
            let name = if external { key.clone() } else { format!("{project}_{key}") };
            map.entry("name".to_owned()).or_insert_with(|| Node::implied(name));
        }
    }
}

impl Loader<'_, '_> {
    /// Reads `env_file` and `label_file` of every service into `environment` and `labels`.
    pub fn files_of_services(&mut self, root: &mut Node, environment: &Environment) -> Result<(), Failure> {
        let Some(services) = root.get_mut("services").and_then(Node::map_mut) else { return Ok(()) };
        for (name, service) in services {
            let path = Path::default().below("services").below(name);
            let Some(map) = service.map_mut() else { continue };
            for (key, into) in [("env_file", "environment"), ("label_file", "labels")] {
                let Some(files) = map.remove(key) else { continue };
                let path = path.below(key);
                let mut variables = Environment::new();
                for file in files.list().unwrap_or_default() {
                    let required =
                        file.get("required").is_none_or(|required| required.value != Value::Bool(false));
                    let raw = file.get("format").is_some_and(|format| format.to_string() == "raw");
                    let name = file.get("path").map_or_else(|| file.to_string(), Node::to_string);
                    let place = join(std::path::Path::new("/"), &name);
                    let found =
                        if raw { self.raw(&place)? } else { self.layered(&place, &variables, environment)? };
                    match found {
                        Some(more) => variables.extend(more),
                        None if required => {
                            return Err(self
                                .refuse(file, &path, &format!("there is no file {}", place.display()))
                                .hint("write it, or say `required: false`"));
                        }
                        None => {}
                    }
                }
                let own = map.entry(into.to_owned()).or_insert_with(|| files.with(Map::new()));
                let Some(own) = own.map_mut() else { continue };
                for (name, value) in variables {
                    own.entry(name).or_insert_with(|| files.with(value));
                }
                if own.is_empty() {
                    map.remove(into);
                }
            }
        }
        Ok(())
    }

    /// The process's variables are seen first, then those of files above.
    fn layered(
        &mut self,
        file: &std::path::Path,
        above: &Environment,
        environment: &Environment,
    ) -> Result<Option<Environment>, Failure> {
        let mut known = above.clone();
        known.extend(environment.clone());
        self.variables(file, &known)
    }

    /// `format: raw`: each line as it stands.
    fn raw(&mut self, file: &std::path::Path) -> Result<Option<Environment>, Failure> {
        let Some(text) = (self.read)(file)? else { return Ok(None) };
        let lines =
            text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
        Ok(Some(
            lines
                .filter_map(|line| line.split_once('='))
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect(),
        ))
    }
}
