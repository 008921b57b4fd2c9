//! Up and down in one file, told apart by comments: dbmate and goose.

use super::folder::{Folder, Rule, Transaction, as_number, leading_digits, numeric};
use crate::failure::Failure;
use crate::migration::step::{Action, Step};

/// Which tool's comments and rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Dbmate,
    Goose,
}

impl Tool {
    const fn word(self) -> &'static str {
        match self {
            Self::Dbmate => "dbmate",
            Self::Goose => "goose",
        }
    }

    /// The direction that a line opens, and what it says besides.
    fn opens(self, line: &str) -> Option<(bool, &str)> {
        let line = line.trim_start().strip_prefix("--")?.trim_start();
        let (up, down) = match self {
            Self::Dbmate => ("migrate:up", "migrate:down"),
            Self::Goose => ("+goose Up", "+goose Down"),
        };
        line.strip_prefix(up)
            .map(|rest| (true, rest))
            .or_else(|| line.strip_prefix(down).map(|rest| (false, rest)))
            .filter(|(_, rest)| rest.is_empty() || rest.starts_with(char::is_whitespace))
    }
}

/// True where the text holds the comment that begins an up.
pub fn is_of(text: &str, tool: Tool) -> bool {
    text.lines().any(|line| tool.opens(line).is_some_and(|(is_up, _)| is_up))
}

pub fn load(folder: &Folder, tool: Tool) -> Result<Vec<Step>, Failure> {
    let mut files: Vec<String> =
        folder.sql_files()?.into_iter().filter(|name| !leading_digits(name).is_empty()).collect();
    if tool == Tool::Goose {
        files.sort_by_key(|name| numeric(leading_digits(name)));
    }
    files.iter().map(|file| step(folder, file, tool)).collect()
}

fn step(folder: &Folder, file: &str, tool: Tool) -> Result<Step, Failure> {
    let text = folder.text(file)?;
    let shown = folder.shown(file).display().to_string();
    let (up, down) = split(&text, tool);
    let up = up.ok_or_else(|| {
        Failure::config(format!("{shown}: has no line that begins its up, as {} needs it", tool.word()))
    })?;
    let stops_substitution = |line: &str| line.trim() == "-- +goose ENVSUB ON";
    if tool == Tool::Goose && text.lines().any(stops_substitution) {
        return Err(Failure::config(format!("{shown}: fills in environment variables (ENVSUB)"))
            .hint("use goose's own commands in `migration.commands`"));
    }
    let whole_file =
        text.lines().any(|line| tool == Tool::Goose && line.trim() == "-- +goose NO TRANSACTION");
    let script = |section: &Section| {
        let rule = if whole_file {
            Rule::Separate("`NO TRANSACTION`")
        } else if section.options.contains("transaction:false") {
            Rule::Separate("`transaction:false`")
        } else {
            Rule::Wrapped
        };
        folder.script_of(file, &section.text, Transaction::new(tool.word(), rule))
    };
    let name = file.trim_end_matches(".sql").to_owned();
    let digits = leading_digits(file);
    let id = if tool == Tool::Goose { as_number(digits) } else { digits.to_owned() };
    let down = down.as_ref().map(script).transpose()?;
    Ok(Step::new(name, script(&up)?.into(), down.map(Action::from)).with_id(id))
}

/// A direction's lines; those of the other are empty, so that line numbers hold.
#[derive(Debug, Default)]
struct Section {
    text: String,
    options: String,
}

fn split(text: &str, tool: Tool) -> (Option<Section>, Option<Section>) {
    let (mut up, mut down) = (None, None);
    let mut in_up = None;
    for (number, line) in text.lines().enumerate() {
        if let Some((is_up, options)) = tool.opens(line) {
            in_up = Some(is_up);
            let section = if is_up { &mut up } else { &mut down };
            section.get_or_insert_with(|| Section { text: "\n".repeat(number), options: options.to_owned() });
        }
        for (is_up, section) in [(true, &mut up), (false, &mut down)] {
            if let Some(section) = section {
                if in_up == Some(is_up) {
                    section.text.push_str(line);
                }
                section.text.push('\n');
            }
        }
    }
    (up, down)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_keep_the_lines_of_the_file() {
        let text = "-- migrate:up transaction:false\nVACUUM a;\n\n-- migrate:down\nVACUUM b;\n";
        let (up, down) = split(text, Tool::Dbmate);
        let (up, down) = (up.unwrap(), down.unwrap());
        assert_eq!(up.options.trim(), "transaction:false");
        assert_eq!(up.text.lines().position(|line| line == "VACUUM a;"), Some(1));
        assert_eq!(down.text.lines().position(|line| line == "VACUUM b;"), Some(4));
        assert!(!up.text.contains('b') && !down.text.contains("VACUUM a"));
        assert!(is_of("--+goose Up\n", Tool::Goose) && !is_of("-- migrate:upper", Tool::Dbmate));
    }
}
