//! One connection of a client: its frames go to the server and the answers back, statement by
//! statement, and no answer leaves before what the statement did has been looked at.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::frame::{Frame, Wire};
use super::look::{self, Looked};
use super::recorder::Recorder;
use super::transaction::Transaction;
use crate::migration::locks::LockMode;
use crate::migration::trace::Seen;

/// How long between two looks into a running statement.
const INTERVAL: Duration = Duration::from_millis(2);
/// The same for a statement that gives its locks back before it ends.
const SHORT_INTERVAL: Duration = Duration::from_micros(300);
/// Names of our own in the client's session.
const LOCKED: &str = "stagectl_look";
const ALL: &str = "stagectl_look_all";

/// How a statement came to its end.
pub enum Done {
    Complete(Frame),
    Failed(Frame),
    /// There was no further statement: the server waits for the next query.
    Ready(Frame),
}

/// Our own question after a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// There is nothing to ask, or the server takes no question now.
    No,
    /// It is to be asked when the statement is done.
    Ask,
    /// It follows the statement already.
    Asked,
}

pub struct Relay {
    pub client: Wire,
    pub server: Wire,
    pub recorder: Arc<Recorder>,
    pub transaction: Transaction,
    number: u32,
    /// The server process; known after the first answers.
    pub pid: i32,
    /// Texts of prepared statements, and of the portals bound to them, by name.
    statements: HashMap<String, String>,
    portals: HashMap<String, String>,
    /// False where the client has thrown our statements away.
    prepared: bool,
    /// After an error, until the client's Sync.
    skipping: bool,
    sampled: Vec<(u32, LockMode)>,
    log: i64,
}

/// True where a statement throws prepared statements away, ours too.
fn throws_away(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    ["deallocate", "discard"].iter().any(|word| text.starts_with(word))
}

/// The other side has gone, or is to be cut off.
pub fn gone() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

impl Relay {
    pub fn new(client: Wire, server: Wire, recorder: Arc<Recorder>) -> Self {
        let (number, transaction) = (recorder.next_connection(), Transaction::new(&recorder));
        Self {
            client,
            server,
            recorder,
            transaction,
            number,
            pid: 0,
            statements: HashMap::new(),
            portals: HashMap::new(),
            prepared: false,
            skipping: false,
            sampled: Vec::new(),
            log: 0,
        }
    }

    /// Relays until one side goes.
    pub async fn run(&mut self) -> io::Result<()> {
        let result = self.relay().await;
        self.transaction.end(&self.recorder, false);
        result
    }

    async fn relay(&mut self) -> io::Result<()> {
        loop {
            tokio::select! {
                biased;
                frame = self.client.next() => match frame? {
                    Some(frame) => self.on_query(frame).await?,
                    None => return Ok(()),
                },
                frame = self.server.next() => match frame? {
                    Some(frame) => {
                        self.note_error(&frame);
                        self.client.relay(&frame).await?;
                        self.client.flush().await?;
                    }
                    None => return Ok(()),
                },
            }
        }
    }

    /// A Parse or Bind may fail before its Execute.
    fn note_error(&mut self, frame: &Frame) {
        if frame.tag == b'E' {
            self.skipping = true;
            self.transaction.failed = true;
        }
    }

    async fn on_query(&mut self, frame: Frame) -> io::Result<()> {
        match frame.tag {
            b'Q' => return self.simple(frame).await,
            b'E' if !self.skipping => return self.execute(frame).await,
            b'P' => {
                let (name, at) = frame.text(0);
                let (text, _) = frame.text(at);
                self.statements.insert(name, text);
            }
            b'B' => {
                let (portal, at) = frame.text(0);
                let (name, _) = frame.text(at);
                let text = self.statements.get(&name).cloned().unwrap_or_default();
                self.portals.insert(portal, text);
            }
            _ => {}
        }
        self.server.relay(&frame).await?;
        match frame.tag {
            b'S' | b'F' => {
                self.server.flush().await?;
                self.until_ready(None).await
            }
            b'P' | b'B' | b'D' | b'C' | b'E' => Ok(()),
            _ => self.server.flush().await,
        }
    }

    /// A statement of the extended protocol: its transaction is still open when it is looked at,
    /// because the client's Sync waits.
    async fn execute(&mut self, frame: Frame) -> io::Result<()> {
        let (portal, _) = frame.text(0);
        let text = self.portals.get(&portal).cloned().unwrap_or_default();
        let start = self.recorder.now_ms();
        self.server.relay(&frame).await?;
        self.server.put(b'H', &[]);
        let look = self.put_look(&text);
        self.server.flush().await?;
        let began = Instant::now();
        let done = self.until_done(&text, false).await?;
        let (Done::Complete(frame) | Done::Failed(frame) | Done::Ready(frame)) = &done;
        self.finish(&text, start, began, frame, look).await?;
        self.skipping = matches!(done, Done::Failed(_));
        self.client.relay(frame).await
    }

    /// Relays until the statement is done; what it says last is not passed on yet.
    /// `hide`: the client did not ask in the extended protocol, so it must not see its answers.
    pub async fn until_done(&mut self, text: &str, hide: bool) -> io::Result<Done> {
        self.sampled.clear();
        let idle = look::is_idle(text);
        let interval = if look::outlives_its_locks(text) { SHORT_INTERVAL } else { INTERVAL };
        loop {
            let (recorder, pid) = (Arc::clone(&self.recorder), self.pid);
            let frame = tokio::select! {
                biased;
                frame = self.server.next() => frame?.ok_or_else(gone)?,
                sampled = async { tokio::time::sleep(interval).await; recorder.sample(pid).await }, if !idle => {
                    self.sampled.extend(sampled.into_iter().filter(|lock| !self.sampled.contains(lock)).collect::<Vec<_>>());
                    continue;
                }
            };
            match frame.tag {
                b'C' | b'I' | b's' => return Ok(Done::Complete(frame)),
                b'E' => return Ok(Done::Failed(frame)),
                b'Z' => return Ok(Done::Ready(frame)),
                b'G' => self.copy_in(&frame).await?,
                b'1' | b'2' | b'3' | b'n' if hide => {}
                _ => {
                    self.client.relay(&frame).await?;
                    if matches!(frame.tag, b'N' | b'A' | b'H') {
                        self.client.flush().await?;
                    }
                }
            }
        }
    }

    /// Rows from the client, until it says that there are no more.
    async fn copy_in(&mut self, begin: &Frame) -> io::Result<()> {
        self.client.relay(begin).await?;
        self.client.flush().await?;
        loop {
            let frame = self.client.next().await?.ok_or_else(gone)?;
            // Sync and Flush mean nothing to a server that reads rows.
            if !matches!(frame.tag, b'S' | b'H') {
                self.server.relay(&frame).await?;
            }
            if matches!(frame.tag, b'c' | b'f') {
                // The server keeps its answer until it is asked for it.
                self.server.put(b'H', &[]);
                return self.server.flush().await;
            }
        }
    }

    /// Relays until the server waits for the next statement. `held` is what the last statement said:
    /// it counts when the commit that belongs to it has gone well.
    pub async fn until_ready(&mut self, mut held: Option<Frame>) -> io::Result<()> {
        let began = Instant::now();
        loop {
            let frame = self.server.next().await?.ok_or_else(gone)?;
            match frame.tag {
                b'E' => {
                    held = None;
                    self.transaction.failed = true;
                }
                b'Z' => {
                    if let Some(held) = held.take() {
                        self.client.relay(&held).await?;
                    }
                    return self.ready(&frame, began).await;
                }
                _ => {}
            }
            self.client.relay(&frame).await?;
        }
    }

    /// The server waits for the next query; outside of a block the last transaction has ended since
    /// `since`.
    pub async fn ready(&mut self, frame: &Frame, since: Instant) -> io::Result<()> {
        if frame.body.first() == Some(&b'I') {
            if let Some(last) = self.transaction.last() {
                self.recorder.lengthen(last, since.elapsed().as_secs_f64() * 1000.0);
            }
            self.transaction.end(&self.recorder, true);
        }
        self.skipping = false;
        self.client.relay(frame).await?;
        self.client.flush().await
    }

    /// Writes down what a statement did, before its client hears of it.
    pub async fn finish(
        &mut self,
        text: &str,
        start_ms: f64,
        began: Instant,
        done: &Frame,
        look: Look,
    ) -> io::Result<()> {
        let ms = began.elapsed().as_secs_f64() * 1000.0;
        let tag = if done.tag == b'C' { done.text(0).0 } else { String::new() };
        let mut seen = Seen {
            connection: self.number,
            transaction: self.transaction.number,
            text: text.to_owned(),
            start_ms,
            ms,
            rows: tag.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or_default(),
            ..Seen::default()
        };
        let mut looked = Vec::new();
        if done.tag == b'E' {
            self.transaction.failed = true;
            seen.error = Some((done.field(b'C').unwrap_or_default(), done.field(b'M').unwrap_or_default()));
        } else {
            looked = match look {
                Look::Asked => self.read_look().await?,
                Look::Ask => self.look(look::outlives_its_locks(text)).await?,
                Look::No => Vec::new(),
            };
        }
        if let Some(log) = looked.first().map(|looked| looked.log) {
            seen.wal_bytes = if self.log > 0 { log - self.log } else { 0 };
            self.log = log;
        }
        let sampled = std::mem::take(&mut self.sampled);
        self.transaction.note(&self.recorder, &mut seen, looked, &sampled);
        if throws_away(text) {
            self.prepared = false;
        }
        let (index, cut) = self.recorder.push(seen);
        self.transaction.add(index);
        // ROLLBACK TO has the same tag, and ends nothing.
        let ends = tag == "COMMIT" || tag == "ROLLBACK" && !text.to_ascii_lowercase().contains(" to ");
        if ends {
            self.transaction.end(&self.recorder, tag == "COMMIT");
        }
        if cut { Err(gone()) } else { Ok(()) }
    }

    /// Prepares our own statements; the server must be waiting for one.
    pub async fn prepare(&mut self) -> io::Result<()> {
        self.put_prepare();
        self.server.put(b'S', &[]);
        self.server.flush().await?;
        loop {
            match self.server.next().await?.ok_or_else(gone)? {
                frame if frame.tag == b'Z' => break,
                frame if frame.tag == b'E' => self.cannot_look(&frame),
                _ => {}
            }
        }
        self.log = self.look(false).await?.first().map_or(0, |looked| looked.log);
        self.server.put(b'S', &[]);
        self.server.flush().await?;
        while self.server.next().await?.ok_or_else(gone)?.tag != b'Z' {}
        Ok(())
    }

    fn cannot_look(&self, error: &Frame) {
        let message = error.field(b'M').unwrap_or_default();
        self.recorder.problem(format!("connection {}: cannot look at its locks: {message}", self.number));
    }

    fn put_prepare(&mut self) {
        for (name, sql) in [(LOCKED, look::locked(self.recorder.highest())), (ALL, look::all())] {
            self.server.put(b'C', &[b"S", name.as_bytes(), b"\0"].concat());
            self.server.put(b'P', &[name.as_bytes(), b"\0", sql.as_bytes(), b"\0\0\0"].concat());
        }
        self.prepared = true;
    }

    /// Asks the session itself, between a statement and the end of its transaction.
    async fn look(&mut self, everything: bool) -> io::Result<Vec<Looked>> {
        self.put_question(everything);
        self.server.flush().await?;
        self.read_look().await
    }

    /// Puts our question right behind a statement, so that the server need not wait for it. After an
    /// error the server passes over it.
    pub fn put_look(&mut self, text: &str) -> Look {
        if look::is_idle(text) {
            return Look::No;
        }
        let reads_on = text.trim_start().get(..4).is_some_and(|word| word.eq_ignore_ascii_case("copy"));
        if reads_on || throws_away(text) {
            return Look::Ask;
        }
        self.put_question(look::outlives_its_locks(text));
        Look::Asked
    }

    fn put_question(&mut self, everything: bool) {
        if !self.prepared {
            self.put_prepare();
        }
        let name = if everything { ALL } else { LOCKED };
        let portal = LOCKED.as_bytes();
        self.server.put(b'B', &[portal, b"\0", name.as_bytes(), b"\0\0\0\0\0\0\0"].concat());
        self.server.put(b'E', &[portal, b"\0\0\0\0\0"].concat());
        self.server.put(b'C', &[b"P", portal, b"\0"].concat());
        self.server.put(b'H', &[]);
    }

    async fn read_look(&mut self) -> io::Result<Vec<Looked>> {
        let (mut looked, mut complete) = (Vec::new(), false);
        loop {
            let frame = self.server.next().await?.ok_or_else(gone)?;
            match frame.tag {
                b'D' => looked.push(Looked::parse(&frame)),
                b'C' => complete = true,
                // The portal is closed.
                b'3' if complete => return Ok(looked),
                b'1'..=b'3' => {}
                b'E' => {
                    // The client's transaction is spoilt; it must not go on as if it were not.
                    self.cannot_look(&frame);
                    return Err(gone());
                }
                _ => self.client.relay(&frame).await?,
            }
        }
    }
}
