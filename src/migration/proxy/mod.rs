//! A proxy between any migration tool and the server, on the loopback: it relays PostgreSQL's
//! protocol frame by frame and sees each statement with the locks that it takes, whatever command
//! runs it and whether or not the statement runs in a transaction.
//!
//! `frame` reads and writes; `upstream` connects; `relay` is one connection and `simple` its simple
//! queries; `look` is what it asks the migrating session after each statement, `transaction` and
//! `compare` what they make of the answers, `recorder` what all connections share.

mod compare;
mod frame;
mod look;
mod recorder;
mod relay;
mod simple;
mod transaction;
mod upstream;

use std::io;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

pub use self::look::is_idle;

use self::frame::{Frame, Wire};
use self::recorder::Recorder;
use self::relay::{Relay, gone};
use super::trace::Trace;
use crate::model::{DatabaseAddress, Encryption};
use crate::postgres::Session;

/// Requests that a client may send instead of a version.
const CANCEL: [u8; 4] = [4, 0xd2, 0x16, 0x2e];
const ENCRYPTION: [[u8; 4]; 2] = [[4, 0xd2, 0x16, 0x2f], [4, 0xd2, 0x16, 0x30]];

/// What goes wrong on purpose.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Cuts every connection after this many statements, before the last one's answer.
    pub cut_after: Option<usize>,
    /// As PostgreSQL's setting of this name, such as `300ms`.
    pub lock_timeout: Option<String>,
}

/// A proxy at work; it ends when dropped.
pub struct Proxy {
    address: DatabaseAddress,
    recorder: Arc<Recorder>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Opens a port on the loopback for `server`. `beside` is a session on the same database that
    /// sees all of its backends.
    pub async fn start(server: &DatabaseAddress, beside: Session, faults: Faults) -> Result<Self> {
        let recorder = Arc::new(Recorder::new(beside, faults.cut_after).await?);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("open a port for the proxy")?;
        let port = listener.local_addr()?.port();
        // What goes over the loopback is plain, whatever goes to the server.
        let encryption = match server.encryption {
            Encryption::Prefer => Encryption::Prefer,
            _ => Encryption::Disable,
        };
        let address = DatabaseAddress { host: "127.0.0.1".into(), port, encryption, ..server.clone() };
        let task = tokio::spawn(accept(listener, server.clone(), Arc::clone(&recorder), faults));
        Ok(Self { address, recorder, task })
    }

    /// The server's own address, but through the proxy.
    pub fn address(&self) -> &DatabaseAddress {
        &self.address
    }

    /// What was seen so far.
    pub fn trace(&self) -> Trace {
        self.recorder.trace()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The connections belong to the task.
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: DatabaseAddress, recorder: Arc<Recorder>, faults: Faults) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                let (server, recorder, faults) = (server.clone(), Arc::clone(&recorder), faults.clone());
                connections.spawn(async move {
                    if let Err(error) = serve(client, &server, Arc::clone(&recorder), &faults).await {
                        tracing::debug!(error = %format!("{error:#}"), "a connection of the proxy ended");
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(
    client: TcpStream,
    server: &DatabaseAddress,
    recorder: Arc<Recorder>,
    faults: &Faults,
) -> Result<()> {
    client.set_nodelay(true)?;
    let mut client = Wire::new(client);
    let packet = loop {
        let Some(packet) = client.startup().await? else { return Ok(()) };
        if !ENCRYPTION.iter().any(|request| packet.starts_with(request)) {
            break packet;
        }
        client.raw(b"N");
        client.flush().await?;
    };
    if recorder.is_cut() {
        return Ok(());
    }
    let mut server = match upstream::connect(server).await {
        Ok(server) => server,
        Err(error) => {
            recorder.problem(format!("{error:#}"));
            return Err(error);
        }
    };
    let is_cancel = packet.starts_with(&CANCEL);
    let packet = if is_cancel { packet } else { with_options(packet, faults) };
    server.raw(&(packet.len() as u32 + 4).to_be_bytes());
    server.raw(&packet);
    server.flush().await?;
    if is_cancel {
        // Number and key are the server's own. It closes when it has heard.
        while server.next().await?.is_some() {}
        return Ok(());
    }
    let replication = packet.windows(12).any(|name| name == b"replication\0");
    let mut relay = Relay::new(client, server, recorder);
    if authenticate(&mut relay, replication).await? {
        relay.run().await?;
    }
    Ok(())
}

/// Adds settings to what the client asks for itself.
fn with_options(packet: Bytes, faults: &Faults) -> Bytes {
    let Some(timeout) = &faults.lock_timeout else { return packet };
    let ours = format!("-c lock_timeout={timeout}");
    let mut parts: Vec<Vec<u8>> =
        packet.get(4..).unwrap_or_default().split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    while parts.last().is_some_and(Vec::is_empty) {
        parts.pop();
    }
    match parts.iter().step_by(2).position(|name| name == b"options") {
        Some(pair) => parts[pair * 2 + 1].extend_from_slice(format!(" {ours}").as_bytes()),
        None => parts.extend([b"options".to_vec(), ours.into_bytes()]),
    }
    let mut packet = packet[..4].to_vec();
    for part in parts {
        packet.extend_from_slice(&part);
        packet.push(0);
    }
    packet.push(0);
    packet.into()
}

/// Passes the log-in through untouched, until the server waits for the first query; false where it
/// refused.
async fn authenticate(relay: &mut Relay, replication: bool) -> io::Result<bool> {
    loop {
        tokio::select! {
            biased;
            frame = relay.server.next() => {
                let Some(frame) = frame? else { relay.client.flush().await?; return Ok(false) };
                match frame.tag {
                    b'K' => relay.pid = frame.body.first_chunk().map_or(0, |pid| i32::from_be_bytes(*pid)),
                    b'Z' if !replication => relay.prepare().await?,
                    _ => {}
                }
                let is_ready = frame.tag == b'Z';
                relay.client.relay(&without_binding(frame)).await?;
                relay.client.flush().await?;
                if is_ready {
                    return Ok(true);
                }
            }
            frame = relay.client.next() => {
                let frame = frame?.ok_or_else(gone)?;
                relay.server.relay(&frame).await?;
                relay.server.flush().await?;
            }
        }
    }
}

/// A client without TLS cannot bind its log-in to the server's certificate; libpq refuses a server
/// that offers it all the same.
fn without_binding(frame: Frame) -> Frame {
    const PLUS: &[u8] = b"SCRAM-SHA-256-PLUS\0";
    if frame.tag != b'R' || !frame.body.starts_with(&[0, 0, 0, 10]) {
        return frame;
    }
    let Some(at) = frame.body.windows(PLUS.len()).position(|name| name == PLUS) else { return frame };
    let body = [&frame.body[..at], &frame.body[at + PLUS.len()..]].concat();
    Frame { tag: frame.tag, body: body.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_added_to_the_clients_own_options() {
        let faults = Faults { lock_timeout: Some("1s".into()), ..Faults::default() };
        let added = |packet: &'static [u8]| with_options(Bytes::from_static(packet), &faults);
        assert_eq!(
            &added(b"\0\x03\0\0user\0u\0\0")[..],
            b"\0\x03\0\0user\0u\0options\0-c lock_timeout=1s\0\0"
        );
        assert_eq!(
            &added(b"\0\x03\0\0options\0-c a=b\0user\0u\0\0")[..],
            b"\0\x03\0\0options\0-c a=b -c lock_timeout=1s\0user\0u\0\0"
        );
    }

    #[test]
    fn a_log_in_that_needs_tls_is_not_offered_without_it() {
        let offer = |names: &[u8]| Frame { tag: b'R', body: [&[0, 0, 0, 10], names, b"\0"].concat().into() };
        let frame = without_binding(offer(b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0"));
        assert_eq!(frame.body, offer(b"SCRAM-SHA-256\0").body);
    }
}
