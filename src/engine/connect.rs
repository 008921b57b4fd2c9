//! The connection and what its API version can do.

use anyhow::Result;
use bollard::Docker;

use crate::failure::Failure;

/// A connected engine.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(super) docker: Docker,
    /// The negotiated API version, such as `(1, 41)`.
    pub api: (u32, u32),
}

/// The last cause of an error: the layers above it say only that there is one.
fn words(error: &bollard::errors::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

impl Engine {
    /// Connects to `DOCKER_HOST` or the local socket and agrees on a version.
    pub async fn connect() -> Result<Self> {
        let missing = |error: bollard::errors::Error| {
            Failure::environment(format!("the Docker Engine does not answer: {}", words(&error)))
                .hint("start it (`systemctl start docker`), or set DOCKER_HOST")
                .hint("your user must be allowed to use it: root, or a member of the group `docker`")
        };
        let docker = Docker::connect_with_defaults().map_err(missing)?;
        let docker = docker.negotiate_version().await.map_err(missing)?;
        let version = docker.version().await.map_err(missing)?;
        let api = version
            .api_version
            .as_deref()
            .and_then(|v| v.split_once('.'))
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))
            .unwrap_or((1, 41));
        Ok(Self { docker, api })
    }

    /// Where it is.
    pub fn address(&self) -> String {
        std::env::var("DOCKER_HOST")
            .ok()
            .filter(|host| !host.is_empty())
            .unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned())
    }

    /// True when the engine runs on this machine, reached through its socket.
    pub fn is_local(&self) -> bool {
        std::env::var("DOCKER_HOST").map_or(true, |host| host.is_empty() || host.starts_with("unix:"))
    }

    /// From API 1.44 on, a container can be created in several networks at once.
    pub fn several_networks_at_create(&self) -> bool {
        self.api >= (1, 44)
    }
}
