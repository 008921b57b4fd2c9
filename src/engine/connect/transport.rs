//! HTTP to an engine over whatever road leads there; connections are used again.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex};

use bollard::errors::Error;
use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;

use super::dial::Road;

/// How many idle connections are kept.
const IDLE: usize = 8;

/// Sends requests along one road.
pub(super) struct Transport<B> {
    road: Road,
    idle: Mutex<Vec<SendRequest<B>>>,
}

impl<B> Transport<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    pub fn new(road: Road) -> Arc<Self> {
        Arc::new(Self { road, idle: Mutex::new(Vec::new()) })
    }

    /// Sends a request on an idle connection, or on a new one.
    pub async fn request(self: Arc<Self>, mut request: Request<B>) -> Result<Response<Incoming>, Error> {
        // As any server wants it: the path alone, and some host.
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map_or_else(|| Uri::from_static("/"), Uri::from);
        request.headers_mut().insert(HOST, HeaderValue::from_static("docker"));
        while let Some(mut connection) = self.take() {
            match connection.try_send_request(request).await {
                Ok(response) => {
                    self.keep(connection);
                    return Ok(response);
                }
                // The engine has closed it meanwhile; nothing of the request was sent.
                Err(mut refused) => match refused.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(refused.into_error().into()),
                },
            }
        }
        let channel = self.road.connect().await.map_err(unreachable)?;
        let (mut connection, driver) = handshake(TokioIo::new(channel)).await?;
        tokio::spawn(driver.with_upgrades());
        let response = connection.send_request(request).await?;
        self.keep(connection);
        Ok(response)
    }

    fn take(&self) -> Option<SendRequest<B>> {
        let mut idle = self.idle.lock().ok()?;
        idle.retain(|connection| !connection.is_closed());
        idle.pop()
    }

    /// Keeps a connection for the next request once this response is read to its end.
    fn keep(self: &Arc<Self>, mut connection: SendRequest<B>) {
        let transport = Arc::downgrade(self);
        tokio::spawn(async move {
            let free = connection.ready().await.is_ok();
            if let (true, Some(transport)) = (free, transport.upgrade())
                && let Ok(mut idle) = transport.idle.lock()
                && idle.len() < IDLE
            {
                idle.push(connection);
            }
        });
    }
}

fn unreachable(error: anyhow::Error) -> Error {
    Error::IOError { err: std::io::Error::other(format!("{error:#}")) }
}
