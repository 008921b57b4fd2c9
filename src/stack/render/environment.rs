//! The env files: `.env.staging` with all variables, and one file per service with only its own.

use anyhow::Result;
use secrecy::ExposeSecret as _;

use super::RenderedFile;
use crate::config::settings::ENV_FILE;
use crate::config::{Settings, env};
use crate::failure::Failure;
use crate::store::Mode;

const HEADER: &str = "# Made by stagectl from stagectl.yml. Holds secrets: keep it out of git.\n";

/// Where a service's own variables stand, relative to the project's folder.
pub(super) fn service_path(service: &str) -> String {
    format!("staging-data/env/{service}.env")
}

/// `.env.staging`, without what a user added by hand: `generate` keeps that.
pub(super) fn project_file(settings: &Settings) -> RenderedFile {
    let mut content = HEADER.to_owned();
    for (name, value) in &settings.variables {
        content.push_str(&env::line(name, value.expose_secret()));
        content.push('\n');
    }
    RenderedFile { path: ENV_FILE.into(), content, mode: Mode::Secret, owner: None }
}

/// True where a value belongs in the env file: it holds a reference.
pub(super) fn is_reference(value: &str) -> bool {
    !env::references(value).is_empty()
}

pub(super) fn has_file(service: &crate::config::services::Service) -> bool {
    service.environment.values().any(|value| is_reference(&value.0))
}

/// The files of all services. Variables that are missing are named all at once.
pub(super) fn service_files(settings: &Settings) -> Result<Vec<RenderedFile>> {
    let mut files = Vec::new();
    let mut missing = Vec::new();
    for (name, service) in settings.config.services.iter().filter(|(_, service)| has_file(service)) {
        let mut content = HEADER.to_owned();
        for (variable, value) in service.environment.iter().filter(|(_, value)| is_reference(&value.0)) {
            match settings.expand(&value.0) {
                Ok(value) => {
                    content.push_str(&env::line(variable, &value));
                    content.push('\n');
                }
                Err(error) => missing.push(format!("services.{name}.environment.{variable}: {error}")),
            }
        }
        files.push(RenderedFile {
            path: service_path(name).into(),
            content,
            mode: Mode::Secret,
            owner: None,
        });
    }
    if missing.is_empty() {
        return Ok(files);
    }
    let count =
        if missing.len() == 1 { "a variable".to_owned() } else { format!("{} variables", missing.len()) };
    Err(Failure::config(format!("{count} cannot be resolved:\n  {}", missing.join("\n  ")))
        .hint("set them in the environment, or give them a value in `env` of stagectl.yml")
        .into())
}
