//! Hand-made hellos on the wire: one short TCP connection each.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rand::RngExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::answer::Answer;
use super::hello::ClientHello;
use super::registry::{Group, Suite, Version};

/// An answer has this long to come; a server that stays silent has not agreed.
const PATIENCE: Duration = Duration::from_secs(3);
/// No answer of interest is longer.
const ENOUGH: usize = 64 * 1024;

/// Sends one hello and reads the first message that comes back.
pub async fn ask(address: SocketAddr, hello: &ClientHello) -> Result<Answer> {
    let record = hello.record(rand::rng().random());
    let mut stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
    stream.write_all(&record).await?;
    let reading = async {
        let mut bytes = Vec::with_capacity(4096);
        loop {
            // A reset is a way to refuse, like a close.
            let read = stream.read_buf(&mut bytes).await.unwrap_or(0);
            if let Some(answer) = Answer::parse(&bytes) {
                return answer;
            }
            if read == 0 || bytes.len() > ENOUGH {
                return Answer::Closed;
            }
        }
    };
    Ok(tokio::time::timeout(PATIENCE, reading).await.unwrap_or(Answer::Closed))
}

/// The suites of one version that the server accepts, in its order of preference: each answer's suite is
/// taken out of the next offer, until the server finds none.
pub async fn accepted_suites(address: SocketAddr, name: &str, version: Version) -> Result<Vec<Suite>> {
    let mut hello = ClientHello::new(version, name);
    let mut accepted = Vec::new();
    while !hello.suites.is_empty() {
        match ask(address, &hello).await? {
            Answer::Hello { version: chosen, suite, .. }
                if chosen == version && hello.suites.contains(&suite) =>
            {
                hello.suites.retain(|offered| *offered != suite);
                accepted.push(suite);
            }
            _ => break,
        }
    }
    Ok(accepted)
}

/// The groups that the server exchanges keys in, each offered alone.
pub async fn accepted_groups(address: SocketAddr, name: &str, version: Version) -> Result<Vec<Group>> {
    let mut accepted = Vec::new();
    for group in Group::ALL {
        let hello = ClientHello {
            groups: vec![group],
            suites: Suite::all().into_iter().filter(|s| s.name().starts_with("ECDHE")).collect(),
            ..ClientHello::new(version, name)
        };
        if ask(address, &hello).await?.agrees_on(version) {
            accepted.push(group);
        }
    }
    Ok(accepted)
}

/// True if the server chooses to compress (CRIME).
pub async fn compression(address: SocketAddr, name: &str) -> Result<bool> {
    let hello = ClientHello { compression: true, ..ClientHello::new(Version::TLS12, name) };
    Ok(matches!(ask(address, &hello).await?, Answer::Hello { compression, .. } if compression != 0))
}
