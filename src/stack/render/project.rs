//! `docker-compose.staging.yml` out of `compose.files`: everything that they say, with the secrets in files of their own.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use secrecy::ExposeSecret as _;

use super::{COMPOSE_FILE, RenderedFile, RenderedFolder, environment, service_uid};
use crate::compose::tree::{Map, Node, Value};
use crate::compose::{Model, output};
use crate::config::Settings;
use crate::store::Mode;
use crate::twin::{self, host, reference};

const HEADER: &str = "# Made by stagectl from compose.files of stagectl.yml: edit those, never this file.\n";
/// Where secrets lie that containers read as files.
const SECRETS: &str = "staging-data/secrets";

/// The compose file, and the files of its secrets.
pub(super) fn files(settings: &Settings, model: &Model) -> Result<Vec<RenderedFile>> {
    let mut root = model.root.clone();
    let mut files = Vec::new();
    for section in ["secrets", "configs"] {
        for (name, node) in root.get_mut(section).and_then(Node::map_mut).into_iter().flatten() {
            files.extend(held(settings, section, name, node)?);
        }
    }
    for (name, service) in root.get_mut("services").and_then(Node::map_mut).into_iter().flatten() {
        let Some(service) = service.map_mut() else { continue };
        service.get_mut("volumes").and_then(Node::list_mut).into_iter().flatten().for_each(expect_source);
        let Some(variables) = service.get_mut("environment").and_then(Node::map_mut) else { continue };
        let before = variables.len();
        variables.retain(|_, value| !reference::holds(&value.to_string()));
        if variables.len() < before {
            let file = format!("./{}", environment::service_path(name));
            service.insert("env_file".to_owned(), Node::implied(file));
        }
    }
    let values: BTreeMap<&String, &str> =
        settings.variables.iter().map(|(name, value)| (name, value.expose_secret())).collect();
    // A command or a label has no file of its own: the whole file is as secret as what stands in it then.
    let secret = resolve(&mut root, &values);
    let text = serde_yaml::to_string(&output::json(&root)).context("write the compose file")?;
    let mode = if secret { Mode::Secret } else { Mode::Public };
    let content = format!("{HEADER}{text}");
    files.insert(0, RenderedFile { path: COMPOSE_FILE.into(), content, mode, owner: None });
    Ok(files)
}

/// No engine makes a missing folder: those of the twin are there, and in production's place it would be a write. So said,
/// the mount also hashes the same in docker compose 2 and 5.
fn expect_source(mount: &mut Node) {
    let Some(map) = mount.map_mut() else { return };
    if let Some(bind) = map.get_mut("bind").and_then(Node::map_mut) {
        bind.remove("create_host_path");
    }
    if map.get("bind").and_then(Node::map).is_some_and(Map::is_empty) {
        map.remove("bind");
    }
}

/// The folders that services write to, made before the engine looks for them.
pub(super) fn folders(settings: &Settings) -> Vec<RenderedFolder> {
    let Some(model) = &settings.compose else { return Vec::new() };
    let mut folders: Vec<RenderedFolder> = Vec::new();
    for (name, service) in model.services() {
        for bind in host::binds(service) {
            let Ok(path) = Path::new(&bind.source).strip_prefix(&settings.root) else { continue };
            if path.starts_with(twin::OWN_FOLDERS) && !folders.iter().any(|folder| folder.path == path) {
                folders.push(RenderedFolder { path: path.to_owned(), owner: service_uid(settings, name) });
            }
        }
    }
    folders
}

/// A secret or a config whose value is a variable becomes a file: docker compose would look for the variable in the
/// environment of whoever calls it.
fn held(settings: &Settings, section: &str, name: &str, node: &mut Node) -> Result<Option<RenderedFile>> {
    let Some(variable) = node.get("environment").map(Node::to_string) else { return Ok(None) };
    let value = settings.expand(&format!("${{{variable}}}")).with_context(|| format!("{section}.{name}"))?;
    let path = format!("{SECRETS}/{name}");
    if let Some(map) = node.map_mut() {
        map.remove("environment");
        map.insert("file".to_owned(), Node::implied(format!("./{path}")));
    }
    Ok(Some(RenderedFile {
        path: path.into(),
        content: value,
        mode: Mode::Secret,
        owner: reader(settings, section, name),
    }))
}

/// The user of the service that reads a secret, where it says one by number.
fn reader(settings: &Settings, section: &str, name: &str) -> Option<u32> {
    let model = settings.compose.as_ref()?;
    model.services().find_map(|(_, service)| {
        let reads = service.get(section).and_then(Node::list)?.iter();
        let reads = reads.filter_map(|one| one.get("source")).any(|source| source.to_string() == name);
        let user = service.get("user").filter(|_| reads)?.to_string();
        user.split(':').next()?.parse().ok()
    })
}

/// Replaces references by values; true where there was one.
fn resolve(node: &mut Node, values: &BTreeMap<&String, &str>) -> bool {
    let mut found = false;
    match &mut node.value {
        Value::Map(map) => {
            for one in map.values_mut() {
                found |= resolve(one, values);
            }
        }
        Value::List(list) => {
            for one in list {
                found |= resolve(one, values);
            }
        }
        Value::Text(text) if reference::holds(text) => {
            let mut value = |name: &str| {
                values.get(&name.to_owned()).map_or_else(String::new, |value| (*value).to_owned())
            };
            *text = reference::replace(text, &str::to_owned, &mut value);
            found = true;
        }
        _ => {}
    }
    found
}
