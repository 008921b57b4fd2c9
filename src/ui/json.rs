//! `--json`: one event a line on stderr; the command's result is one document on stdout.

use std::io::Write as _;

use super::{Event, Sink};

pub(super) struct Json;

impl Sink for Json {
    fn event(&self, event: &Event) {
        if let Ok(line) = serde_json::to_string(event) {
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    }
}
