//! Reads `stagectl.yml` and lays `stagectl.local.yml` over it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_yaml::Value;

use super::ConfigFile;
use super::masking::Masking;
use crate::failure::Failure;

pub const FILE: &str = "stagectl.yml";
/// Reviewed masking decisions, where `masking.file` names no other file.
pub const MASKING_FILE: &str = "masking.yml";
/// Machine-local overrides, not for the repository.
pub const LOCAL_FILE: &str = "stagectl.local.yml";

/// Reads the file in `root`, and the local one beside it where there is one.
pub fn load(root: &Path) -> Result<ConfigFile> {
    let path = root.join(FILE);
    if !path.exists() {
        return Err(Failure::config(format!("there is no `{FILE}` in {}", root.display()))
            .hint("run `stagectl init` to write one, or name its folder with `--directory`")
            .into());
    }
    let text = read_text(&path)?;
    let local = root.join(LOCAL_FILE);
    let local = if local.exists() { Some(read_text(&local)?) } else { None };
    Ok(parse(&text, local.as_deref())?)
}

/// The folder of `stagectl.yml`, absolute.
pub fn folder(directory: &Path) -> Result<PathBuf> {
    directory.canonicalize().map_err(|error| {
        Failure::config(format!("there is no folder {}: {error}", directory.display()))
            .hint("name the folder that holds stagectl.yml with `--directory`")
            .into()
    })
}

/// A text file that people write.
///
/// # Errors
/// One that is no UTF-8 is named with the line of its first wrong byte.
pub fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(fs_err::read(path)?).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        Failure::config(format!("{}:{line}: this line is not UTF-8 text", path.display()))
            .hint("save the file as UTF-8")
            .into()
    })
}

/// Parses the file's text, with the local overrides over it.
pub fn parse(text: &str, local: Option<&str>) -> Result<ConfigFile, Failure> {
    // As a value first: it refuses duplicate keys, which a map would swallow.
    let mut value: Value = serde_yaml::from_str(text).map_err(|error| explain(&error, FILE))?;
    let config: ConfigFile = serde_yaml::from_str(text).map_err(|error| explain(&error, FILE))?;
    let Some(local) = local else { return Ok(config) };
    let overlay: Value = serde_yaml::from_str(local).map_err(|error| explain(&error, LOCAL_FILE))?;
    merge(&mut value, overlay);
    serde_yaml::from_value(value).map_err(|error| explain(&error, LOCAL_FILE))
}

/// A file of decisions: what stands below `masking:` in stagectl.yml, at the top.
pub fn masking(path: &Path) -> Result<Masking> {
    let (text, name) = (read_text(path)?, path.display().to_string());
    let _whole: Value = serde_yaml::from_str(&text).map_err(|error| explain(&error, &name))?;
    Ok(serde_yaml::from_str(&text).map_err(|error| explain(&error, &name))?)
}

/// Joins the reviewed decisions of `masking.file` to those of `stagectl.yml`. A file that is not there yet
/// decides nothing.
///
/// # Errors
/// Refuses a file that cannot be read, and a column with a rule in both.
pub fn join_masking(root: &Path, config: &mut Masking) -> Result<()> {
    let name = config.file.clone().unwrap_or_else(|| MASKING_FILE.to_owned());
    let path = root.join(&name);
    if !path.exists() {
        return Ok(());
    }
    let reviewed = masking(&path)?;
    for (table, columns) in reviewed.tables {
        let own = config.tables.entry(table.clone()).or_default();
        for (column, rule) in columns {
            if own.insert(column.clone(), rule).is_some() {
                return Err(Failure::config(format!("{table}.{column} has a rule in {FILE} and in {name}"))
                    .hint("keep the one that is meant")
                    .into());
            }
        }
    }
    config.schema.extend(reviewed.schema);
    config.key = config.key.take().or(reviewed.key);
    config.file = Some(name);
    Ok(())
}

/// The project's own templates below `folder`: path in it to text. None without a folder.
pub fn templates(root: &Path, folder: Option<&str>) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let Some(folder) = folder else { return Ok(found) };
    let folder = root.join(folder);
    if !folder.is_dir() {
        return Err(Failure::config(format!("templates: {} is not a folder", folder.display()))
            .hint("make the folder, or remove `templates` from stagectl.yml")
            .into());
    }
    let mut open = vec![folder.clone()];
    while let Some(next) = open.pop() {
        for entry in fs_err::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(&folder).unwrap_or(&path).display().to_string();
                found.insert(name, read_text(&path)?);
            }
        }
    }
    Ok(found)
}

/// Maps merge key by key, everything else is replaced.
fn merge(base: &mut Value, overlay: Value) {
    match (base, overlay) {
        (Value::Mapping(base), Value::Mapping(overlay)) => {
            for (key, value) in overlay {
                match base.get_mut(&key) {
                    Some(slot) => merge(slot, value),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (_, Value::Null) => {}
        (base, overlay) => *base = overlay,
    }
}

/// One sentence with file, line and path, and the nearest known key for an unknown one.
fn explain(error: &serde_yaml::Error, file: &str) -> Failure {
    let place = error.location().map_or_else(String::new, |at| format!(":{}:{}", at.line(), at.column()));
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text).to_owned();
    let failure = Failure::config(format!("{file}{place}: {text}"));
    match nearest(&text) {
        Some(known) => failure.hint(format!("did you mean `{known}`?")),
        None => failure.hint("`stagectl init --print` shows every key with its meaning"),
    }
}

/// For "unknown field `x`, expected one of `a`, `b`": the closest of them.
fn nearest(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("unknown field `")?;
    let (unknown, rest) = rest.split_once('`')?;
    rest.split('`')
        .skip(1)
        .step_by(2)
        .map(|known| (distance(unknown, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len().max(3) / 2)
        .map(|(_, known)| known.to_owned())
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "version: 1\nproject: x\nservices:\n  app:\n    image: a:1\n";

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_known_one() {
        let text = "version: 1\nproject: x\nservices:\n  app:\n    imgae: a:1\n";
        let failure = parse(text, None).unwrap_err();
        assert!(failure.message.contains("stagectl.yml:5:"), "{}", failure.message);
        assert!(failure.message.contains("imgae"), "{}", failure.message);
        assert_eq!(failure.hints, ["did you mean `image`?"]);
    }

    #[test]
    fn a_duplicate_key_is_refused() {
        assert!(parse(&format!("{SMALL}  app:\n    image: b:1\n"), None).is_err());
    }

    #[test]
    fn local_overrides_merge_key_by_key() {
        let config =
            parse(SMALL, Some("images: {'a:1': 'b:2'}\nservices: {app: {enabled: false}}\n")).unwrap();
        assert_eq!(config.images["a:1"], "b:2");
        assert!(!config.services["app"].enabled);
        assert_eq!(config.services["app"].image.as_deref(), Some("a:1"));
    }

    #[test]
    fn the_blueprint_is_valid() {
        let text = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/compose/blueprints/nextjs-postgres/stagectl.yml"
        ));
        let config = parse(text, None).unwrap();
        crate::config::validate::check(&config).unwrap();
    }
}
