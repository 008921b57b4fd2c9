//! From the text of a compose file to its canonical form. The only part that reads the disk.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;
use serde_yaml::{Mapping, Value};

use super::model::Project;
use super::{file, interpolate, normalise};
use crate::config::{env, read_text};
use crate::failure::Failure;

const TOP: [&str; 4] = ["name", "services", "networks", "volumes"];

/// Reads a compose file and the env files that it names.
pub fn load(path: &Path) -> Result<Project> {
    let path = fs_err::canonicalize(path)?;
    let text = read_text(&path)?;
    let mut read = |file: &Path, required: bool| -> Result<BTreeMap<String, String>> {
        if !required && !file.exists() {
            return Ok(BTreeMap::new());
        }
        let text = fs_err::read_to_string(file).map_err(|error| {
            Failure::config(format!("env_file: {error}")).hint("run `stagectl generate` first")
        })?;
        Ok(env::parse(&text, &file.display().to_string())?)
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    parse(&text, &path, &mut read).with_context(|| format!("read {name}"))
}

/// The project's name alone: for commands that must work also when the rest cannot be read.
pub fn project_name(path: &Path) -> Option<String> {
    let root: Value = serde_yaml::from_str(&fs_err::read_to_string(path).ok()?).ok()?;
    Some(root.get("name")?.as_str()?.to_owned())
}

/// How an env file is read: its path, and whether it must be there.
pub type ReadEnv<'a> = dyn FnMut(&Path, bool) -> Result<BTreeMap<String, String>> + 'a;

/// The pure part of [`load`]: `read_env` gives the content of an env file.
pub fn parse(text: &str, path: &Path, read_env: &mut ReadEnv<'_>) -> Result<Project> {
    let mut root: Value = serde_yaml::from_str(text).map_err(|error| Failure::config(error.to_string()))?;
    root.apply_merge().map_err(|error| Failure::config(error.to_string()))?;
    interpolate::unescape(&mut root, "")?;
    let Value::Mapping(root) = root else {
        return Err(Failure::config("a compose file is a mapping with `services`").into());
    };
    for key in root.keys().filter_map(Value::as_str) {
        if !TOP.contains(&key) && !key.starts_with("x-") {
            return Err(unsupported("", key).into());
        }
    }
    let name = root.get("name").and_then(Value::as_str).ok_or_else(|| {
        Failure::config("the compose file has no `name`").hint("name the project: `name: my-project`")
    })?;
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    let raw = normalise::Raw {
        name: name.to_owned(),
        file: path.to_owned(),
        folder: folder.to_owned(),
        services: section::<file::Service>(&root, "services")?,
        networks: section::<file::Network>(&root, "networks")?,
        volumes: section::<file::Volume>(&root, "volumes")?,
    };
    if raw.services.is_empty() {
        return Err(Failure::config("the compose file has no services").into());
    }
    normalise::project(raw, read_env)
}

fn section<T: DeserializeOwned + Default>(root: &Mapping, section: &str) -> Result<BTreeMap<String, T>> {
    let mut entries = BTreeMap::new();
    match root.get(section) {
        None | Some(Value::Null) => {}
        Some(Value::Mapping(map)) => {
            for (name, value) in map {
                let name =
                    name.as_str().ok_or_else(|| Failure::config(format!("{section}: a name is a string")))?;
                entries.insert(name.to_owned(), entry(&format!("{section}.{name}"), value)?);
            }
        }
        Some(_) => return Err(Failure::config(format!("{section}: expected a mapping")).into()),
    }
    Ok(entries)
}

/// One service, network or volume. An error names the key, also inside short and long forms.
fn entry<T: DeserializeOwned + Default>(path: &str, value: &Value) -> Result<T> {
    let map = match value {
        Value::Null => return Ok(T::default()),
        Value::Mapping(map) => map,
        _ => return Err(Failure::config(format!("{path}: expected a mapping")).into()),
    };
    let known: Mapping = map
        .iter()
        .filter(|(key, value)| !key.as_str().is_some_and(|key| key.starts_with("x-")) && !value.is_null())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (key, value) in &known {
        let one = Mapping::from_iter([(key.clone(), value.clone())]);
        if let Err(error) = serde_yaml::from_value::<T>(Value::Mapping(one)) {
            let key = key.as_str().unwrap_or("?");
            let text = error.to_string();
            if text.contains(&format!("unknown field `{key}`")) {
                return Err(unsupported(path, key).into());
            }
            // A required field is missing in the one-key mapping; the whole one decides.
            if text.contains("missing field")
                && !text.contains(key)
                && serde_yaml::from_value::<T>(Value::Mapping(known.clone())).is_ok()
            {
                continue;
            }
            return Err(Failure::config(format!("{path}.{key}: {}", plain(&text)))
                .hint("this form, or a key in it, is not one that stagectl understands")
                .into());
        }
    }
    serde_yaml::from_value(Value::Mapping(known))
        .map_err(|error| Failure::config(format!("{path}: {}", plain(&error.to_string()))).into())
}

fn plain(error: &str) -> String {
    if error.contains("untagged enum") { "cannot be read".to_owned() } else { error.to_owned() }
}

fn unsupported(path: &str, key: &str) -> Failure {
    let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
    Failure::config(format!("{path}`{key}` is not supported by stagectl"))
        .hint("stagectl refuses what it would otherwise have to ignore; remove the key")
}
