//! What the checks know of the twin's front door: its clients, its TLS handshake, and every answer
//! that more than one check reads, fetched once.

mod edge;
mod html;
mod load;
mod surfaces;

pub use edge::{Edge, LIMITED_TIMEOUT, is_limited};
pub use html::assets;
pub use load::{ContainerUsage, LoadRun};
pub use surfaces::{Paths, Surface};

use std::path::PathBuf;

use super::facts::{Fact, Missing};
use crate::config::Settings;
use crate::config::proxy::Proxy;
use crate::http::{Client, Target};
use crate::tls::{self, Certificate, Handshake, Trust};

/// Shared answers of the proxy.
#[derive(Debug)]
pub struct Front {
    // Boxed: the facts travel through many futures.
    edge: Fact<Box<Edge>>,
    tls: Fact<Box<TlsFront>>,
}

impl Default for Front {
    fn default() -> Self {
        let missing = || Missing::Unreachable("the proxy was not asked".to_owned());
        Self { edge: Err(missing()), tls: Err(missing()) }
    }
}

/// What the TLS port showed.
#[derive(Debug)]
pub struct TlsFront {
    pub target: Target,
    /// As a client saw it that believes any certificate.
    pub handshake: Handshake,
    /// Whether a client that knows only the twin's CA believed it.
    pub trusted: Result<(), String>,
    /// The certificate file of the proxy.
    pub on_disk: Result<Certificate, String>,
    pub certificate_file: PathBuf,
}

impl Front {
    pub async fn gather(settings: &Settings) -> Self {
        let Some(proxy) = &settings.config.proxy else {
            let missing = || Missing::NotConfigured("stagectl.yml has no `proxy`".to_owned());
            return Self { edge: Err(missing()), tls: Err(missing()) };
        };
        let (edge, tls) = tokio::join!(gather_edge(settings, proxy), gather_tls(settings, proxy));
        Self { edge: edge.map(Box::new).map_err(unreachable), tls: tls.map(Box::new).map_err(unreachable) }
    }

    /// Whether the proxy answers HTTP.
    pub fn http(&self) -> Result<(), Missing> {
        self.edge.as_ref().map(drop).map_err(Clone::clone)
    }

    /// Whether the proxy answers TLS.
    pub fn tls(&self) -> Result<(), Missing> {
        self.tls.as_ref().map(drop).map_err(Clone::clone)
    }

    /// The proxy's HTTP side; checks that need it name [`super::Need::Http`].
    pub fn edge(&self) -> Result<&Edge, String> {
        self.edge.as_deref().map_err(words)
    }

    /// The proxy's TLS side; checks that need it name [`super::Need::Tls`].
    pub fn shown(&self) -> Result<&TlsFront, String> {
        self.tls.as_deref().map_err(words)
    }
}

fn words(missing: &Missing) -> String {
    match missing {
        Missing::NotConfigured(words) | Missing::Unreachable(words) => words.clone(),
    }
}

fn unreachable(error: anyhow::Error) -> Missing {
    Missing::Unreachable(format!("the proxy does not answer: {error:#}"))
}

/// The name that clients use for the twin.
fn name(proxy: &Proxy) -> &str {
    proxy.server_names.first().map_or("localhost", String::as_str)
}

fn target(settings: &Settings, proxy: &Proxy, listen: u16) -> anyhow::Result<Target> {
    let (host, port) = settings.published(&proxy.service, listen)?;
    Target::published(&host, port, name(proxy))
}

async fn gather_edge(settings: &Settings, proxy: &Proxy) -> anyhow::Result<Edge> {
    // Whether the certificate is any good is a check of its own; a bad one must not hide all others.
    let secure = Client::secure(target(settings, proxy, proxy.https_listen)?, Trust::measure()?);
    let plain = target(settings, proxy, proxy.http_listen).ok().map(Client::plain);
    let edge = Edge::new(secure, plain, app(settings, proxy), settings.config.clone());
    edge.shared(&settings.config.validation.health_path).await.map_err(|error| anyhow::anyhow!(error))?;
    Ok(edge)
}

/// The application behind the proxy, where its port is published.
fn app(settings: &Settings, proxy: &Proxy) -> Option<Client> {
    proxy.upstreams.values().find_map(|upstream| {
        let (host, port) = settings.published(&upstream.service, upstream.port).ok()?;
        Target::published(&host, port, "localhost").ok().map(Client::plain)
    })
}

async fn gather_tls(settings: &Settings, proxy: &Proxy) -> anyhow::Result<TlsFront> {
    let target = target(settings, proxy, proxy.https_listen)?;
    let folder = settings.root.join(&settings.config.certificates.directory);
    let handshake = tls::handshake(target.address, &target.name, &Trust::measure()?).await?;
    let trusted = match Trust::ca_file(&folder.join("ca.crt")) {
        Ok(trust) => tls::handshake(target.address, &target.name, &trust).await.map(drop),
        Err(error) => Err(error),
    };
    let certificate_file = folder.join("staging.crt");
    let on_disk = fs_err::read(&certificate_file)
        .map_err(anyhow::Error::from)
        .and_then(|pem| Certificate::from_pem(&pem))
        .map_err(|error| format!("{error:#}"));
    let trusted = trusted.map_err(|error| error.root_cause().to_string());
    Ok(TlsFront { target, handshake, trusted, on_disk, certificate_file })
}
