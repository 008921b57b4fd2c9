//! Where secrets stand, and who can read them.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;

use crate::config::Settings;
use crate::config::file::EnvSource;
use crate::config::settings::{ENV_FILE, PRODUCTION_ENV_FILE};
use crate::engine::Container;
use crate::report::Severity;
use crate::validation::facts::{COMPOSE_FILE, Facts};
use crate::validation::{Category, Check, Need, Outcome, compose};

const BASE: Check = Check { severity: Severity::Blocker, ..Check::base(Category::Security) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "SEC-009",
        title: "no secret stands in a file, an image or a command line",
        needs: &[Need::Engine],
        expected: "secrets in files of mode 0600 and in the environment of the containers that need them, nowhere else",
        remedy: "use ${NAME} in stagectl.yml and keep the value in .env.staging; change a secret that was seen",
        run: |facts| Box::pin(secrets_stay_in(facts)),
        ..BASE
    },
    Check {
        id: "SEC-010",
        title: "files with secrets are their owner's alone",
        quick: true,
        expected: "mode 0600 for env files; keys of certificates not readable by everybody",
        remedy: "`chmod 600` the file; `stagectl generate` writes them so",
        run: |facts| Box::pin(async { file_modes(facts) }),
        ..BASE
    },
    Check {
        id: "SEC-017",
        title: "git does not track secrets",
        expected: "git ignores env files and keys",
        remedy: "add them to .gitignore and `git rm --cached` them; change a secret that was committed",
        run: |facts| Box::pin(git_ignores(facts)),
        ..BASE
    },
];

/// Folders of generated files that hold no secrets.
const GENERATED: [&str; 3] = ["nginx", "staging-monitoring", "staging-data/postgres-init"];

/// Secret values by the variable's name.
fn secrets(settings: &Settings) -> BTreeMap<&str, &str> {
    settings
        .config
        .env
        .iter()
        .filter(|(_, source)| !matches!(source, EnvSource::Literal(_)))
        .filter_map(|(name, _)| Some((name.as_str(), settings.variables.get(name)?.expose_secret())))
        .filter(|(_, value)| value.len() >= 6)
        .collect()
}

async fn secrets_stay_in(facts: &Facts) -> Outcome {
    let secrets = secrets(&facts.settings);
    if secrets.is_empty() {
        return Outcome::skip("stagectl.yml has no secrets that exist yet");
    }
    let mut problems = literal_secrets(&facts.settings);
    let mut checked = 0;
    let mut look = |place: &str, text: &str| {
        checked += 1;
        problems.extend(named_in(text, &secrets).into_iter().map(|name| format!("{place} holds {name}")));
    };
    let root = &facts.settings.root;
    for path in [root.join(COMPOSE_FILE), root.join("stagectl.yml")].into_iter().chain(generated(root)) {
        if let Ok(text) = fs_err::read_to_string(&path) {
            look(&path.strip_prefix(root).unwrap_or(&path).display().to_string(), &text);
        }
    }
    for container in &facts.containers {
        look(&format!("the command line of {}", container.name), &command_line(container));
        let labels: Vec<&str> = container.labels.values().map(String::as_str).collect();
        look(&format!("a label of {}", container.name), &labels.join("\n"));
    }
    if let Ok(engine) = &facts.engine {
        let images: BTreeSet<&str> = facts.containers.iter().map(|c| c.image_id.as_str()).collect();
        for image in images {
            match engine.image(image).await {
                Ok(Some(info)) => look(&format!("the image {}", info.tags.join(", ")), &info.env.join("\n")),
                Ok(None) => {}
                Err(error) => return Outcome::error(format!("{error:#}")),
            }
        }
    }
    Outcome::none(problems, checked, "places without secrets")
}

fn command_line(container: &Container) -> String {
    let mut words = container.entrypoint.clone();
    words.extend(container.command.iter().cloned());
    words.extend(container.healthcheck.iter().flat_map(|check| check.test.iter().cloned()));
    words.join(" ")
}

/// The names of the secrets whose value `text` holds.
fn named_in<'a>(text: &str, secrets: &BTreeMap<&'a str, &str>) -> Vec<&'a str> {
    secrets.iter().filter(|(_, value)| text.contains(*value)).map(|(name, _)| *name).collect()
}

/// Variables of stagectl.yml that are called a secret and have their value written beside them.
fn literal_secrets(settings: &Settings) -> Vec<String> {
    const WORDS: [&str; 5] = ["PASSWORD", "SECRET", "TOKEN", "PRIVATE_KEY", "API_KEY"];
    let env = settings.config.env.iter().filter_map(|(name, source)| match source {
        EnvSource::Literal(value) => Some((format!("env.{name}"), name, value)),
        _ => None,
    });
    let services = settings.config.services.iter().flat_map(|(service, declared)| {
        declared
            .environment
            .iter()
            .map(move |(name, value)| (format!("services.{service}.environment.{name}"), name, value))
    });
    env.chain(services)
        .filter(|(_, name, value)| {
            WORDS.iter().any(|word| name.to_ascii_uppercase().ends_with(word))
                && !value.0.is_empty()
                && !value.0.contains("${")
        })
        .map(|(place, ..)| format!("stagectl.yml: {place} has its value written out"))
        .collect()
}

fn generated(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = GENERATED.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs_err::read_dir(&folder) else { continue };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            // Logs grow without bound and are another check's.
            if path.is_dir() && !path.ends_with("logs-staging") {
                open.push(path);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    found
}

fn file_modes(facts: &Facts) -> Outcome {
    let settings = &facts.settings;
    let mut files: Vec<(PathBuf, u32)> =
        [ENV_FILE, PRODUCTION_ENV_FILE].iter().map(|name| (settings.root.join(name), 0o077)).collect();
    if let Ok((_, file)) = &facts.compose {
        for service in compose::services(file).values() {
            let named = compose::words(service.get("env_file"));
            files.extend(named.iter().map(|name| (settings.root.join(name), 0o077)));
        }
    }
    let certificates = settings.root.join(&settings.config.certificates.directory);
    if let Ok(entries) = fs_err::read_dir(&certificates) {
        let keys = entries.filter_map(|entry| Some(entry.ok()?.path()));
        files.extend(
            keys.filter(|path| path.extension().is_some_and(|end| end == "key")).map(|path| (path, 0o007)),
        );
    }
    files.sort();
    files.dedup();
    let present: Vec<(PathBuf, u32)> = files.into_iter().filter(|(path, _)| path.exists()).collect();
    if present.is_empty() {
        return Outcome::skip("there is no file with secrets yet");
    }
    let problems = present
        .iter()
        .filter_map(|(path, forbidden)| {
            let mode = fs_err::metadata(path).ok()?.permissions().mode() & 0o777;
            let shown = path.strip_prefix(&settings.root).unwrap_or(path).display();
            (mode & forbidden != 0).then(|| format!("{shown} has mode {mode:04o}"))
        })
        .collect();
    Outcome::none(problems, present.len(), "files closed")
}

async fn git_ignores(facts: &Facts) -> Outcome {
    let root = &facts.settings.root;
    let certificates = &facts.settings.config.certificates.directory;
    let keys = format!("{certificates}/*.key");
    let tracked = tokio::process::Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["ls-files", "--", ".env*", "*/.env*", &keys, "staging-backups/*.sql.gz"])
        .output()
        .await;
    match tracked {
        Ok(output) if output.status.success() => {
            let names = String::from_utf8_lossy(&output.stdout);
            let found: Vec<String> =
                names.lines().filter(|name| is_secret_file(name)).map(str::to_owned).collect();
            match found.first() {
                Some(first) => Outcome::fail(format!("git tracks {first}")).evidence(found),
                None => Outcome::pass("git tracks no env file, key or backup"),
            }
        }
        Ok(_) => Outcome::skip("this folder is not a git repository"),
        Err(_) => Outcome::skip("git is not installed"),
    }
}

/// Examples are meant to be shared.
fn is_secret_file(name: &str) -> bool {
    !name.ends_with(".example") && !name.ends_with(".sample") && !name.ends_with(".template")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    #[test]
    fn a_secret_in_a_text_is_named_and_not_shown() {
        let secrets = BTreeMap::from([("DB_PASSWORD", "k3J9sQ0vXz"), ("OTHER", "mmmmmmmm")]);
        assert_eq!(named_in("command: psql --password k3J9sQ0vXz", &secrets), ["DB_PASSWORD"]);
        assert!(named_in("command: psql", &secrets).is_empty());
    }

    #[test]
    fn a_secret_written_into_stagectl_yml_is_seen() {
        let text = "version: 1\nproject: x\nenv: {A_PASSWORD: hunter2, B_PASSWORD: '${A_PASSWORD}', C: x}\n\
                    services: {a: {image: 'a:1', environment: {API_TOKEN: abc, D_SECRET: '${A_PASSWORD}'}}}\n";
        let config = load::parse(text, None).unwrap();
        let settings =
            Settings::resolve("/nowhere".into(), config, &BTreeMap::new(), BTreeMap::new()).unwrap();
        let found = literal_secrets(&settings);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("env.A_PASSWORD") && found[1].contains("API_TOKEN"), "{found:?}");
        assert!(!found.join("").contains("hunter2"));
    }

    #[test]
    fn an_example_may_be_shared() {
        assert!(is_secret_file(".env.staging") && !is_secret_file(".env.example"));
    }
}
