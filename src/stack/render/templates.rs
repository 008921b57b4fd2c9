//! The templates, embedded in the binary by one table.

use anyhow::{Context as _, Result};
use tera::{Context, EscapeFn, Tera};

use super::quote;
use crate::config::Settings;
use crate::failure::Failure;

macro_rules! embedded {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path)))),+]
    };
}

/// Every file below `compose/` and `nginx/`: path in the repository and text.
const TABLE: &[(&str, &str)] = embedded![
    "compose/docker-compose.staging.yml.tera",
    "compose/postgres-init/10-staging.sh",
    "compose/prometheus/prometheus.yml.tera",
    "compose/prometheus/rules.yml.tera",
    "compose/alertmanager/alertmanager.yml.tera",
    "compose/grafana/provisioning/datasources/prometheus.yml.tera",
    "compose/grafana/provisioning/dashboards/staging.yml",
    "compose/grafana/dashboards/overview.json",
    "compose/grafana/dashboards/application.json",
    "compose/grafana/dashboards/database.json",
    "compose/grafana/dashboards/roles.json",
    "nginx/staging.conf.tera",
    "nginx/logrotate.conf.tera",
    "nginx/snippets/headers.conf.tera",
    "nginx/snippets/hidden.conf.tera",
    "nginx/snippets/proxy.conf.tera",
    "nginx/snippets/tls.conf.tera",
];

/// The text of a file: the project's own where `templates` has one, else the embedded one.
pub(super) fn text<'a>(settings: &'a Settings, path: &str) -> Result<&'a str> {
    if let Some(own) = settings.templates.get(path) {
        return Ok(own);
    }
    TABLE
        .iter()
        .find(|(name, _)| *name == path)
        .map(|(_, text)| *text)
        .with_context(|| format!("{path} is not embedded"))
}

/// Refuses files in the project's `templates` folder that stand for nothing: a misspelt name would be silent.
pub(super) fn check_names(settings: &Settings) -> Result<()> {
    let unknown = settings.templates.keys().find(|own| !TABLE.iter().any(|(name, _)| name == own));
    let Some(unknown) = unknown else { return Ok(()) };
    let known: Vec<&str> = TABLE.iter().map(|(name, _)| *name).collect();
    Err(Failure::config(format!("templates: there is no template `{unknown}` to replace"))
        .hint(format!("these can be replaced: {}", known.join(", ")))
        .into())
}

/// A template engine in which every string that is put out is quoted for the format.
pub(super) struct Templates(Tera);

impl Templates {
    pub fn yaml(settings: &Settings) -> Result<Self> {
        Self::new("compose/", quote::write_yaml, settings)
    }
    pub fn nginx(settings: &Settings) -> Result<Self> {
        Self::new("nginx/", quote::write_nginx, settings)
    }

    fn new(folder: &str, escape: EscapeFn, settings: &Settings) -> Result<Self> {
        let mut tera = Tera::default();
        tera.set_escape_fn(escape);
        tera.autoescape_on([".tera"]);
        let mut sources = Vec::new();
        for (path, _) in TABLE.iter().filter(|(path, _)| path.starts_with(folder) && path.ends_with(".tera"))
        {
            sources.push((*path, text(settings, path)?));
        }
        tera.add_raw_templates(sources).map_err(|error| broken(&error))?;
        Ok(Self(tera))
    }

    pub fn render(&self, path: &str, view: &impl serde::Serialize) -> Result<String> {
        let context = Context::from_serialize(view).with_context(|| format!("render {path}"))?;
        self.0
            .render(path, &context)
            .map_err(|error| broken(&error))
            .with_context(|| format!("render {path}"))
    }
}

/// Tera's own words: they name the template, line and column, and show the place.
fn broken(error: &tera::Error) -> Failure {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    Failure::config(format!("a template is broken: {text}")).hint(
        "mend it in the folder that `templates` of stagectl.yml names, or remove it to use the embedded one",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn files(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else {
                let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
                found.insert(path.to_str().unwrap().to_owned());
            }
        }
    }

    #[test]
    fn every_file_of_the_template_folders_is_embedded() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut on_disk = BTreeSet::new();
        files(&root.join("compose"), &mut on_disk);
        files(&root.join("nginx"), &mut on_disk);
        on_disk.retain(|path| !path.starts_with("compose/blueprints/"));
        let embedded: BTreeSet<String> = TABLE.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(on_disk, embedded);
    }
}
