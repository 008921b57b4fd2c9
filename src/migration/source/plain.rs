//! `up.sql` and `down.sql` in a folder, or in folders sorted by name.

use std::path::{Path, PathBuf};

use crate::config::migration::Migration;
use crate::failure::Failure;
use crate::migration::script::Script;
use crate::migration::step::{Action, Step};

pub fn load(root: &Path, migration: &Migration) -> Result<Vec<Step>, Failure> {
    let folder = root.join(&migration.path);
    if !folder.is_dir() {
        return Err(Failure::config(format!("migration.path: there is no folder `{}`", migration.path))
            .hint("write the folder with `up.sql` and `down.sql`, or change `migration.path`"));
    }
    let mut folders =
        if folder.join("up.sql").exists() { vec![folder.clone()] } else { subfolders(&folder)? };
    folders.sort();
    if folders.is_empty() {
        return Err(Failure::config(format!("migration.path: `{}` holds no `up.sql`", migration.path))
            .hint("put `up.sql` and `down.sql` into it, or into folders below it"));
    }
    folders.iter().map(|folder| step(root, folder, migration)).collect()
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries =
        fs_err::read_dir(folder).map_err(|error| Failure::config(format!("migration.path: {error}")))?;
    Ok(entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("up.sql").exists())
        .collect())
}

fn step(root: &Path, folder: &Path, migration: &Migration) -> Result<Step, Failure> {
    let script = |name: &str| -> Result<Option<Script>, Failure> {
        let path = folder.join(name);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs_err::read_to_string(&path).map_err(|error| Failure::config(error.to_string()))?;
        let shown = path.strip_prefix(root).unwrap_or(&path).to_owned();
        Script::parse(shown, &text, migration.transaction).map(Some)
    };
    let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let up =
        script("up.sql")?.ok_or_else(|| Failure::config(format!("migration `{name}` has no `up.sql`")))?;
    if up.is_empty() {
        return Err(Failure::config(format!("{}: holds no statement", up.file.display())));
    }
    Ok(Step::new(name, up.into(), script("down.sql")?.map(Action::from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(path: &str) -> Migration {
        serde_yaml::from_str(&format!("path: {path}")).unwrap()
    }

    fn put(root: &Path, name: &str, text: &str) {
        crate::store::write(&root.join(name), text.as_bytes(), crate::store::Mode::Public).unwrap();
    }

    #[test]
    fn folders_become_steps_sorted_by_name() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "m/02_b/up.sql", "SELECT 2");
        put(root.path(), "m/01_a/up.sql", "SELECT 1");
        put(root.path(), "m/01_a/down.sql", "SELECT 1");
        put(root.path(), "m/README", "");
        let steps = load(root.path(), &config("m")).unwrap();
        assert_eq!(steps.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["01_a", "02_b"]);
        assert!(steps[0].down.is_some() && steps[1].down.is_none());
        assert_eq!(load(root.path(), &config("m/01_a")).unwrap().len(), 1);
    }

    #[test]
    fn a_missing_folder_an_empty_one_and_an_empty_file_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        assert!(load(root.path(), &config("m")).unwrap_err().message.contains("no folder `m`"));
        put(root.path(), "m/x", "");
        assert!(load(root.path(), &config("m")).unwrap_err().message.contains("no `up.sql`"));
        put(root.path(), "m/up.sql", "-- nothing\n");
        assert!(load(root.path(), &config("m")).unwrap_err().message.contains("no statement"));
        put(root.path(), "m/up.sql", "SELECT 1;\nSELECT 'x");
        assert!(load(root.path(), &config("m")).unwrap_err().message.starts_with("m/up.sql:2:"));
    }
}
