//! A simple query: its statements are run one by one in one implicit transaction, as the server
//! itself would, so that each can be timed and looked at.

use std::io;
use std::time::Instant;

use super::frame::Frame;
use super::look;
use super::relay::{Done, Look, Relay, gone};
use crate::migration::statements::{self, Statement};

impl Relay {
    pub async fn simple(&mut self, frame: Frame) -> io::Result<()> {
        let text = std::str::from_utf8(frame.body.strip_suffix(b"\0").unwrap_or(&frame.body));
        let Some((text, parts)) = text.ok().and_then(|text| Some((text.to_owned(), parts(text)?))) else {
            return self.whole(frame).await;
        };
        let (mut held, mut from, mut synced) = (None::<Frame>, 0, false);
        let last = parts.len().saturating_sub(1);
        for (number, part) in parts.into_iter().enumerate() {
            if let Some(frame) = held.take() {
                self.client.relay(&frame).await?;
            }
            let at = text[from..].find(&part.text).map_or(from, |found| from + found);
            from = at + part.text.len();
            let start = self.recorder.now_ms();
            self.server.put(b'P', &[b"\0", part.text.as_bytes(), b"\0\0\0"].concat());
            self.server.put(b'B', &[0; 8]);
            self.server.put(b'D', b"P\0");
            self.server.put(b'E', &[0; 5]);
            self.server.put(b'H', &[]);
            let look = self.put_look(&part.text);
            // Where the connection is to be cut on purpose, the end waits for that.
            if number == last && look == Look::Asked && !self.recorder.cuts() {
                self.server.put(b'S', &[]);
                synced = true;
            }
            self.server.flush().await?;
            let began = Instant::now();
            match self.until_done(&part.text, true).await? {
                Done::Complete(frame) => {
                    self.finish(&part.text, start, began, &frame, look).await?;
                    held = Some(frame);
                }
                Done::Failed(frame) => {
                    self.finish(&part.text, start, began, &frame, look).await?;
                    let before = text[..at].chars().count();
                    self.client.relay(&moved(&frame, before)).await?;
                    break;
                }
                Done::Ready(_) => return Err(gone()),
            }
        }
        if !synced {
            self.server.put(b'S', &[]);
            self.server.flush().await?;
        }
        self.until_ready(held).await
    }

    /// A query that cannot be taken apart goes through as it is, answer by answer.
    async fn whole(&mut self, frame: Frame) -> io::Result<()> {
        let (text, _) = frame.text(0);
        self.server.relay(&frame).await?;
        self.server.flush().await?;
        loop {
            let (start, began) = (self.recorder.now_ms(), Instant::now());
            match self.until_done(&text, false).await? {
                Done::Complete(frame) | Done::Failed(frame) => {
                    self.finish(&text, start, began, &frame, Look::No).await?;
                    self.client.relay(&frame).await?;
                }
                Done::Ready(frame) => return self.ready(&frame, Instant::now()).await,
            }
        }
    }
}

/// The statements of a query that can be run one by one; nothing where it must stay whole.
fn parts(text: &str) -> Option<Vec<Statement>> {
    let statements = statements::split(text).ok()?;
    let several = statements.len() > 1;
    let whole = |statement: &Statement| {
        let first = statement.words().next().unwrap_or_default();
        let alone = matches!(first, "vacuum" | "cluster" | "reindex" | "call")
            || statement.words().any(|word| word == "concurrently");
        statement.starts_with(&["copy"]) && statement.words().any(|word| word == "stdin" || word == "stdout")
            || several && alone
    };
    let is_idle = !several && statements.first().is_none_or(|statement| look::is_idle(&statement.text));
    (!is_idle && !statements.iter().any(whole)).then_some(statements)
}

/// An error's position counts from the beginning of what the client sent.
fn moved(frame: &Frame, before: usize) -> Frame {
    let mut body = Vec::with_capacity(frame.body.len() + 8);
    let mut at = 0;
    while let Some(&kind) = frame.body.get(at).filter(|kind| **kind != 0) {
        let (value, next) = frame.text(at + 1);
        body.push(kind);
        match (kind, value.parse::<usize>()) {
            (b'P', Ok(position)) => body.extend_from_slice((position + before).to_string().as_bytes()),
            _ => body.extend_from_slice(&frame.body[at + 1..(next - 1).min(frame.body.len())]),
        }
        body.push(0);
        at = next;
    }
    body.push(0);
    Frame { tag: frame.tag, body: body.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_query_is_taken_apart_unless_it_must_stay_whole() {
        let count = |text: &str| parts(text).map(|parts| parts.len());
        assert_eq!(count("ALTER TABLE a ADD b int; UPDATE a SET b = 1;"), Some(2));
        assert_eq!(count("VACUUM FULL a"), Some(1));
        for text in ["", "BEGIN", "COPY a FROM stdin", "SELECT f(); VACUUM a", "SELECT 'x"] {
            assert_eq!(count(text), None, "{text}");
        }
    }

    #[test]
    fn an_error_points_into_what_the_client_sent() {
        let frame = Frame { tag: b'E', body: Bytes::from_static(b"SERROR\0P3\0Mno\0\0") };
        let moved = moved(&frame, 40);
        assert_eq!(moved.field(b'P').as_deref(), Some("43"));
        assert_eq!(moved.field(b'M').as_deref(), Some("no"));
    }
}
