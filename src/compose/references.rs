//! What a model says about itself must hold together: names that are referred to exist, keys that exclude each
//! other do not stand together, no service waits for itself.

use std::collections::{BTreeMap, BTreeSet};

use super::load::Loader;
use super::tree::{Map, Node, Path, Value};
use crate::failure::Failure;

static NONE: Map = Map::new();

type Inactive = BTreeMap<String, Vec<String>>;

/// Refuses what docker compose refuses.
pub(super) fn check(root: &Node, inactive: &Inactive, loader: &Loader<'_, '_>) -> Result<(), Failure> {
    let checking = Checking { root, inactive, loader };
    let services = root.get("services").and_then(Node::map).unwrap_or(&NONE);
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for (name, service) in services {
        let path = Path::default().below("services").below(name);
        checking.service(service, &path)?;
        if let Some(container) = service.get("container_name") {
            let path = path.below("container_name");
            if replicas(service) > 1 {
                return Err(loader.refuse(container, &path, "one name cannot serve several replicas"));
            }
            if let Some(other) = names.insert(container.to_string(), name) {
                let words = format!("is the container name of `{other}` too");
                return Err(loader.refuse(container, &path, &words));
            }
        }
    }
    checking.circles(services)?;
    for section in ["networks", "volumes", "secrets", "configs"] {
        for (name, resource) in root.get(section).and_then(Node::map).unwrap_or(&NONE) {
            checking.resource(section, resource, &Path::default().below(section).below(name))?;
        }
    }
    Ok(())
}

fn replicas(service: &Node) -> i64 {
    let number = |node: Option<&Node>| match node.map(|node| &node.value) {
        Some(Value::Int(number)) => Some(*number),
        _ => None,
    };
    number(service.get("scale"))
        .or_else(|| number(service.get("deploy").and_then(|deploy| deploy.get("replicas"))))
        .unwrap_or(1)
}

struct Checking<'a, 'r, 'd> {
    root: &'a Node,
    inactive: &'a Inactive,
    loader: &'a Loader<'r, 'd>,
}

impl Checking<'_, '_, '_> {
    fn service(&self, service: &Node, path: &Path) -> Result<(), Failure> {
        let refuse =
            |key: &str, node: &Node, words: &str| Err(self.loader.refuse(node, &path.below(key), words));
        if ["image", "build", "provider"].iter().all(|key| service.get(key).is_none()) {
            return Err(self.loader.refuse(service, path, "has neither `image` nor `build`"));
        }
        if let (Some(mode), Some(_)) = (service.get("network_mode"), service.get("networks")) {
            return refuse("network_mode", mode, "cannot stand beside `networks`");
        }
        for (key, section) in [("networks", "networks"), ("secrets", "secrets"), ("configs", "configs")] {
            let Some(used) = service.get(key) else { continue };
            for name in used_names(used) {
                if !self.has(section, &name) {
                    return refuse(key, used, &format!("`{name}` is not defined under `{section}`"));
                }
            }
        }
        for mount in service.get("volumes").and_then(Node::list).unwrap_or_default() {
            let kind = mount.get("type").map(Node::to_string).unwrap_or_default();
            if let ("volume", Some(source)) = (kind.as_str(), mount.get("source"))
                && !self.has("volumes", &source.to_string())
            {
                return refuse("volumes", source, &format!("`{source}` is not defined under `volumes`"));
            }
        }
        for (other, dependency) in service.get("depends_on").and_then(Node::map).into_iter().flatten() {
            if self.has("services", other) {
                continue;
            }
            let needed =
                dependency.get("required").is_none_or(|required| required.value != Value::Bool(false));
            if !needed && self.inactive.contains_key(other) {
                continue;
            }
            let words = match self.inactive.get(other) {
                Some(profiles) => format!(
                    "`{other}` belongs to the profile `{}`, which is not active",
                    profiles.join("`, `")
                ),
                None => format!("there is no service `{other}`"),
            };
            return refuse("depends_on", dependency, &words);
        }
        for key in ["network_mode", "ipc", "pid"] {
            let Some(node) = service.get(key) else { continue };
            if let Some(other) = node.to_string().strip_prefix("service:")
                && !self.has("services", other)
            {
                return refuse(key, node, &format!("there is no service `{other}`"));
            }
        }
        self.limits(service, path)?;
        self.health(service, path)?;
        if let (Some(scale), Some(replicas)) =
            (service.get("scale"), service.get("deploy").and_then(|deploy| deploy.get("replicas")))
            && scale.value != replicas.value
        {
            return refuse("scale", scale, "differs from `deploy.replicas`");
        }
        Ok(())
    }

    fn limits(&self, service: &Node, path: &Path) -> Result<(), Failure> {
        let resources = service.get("deploy").and_then(|deploy| deploy.get("resources"));
        let deployed =
            |kind: &str, key: &str| resources.and_then(|r| r.get(kind)).and_then(|limits| limits.get(key));
        for (key, kind, inner) in [
            ("cpus", "limits", "cpus"),
            ("mem_limit", "limits", "memory"),
            ("mem_reservation", "reservations", "memory"),
            ("pids_limit", "limits", "pids"),
        ] {
            if let (Some(own), Some(other)) = (service.get(key), deployed(kind, inner))
                && own.value != other.value
            {
                let words = format!("differs from `deploy.resources.{kind}.{inner}`");
                return Err(self.loader.refuse(own, &path.below(key), &words));
            }
        }
        Ok(())
    }

    fn health(&self, service: &Node, path: &Path) -> Result<(), Failure> {
        let Some(check) = service.get("healthcheck") else { return Ok(()) };
        let test = check.get("test").and_then(Node::list).unwrap_or_default();
        let first = test.first().map(Node::to_string);
        if let Some(first) = &first
            && !matches!(first.as_str(), "NONE" | "CMD" | "CMD-SHELL")
        {
            let words = "begins with `NONE`, `CMD` or `CMD-SHELL`";
            return Err(self.loader.refuse(check, &path.below("healthcheck").below("test"), words));
        }
        Ok(())
    }

    fn resource(&self, section: &str, resource: &Node, path: &Path) -> Result<(), Failure> {
        let external = resource.get("external").is_some_and(|external| external.value == Value::Bool(true));
        if external {
            let own = [
                "driver",
                "driver_opts",
                "labels",
                "file",
                "environment",
                "content",
                "internal",
                "attachable",
            ];
            if let Some((key, node)) = own.iter().find_map(|key| Some((key, resource.get(key)?))) {
                return Err(self.loader.refuse(
                    node,
                    &path.below(key),
                    "cannot stand beside `external: true`",
                ));
            }
            return Ok(());
        }
        if matches!(section, "secrets" | "configs") {
            let sources = ["file", "environment", "content", "driver"];
            let given: Vec<&str> = sources.into_iter().filter(|key| resource.get(key).is_some()).collect();
            if given.len() != 1 {
                let words = format!(
                    "needs one of `file`, `environment`{}",
                    if section == "configs" { ", `content`" } else { "" }
                );
                return Err(self.loader.refuse(resource, path, &words));
            }
        }
        Ok(())
    }

    fn circles(&self, services: &Map) -> Result<(), Failure> {
        let mut done = BTreeSet::new();
        for name in services.keys() {
            self.walk(services, name, &mut Vec::new(), &mut done)?;
        }
        Ok(())
    }

    fn walk(
        &self,
        services: &Map,
        name: &str,
        above: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Result<(), Failure> {
        if let Some(at) = above.iter().position(|known| known == name) {
            let circle = above[at..]
                .iter()
                .chain(std::iter::once(&above[at]))
                .cloned()
                .collect::<Vec<_>>()
                .join(" -> ");
            let node = services.get(name).and_then(|service| service.get("depends_on"));
            let path = Path::default().below("services").below(name).below("depends_on");
            return Err(self.loader.refuse(
                node.unwrap_or(self.root),
                &path,
                &format!("goes round in a circle: {circle}"),
            ));
        }
        if done.contains(name) {
            return Ok(());
        }
        above.push(name.to_owned());
        let depends = services.get(name).and_then(|service| service.get("depends_on")).and_then(Node::map);
        for other in depends.into_iter().flat_map(|map| map.keys()) {
            self.walk(services, other, above, done)?;
        }
        above.pop();
        done.insert(name.to_owned());
        Ok(())
    }

    fn has(&self, section: &str, name: &str) -> bool {
        self.root.get(section).and_then(|section| section.get(name)).is_some()
    }
}

fn used_names(node: &Node) -> Vec<String> {
    match &node.value {
        Value::Map(map) => map.keys().cloned().collect(),
        Value::List(list) => list.iter().filter_map(|one| Some(one.get("source")?.to_string())).collect(),
        _ => Vec::new(),
    }
}

/// Drops networks, volumes, secrets and configs that no service uses, as docker compose does.
pub(super) fn drop_unused(root: &mut Node) {
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for service in root.get("services").and_then(Node::map).into_iter().flat_map(|map| map.values()) {
        for key in ["networks", "secrets", "configs"] {
            used.entry(key).or_default().extend(service.get(key).map(used_names).unwrap_or_default());
        }
        let build = service.get("build").and_then(|build| build.get("secrets"));
        used.entry("secrets").or_default().extend(build.map(used_names).unwrap_or_default());
        for mount in service.get("volumes").and_then(Node::list).unwrap_or_default() {
            let volume = mount.get("type").is_some_and(|kind| kind.to_string() == "volume");
            if let (true, Some(source)) = (volume, mount.get("source")) {
                used.entry("volumes").or_default().insert(source.to_string());
            }
        }
    }
    for section in ["networks", "volumes", "secrets", "configs"] {
        let kept = used.remove(section).unwrap_or_default();
        if let Some(map) = root.get_mut(section).and_then(Node::map_mut) {
            map.retain(|name, _| kept.contains(name));
        }
    }
}
