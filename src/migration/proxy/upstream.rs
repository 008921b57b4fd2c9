//! The way from the proxy to the server: TCP or a socket, with TLS where the server has it.

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use super::frame::Wire;
use crate::model::{DatabaseAddress, Encryption};
use crate::postgres;

/// `SSLRequest` with its length.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];

/// Connects; nothing but the request for encryption has been said then.
pub async fn connect(server: &DatabaseAddress) -> Result<Wire> {
    if server.host.starts_with('/') {
        let socket = format!("{}/.s.PGSQL.{}", server.host, server.port);
        let stream = UnixStream::connect(&socket).await.with_context(|| format!("connect to {socket}"))?;
        return Ok(Wire::new(stream));
    }
    let place = format!("{}:{}", server.host, server.port);
    let mut stream = TcpStream::connect((server.host.as_str(), server.port))
        .await
        .with_context(|| format!("connect to {place}"))?;
    stream.set_nodelay(true)?;
    let Some(tls) = postgres::tls_config(&server.encryption)? else { return Ok(Wire::new(stream)) };
    stream.write_all(&SSL_REQUEST).await?;
    let mut answer = [0];
    stream.read_exact(&mut answer).await.with_context(|| format!("ask {place} for TLS"))?;
    if answer[0] != b'S' {
        anyhow::ensure!(
            server.encryption == Encryption::Prefer,
            "{place} has no TLS, and `sslmode={}` asks for it",
            server.encryption.word()
        );
        return Ok(Wire::new(stream));
    }
    let name = rustls_pki_types::ServerName::try_from(server.host.clone())
        .with_context(|| format!("{} is no name for TLS", server.host))?;
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(tls));
    let stream = connector.connect(name, stream).await.with_context(|| format!("speak TLS with {place}"))?;
    Ok(Wire::new(stream))
}
