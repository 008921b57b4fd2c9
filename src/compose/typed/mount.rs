//! What a service sees on its file system: volumes, folders of the host, secrets and configs.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::number::{Bytes, Text};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Volume {
    /// The engine's name of it.
    pub name: String,
    pub driver: Option<String>,
    pub driver_opts: BTreeMap<String, Text>,
    pub external: bool,
    pub labels: BTreeMap<String, String>,
    /// What docker compose hashes.
    #[serde(skip)]
    pub hash: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Mount {
    #[serde(rename = "type")]
    pub kind: MountKind,
    /// A path, the key of a volume, or an image; empty: a volume without a name.
    #[serde(default)]
    pub source: String,
    pub target: String,
    #[serde(default)]
    pub read_only: bool,
    #[serde(default)]
    pub consistency: Option<String>,
    #[serde(default)]
    pub bind: BindOptions,
    #[serde(default)]
    pub volume: VolumeOptions,
    #[serde(default)]
    pub tmpfs: TmpfsOptions,
    #[serde(default)]
    pub image: ImageOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountKind {
    Bind,
    Volume,
    Tmpfs,
    Image,
    Npipe,
    Cluster,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct BindOptions {
    pub selinux: Option<String>,
    pub propagation: Option<String>,
    /// True for the short form: a folder that is missing is made.
    pub create_host_path: bool,
    pub recursive: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct VolumeOptions {
    pub labels: BTreeMap<String, String>,
    pub nocopy: bool,
    pub subpath: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TmpfsOptions {
    pub size: Bytes,
    /// The permission bits.
    pub mode: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ImageOptions {
    pub subpath: Option<String>,
}

/// A service's use of a secret or a config.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct FileUse {
    /// The key of the secret or config.
    pub source: String,
    /// Where it stands in the container; none: `/` and its key.
    pub target: Option<String>,
    pub uid: Option<Text>,
    pub gid: Option<Text>,
    /// Octal, as text.
    pub mode: Option<Text>,
}

/// A secret or a config. Its content is never printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct FileSource {
    pub name: String,
    pub external: bool,
    /// Absolute.
    pub file: Option<String>,
    /// The variable that holds it.
    pub environment: Option<String>,
    pub content: Option<String>,
}

impl std::fmt::Debug for FileSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSource").field("name", &self.name).finish_non_exhaustive()
    }
}
