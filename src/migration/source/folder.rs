//! The folder of a migration: its files and subfolders in a settled order, and their text.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::migration::script::Script;

/// A folder, and what its files are shown relative to.
#[derive(Debug, Clone)]
pub struct Folder {
    pub path: PathBuf,
    root: PathBuf,
}

impl Folder {
    /// # Errors
    /// Where there is no such folder.
    pub fn open(root: &Path, path: &str) -> Result<Self, Failure> {
        let folder = root.join(path);
        if !folder.is_dir() {
            return Err(Failure::config(format!("migration.path: there is no folder `{path}`"))
                .hint("write the folder of the migrations, or change `migration.path` (--migrations)"));
        }
        Ok(Self { path: folder, root: root.to_owned() })
    }

    /// A folder below or beside it.
    pub fn at(&self, path: impl AsRef<Path>) -> Self {
        Self { path: self.path.join(path), root: self.root.clone() }
    }

    /// The names of its subfolders, sorted.
    pub fn folders(&self) -> Result<Vec<String>, Failure> {
        self.names(Path::is_dir)
    }

    /// The names of its SQL files, sorted.
    pub fn sql_files(&self) -> Result<Vec<String>, Failure> {
        Ok(self.names(Path::is_file)?.into_iter().filter(|name| name.ends_with(".sql")).collect())
    }

    fn names(&self, wanted: impl Fn(&Path) -> bool) -> Result<Vec<String>, Failure> {
        let entries = fs_err::read_dir(&self.path)
            .map_err(|error| Failure::config(format!("migration.path: {error}")))?;
        let mut names: Vec<String> = entries
            .filter_map(Result::ok)
            .filter(|entry| wanted(&entry.path()))
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        Ok(names)
    }

    pub fn has(&self, name: impl AsRef<Path>) -> bool {
        self.path.join(name).exists()
    }

    pub fn text(&self, name: impl AsRef<Path>) -> Result<String, Failure> {
        fs_err::read_to_string(self.path.join(name)).map_err(|error| Failure::config(error.to_string()))
    }

    /// A file as it is shown to the user.
    pub fn shown(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.path.join(name);
        path.strip_prefix(&self.root).unwrap_or(&path).to_owned()
    }

    /// A script in the file `name`, which the tool runs in one transaction or not.
    pub fn script(&self, name: impl AsRef<Path>, transaction: Transaction) -> Result<Script, Failure> {
        let text = self.text(&name)?;
        self.script_of(name, &text, transaction)
    }

    /// The same for a part of the file's text, in which all lines are kept.
    pub fn script_of(
        &self,
        name: impl AsRef<Path>,
        text: &str,
        transaction: Transaction,
    ) -> Result<Script, Failure> {
        let tool = transaction.tool;
        match transaction.rule {
            Rule::Wrapped => Script::of_tool(self.shown(name), text, true, &format!("one, by {tool}")),
            Rule::Separate(why) => {
                Script::of_tool(self.shown(name), text, false, &format!("none, by {tool}: {why}"))
            }
            Rule::OneQuery => {
                let mut script = Script::of_tool(
                    self.shown(name),
                    text,
                    true,
                    &format!("one: {tool} sends the file as one query"),
                )?;
                if script.wrapped && script.statements.len() < 2 {
                    (script.wrapped, script.transaction) = (false, "that of its one statement".to_owned());
                }
                Ok(script)
            }
        }
    }
}

/// What a tool does about transactions.
#[derive(Debug, Clone, Copy)]
pub struct Transaction {
    pub tool: &'static str,
    pub rule: Rule,
}

#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// It opens one around the file.
    Wrapped,
    /// Each statement is by itself, for this reason.
    Separate(&'static str),
    /// It sends the file as one query: several statements are an implicit transaction.
    OneQuery,
}

impl Transaction {
    pub const fn new(tool: &'static str, rule: Rule) -> Self {
        Self { tool, rule }
    }
}

/// The digits that a name begins with.
pub fn leading_digits(name: &str) -> &str {
    &name[..name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len())]
}

/// A version as a number without leading zeros, for those tools that keep numbers.
pub fn as_number(digits: &str) -> String {
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        number => number.to_owned(),
    }
}

/// Orders by the number of `digits`, which may be longer than any integer.
pub fn numeric(digits: &str) -> (usize, String) {
    let number = as_number(digits);
    (number.len(), number)
}
