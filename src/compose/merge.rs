//! Two trees become one, by docker compose's rules: mappings are merged, lists appended, values replaced,
//! and lists of named things (variables, mounts, ports) keep the last of each name.

use std::collections::HashMap;

use super::canonical::target;
use super::tree::{Fault, Map, Node, Path, Place, Tag, Value};

/// Merges `over` into `base`. Places tagged `!reset` and `!override` replace what `base` says there.
///
/// # Errors
/// Where the two are of different kinds.
pub fn merge(base: Node, mut over: Node) -> Result<Node, Fault> {
    let mut base = base;
    let mut replaced = Vec::new();
    resets(&mut over, &mut Vec::new(), &mut replaced);
    for path in &replaced {
        remove(&mut base, path);
    }
    join(base, over, &Path::default())
}

/// Takes what is tagged `!reset` out of a tree; it has nothing to say by itself.
pub fn reset(node: &mut Node) {
    resets(node, &mut Vec::new(), &mut Vec::new());
}

/// Merges a service into the one that it extends.
pub fn extend(base: Node, service: Node, name: &str) -> Result<Node, Fault> {
    let path = Path::default().below("services").below(name);
    let mut service = service;
    let mut replaced = Vec::new();
    resets(&mut service, &mut Vec::new(), &mut replaced);
    let mut base = base;
    for path in &replaced {
        remove(&mut base, path);
    }
    let mut node = join(base, service, &path)?;
    unify(&mut node, &path);
    Ok(node)
}

fn resets(node: &mut Node, at: &mut Vec<String>, replaced: &mut Vec<Vec<String>>) {
    let Some(map) = node.map_mut() else { return };
    let gone: Vec<String> =
        map.iter().filter(|(_, value)| value.tag == Tag::Reset).map(|(key, _)| key.clone()).collect();
    for key in gone {
        map.remove(&key);
        replaced.push(at.iter().cloned().chain([key]).collect());
    }
    for (key, value) in map {
        at.push(key.clone());
        if value.tag == Tag::Override {
            value.tag = Tag::None;
            replaced.push(at.clone());
        }
        resets(value, at, replaced);
        at.pop();
    }
}

fn remove(node: &mut Node, path: &[String]) {
    let Some((last, above)) = path.split_last() else { return };
    let mut node = Some(node);
    for key in above {
        node = node.and_then(|node| node.get_mut(key));
    }
    if let Some(map) = node.and_then(Node::map_mut) {
        map.remove(last);
    }
}

const APPENDED: [&str; 17] = [
    "networks.*.labels",
    "volumes.*.labels",
    "services.*.annotations",
    "services.*.build.args",
    "services.*.build.additional_contexts",
    "services.*.build.labels",
    "services.*.deploy.labels",
    "services.*.dns",
    "services.*.dns_opt",
    "services.*.dns_search",
    "services.*.env_file",
    "services.*.label_file",
    "services.*.environment",
    "services.*.labels",
    "services.*.sysctls",
    "services.*.tmpfs",
    "services.*.volumes.*.volume.labels",
];
const REPLACED: [&str; 3] = ["services.*.command", "services.*.entrypoint", "services.*.healthcheck.test"];

fn join(base: Node, over: Node, path: &Path) -> Result<Node, Fault> {
    let any = |patterns: &[&str]| patterns.iter().any(|pattern| path.is(pattern));
    if any(&REPLACED) || base.is_null() {
        return Ok(over);
    }
    if over.is_null() {
        return Ok(base);
    }
    let place = over.place;
    if any(&APPENDED) {
        let (mut list, more) = (sequence(base), sequence(over));
        list.extend(more);
        return Ok(Node::new(Value::List(list), place));
    }
    if path.is("services.*.extra_hosts") || path.is("services.*.build.extra_hosts") {
        let mut list = sequence(base);
        for host in sequence(over) {
            if !list.iter().any(|known| known.value == host.value) {
                list.push(host);
            }
        }
        return Ok(Node::new(Value::List(list), place));
    }
    if path.is("services.*.depends_on") || path.is("services.*.networks") || path.is("services.*.models") {
        return join_maps(keyed(base, path)?, keyed(over, path)?, path, place);
    }
    if path.is("services.*.build") {
        return join_maps(build(base, path)?, build(over, path)?, path, place);
    }
    if path.is("services.*.logging") {
        let driver = |node: &Node| node.get("driver").map(|driver| driver.value.clone());
        if let (Some(first), Some(second)) = (driver(&base), driver(&over))
            && first != second
        {
            return Ok(over);
        }
    }
    if path.is("services.*.ulimits.*") && !(base.map().is_some() && over.map().is_some()) {
        return Ok(over);
    }
    match (base.value, over.value) {
        (Value::Map(base), Value::Map(over)) => join_maps(base, over, path, place),
        (Value::Map(_), _) | (Value::List(_), Value::Map(_)) => Err(clash(path, place)),
        (Value::List(mut list), Value::List(more)) => {
            list.extend(more);
            Ok(Node::new(Value::List(list), place))
        }
        (Value::List(_), _) => Err(clash(path, place)),
        (_, other) => Ok(Node::new(other, place)),
    }
}

fn clash(path: &Path, place: Place) -> Fault {
    let words = "cannot override what an earlier file says".to_owned();
    Fault { path: path.clone(), place, words }
}

fn join_maps(mut base: Map, over: Map, path: &Path, place: Place) -> Result<Node, Fault> {
    for (key, value) in over {
        let joined = match base.remove(&key) {
            Some(_) if key.starts_with("x-") => value,
            Some(old) => join(old, value, &path.below(&key))?,
            None => value,
        };
        base.insert(key, joined);
    }
    Ok(Node::new(Value::Map(base), place))
}

/// `{NAME: value}` as `[NAME=value]`; a single text as a list of one.
pub fn sequence(node: Node) -> Vec<Node> {
    match node.value {
        Value::List(list) => list,
        Value::Map(map) => map
            .into_iter()
            .map(|(key, value)| match value.value {
                Value::Null => Node::new(Value::Text(key), value.place),
                _ => Node::new(Value::Text(format!("{key}={value}")), value.place),
            })
            .collect(),
        Value::Null => Vec::new(),
        _ => vec![node],
    }
}

/// `[name]` as `{name: …}`.
fn keyed(node: Node, path: &Path) -> Result<Map, Fault> {
    match node.value {
        Value::Map(map) => Ok(map),
        Value::List(list) => {
            let implied = |one: &Node| {
                if path.is("services.*.depends_on") {
                    let condition = Node::new("service_started".into(), one.place);
                    let required = Node::new(true.into(), one.place);
                    let map = [("condition".to_owned(), condition), ("required".to_owned(), required)];
                    Node::new(Value::Map(map.into()), one.place)
                } else {
                    Node::new(Value::Null, one.place)
                }
            };
            Ok(list.iter().map(|one| (one.to_string(), implied(one))).collect())
        }
        _ => Err(clash(path, node.place)),
    }
}

fn build(node: Node, path: &Path) -> Result<Map, Fault> {
    match node.value {
        Value::Map(map) => Ok(map),
        Value::Text(context) => {
            Ok([("context".to_owned(), Node::new(Value::Text(context), node.place))].into())
        }
        _ => Err(clash(path, node.place)),
    }
}

/// Lists in which a later entry replaces the earlier one of the same name, and what the name is.
const UNIQUE: [(&str, Name); 29] = [
    ("networks.*.labels", Name::Key),
    ("volumes.*.labels", Name::Key),
    ("services.*.annotations", Name::Key),
    ("services.*.build.additional_contexts", Name::Key),
    ("services.*.build.args", Name::Key),
    ("services.*.build.labels", Name::Key),
    ("services.*.build.platforms", Name::Whole),
    ("services.*.build.tags", Name::Whole),
    ("services.*.cap_add", Name::Whole),
    ("services.*.cap_drop", Name::Whole),
    ("services.*.configs", Name::Mount("")),
    ("services.*.deploy.labels", Name::Key),
    ("services.*.devices", Name::Target),
    ("services.*.dns", Name::Whole),
    ("services.*.dns_opt", Name::Whole),
    ("services.*.dns_search", Name::Whole),
    ("services.*.env_file", Name::File),
    ("services.*.environment", Name::Key),
    ("services.*.expose", Name::Whole),
    ("services.*.labels", Name::Key),
    ("services.*.links", Name::Key),
    ("services.*.networks.*.aliases", Name::Whole),
    ("services.*.networks.*.link_local_ips", Name::Whole),
    ("services.*.ports", Name::Port),
    ("services.*.profiles", Name::Whole),
    ("services.*.secrets", Name::Mount("/run/secrets")),
    ("services.*.sysctls", Name::Key),
    ("services.*.tmpfs", Name::Key),
    ("services.*.volumes", Name::Target),
];

#[derive(Debug, Clone, Copy)]
enum Name {
    Whole,
    /// Before the `=`.
    Key,
    /// Where it is mounted.
    Target,
    /// Where it is mounted, by default below a folder.
    Mount(&'static str),
    File,
    Port,
}

/// Removes what a later entry of the same name replaces.
pub fn unify(node: &mut Node, path: &Path) {
    match &mut node.value {
        Value::Map(map) => {
            for (key, value) in map {
                unify(value, &path.below(key));
            }
        }
        Value::List(list) => {
            let Some((_, name)) = UNIQUE.iter().find(|(pattern, _)| path.is(pattern)) else { return };
            let mut seen: HashMap<String, usize> = HashMap::new();
            let mut kept: Vec<Node> = Vec::with_capacity(list.len());
            for entry in std::mem::take(list) {
                if let Some(&at) = seen.get(&name.of(&entry)) {
                    kept[at] = entry;
                } else {
                    seen.insert(name.of(&entry), kept.len());
                    kept.push(entry);
                }
            }
            *list = kept;
        }
        _ => {}
    }
}

impl Name {
    fn of(self, entry: &Node) -> String {
        let text = entry.to_string();
        let field = |key: &str| entry.get(key).map(Node::to_string);
        match self {
            Self::Whole => text,
            Self::Key => text.split('=').next().unwrap_or_default().to_owned(),
            Self::File => field("path").unwrap_or(text),
            Self::Target => field("target").unwrap_or_else(|| target(&text).to_owned()),
            Self::Mount(folder) => {
                field("target").unwrap_or_else(|| format!("{folder}/{}", field("source").unwrap_or(text)))
            }
            Self::Port if entry.map().is_some() => format!(
                "{}:{}:{}/{}",
                field("host_ip").unwrap_or_default(),
                field("published").unwrap_or_default(),
                field("target").unwrap_or_default(),
                field("protocol").unwrap_or_default()
            ),
            Self::Port => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::yaml::documents;
    use super::*;

    fn read(text: &str) -> Node {
        documents(text, 0).unwrap().remove(0)
    }

    fn merged(base: &str, over: &str) -> serde_json::Value {
        let mut node = merge(read(base), read(over)).unwrap();
        unify(&mut node, &Path::default());
        node.json()
    }

    #[test]
    fn variables_of_both_forms_are_joined_and_the_last_wins() {
        let joined = merged(
            "services: {a: {environment: {A: 1, B: 2, N: }}}",
            "services: {a: {environment: [B=3, C=4]}}",
        );
        assert_eq!(joined["services"]["a"]["environment"], serde_json::json!(["A=1", "B=3", "N", "C=4"]));
    }

    #[test]
    fn reset_drops_and_override_replaces_what_earlier_files_say() {
        let joined = merged(
            "services: {a: {ports: ['1:1'], command: x, labels: {a: b}, expose: [1]}}",
            "services: {a: {ports: !override ['2:2'], command: !reset null, expose: [2]}}",
        );
        assert_eq!(
            joined["services"]["a"],
            serde_json::json!({"ports": ["2:2"], "labels": {"a": "b"}, "expose": [1, 2]})
        );
    }

    #[test]
    fn commands_are_replaced_and_lists_appended() {
        let joined = merged(
            "services: {a: {command: [a, b], volumes: ['xx:/d', 'yy:/e'], build: ., depends_on: [b]}}",
            "services: {a: {command: [c], volumes: ['zz:/d'], build: {target: t}, depends_on: {c: {condition: service_healthy}}}}",
        );
        let a = &joined["services"]["a"];
        assert_eq!(a["command"], serde_json::json!(["c"]));
        assert_eq!(a["volumes"], serde_json::json!(["zz:/d", "yy:/e"]));
        assert_eq!(a["build"], serde_json::json!({"context": ".", "target": "t"}));
        assert_eq!(a["depends_on"]["b"]["condition"], "service_started");
        assert_eq!(a["depends_on"]["c"]["condition"], "service_healthy");
    }

    #[test]
    fn a_mapping_and_a_list_clash_with_their_path() {
        let clash =
            merge(read("services: {a: {healthcheck: {}}}"), read("services: {a: {healthcheck: [x]}}"));
        assert_eq!(clash.unwrap_err().path.to_string(), "services.a.healthcheck");
    }
}
