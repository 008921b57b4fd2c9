//! The labels by which docker compose knows its containers, networks and volumes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::compose::hash::Profile;
use crate::compose::typed::{Project, Service};

pub const PROJECT: &str = "com.docker.compose.project";
pub const SERVICE: &str = "com.docker.compose.service";
pub const NUMBER: &str = "com.docker.compose.container-number";
pub const CONFIG_HASH: &str = "com.docker.compose.config-hash";
pub const IMAGE: &str = "com.docker.compose.image";
pub const ONE_OFF: &str = "com.docker.compose.oneoff";
pub const DEPENDS_ON: &str = "com.docker.compose.depends_on";
pub const VERSION: &str = "com.docker.compose.version";
pub const NETWORK: &str = "com.docker.compose.network";
pub const VOLUME: &str = "com.docker.compose.volume";
/// stagectl's own: the digests of the files that the container was made with. Docker compose does not look at it.
pub const FILES: &str = "io.stagectl.files";
pub const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
pub const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
pub const ENVIRONMENT_FILE: &str = "com.docker.compose.project.environment_file";

/// The docker compose that the labels are to agree with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    pub profile: Profile,
    pub version: String,
}

impl Dialect {
    /// True for a version whose hashes are known.
    pub fn known(version: &str) -> bool {
        Profile::of_version(version).is_some()
    }

    /// That of a version, or the newest one.
    pub fn of(version: Option<&str>) -> Self {
        version
            .and_then(|version| {
                Some(Self { profile: Profile::of_version(version)?, version: version.trim().to_owned() })
            })
            .unwrap_or_else(|| Self {
                profile: Profile::Omitted,
                version: Profile::Omitted.version().to_owned(),
            })
    }
}

/// The labels of a container.
pub fn container(
    project: &Project,
    name: &str,
    service: &Service,
    number: u32,
    image_id: &str,
    dialect: &Dialect,
) -> BTreeMap<String, String> {
    let depends_on: Vec<String> = service
        .depends_on
        .iter()
        .map(|(name, rule)| format!("{name}:{}:{}", rule.condition.word(), rule.restart))
        .collect();
    let mut labels = service.labels.clone();
    labels.extend(
        [
            (PROJECT, project.name.clone()),
            (SERVICE, name.to_owned()),
            (NUMBER, number.to_string()),
            (CONFIG_HASH, service.hash(dialect.profile)),
            (IMAGE, image_id.to_owned()),
            (ONE_OFF, "False".to_owned()),
            (DEPENDS_ON, depends_on.join(",")),
            (VERSION, dialect.version.clone()),
            (WORKING_DIR, project.folder.display().to_string()),
            (CONFIG_FILES, paths(&project.files)),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    if !project.env_files.is_empty() {
        labels.insert(ENVIRONMENT_FILE.to_owned(), paths(&project.env_files));
    }
    labels
}

fn paths(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(",")
}

/// The labels of a network or a volume; `kind` is [`NETWORK`] or [`VOLUME`].
pub fn resource(
    project: &Project,
    kind: &str,
    key: &str,
    hash: &str,
    user: &BTreeMap<String, String>,
    dialect: &Dialect,
) -> BTreeMap<String, String> {
    let mut labels = user.clone();
    labels.extend(
        [
            (PROJECT, project.name.clone()),
            (kind, key.to_owned()),
            (CONFIG_HASH, hash.to_owned()),
            (VERSION, dialect.version.clone()),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    labels
}
