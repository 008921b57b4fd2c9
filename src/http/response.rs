//! A response as the checks read it.

use std::time::Duration;

/// How long the parts of an exchange took. Connection times are zero on a connection that was open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    pub connect: Duration,
    pub tls: Duration,
    /// From the request's first byte to the response's head.
    pub first_byte: Duration,
    /// Everything, connection and body included.
    pub total: Duration,
}

/// A response; repeated headers stay repeated.
#[derive(Debug, Clone, Default)]
pub struct Response {
    pub status: u16,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// At most [`Response::BODY_LIMIT`] bytes.
    pub body: Vec<u8>,
    /// There was more body than is kept.
    pub truncated: bool,
    pub timings: Timings,
}

impl Response {
    /// How much of a body is read, in bytes.
    pub const BODY_LIMIT: usize = 2 * 1024 * 1024;

    /// The first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).into_iter().next()
    }

    /// Every header of this name (in lower case).
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }

    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The media type without its parameters, in lower case.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_headers_are_all_seen() {
        let response = Response {
            headers: vec![("x-a".into(), "1".into()), ("x-a".into(), "2".into())],
            ..Response::default()
        };
        assert_eq!(response.all("x-a"), ["1", "2"]);
        assert_eq!(response.header("x-b"), None);
    }

    #[test]
    fn a_media_type_loses_its_parameters() {
        let headers = vec![("content-type".into(), "Text/HTML; charset=utf-8".into())];
        assert_eq!(Response { headers, ..Response::default() }.media_type(), "text/html");
    }
}
