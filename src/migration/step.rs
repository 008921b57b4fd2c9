//! One step of a migration: what takes it, and what takes it back. Pure.

use std::collections::BTreeSet;

use super::command::Command;
use super::script::Script;

/// One step: an up, and a down where there is one.
#[derive(Debug, Clone)]
pub struct Step {
    /// As the tool calls it: a folder, a file's stem, a revision.
    pub name: String,
    /// As the tool's own table of applied steps has it.
    pub id: String,
    pub up: Action,
    pub down: Option<Action>,
    /// A script that must run without an error after up, where the tool has such scripts.
    pub verify: Option<Action>,
    /// Why there is no way back, where the source says so itself.
    pub irreversible: Option<String>,
}

/// What moves a database from one state to the next.
#[derive(Debug, Clone)]
pub enum Action {
    /// Statements that stagectl runs itself.
    Script(Script),
    /// A tool's own command, run on the database whose address it is given.
    Command(Command),
}

impl Step {
    pub fn new(name: impl Into<String>, up: Action, down: Option<Action>) -> Self {
        let name = name.into();
        Self { id: name.clone(), name, up, down, verify: None, irreversible: None }
    }

    /// The same step, known by another id.
    #[must_use]
    pub fn with_id(self, id: impl Into<String>) -> Self {
        Self { id: id.into(), ..self }
    }

    /// True where stagectl runs its statements itself, up and down.
    pub fn is_script(&self) -> bool {
        [Some(&self.up), self.down.as_ref()].into_iter().flatten().all(|action| action.script().is_some())
    }

    /// Why the step cannot be taken back, as far as that is known without trying.
    pub fn no_way_back(&self) -> Option<String> {
        if let Some(why) = &self.irreversible {
            return Some(why.clone());
        }
        match &self.down {
            None => Some("there is no down".to_owned()),
            Some(down) if down.is_empty() => Some("its down is empty".to_owned()),
            Some(_) => None,
        }
    }
}

impl Action {
    pub fn script(&self) -> Option<&Script> {
        match self {
            Self::Script(script) => Some(script),
            Self::Command(_) => None,
        }
    }

    /// True for a script that holds no statement.
    pub fn is_empty(&self) -> bool {
        self.script().is_some_and(Script::is_empty)
    }

    /// The number of its statements; a command counts as one.
    pub fn count(&self) -> usize {
        self.script().map_or(1, |script| script.statements.len())
    }

    /// How it is put into transactions.
    pub fn transaction(&self) -> String {
        match self {
            Self::Script(script) => script.transaction.clone(),
            Self::Command(command) => format!("as `{}` does it", command.line),
        }
    }

    /// Every name that it says; a command's are not known.
    pub fn names(&self) -> BTreeSet<String> {
        self.script().map(Script::names).unwrap_or_default()
    }
}

impl From<Script> for Action {
    fn from(script: Script) -> Self {
        Self::Script(script)
    }
}

impl From<Command> for Action {
    fn from(command: Command) -> Self {
        Self::Command(command)
    }
}
