//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

/// Asks again, with back-off, until `condition` gives a value. Panics with `what` at the deadline.
pub fn eventually<T>(what: &str, deadline: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    let mut pause = Duration::from_millis(10);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < deadline, "not within {deadline:?}: {what}");
        std::thread::park_timeout(pause);
        pause = (pause * 2).min(Duration::from_millis(250));
    }
}
