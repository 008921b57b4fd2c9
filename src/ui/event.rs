//! The one bridge between what happens and how it is shown.

use serde::Serialize;

/// Something that happened in a run.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    Phase { title: String },
    StepStarted { id: String, what: String },
    StepProgress { id: String, done: u64, total: Option<u64>, unit: &'static str },
    StepDone { id: String, what: String, ms: u64 },
    StepFailed { id: String, what: String, error: String },
    Note { text: String },
    Detail { text: String },
    Warning { text: String },
    Failed { class: &'static str, exit_code: u8, error: String, hints: Vec<String> },
}

/// Where events go: terminal, plain lines, JSON, or a test's recorder.
pub trait Sink: Send + Sync {
    fn event(&self, event: &Event);
    /// Runs `write` with nothing of this sink's own in the way (progress bars).
    fn suspend(&self, write: &mut dyn FnMut()) {
        write();
    }
}
