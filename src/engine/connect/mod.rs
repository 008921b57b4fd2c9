//! The connection: which engine, the road to it, and what its API version can do.

mod context;
mod dial;
mod endpoint;
mod ssh;
mod transport;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use bollard::{API_DEFAULT_VERSION, Docker};

use self::dial::Road;
use self::endpoint::{Address, Endpoint, Sources, TlsFiles};
use self::ssh::Tunnel;
use self::transport::Transport;
use crate::failure::Failure;
use crate::tls::Trust;

/// How long the engine may take to begin an answer, in seconds.
const TIMEOUT: u64 = 120;
/// The oldest API that stagectl speaks: Docker 20.10.
const OLDEST: (u32, u32) = (1, 41);

/// A connected engine.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(super) docker: Docker,
    /// The negotiated API version, such as `(1, 41)`.
    pub api: (u32, u32),
    address: Arc<str>,
    local: bool,
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
    /// Connects to the engine that docker's own command line would use, and agrees on a version.
    ///
    /// # Errors
    /// Where no engine answers: which one was meant, why that one, and what to do.
    pub async fn connect() -> Result<Self> {
        let endpoint = endpoint()?;
        let road = match &endpoint.address {
            Address::Unix(path) => Road::Unix(path.clone()),
            Address::Tcp { host, port, tls } => {
                let trust = tls.as_ref().map(|files| trust(files, &endpoint)).transpose()?;
                Road::Tcp { host: host.clone(), port: *port, trust }
            }
            Address::Ssh(address) => {
                let tunnel =
                    Arc::new(Tunnel::open(address).await.map_err(|failure| origin(failure, &endpoint))?);
                let forwarded = Road::Forwarded(tunnel.clone());
                match Self::along(forwarded, &endpoint).await {
                    Ok(engine) => return Ok(engine),
                    Err(_) => Road::Dialed(tunnel),
                }
            }
        };
        let tunnel = match &road {
            Road::Dialed(tunnel) => Some(tunnel.clone()),
            _ => None,
        };
        let engine = Self::along(road, &endpoint).await.map_err(|error| {
            let said = tunnel.map(|tunnel| tunnel.words()).filter(|words| !words.is_empty());
            let words = said.unwrap_or_else(|| words(&error));
            unanswered(&endpoint, &words)
        })?;
        if engine.api < OLDEST {
            let (major, minor) = engine.api;
            return Err(Failure::environment(format!(
                "the engine at {endpoint} speaks API {major}.{minor}, and stagectl needs 1.41"
            ))
            .hint("Docker 20.10 and everything newer has it")
            .into());
        }
        Ok(engine)
    }

    async fn along(road: Road, endpoint: &Endpoint) -> Result<Self, bollard::errors::Error> {
        let transport = Transport::new(road);
        let send = move |request| transport.clone().request(request);
        let docker =
            Docker::connect_with_custom_transport(send, Some("http://docker"), TIMEOUT, API_DEFAULT_VERSION)?;
        let docker = docker.negotiate_version().await?;
        let version = docker.client_version();
        let api = (version.major_version as u32, version.minor_version as u32);
        let local = matches!(endpoint.address, Address::Unix(_));
        Ok(Self { docker, api, address: endpoint.to_string().into(), local })
    }

    /// Where it is, such as `unix:///var/run/docker.sock`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// True when the engine runs on this machine, reached through its socket.
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// From API 1.44 on, a container can be created in several networks at once.
    pub fn several_networks_at_create(&self) -> bool {
        self.api >= (1, 44)
    }
}

fn endpoint() -> Result<Endpoint, Failure> {
    sources().choose()
}

/// The folder of docker's command line.
pub(super) fn folder() -> Option<PathBuf> {
    sources().folder()
}

fn sources() -> Sources<'static> {
    Sources {
        variable: &|name| std::env::var(name).ok(),
        read: &|path| fs_err::read_to_string(path).ok(),
        is_folder: &Path::is_dir,
    }
}

/// The certificates in a folder, those that are there.
fn trust(files: &TlsFiles, endpoint: &Endpoint) -> Result<Trust, Failure> {
    let read = |name: &str| fs_err::read(files.folder.join(name)).ok();
    let (ca, chain, key) = (read("ca.pem"), read("cert.pem"), read("key.pem"));
    let client = chain.as_deref().zip(key.as_deref());
    Trust::mutual(ca.as_deref(), client, files.verify).map_err(|error| {
        let failure = Failure::config(format!("the certificates in {}: {error:#}", files.folder.display()))
            .hint("ca.pem, cert.pem and key.pem stand there, each in PEM");
        origin(failure, endpoint)
    })
}

fn origin(failure: Failure, endpoint: &Endpoint) -> Failure {
    failure.hint(format!("this engine is {}", endpoint.origin))
}

fn unanswered(endpoint: &Endpoint, words: &str) -> Failure {
    let failure = Failure::environment(format!("the Docker Engine at {endpoint} does not answer: {words}"));
    let failure = match &endpoint.address {
        Address::Unix(_) => failure
            .hint("start it (`systemctl start docker`), or name another one in DOCKER_HOST")
            .hint("your user must be allowed to use it: root, or a member of the group `docker`"),
        Address::Tcp { tls: Some(files), .. } => failure.hint(format!(
            "it must believe cert.pem in {}, and be signed by ca.pem there",
            files.folder.display()
        )),
        Address::Tcp { .. } => failure.hint("if it wants TLS, set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH"),
        Address::Ssh(ssh) => {
            failure.hint(format!("over there, the user must be allowed to use {}", ssh.socket))
        }
    };
    origin(failure, endpoint)
}
