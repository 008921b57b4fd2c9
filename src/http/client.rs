//! The probe client: HTTP/1.1 over TCP or TLS, no redirect followed, nothing cached, everything bounded.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

use super::body::ProbeBody;
use super::request::Request;
use super::response::{Response, Timings};
use crate::failure::Failure;
use crate::tls::{self, Trust};

/// Where to connect, and by which name. Always this machine.
#[derive(Debug, Clone)]
pub struct Target {
    pub address: SocketAddr,
    /// For SNI and the Host header.
    pub name: String,
}

impl Target {
    /// A port that a container publishes. Anything but a loopback address is refused:
    /// probes and load must not reach a machine that is not the twin's.
    pub fn published(host: &str, port: u16, name: &str) -> Result<Self> {
        let ip: IpAddr = match host {
            "localhost" | "0.0.0.0" => Ipv4Addr::LOCALHOST.into(),
            "::" => std::net::Ipv6Addr::LOCALHOST.into(),
            other => other.parse().with_context(|| format!("`{other}` is no IP address"))?,
        };
        if !ip.is_loopback() {
            return Err(Failure::refused(format!("probes go to this machine only, not to {ip}:{port}"))
                .hint("publish the port on 127.0.0.1")
                .into());
        }
        Ok(Self { address: SocketAddr::new(ip, port), name: name.to_owned() })
    }

    /// `NAME:PORT`, as a browser sends it.
    pub fn host(&self) -> String {
        format!("{}:{}", self.name, self.address.port())
    }
}

/// A client for one target. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    pub target: Target,
    trust: Option<Trust>,
    source: Option<IpAddr>,
    patience: Duration,
}

impl Client {
    /// Without TLS.
    pub fn plain(target: Target) -> Self {
        Self { target, trust: None, source: None, patience: Duration::from_secs(10) }
    }

    /// With TLS.
    pub fn secure(target: Target, trust: Trust) -> Self {
        Self { trust: Some(trust), ..Self::plain(target) }
    }

    /// Connects from this address, such as 127.0.0.2.
    #[must_use]
    pub fn from_address(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// The same address under another name, in SNI and Host.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.target.name);
        self
    }

    /// How long one exchange may take.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Opens a connection that several requests can use, one after the other.
    pub async fn open(&self) -> Result<Connection> {
        tokio::time::timeout(self.patience, self.connect())
            .await
            .with_context(|| format!("connect to {}: no answer in time", self.target.address))?
    }

    async fn connect(&self) -> Result<Connection> {
        let address = self.target.address;
        let started = Instant::now();
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        if let Some(source) = self.source {
            socket.bind(SocketAddr::new(source, 0)).with_context(|| format!("connect from {source}"))?;
        }
        let stream = socket.connect(address).await.with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        let connect = started.elapsed();
        let (sender, driver) = match &self.trust {
            None => drive(stream).await?,
            Some(trust) => {
                drive(tls::connect(stream, &self.target.name, trust, &["http/1.1"]).await?).await?
            }
        };
        let opened =
            Timings { connect, tls: started.elapsed().saturating_sub(connect), ..Timings::default() };
        Ok(Connection { sender, driver, opened, host: self.target.host(), patience: self.patience })
    }

    /// One request on a connection of its own.
    pub async fn send(&self, request: &Request) -> Result<Response> {
        let mut connection = self.open().await?;
        let opened = connection.opened;
        let mut response = connection.send(request).await?;
        response.timings.connect = opened.connect;
        response.timings.tls = opened.tls;
        response.timings.total += opened.connect + opened.tls;
        Ok(response)
    }

    pub async fn get(&self, path: &str) -> Result<Response> {
        self.send(&Request::get(path)).await
    }
}

type Sender = SendRequest<ProbeBody>;

async fn drive<S>(stream: S) -> Result<(Sender, JoinHandle<()>)>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Its error reaches the request that waits for an answer.
    let driver = tokio::spawn(async move { drop(connection.await) });
    Ok((sender, driver))
}

/// An open connection; closed on drop.
#[derive(Debug)]
pub struct Connection {
    sender: Sender,
    driver: JoinHandle<()>,
    opened: Timings,
    host: String,
    patience: Duration,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// The server has closed it, or said that it will.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    pub async fn send(&mut self, request: &Request) -> Result<Response> {
        let what = || format!("{} {}", request.method, request.path);
        tokio::time::timeout(self.patience, self.exchange(request))
            .await
            .with_context(|| format!("{}: no answer within {} s", what(), self.patience.as_secs()))?
            .with_context(what)
    }

    async fn exchange(&mut self, request: &Request) -> Result<Response> {
        let host = request.host.as_deref().unwrap_or(&self.host);
        let mut message = hyper::Request::builder()
            .method(request.method.as_str())
            .uri(request.path.as_str())
            .header("host", host)
            .header("user-agent", concat!("stagectl/", env!("CARGO_PKG_VERSION")));
        for (name, value) in &request.headers {
            message = message.header(name, value);
        }
        let message = message.body(request.body.clone())?;
        self.sender.ready().await?;
        let started = Instant::now();
        let response = self.sender.send_request(message).await?;
        let first_byte = started.elapsed();
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let (body, truncated) = read(response.into_body()).await?;
        let timings = Timings { first_byte, total: started.elapsed(), ..Timings::default() };
        Ok(Response { status, headers, body, truncated, timings })
    }
}

async fn read(mut incoming: hyper::body::Incoming) -> Result<(Vec<u8>, bool)> {
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = Response::BODY_LIMIT - body.len();
        if data.len() > room {
            body.extend_from_slice(&data[..room]);
            return Ok((body, true));
        }
        body.extend_from_slice(&data);
    }
    Ok((body, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_machine_can_become_a_target() {
        for host in ["192.168.1.10", "8.8.8.8", "fd00::1"] {
            let error = Target::published(host, 443, "x").unwrap_err();
            assert_eq!(Failure::classify(&error).0, crate::failure::Class::Refused, "{host}");
        }
        assert!(Target::published("shop.example.com", 443, "x").is_err());
    }

    #[test]
    fn a_port_on_every_address_is_probed_on_loopback() {
        let target = Target::published("0.0.0.0", 8080, "localhost").unwrap();
        assert_eq!(target.address.to_string(), "127.0.0.1:8080");
        assert_eq!(target.host(), "localhost:8080");
    }
}
