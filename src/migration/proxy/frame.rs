//! Frames of PostgreSQL's protocol, version 3, over any stream. Reading may be cut off and taken up
//! again: what has arrived stays in the buffer.

use std::io;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// A stream to a client or a server.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What is written goes out at the latest when this many bytes wait.
const FULL: usize = 64 * 1024;
/// No frame is longer; the server's own limit is the same.
const LONGEST: usize = 1 << 30;

/// One message: its letter and what follows the length.
#[derive(Debug, Clone)]
pub struct Frame {
    pub tag: u8,
    pub body: Bytes,
}

impl Frame {
    /// The zero-terminated text at `at`, and the position after it.
    pub fn text(&self, at: usize) -> (String, usize) {
        let rest = self.body.get(at..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
        (String::from_utf8_lossy(&rest[..end]).into_owned(), at + end + 1)
    }

    /// A field of an error or a notice, such as `C` for its code.
    pub fn field(&self, wanted: u8) -> Option<String> {
        let mut at = 0;
        while let Some(&kind) = self.body.get(at).filter(|kind| **kind != 0) {
            let (value, next) = self.text(at + 1);
            if kind == wanted {
                return Some(value);
            }
            at = next;
        }
        None
    }

    /// The columns of a row, in text form.
    pub fn row(&self) -> Vec<Option<String>> {
        let mut rest = self.body.clone();
        let mut columns = Vec::new();
        if rest.remaining() < 2 {
            return columns;
        }
        for _ in 0..rest.get_u16() {
            if rest.remaining() < 4 {
                break;
            }
            let length = rest.get_i32();
            columns.push(usize::try_from(length).ok().filter(|length| *length <= rest.remaining()).map(
                |length| {
                    let value = rest.split_to(length);
                    String::from_utf8_lossy(&value).into_owned()
                },
            ));
        }
        columns
    }
}

/// A stream with its buffers.
pub struct Wire {
    stream: Box<dyn Stream>,
    input: BytesMut,
    output: BytesMut,
}

impl Wire {
    pub fn new(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), input: BytesMut::with_capacity(8192), output: BytesMut::new() }
    }

    /// The first packet of a connection, which has no letter. `None`: the other side has gone.
    pub async fn startup(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if self.input.len() >= 4 {
                let length = length(&self.input)?;
                if self.input.len() >= length {
                    let mut packet = self.input.split_to(length);
                    packet.advance(4);
                    return Ok(Some(packet.freeze()));
                }
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The next frame. `None`: the other side has gone.
    pub async fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if self.input.len() >= 5 {
                let length = length(&self.input[1..])?;
                if self.input.len() > length {
                    let tag = self.input[0];
                    self.input.advance(5);
                    return Ok(Some(Frame { tag, body: self.input.split_to(length - 4).freeze() }));
                }
                self.input.reserve(length + 1 - self.input.len());
            }
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Puts a frame into the buffer.
    pub fn put(&mut self, tag: u8, body: &[u8]) {
        self.output.put_u8(tag);
        self.output.put_u32(body.len() as u32 + 4);
        self.output.put_slice(body);
    }

    /// Passes a frame on; a full buffer goes out.
    pub async fn relay(&mut self, frame: &Frame) -> io::Result<()> {
        self.put(frame.tag, &frame.body);
        if self.output.len() >= FULL { self.flush().await } else { Ok(()) }
    }

    /// Puts bytes without a letter: a startup packet, or the answer to a request for encryption.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.output.put_slice(bytes);
    }

    pub async fn flush(&mut self) -> io::Result<()> {
        if !self.output.is_empty() {
            self.stream.write_all(&self.output).await?;
            self.output.clear();
        }
        self.stream.flush().await
    }
}

fn length(bytes: &[u8]) -> io::Result<usize> {
    let length = bytes.first_chunk().map_or(0, |four| u32::from_be_bytes(*four) as usize);
    if (4..=LONGEST).contains(&length) {
        Ok(length)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "no PostgreSQL frame has this length"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_arrive_whole_however_they_are_cut() {
        let (near, mut far) = tokio::io::duplex(3);
        let send = tokio::spawn(async move {
            let mut wire = BytesMut::new();
            wire.put_slice(b"D\0\0\0\x11\0\x02\0\0\0\x01x\xff\xff\xff\xff\0\0");
            wire.put_slice(b"Z\0\0\0\x05I");
            far.write_all(&wire).await.unwrap();
        });
        let mut wire = Wire::new(near);
        let row = wire.next().await.unwrap().unwrap();
        assert_eq!((row.tag, row.row()), (b'D', vec![Some("x".to_owned()), None]));
        assert_eq!(&wire.next().await.unwrap().unwrap().body[..], b"I");
        assert!(wire.next().await.unwrap().is_none());
        send.await.unwrap();
    }

    #[tokio::test]
    async fn nonsense_is_refused_and_not_waited_for() {
        let (near, mut far) = tokio::io::duplex(64);
        far.write_all(b"G\xff\xff\xff\xff").await.unwrap();
        assert!(Wire::new(near).next().await.is_err());
    }

    #[test]
    fn an_error_is_read_field_by_field() {
        let frame = Frame { tag: b'E', body: Bytes::from_static(b"SERROR\0C42P01\0Mno table\0\0") };
        assert_eq!(frame.field(b'C').as_deref(), Some("42P01"));
        assert_eq!(frame.field(b'P'), None);
    }
}
