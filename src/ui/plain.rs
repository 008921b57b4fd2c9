//! One line an event, for pipes, logs and CI.

use std::io::Write as _;

use super::{Event, Options, Sink, Styles};

pub(super) struct Plain {
    options: Options,
}

impl Plain {
    pub fn new(options: Options) -> Self {
        Self { options }
    }
}

impl Sink for Plain {
    fn event(&self, event: &Event) {
        if self.options.quiet
            && !matches!(event, Event::Failed { .. } | Event::StepFailed { .. } | Event::Warning { .. })
        {
            return;
        }
        if let Some(line) = line(event, self.options.verbose) {
            let _ = writeln!(anstream::stderr().lock(), "{line}");
        }
    }
}

/// The line for an event; `None` where a line would only be noise.
pub(super) fn line(event: &Event, verbose: bool) -> Option<String> {
    let s = Styles::default();
    Some(match event {
        Event::Phase { title } => Styles::paint(s.strong, &format!("==> {title}")),
        Event::StepStarted { what, .. } if verbose => format!("  … {what}"),
        Event::StepStarted { .. } | Event::StepProgress { .. } => return None,
        Event::StepDone { what, ms, .. } => {
            format!(
                "  {} {what} {}",
                Styles::paint(s.good, "✓"),
                Styles::paint(s.faint, &format!("({ms} ms)"))
            )
        }
        Event::StepFailed { what, error, .. } => format!("  {} {what}: {error}", Styles::paint(s.bad, "✗")),
        Event::Note { text } => format!("  {text}"),
        Event::Detail { text } => Styles::paint(s.faint, &format!("    {text}")),
        Event::Warning { text } => format!("{} {text}", Styles::paint(s.warn, "warning:")),
        Event::Failed { error, hints, .. } => {
            let mut out = format!("{} {error}", Styles::paint(s.bad, "error:"));
            for hint in hints {
                out.push_str(&format!("\n{} {hint}", Styles::paint(s.hint, "hint:")));
            }
            out
        }
    })
}
