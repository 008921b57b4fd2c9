//! Every case of tests/data/compose/cases.txt against the recorded verdict of the real docker compose.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::hash::Profile;
use super::load::{Environment, Request};
use super::{Model, environment, load, output};
use crate::failure::Failure;

const CASES: &str = include_str!("../../tests/data/compose/cases.txt");
const VERDICTS: &str = include_str!("../../tests/data/compose/verdicts.json");
const FOLDER: &str = "/srv/p";

struct Case {
    name: String,
    files: BTreeMap<PathBuf, String>,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut file = PathBuf::new();
    for line in CASES.split('\n') {
        if let Some(name) = line.strip_prefix("## ") {
            file = Path::new(FOLDER).join("compose.yml");
            cases.push(Case { name: name.to_owned(), files: [(file.clone(), String::new())].into() });
        } else if let Some(case) = cases.last_mut() {
            if let Some(name) = line.strip_prefix("--- ") {
                file = Path::new(FOLDER).join(name);
                case.files.insert(file.clone(), String::new());
            } else if let Some(text) = case.files.get_mut(&file) {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    cases
}

impl Case {
    fn load(&self) -> Result<Model, Failure> {
        let words: Vec<&str> = self.name.split(' ').collect();
        let after = |flag: &str| -> Vec<String> {
            words.windows(2).filter(|pair| pair[0] == flag).map(|pair| pair[1].to_owned()).collect()
        };
        let mut files: Vec<PathBuf> = after("-f").iter().map(|file| Path::new(FOLDER).join(file)).collect();
        if files.is_empty() {
            files.push(Path::new(FOLDER).join("compose.yml"));
        }
        let process: Environment = [("SET", "set"), ("EMPTY", ""), ("HOME", "/home/user")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let dotenv = self
            .files
            .get(&Path::new(FOLDER).join(".env"))
            .map(|text| super::dotenv::parse(text, &|name| process.get(name).cloned()).unwrap());
        let request = Request {
            files,
            directory: FOLDER.into(),
            environment: environment(dotenv, process),
            profiles: after("--profile").into_iter().collect::<BTreeSet<_>>(),
            name: None,
        };
        load(&request, &mut |file| Ok(self.files.get(file).cloned()))
    }
}

#[test]
fn each_case_gets_the_verdict_and_the_model_of_docker_compose() {
    let verdicts: Vec<Json> = serde_json::from_str(VERDICTS).unwrap();
    let cases = cases();
    assert_eq!(cases.len(), verdicts.len());
    assert!(cases.len() >= 200);
    let mut wrong = Vec::new();
    for (case, verdict) in cases.iter().zip(&verdicts) {
        assert_eq!(verdict["name"], case.name.as_str());
        match (case.load(), verdict["ok"] == true) {
            (Ok(model), true) => {
                let ours = output::json(&model.root);
                if ours != verdict["config"] {
                    wrong.push(format!("{}\n  compose {}\n  ours    {ours}", case.name, verdict["config"]));
                }
            }
            (Err(failure), false) => {
                assert!(!failure.message.is_empty());
            }
            (Ok(_), false) => {
                wrong.push(format!("{}: taken, and compose says {}", case.name, verdict["error"]));
            }
            (Err(failure), true) => wrong.push(format!("{}: refused: {}", case.name, failure.message)),
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn each_service_hashes_as_docker_compose_hashes_it() {
    let verdicts: Vec<Json> = serde_json::from_str(VERDICTS).unwrap();
    let (mut wrong, mut right) = (Vec::new(), 0);
    for (case, verdict) in cases().iter().zip(&verdicts) {
        // Docker compose 2.40 prints another hash than it writes into labels where variables come from files.
        let from_files =
            case.files.values().any(|text| text.contains("env_file") || text.contains("label_file"));
        if verdict["ok"] != true || from_files {
            continue;
        }
        for (name, hash) in super::hash::services(&case.load().unwrap(), Profile::Written) {
            if verdict["hashes"][&name] == hash.as_str() {
                right += 1;
            } else {
                wrong.push(format!("{}: {name}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong, {right} right:\n{}", wrong.len(), wrong.join("\n"));
    assert!(right >= 150);
}
