//! The real engine behind a socket that refuses one write: the n-th change of a container, network or volume.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const ENGINE: &str = "/var/run/docker.sock";
/// What the refused call answers.
pub const WORDS: &str = "a planted fault";

/// A socket in front of the engine.
pub struct FaultyEngine {
    _folder: tempfile::TempDir,
    socket: PathBuf,
    writes: Arc<AtomicUsize>,
}

impl FaultyEngine {
    /// The write with this number, from 1, is refused.
    pub fn refusing(number: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let socket = folder.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).expect("bind the socket");
        let writes = Arc::new(AtomicUsize::new(0));
        let counter = writes.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counter = counter.clone();
                std::thread::spawn(move || drop(serve(client, &counter, number)));
            }
        });
        Self { _folder: folder, socket, writes }
    }

    pub fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// How many writes there were.
    pub fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }
}

fn serve(mut client: UnixStream, writes: &AtomicUsize, refused: usize) -> std::io::Result<()> {
    let mut engine = UnixStream::connect(ENGINE)?;
    let (mut answers, mut back) = (engine.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(std::net::Shutdown::Both);
    });
    let mut seen = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !more(&mut client, &mut seen)? {
                return engine.shutdown(std::net::Shutdown::Write);
            }
        };
        let head = String::from_utf8_lossy(&seen[..end]).to_lowercase();
        if head.contains("upgrade: ") {
            engine.write_all(&seen)?;
            std::io::copy(&mut client, &mut engine)?;
            return engine.shutdown(std::net::Shutdown::Write);
        }
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok())
            .unwrap_or_default();
        while seen.len() < end + length {
            if !more(&mut client, &mut seen)? {
                return Ok(());
            }
        }
        let request: Vec<u8> = seen.drain(..end + length).collect();
        if is_write(&head) && writes.fetch_add(1, Ordering::SeqCst) + 1 == refused {
            let body = format!("{{\"message\":\"{WORDS}\"}}");
            let length = body.len();
            let head = "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json";
            client.write_all(format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes())?;
        } else {
            engine.write_all(&request)?;
        }
    }
}

fn more(client: &mut UnixStream, seen: &mut Vec<u8>) -> std::io::Result<bool> {
    let mut buffer = [0; 8192];
    let count = client.read(&mut buffer)?;
    seen.extend_from_slice(&buffer[..count]);
    Ok(count > 0)
}

/// A probe of a health check is no change.
fn is_write(head: &str) -> bool {
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let changes = ["/containers/", "/networks/", "/volumes/"].iter().any(|kind| path.contains(kind));
    method != "get" && method != "head" && changes && !path.contains("/exec") && !path.contains("/wait")
}
