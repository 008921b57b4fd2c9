//! From settings to the text of every generated file. Pure: no disk, no clock, no random source.
//!
//! Every string that a template puts out is quoted by the engine for its format, and each
//! YAML file is parsed again before it counts as rendered.

mod compose;
mod environment;
mod monitoring;
mod project;
mod proxy;
mod quote;
mod templates;

use std::path::PathBuf;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use crate::config::Settings;
use crate::failure::Failure;
use crate::store::Mode;

pub use proxy::{certificate_directory, log_directory};

/// The compose file, relative to the project's folder.
pub const COMPOSE_FILE: &str = "docker-compose.staging.yml";

/// A file as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// Relative to the project's folder.
    pub path: PathBuf,
    pub content: String,
    pub mode: Mode,
    /// The user id that must be able to read it, where only the owner may.
    pub owner: Option<u32>,
}

impl RenderedFile {
    fn public(path: &str, content: impl Into<String>) -> Self {
        Self { path: path.into(), content: content.into(), mode: Mode::Public, owner: None }
    }
}

/// A folder that a container writes to or reads secrets from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFolder {
    pub path: PathBuf,
    /// The user id of the service that writes there.
    pub owner: Option<u32>,
}

/// Everything that `generate` puts on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// `.env.staging` first: the secrets must be kept before anything uses them.
    pub files: Vec<RenderedFile>,
    pub folders: Vec<RenderedFolder>,
}

/// Renders every file. All secrets must have been made ([`Settings::to_generate`] is empty).
pub fn render(settings: &Settings) -> Result<Rendered> {
    templates::check_names(settings)?;
    let yaml = templates::Templates::yaml(settings)?;
    let mut files = vec![environment::project_file(settings)];
    files.extend(environment::service_files(settings)?);
    files.push(RenderedFile::public("staging-data/.gitignore", IGNORE_ALL));
    files.push(RenderedFile::public("nginx/.gitignore", "/ssl-staging/\n/logs-staging/\n"));
    let mut mounted = monitoring::files(settings, &yaml)?;
    if settings.config.proxy.is_some() {
        mounted.extend(proxy::files(settings)?);
    }
    // Compose files of one's own bring their own way of making a database.
    if settings.config.database.is_some() && settings.compose.is_none() {
        mounted.push(RenderedFile {
            mode: Mode::Script,
            ..RenderedFile::public(
                "staging-data/postgres-init/10-staging.sh",
                templates::text(settings, "compose/postgres-init/10-staging.sh")?,
            )
        });
    }
    for file in &mounted {
        check_yaml(file)?;
    }
    if let Some(model) = &settings.compose {
        files.extend(project::files(settings, model)?);
    } else {
        let compose = RenderedFile::public(COMPOSE_FILE, compose::file(settings, &yaml, &mounted)?);
        check_yaml(&compose)?;
        files.push(compose);
    }
    files.extend(mounted);
    let mut folders = proxy::folders(settings);
    folders.extend(project::folders(settings));
    Ok(Rendered { files, folders })
}

/// Env files and the init scripts: nothing of it belongs in git.
const IGNORE_ALL: &str = "# Made anew by `stagectl generate`; holds secrets.\n*\n";

/// A template can be wrong where its values are right: what was rendered must parse.
fn check_yaml(file: &RenderedFile) -> Result<()> {
    let name = file.path.display();
    match file.path.extension().and_then(|e| e.to_str()) {
        Some("yml") => serde_yaml::from_str::<serde_yaml::Value>(&file.content)
            .map(drop)
            .map_err(|error| unreadable(&name, &error)),
        Some("json") => serde_json::from_str::<serde::de::IgnoredAny>(&file.content)
            .map(drop)
            .map_err(|error| unreadable(&name, &error)),
        _ => Ok(()),
    }
}

fn unreadable(name: &dyn std::fmt::Display, error: &dyn std::fmt::Display) -> anyhow::Error {
    Failure::config(format!("the rendered {name} cannot be read: {error}"))
        .hint("a template in the folder that `templates` of stagectl.yml names puts out something else than YAML or JSON")
        .into()
}

/// SHA-256 in hex.
pub fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The numeric user of a service, from `uid`, or `uid:gid`.
pub fn service_uid(settings: &Settings, service: &str) -> Option<u32> {
    let user = settings.config.services.get(service)?.user.as_deref()?;
    user.split(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests;
