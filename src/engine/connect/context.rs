//! Docker's contexts: `config.json`, `contexts/meta` and `contexts/tls` below `~/.docker`.

use std::path::Path;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::endpoint::TlsFiles;

/// The context that `docker context use` has chosen.
pub(super) fn current(config: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Config {
        #[serde(rename = "currentContext", default)]
        current: String,
    }
    let config: Config = serde_json::from_str(config).ok()?;
    (!config.current.is_empty()).then_some(config.current)
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "Endpoints", default)]
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
struct Endpoints {
    docker: Option<Docker>,
}

#[derive(Deserialize)]
struct Docker {
    #[serde(rename = "Host", default)]
    host: String,
    #[serde(rename = "SkipTLSVerify", default)]
    skip_tls_verify: bool,
}

/// The folder of docker's command line.
pub(super) struct Store<'a> {
    pub folder: &'a Path,
    pub read: &'a dyn Fn(&Path) -> Option<String>,
    pub is_folder: &'a dyn Fn(&Path) -> bool,
}

impl Store<'_> {
    /// A context's address and its TLS material.
    pub fn endpoint(&self, name: &str) -> Result<(String, Option<TlsFiles>), String> {
        // A context's folder is called after the digest of its name.
        let id = Sha256::digest(name).iter().fold(String::new(), |id, byte| id + &format!("{byte:02x}"));
        let file = self.folder.join("contexts/meta").join(&id).join("meta.json");
        let text = (self.read)(&file).ok_or_else(|| format!("there is none in {}", self.folder.display()))?;
        let meta: Meta =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let docker = meta.endpoints.docker.filter(|docker| !docker.host.is_empty());
        let docker = docker.ok_or("it names no docker engine")?;
        let material = self.folder.join("contexts/tls").join(&id).join("docker");
        let tls = (docker.skip_tls_verify || (self.is_folder)(&material))
            .then_some(TlsFiles { folder: material, verify: !docker.skip_tls_verify });
        Ok((docker.host, tls))
    }
}
