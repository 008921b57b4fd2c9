//! Sizes, times, shares and numbers in the forms that the canonical tree gives them.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};

use crate::compose::scalar;

/// Bytes: written as a decimal text, -1 is unlimited where a key allows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bytes(pub i64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Text::deserialize(deserializer)?.0.parse() {
            Ok(bytes) => Ok(Self(bytes)),
            Err(_) => Err(D::Error::custom("is not a number of bytes")),
        }
    }
}

/// A time as Go prints it: `1m30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?.0;
        scalar::duration(&text).map(Self).ok_or_else(|| D::Error::custom(format!("`{text}` is not a time")))
    }
}

/// A number of cores, in the precision of Go's float32.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cores(pub f32);

impl Cores {
    /// Billionths of a core, rounded through the text as docker compose does.
    pub fn nanos(self) -> i64 {
        let text: f64 = self.0.to_string().parse().unwrap_or_default();
        (text * 1e9).round() as i64
    }
}

impl<'de> Deserialize<'de> for Cores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?.0;
        text.parse().map(Self).map_err(|_| D::Error::custom(format!("`{text}` is not a number of cores")))
    }
}

/// A text, or a number or truth value as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text,
            serde_json::Value::Null => String::new(),
            other => other.to_string(),
        }))
    }
}
