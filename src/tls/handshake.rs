//! What an ordinary, modern client gets to see in a handshake.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustls::{ClientConfig, ClientConnection};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::certificate::Certificate;
use super::client::{AnyServer, Trust, provider};
use super::connect;

/// A completed handshake.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// Such as `TLSv1_3`.
    pub version: String,
    pub suite: String,
    pub alpn: Option<String>,
    /// As the server sent it, the leaf first.
    pub chain: Vec<Certificate>,
    pub took: Duration,
}

const PATIENCE: Duration = Duration::from_secs(5);

/// Shakes hands once and hangs up. An untrusted certificate is the error under `trust`'s CA.
pub async fn handshake(address: SocketAddr, name: &str, trust: &Trust) -> Result<Handshake> {
    let work = async {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
        let started = Instant::now();
        let stream = connect(stream, name, trust, &["h2", "http/1.1"]).await?;
        let took = started.elapsed();
        let session = stream.get_ref().1;
        Ok(Handshake {
            version: session.protocol_version().map_or_else(String::new, |v| format!("{v:?}")),
            suite: session.negotiated_cipher_suite().map_or_else(String::new, |s| format!("{:?}", s.suite())),
            alpn: session.alpn_protocol().map(|p| String::from_utf8_lossy(p).into_owned()),
            chain: session
                .peer_certificates()
                .unwrap_or_default()
                .iter()
                .map(|der| Certificate::from_der(der))
                .collect::<Result<_>>()?,
            took,
        })
    };
    tokio::time::timeout(PATIENCE, work).await.context("TLS handshake: no answer in time")?
}

/// True if the server hands out tickets that allow 0-RTT data, which an attacker can replay.
pub async fn offers_early_data(address: SocketAddr, name: &str) -> Result<bool> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer(provider())))
        .with_no_client_auth();
    config.enable_early_data = true;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let config = Arc::new(config);
    let server = ServerName::try_from(name.to_owned())?;
    let work = async {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
        let connector = tokio_rustls::TlsConnector::from(config.clone());
        let mut stream = connector.connect(server.clone(), stream).await.context("TLS handshake")?;
        // Tickets come behind the handshake, with the first answer at the latest.
        let request = format!("HEAD / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        // A server that closes without close_notify has still said enough.
        let _ = stream.take(64 * 1024).read_to_end(&mut answer).await;
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, work).await.context("TLS tickets: no answer in time")??;
    // A second client would send early data now, if its ticket allows any; nothing is sent.
    let mut again = ClientConnection::new(config.clone(), server)?;
    Ok(again.early_data().is_some())
}
