//! The one place that reads the clock. Pure code takes `now` as a value.

use jiff::Timestamp;

/// The current time, in UTC.
#[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A timestamp as it stands in file names: `20261121T010203Z`.
pub fn compact(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}
