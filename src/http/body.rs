//! Request bodies: a text, or one that is announced and never comes.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// A body that knows its length before it sends a byte.
#[derive(Debug, Clone, Default)]
pub(super) struct ProbeBody {
    text: Option<Bytes>,
    announced: u64,
}

impl ProbeBody {
    pub(super) fn text(text: &str) -> Self {
        Self { text: Some(Bytes::copy_from_slice(text.as_bytes())), announced: 0 }
    }

    pub(super) fn announced(bytes: u64) -> Self {
        Self { text: None, announced: bytes }
    }
}

impl Body for ProbeBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.text.take() {
            Some(text) => Poll::Ready(Some(Ok(Frame::data(text)))),
            // Never woken: the answer or the request's timeout ends the wait.
            None if self.announced > 0 => Poll::Pending,
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.text.is_none() && self.announced == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.text.as_ref().map_or(self.announced, |text| text.len() as u64))
    }
}
