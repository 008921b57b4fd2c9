//! Colours, always beside a word or a sign: the output reads the same without them.

use anstyle::{AnsiColor, Style};

/// The styles of `STYLE.md`.
#[derive(Debug, Clone, Copy)]
pub struct Styles {
    pub good: Style,
    pub bad: Style,
    pub warn: Style,
    pub hint: Style,
    pub strong: Style,
    pub faint: Style,
}

impl Default for Styles {
    fn default() -> Self {
        Self {
            good: AnsiColor::Green.on_default(),
            bad: AnsiColor::Red.on_default().bold(),
            warn: AnsiColor::Yellow.on_default(),
            hint: AnsiColor::Cyan.on_default(),
            strong: Style::new().bold(),
            faint: Style::new().dimmed(),
        }
    }
}

impl Styles {
    /// A colour for the n-th of several things that stand beside each other.
    pub fn of_series(index: usize) -> Style {
        const COLOURS: [AnsiColor; 10] = [
            AnsiColor::Cyan,
            AnsiColor::Yellow,
            AnsiColor::Green,
            AnsiColor::Magenta,
            AnsiColor::Blue,
            AnsiColor::BrightCyan,
            AnsiColor::BrightYellow,
            AnsiColor::BrightGreen,
            AnsiColor::BrightMagenta,
            AnsiColor::BrightBlue,
        ];
        COLOURS[index % COLOURS.len()].on_default()
    }

    /// `text` in `style`; `anstream` drops the codes where colour is not wanted.
    pub fn paint(style: Style, text: &str) -> String {
        format!("{style}{text}{style:#}")
    }
}
