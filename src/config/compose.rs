//! `compose`: services out of compose files instead of `services`, and the production that they are a twin of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{ConfigFile, EnvSource};
use super::{Settings, env, view};
use crate::compose::load::Read;
use crate::compose::{self, Environment, Model, Request, dotenv};
use crate::failure::Failure;
use crate::twin::{self, Shared, reference, unset};

/// The twin's services as a compose file says them, with every key of compose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Compose {
    /// Laid on top of each other, relative to this file. `${NAME}` takes a variable of `env`, and no other.
    pub files: Vec<String>,
    /// What the twin was derived from. Only ever read, to prove that nothing is shared.
    pub production: Option<Production>,
}

/// Production's compose files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Production {
    /// Relative to this file, or absolute.
    pub files: Vec<String>,
    /// Instead of `.env` beside the first file.
    pub env_files: Vec<String>,
    /// Shared although it is production's, as `init --share` says it: `network:proxy`, `mount:/srv/media`.
    pub share: Vec<String>,
}

/// The model of `compose.files`. A secret stands in it as a reference to its variable.
pub fn model(root: &Path, config: &ConfigFile, compose: &Compose) -> Result<Model> {
    model_with(root, config, compose, &mut read)
}

/// [`model`], with files that are not on the disk yet.
pub fn model_with(root: &Path, config: &ConfigFile, compose: &Compose, read: &mut Read<'_>) -> Result<Model> {
    let request = Request {
        files: compose.files.iter().map(|file| root.join(file)).collect(),
        directory: root.to_owned(),
        environment: variables(config)?,
        profiles: ["*".to_owned()].into(),
        name: Some(config.project.clone()),
    };
    let model = compose::load(&request, read)?;
    match model.unset.first() {
        None => Ok(model),
        Some(name) => Err(Failure::config(format!("compose.files: nothing says what `${{{name}}}` is"))
            .hint(format!("add `{name}` to `env` of stagectl.yml, or write `${{{name}:-}}`"))
            .into()),
    }
}

/// A literal over literals as text.
fn expanded(text: &str, literals: &BTreeMap<&String, &str>, depth: usize) -> Result<String, Failure> {
    let deeper = |name: &str| literals.get(&name.to_owned()).filter(|_| depth < DEEPEST);
    env::expand(text, &mut |name| deeper(name).and_then(|text| expanded(text, literals, depth + 1).ok()))
}

/// How deep literals may refer to each other before they are taken for a circle.
const DEEPEST: usize = 32;

/// What expressions of the twin's files see: literals by their value, everything else by reference.
fn variables(config: &ConfigFile) -> Result<Environment> {
    let mut known = Environment::new();
    let mut literals: BTreeMap<&String, &str> = BTreeMap::new();
    for (name, source) in &config.env {
        match source {
            EnvSource::Literal(text) => drop(literals.insert(name, &text.0)),
            _ => drop(known.insert(name.clone(), reference::to(name))),
        }
    }
    // A literal over a secret is as secret; one over literals only is text.
    let secret = |name: &String| {
        let mut open = vec![name.clone()];
        let mut seen = Vec::new();
        while let Some(name) = open.pop() {
            let Some(text) = literals.get(&name) else { return true };
            if !seen.contains(&name) {
                open.extend(env::references(text));
                seen.push(name);
            }
        }
        false
    };
    for (name, text) in &literals {
        let value = if secret(name) { reference::to(name) } else { expanded(text, &literals, 0)? };
        known.insert((*name).clone(), value);
    }
    Ok(known)
}

impl Production {
    /// Production's model, as docker compose would resolve it in production's folder. A credential whose variable is
    /// not known here stands in it as a reference.
    pub fn model(&self, root: &Path) -> Result<Model> {
        let files: Vec<PathBuf> = self.files.iter().map(|file| absolute(root, file)).collect();
        let directory = directory(root, &self.files);
        let process: Environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let mut below = Environment::new();
        let given = !self.env_files.is_empty();
        let env_files = if given {
            self.env_files.iter().map(|file| absolute(root, file)).collect()
        } else {
            vec![directory.join(".env")]
        };
        for file in env_files {
            let Some(text) = read(&file)? else {
                if given {
                    return Err(Failure::usage(format!("there is no file {}", file.display())).into());
                }
                continue;
            };
            let variables = dotenv::parse(&text, &|name| process.get(name).cloned())
                .map_err(|bad| Failure::config(format!("{}:{}: {}", file.display(), bad.line, bad.words)))?;
            below.extend(variables);
        }
        let mut environment = compose::environment(Some(below), process);
        for file in &files {
            for name in unset::credentials(&read(file)?.unwrap_or_default()) {
                environment.entry(name.clone()).or_insert_with(|| reference::to(&name));
            }
        }
        let request =
            Request { files, directory, environment, profiles: ["*".to_owned()].into(), name: None };
        Ok(compose::load(&request, &mut read)?)
    }

    /// True where all of its files can be read from here.
    pub fn is_here(&self, root: &Path) -> bool {
        self.files.iter().all(|file| absolute(root, file).is_file())
    }
}

/// The folder of the first file: what production's relative paths start from.
pub fn directory(root: &Path, files: &[String]) -> PathBuf {
    let first = files.first().map(|file| absolute(root, file)).unwrap_or_default();
    first.parent().unwrap_or(root).to_owned()
}

/// Without `..` in it, so that paths can be compared.
fn absolute(root: &Path, file: &str) -> PathBuf {
    let path = root.join(file);
    path.canonicalize().unwrap_or(path)
}

pub fn read(path: &Path) -> Result<Option<String>, Failure> {
    if !path.is_file() {
        return Ok(None);
    }
    fs_err::read_to_string(path).map(Some).map_err(|error| Failure::config(error.to_string()))
}

impl Settings {
    /// What the twin would share with the production it was derived from, without what was allowed.
    /// `None` where there is no such production, or its files are on another machine.
    pub fn shared_with_production(&self) -> Result<Option<Vec<Shared>>> {
        let compose = self.config.compose.as_ref().zip(self.compose.as_ref());
        let Some((production, twin)) = compose.and_then(|(c, twin)| Some((c.production.as_ref()?, twin)))
        else {
            return Ok(None);
        };
        if !production.is_here(&self.root) {
            return Ok(None);
        }
        let permits = production.share.iter().cloned().collect();
        Ok(Some(twin::shared(&production.model(&self.root)?, twin, &permits)))
    }
}

/// Fills `services`, `networks` and `volumes` from the compose files.
pub(super) fn fill(root: &Path, config: &mut ConfigFile) -> Result<Option<Model>> {
    let Some(compose) = config.compose.clone() else { return Ok(None) };
    if !config.services.is_empty() {
        return Err(Failure::config("stagectl.yml has both `services` and `compose`")
            .hint("keep one: `compose.files` holds any compose file, `services` is shorter and hardened")
            .into());
    }
    let model = model(root, config, &compose)?;
    view::fill(config, &model);
    Ok(Some(model))
}
