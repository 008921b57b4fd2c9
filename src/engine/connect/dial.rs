//! The road to an engine: a Unix socket, TCP with or without TLS, or a channel of an ssh connection.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::Context as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::ssh::{Dialed, Tunnel};
use crate::tls::{self, Trust};

/// Makes connections to one engine.
#[derive(Debug, Clone)]
pub(super) enum Road {
    Unix(PathBuf),
    Tcp {
        host: String,
        port: u16,
        trust: Option<Trust>,
    },
    /// Through the forwarded socket.
    Forwarded(Arc<Tunnel>),
    /// Through docker's command line over there.
    Dialed(Arc<Tunnel>),
}

impl Road {
    pub async fn connect(&self) -> anyhow::Result<Channel> {
        Ok(match self {
            Self::Unix(path) => Channel::Unix(UnixStream::connect(path).await?),
            Self::Tcp { host, port, trust } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                match trust {
                    None => Channel::Tcp(stream),
                    Some(trust) => Channel::Tls(Box::new(tls::connect(stream, host, trust, &[]).await?)),
                }
            }
            Self::Forwarded(tunnel) => Channel::Unix(UnixStream::connect(tunnel.socket()).await?),
            Self::Dialed(tunnel) => {
                Channel::Dialed(Box::new(tunnel.dial().context("run docker system dial-stdio")?))
            }
        })
    }
}

/// An open connection.
pub(super) enum Channel {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<tls::Stream>),
    /// The process ends with the connection.
    Dialed(Box<Dialed>),
}

impl AsyncRead for Channel {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Dialed(dialed) => Pin::new(&mut dialed.ends).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Channel {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Dialed(dialed) => Pin::new(&mut dialed.ends).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Self::Dialed(dialed) => Pin::new(&mut dialed.ends).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Dialed(dialed) => Pin::new(&mut dialed.ends).poll_shutdown(cx),
        }
    }
}
