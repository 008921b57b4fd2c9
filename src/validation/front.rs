//! What the checks know of the twin's front door: HTTP answers and the TLS handshake, fetched once.

use super::facts::Missing;
use crate::config::Settings;

/// Shared answers of the proxy.
#[derive(Debug, Default)]
pub struct Front {}

impl Front {
    pub async fn gather(_settings: &Settings) -> Self {
        Self {}
    }

    /// Whether the proxy answers HTTP.
    pub fn http(&self) -> Result<(), Missing> {
        Err(Missing::Unreachable("the proxy was not asked".to_owned()))
    }

    /// Whether the proxy answers TLS.
    pub fn tls(&self) -> Result<(), Missing> {
        Err(Missing::Unreachable("the proxy was not asked".to_owned()))
    }
}
