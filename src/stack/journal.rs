//! Each write to the engine with its inverse, on the disk before the write happens. After a
//! failure or a kill the inverses, run backwards, restore what ran before.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::labels;
use crate::engine::Engine;
use crate::ui::Ui;

/// The journal's name in the folder of a project's state.
const FILE: &str = ".journal.jsonl";

/// What undoes a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "kebab-case")]
pub enum Inverse {
    RemoveNetwork {
        name: String,
    },
    /// Removes the container of that name, unless it is one of those that were there before.
    RemoveContainer {
        name: String,
        project: String,
        keep: Vec<String>,
    },
    Rename {
        id: String,
        name: String,
    },
    Start {
        id: String,
    },
    Stop {
        name: String,
    },
}

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    /// What ran, and in which process.
    Begin {
        command: String,
        process: u32,
    },
    Write(Inverse),
    /// Everything runs: only old containers are still to be removed.
    Commit {
        remove: Vec<String>,
    },
}

/// The journal of a running command.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: fs_err::File,
}

impl Journal {
    pub fn begin(state: &Path, command: &str) -> Result<Self> {
        fs_err::create_dir_all(state)?;
        let path = state.join(FILE);
        let file = fs_err::File::create(&path)?;
        let mut journal = Self { path, file };
        journal.append(&Line::Begin { command: command.to_owned(), process: std::process::id() })?;
        Ok(journal)
    }

    /// Notes a write before it happens.
    pub fn write(&mut self, inverse: Inverse) -> Result<()> {
        self.append(&Line::Write(inverse))
    }

    /// From here on there is no way back, only forward: the ids of containers to remove.
    pub fn commit(&mut self, remove: Vec<String>) -> Result<()> {
        self.append(&Line::Commit { remove })
    }

    /// Everything is done, or undone.
    pub fn end(self) -> Result<()> {
        Ok(fs_err::remove_file(&self.path)?)
    }

    fn append(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()?;
        Ok(())
    }
}

/// Puts back what an interrupted run left, if there is any. Returns what it did.
pub async fn recover(engine: &Engine, state: &Path, ui: &Ui) -> Result<bool> {
    let path = state.join(FILE);
    if !path.exists() {
        return Ok(false);
    }
    let lines = read(&fs_err::read_to_string(&path)?);
    let command = lines.iter().find_map(|line| match line {
        Line::Begin { command, .. } => Some(command.as_str()),
        _ => None,
    });
    ui.warn(format!("`{}` did not finish: putting things in order first", command.unwrap_or("a run")));
    let committed = lines.iter().find_map(|line| match line {
        Line::Commit { remove } => Some(remove),
        _ => None,
    });
    match committed {
        Some(remove) => {
            for id in remove {
                engine.remove_container(id).await.context("finish the interrupted run")?;
            }
        }
        None => undo(engine, &lines, ui).await.context("undo the interrupted run")?,
    }
    fs_err::remove_file(&path)?;
    Ok(true)
}

/// Runs the inverses of the current journal backwards. What fails is said, and the rest still runs.
pub async fn roll_back(engine: &Engine, state: &Path, ui: &Ui) -> Result<()> {
    let lines = read(&fs_err::read_to_string(state.join(FILE))?);
    undo(engine, &lines, ui).await
}

/// A last line that was cut off was never acted on.
fn read(text: &str) -> Vec<Line> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Runs the inverses backwards. One that fails is tried again when the rest is done: it may need what comes later.
async fn undo(engine: &Engine, lines: &[Line], ui: &Ui) -> Result<()> {
    let mut open: Vec<&Inverse> = lines
        .iter()
        .rev()
        .filter_map(|line| if let Line::Write(inverse) = line { Some(inverse) } else { None })
        .collect();
    loop {
        let mut failed = Vec::new();
        for inverse in &open {
            if let Err(error) = run(engine, inverse).await {
                failed.push((*inverse, error));
            }
        }
        if failed.len() < open.len() && !failed.is_empty() {
            open = failed.into_iter().map(|(inverse, _)| inverse).collect();
            continue;
        }
        for (_, error) in &failed {
            ui.warn(format!("while putting things back: {error:#}"));
        }
        return failed.into_iter().next().map_or(Ok(()), |(_, error)| Err(error));
    }
}

async fn run(engine: &Engine, inverse: &Inverse) -> Result<()> {
    match inverse {
        Inverse::RemoveNetwork { name } => engine.remove_network(name).await,
        Inverse::RemoveContainer { name, project, keep } => match engine.container(name).await? {
            Some(container)
                if container.label(labels::PROJECT) == project && !keep.contains(&container.id) =>
            {
                engine.remove_container(&container.id).await
            }
            _ => Ok(()),
        },
        Inverse::Rename { id, name } => match engine.container(id).await? {
            Some(container) if &container.name != name => engine.rename_container(id, name).await,
            _ => Ok(()),
        },
        Inverse::Start { id } => match engine.container(id).await? {
            Some(_) => engine.start_container(id).await,
            None => Ok(()),
        },
        Inverse::Stop { name } => match engine.container(name).await? {
            Some(container) => engine.stop_container(&container.id, None).await,
            None => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_read_back_without_its_torn_last_line() {
        let root = tempfile::tempdir().unwrap();
        let mut journal = Journal::begin(root.path(), "stagectl up").unwrap();
        journal.write(Inverse::Start { id: "a".into() }).unwrap();
        journal.commit(vec!["b".into()]).unwrap();
        let text = fs_err::read_to_string(root.path().join(FILE)).unwrap();
        let lines = read(&text);
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1], Line::Write(Inverse::Start { id: "a".into() }));
        assert_eq!(read(&text[..text.len() - 4]).len(), 2);
        journal.end().unwrap();
        assert!(!root.path().join(FILE).exists());
    }
}
