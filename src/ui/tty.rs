//! Progress on a terminal: a bar or spinner per running step, finished steps as lines above.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{Event, Sink, plain};

pub(super) struct Tty {
    bars: MultiProgress,
    running: Mutex<HashMap<String, ProgressBar>>,
}

impl Tty {
    pub fn new() -> Self {
        Self { bars: MultiProgress::new(), running: Mutex::default() }
    }

    fn with_running<T>(&self, act: impl FnOnce(&mut HashMap<String, ProgressBar>) -> T) -> T {
        act(&mut self.running.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("  {spinner} {msg} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn bar() -> ProgressStyle {
    ProgressStyle::with_template("  {spinner} {msg} {bar:24} {human_pos}/{human_len} {per_sec}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Sink for Tty {
    fn event(&self, event: &Event) {
        match event {
            Event::StepStarted { id, what } => {
                let bar = self
                    .bars
                    .add(ProgressBar::new_spinner().with_style(spinner()).with_message(what.clone()));
                bar.enable_steady_tick(Duration::from_millis(100));
                self.with_running(|running| running.insert(id.clone(), bar));
            }
            Event::StepProgress { id, done, total, .. } => self.with_running(|running| {
                if let Some(progress) = running.get(id) {
                    if let Some(total) = total
                        && progress.length() != Some(*total)
                    {
                        progress.set_length(*total);
                        progress.set_style(bar());
                    }
                    progress.set_position(*done);
                }
            }),
            Event::StepDone { id, .. } | Event::StepFailed { id, .. } => {
                if let Some(bar) = self.with_running(|running| running.remove(id)) {
                    bar.finish_and_clear();
                    self.bars.remove(&bar);
                }
            }
            _ => {}
        }
        if let Some(line) = plain::line(event, false) {
            self.suspend(&mut || {
                let _ = writeln!(anstream::stderr().lock(), "{line}");
            });
        }
    }

    fn suspend(&self, write: &mut dyn FnMut()) {
        self.bars.suspend(write);
    }
}
