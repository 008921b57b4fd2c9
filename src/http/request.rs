//! A request as the probes write it.

use super::body::ProbeBody;

/// One request. The path goes out exactly as written: `..` and `%2e` are part of what is probed.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// With the query, if there is one.
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// The Host header; absent: the target's own.
    pub host: Option<String>,
    pub(super) body: ProbeBody,
}

impl Request {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            host: None,
            body: ProbeBody::default(),
        }
    }

    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    /// Sends this JSON text.
    #[must_use]
    pub fn json(mut self, text: &str) -> Self {
        self.body = ProbeBody::text(text);
        self.header("content-type", "application/json")
    }

    /// Announces a body of this many bytes and sends none of it: the server must refuse by the length alone.
    #[must_use]
    pub fn announce(mut self, bytes: u64) -> Self {
        self.body = ProbeBody::announced(bytes);
        self
    }
}
