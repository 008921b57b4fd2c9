//! Settings: the config with its environment, nothing left to guess.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use secrecy::{ExposeSecret as _, SecretString};

use super::file::{ConfigFile, EnvSource, Generated};
use super::services::Service;
use super::{compose, env, load, validate};
use crate::compose::Model;
use crate::failure::Failure;
use crate::model::{CacheAddress, DatabaseAddress, Encryption};

/// The variables of the twin, with its secrets. Mode 0600, never in git.
pub const ENV_FILE: &str = ".env.staging";
/// Where production's URLs may stand instead of in the environment. Mode 0600, never in git.
pub const PRODUCTION_ENV_FILE: &str = ".env.production";
/// Where reports and backups go.
pub const BACKUPS: &str = "staging-backups";

/// A resolved configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder that holds `stagectl.yml`.
    pub root: PathBuf,
    pub config: ConfigFile,
    /// `.env.staging` as it will be; without the secrets that have yet to be made.
    pub variables: BTreeMap<String, SecretString>,
    /// Secrets named in the config that do not exist yet.
    pub to_generate: BTreeMap<String, Generated>,
    /// The project's own templates: path to text.
    pub templates: BTreeMap<String, String>,
    /// The model of `compose.files`, secrets as references; `services` is then a view of it.
    pub compose: Option<Model>,
    /// The process environment and `.env.production`, for names the config does not define.
    outside: BTreeMap<String, SecretString>,
}

impl Settings {
    /// Reads `stagectl.yml`, the env files and the environment. Changes nothing.
    pub fn load(root: &Path) -> Result<Self> {
        let root = load::folder(root)?;
        let mut config = load::load(&root)?;
        load::join_masking(&root, &mut config.masking)?;
        let compose = compose::fill(&root, &mut config)?;
        let mut outside: BTreeMap<String, String> = read_env_file(&root, PRODUCTION_ENV_FILE)?;
        // A value that is not UTF-8 cannot be asked for by name: nothing in the config can hold it.
        outside.extend(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        );
        let existing = read_env_file(&root, ENV_FILE)?;
        let templates = load::templates(&root, config.templates.as_deref())?;
        Ok(Self { templates, compose, ..Self::resolve(root, config, &existing, outside)? })
    }

    /// The pure part of [`Settings::load`], but for `{file: …}` values.
    pub fn resolve(
        root: PathBuf,
        mut config: ConfigFile,
        existing: &BTreeMap<String, String>,
        outside: BTreeMap<String, String>,
    ) -> Result<Self> {
        let disabled: BTreeSet<String> =
            config.services.iter().filter(|(_, s)| !s.enabled).map(|(name, _)| name.clone()).collect();
        config.services.retain(|_, service| service.enabled);
        for service in config.services.values_mut() {
            service.depends_on.retain(|name, _| !disabled.contains(name));
        }
        validate::check(&config)?;
        let mut settings = Self {
            root,
            config,
            variables: BTreeMap::new(),
            to_generate: BTreeMap::new(),
            templates: BTreeMap::new(),
            compose: None,
            outside: outside.into_iter().map(|(k, v)| (k, v.into())).collect(),
        };
        settings.resolve_variables(existing)?;
        Ok(settings)
    }

    fn resolve_variables(&mut self, existing: &BTreeMap<String, String>) -> Result<()> {
        let sources = self.config.env.clone();
        for (name, source) in &sources {
            match source {
                EnvSource::Generate(spec) => match existing.get(name) {
                    Some(value) => drop(self.variables.insert(name.clone(), value.clone().into())),
                    None => drop(self.to_generate.insert(name.clone(), spec.clone())),
                },
                EnvSource::File(from) => {
                    let path = self.root.join(&from.file);
                    let text = fs_err::read_to_string(&path).map_err(|error| {
                        Failure::config(format!("env.{name}: {error}"))
                            .hint("write the file, or change `env`")
                    })?;
                    self.variables.insert(name.clone(), text.trim_end_matches(['\n', '\r']).into());
                }
                EnvSource::Literal(_) => {}
            }
        }
        self.resolve_literals()
    }

    /// Literals refer to each other: expand those whose references are known, until none is left.
    fn resolve_literals(&mut self) -> Result<()> {
        let mut open: BTreeMap<String, String> = self
            .config
            .env
            .iter()
            .filter_map(|(name, source)| match source {
                EnvSource::Literal(text) => Some((name.clone(), text.0.clone())),
                _ => None,
            })
            .collect();
        while !open.is_empty() {
            let ready: Vec<String> = open
                .iter()
                .filter(|(_, text)| !env::references(text).iter().any(|r| open.contains_key(r)))
                .map(|(name, _)| name.clone())
                .collect();
            if ready.is_empty() {
                let names: Vec<&str> = open.keys().map(String::as_str).collect();
                return Err(Failure::config(format!(
                    "env: {} refer to each other in a circle",
                    names.join(", ")
                ))
                .hint("break the circle in `env` of stagectl.yml")
                .into());
            }
            for name in ready {
                let Some(text) = open.remove(&name) else { continue };
                // A literal over a secret that is yet to be made waits with it.
                if env::references(&text).iter().any(|r| self.is_pending(r)) {
                    continue;
                }
                let value = self.expand(&text).with_context(|| format!("env.{name}"))?;
                self.variables.insert(name, value.into());
            }
        }
        Ok(())
    }

    /// True for a secret that does not exist yet, and for what is built on it.
    fn is_pending(&self, name: &str) -> bool {
        self.to_generate.contains_key(name)
            || (self.config.env.contains_key(name) && !self.variables.contains_key(name))
    }

    /// Takes the secrets that were made and resolves what waited for them.
    pub fn with_secrets(&self, made: &BTreeMap<String, String>) -> Result<Self> {
        let mut existing: BTreeMap<String, String> =
            self.variables.iter().map(|(k, v)| (k.clone(), v.expose_secret().to_owned())).collect();
        existing.extend(made.clone());
        let outside = self.outside.iter().map(|(k, v)| (k.clone(), v.expose_secret().to_owned())).collect();
        let resolved = Self::resolve(self.root.clone(), self.config.clone(), &existing, outside)?;
        Ok(Self { templates: self.templates.clone(), compose: self.compose.clone(), ..resolved })
    }

    /// The value of a variable: `.env.staging` first, then the environment.
    pub fn variable(&self, name: &str) -> Option<&SecretString> {
        if self.config.env.contains_key(name) { self.variables.get(name) } else { self.outside.get(name) }
    }

    /// Expands `${NAME}` in `text`. The result may hold secrets: never print it.
    pub fn expand(&self, text: &str) -> Result<String> {
        if let Some(name) = env::references(text).into_iter().find(|name| self.is_pending(name)) {
            return Err(Failure::config(format!("`{name}` has not been made yet"))
                .hint("run `stagectl setup` (or `stagectl generate`) first: it makes the secrets")
                .into());
        }
        Ok(env::expand(text, &mut |name| self.variable(name).map(|v| v.expose_secret().to_owned()))?)
    }

    /// Every secret value, for redaction.
    pub fn secrets(&self) -> BTreeSet<String> {
        self.config
            .env
            .iter()
            .filter(|(_, source)| !matches!(source, EnvSource::Literal(_)))
            .filter_map(|(name, _)| self.variables.get(name))
            .map(|value| value.expose_secret().to_owned())
            .filter(|value| value.len() >= 6)
            .collect()
    }

    pub fn service(&self, name: &str) -> Result<&Service> {
        self.config.services.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.config.services.keys().map(String::as_str).collect();
            Failure::usage(format!("there is no service `{name}`"))
                .hint(format!("known services: {}", known.join(", ")))
                .into()
        })
    }

    /// The host address and port that a container port of a service is published at.
    pub fn published(&self, service: &str, container_port: u16) -> Result<(String, u16)> {
        let ports = &self.service(service)?.ports;
        ports
            .iter()
            .filter_map(|port| parse_port(port))
            .find(|port| port.container == container_port)
            .map(|port| (port.address, port.host))
            .ok_or_else(|| {
                Failure::config(format!(
                    "services.{service}.ports: container port {container_port} is not published"
                ))
                .hint(format!("add `- \"HOSTPORT:{container_port}\"` to its ports"))
                .into()
            })
    }

    /// The twin's database, as the role that may create databases.
    pub fn database_admin(&self) -> Result<DatabaseAddress> {
        let database = self.database()?;
        self.database_address(&database.admin_user, &database.admin_password)
    }

    /// The twin's database, as the application's role.
    pub fn database_user(&self) -> Result<DatabaseAddress> {
        let database = self.database()?;
        self.database_address(&database.user, &database.password)
    }

    pub fn database(&self) -> Result<&super::file::Database> {
        self.config.database.as_ref().ok_or_else(|| {
            Failure::config("stagectl.yml has no `database`").hint("add the `database` section").into()
        })
    }

    fn database_address(&self, user: &str, password: &str) -> Result<DatabaseAddress> {
        let database = self.database()?;
        let (host, port) = self.published(&database.service, 5432)?;
        Ok(DatabaseAddress {
            host,
            port,
            name: database.name.clone(),
            user: user.to_owned(),
            password: self.expand(password).context("database password")?.into(),
            encryption: Encryption::Prefer,
        })
    }

    /// The twin's Redis, where there is one.
    pub fn cache(&self) -> Result<Option<CacheAddress>> {
        let Some(cache) = &self.config.cache else { return Ok(None) };
        let (host, port) = self.published(&cache.service, 6379)?;
        let password = cache.password.as_deref().map(|p| self.expand(p)).transpose()?.map(Into::into);
        Ok(Some(CacheAddress { host, port, password }))
    }

    /// The image to run for a service's image: the local replacement, if there is one.
    pub fn image<'a>(&'a self, reference: &'a str) -> &'a str {
        self.config.images.get(reference).map_or(reference, String::as_str)
    }

    pub fn backups(&self) -> PathBuf {
        self.root.join(BACKUPS)
    }
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    pub address: String,
    pub host: u16,
    pub container: u16,
}

/// Parses `[ADDRESS:]HOST:CONTAINER`.
pub fn parse_port(text: &str) -> Option<Port> {
    let (rest, container) = text.rsplit_once(':')?;
    let (address, host) = rest.rsplit_once(':').unwrap_or(("127.0.0.1", rest));
    Some(Port { address: address.to_owned(), host: host.parse().ok()?, container: container.parse().ok()? })
}

fn read_env_file(root: &Path, name: &str) -> Result<BTreeMap<String, String>> {
    let path = root.join(name);
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    Ok(env::parse(&load::read_text(&path)?, name)?)
}
