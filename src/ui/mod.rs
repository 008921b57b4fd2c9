//! Talk to the user. Logic emits [`Event`]s; a sink decides how they look.
//! stdout is data, stderr is talk.

mod event;
mod json;
mod plain;
mod prompt;
mod style;
mod tty;

pub use event::{Event, Sink};
pub use style::Styles;

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;

/// How output should look, as asked for on the command line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    pub json: bool,
    pub quiet: bool,
    pub verbose: bool,
    pub yes: bool,
}

/// The user's end of a run: events out, answers in. Cheap to clone.
#[derive(Clone)]
pub struct Ui {
    sink: Arc<dyn Sink>,
    pub options: Options,
}

impl Ui {
    /// Chooses the sink once: JSON events, progress bars on a terminal, plain lines elsewhere.
    pub fn new(options: Options) -> Self {
        let sink: Arc<dyn Sink> = if options.json {
            Arc::new(json::Json)
        } else if std::io::stderr().is_terminal() && !options.quiet {
            Arc::new(tty::Tty::new())
        } else {
            Arc::new(plain::Plain::new(options))
        };
        Self { sink, options }
    }

    /// A user interface over any sink; tests record with it.
    pub fn with_sink(sink: Arc<dyn Sink>, options: Options) -> Self {
        Self { sink, options }
    }

    pub fn event(&self, event: &Event) {
        self.sink.event(event);
    }
    /// A new phase of the run, such as "start containers".
    pub fn phase(&self, title: impl Into<String>) {
        self.event(&Event::Phase { title: title.into() });
    }
    pub fn note(&self, text: impl Into<String>) {
        self.event(&Event::Note { text: text.into() });
    }
    pub fn warn(&self, text: impl Into<String>) {
        self.event(&Event::Warning { text: text.into() });
    }
    /// Detail that only `--verbose` shows.
    pub fn detail(&self, text: impl Into<String>) {
        if self.options.verbose {
            self.event(&Event::Detail { text: text.into() });
        }
    }
    pub fn step_started(&self, id: &str, what: &str) {
        self.event(&Event::StepStarted { id: id.into(), what: what.into() });
    }
    pub fn step_progress(&self, id: &str, done: u64, total: Option<u64>, unit: &'static str) {
        self.event(&Event::StepProgress { id: id.into(), done, total, unit });
    }
    pub fn step_done(&self, id: &str, what: &str, ms: u64) {
        self.event(&Event::StepDone { id: id.into(), what: what.into(), ms });
    }
    pub fn step_failed(&self, id: &str, what: &str, error: &str) {
        self.event(&Event::StepFailed { id: id.into(), what: what.into(), error: error.into() });
    }

    /// Data to stdout. Any broken pipe is the reader's choice, not an error.
    pub fn data(&self, text: &str) {
        let mut written = Ok(());
        self.sink.suspend(&mut || {
            let mut out = anstream::stdout().lock();
            let end: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
            written =
                out.write_all(text.as_bytes()).and_then(|()| out.write_all(end)).and_then(|()| out.flush());
        });
        // A reader that has seen enough (`| head`) is no trouble; a full disk is.
        if let Err(error) = written
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            self.warn(format!("the result could not be written to stdout: {error}"));
        }
    }

    /// Asks before something is lost. `--yes` answers; without a terminal the answer is no.
    pub fn confirm(&self, question: &str) -> bool {
        self.options.yes || prompt::confirm(question)
    }
}
