//! The house rules that a compiler does not see: layers, purity, forbidden words, schemas, sizes.

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every tracked or new file below a folder with one of these endings.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    fn walk(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
        let Ok(entries) = fs_err::read_dir(folder) else { return };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() {
                walk(&path, endings, found);
            } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), endings, &mut found);
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs_err::read_to_string(path).expect("read a source file")
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The six jobs.
const JOBS: [&str; 6] = ["stack", "data", "migration", "validation", "backup", "config"];
const ADAPTERS: [&str; 6] = ["engine", "postgres", "redis", "http", "tls", "store"];

#[test]
fn imports_go_down_only() {
    let mut broken = Vec::new();
    for path in files("src", &[".rs"]) {
        let name = shown(&path);
        let layer = name.split('/').nth(1).unwrap_or_default().trim_end_matches(".rs").to_owned();
        for (number, line) in read(&path).lines().enumerate() {
            let Some(at) = line.find("crate::") else { continue };
            let used: String =
                line[at + 7..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let job = |word: &str| JOBS[..5].contains(&word);
            let allowed = match layer.as_str() {
                "commands" | "main" | "lib" => true,
                layer if job(layer) => used == layer || (!job(&used) && used != "commands"),
                "config" => {
                    !job(&used)
                        && !["commands", "report", "engine", "postgres", "redis"].contains(&used.as_str())
                }
                "report" => !job(&used) && !ADAPTERS.contains(&used.as_str()) && used != "commands",
                layer if ADAPTERS.contains(&layer) => {
                    used == layer || ["model", "failure", "clock", "interrupt", "ui"].contains(&used.as_str())
                        // They run over TLS.
                        || (["http", "postgres", "engine"].contains(&layer) && used == "tls")
                        // pg_dump runs in the database's container where it is not on this machine.
                        || (layer, used.as_str()) == ("postgres", "engine")
                }
                "model" => false,
                _ => true,
            };
            if !allowed {
                broken.push(format!("{name}:{}: {layer} imports {used}", number + 1));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn each_outside_library_is_known_to_one_adapter_only() {
    let owners = [
        ("bollard::", vec!["src/engine/"]),
        ("hyper::", vec!["src/http/", "src/engine/connect/"]),
        ("rustls::client", vec!["src/tls/"]),
        ("redis::aio", vec!["src/redis/"]),
        ("indicatif::", vec!["src/ui/"]),
        ("rcgen::", vec!["src/stack/certs/"]),
        ("tera::", vec!["src/stack/render/"]),
    ];
    let mut broken = Vec::new();
    for path in files("src", &[".rs"]) {
        let (name, text) = (shown(&path), read(&path));
        for (library, folders) in &owners {
            if text.contains(library) && !folders.iter().any(|folder| name.starts_with(folder)) {
                broken.push(format!("{name} uses {library}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn pure_files_touch_no_clock_disk_network_or_random_source() {
    let pure = [
        "src/report/",
        "src/stack/render/",
        "src/compose/hash",
        "src/compose/typed/",
        "src/data/mask/",
        "src/model.rs",
    ];
    let words = [
        "tokio::",
        "fs_err::",
        "clock::now",
        "std::env::var",
        "std::net::",
        "rand::rng",
        "bollard",
        "Session",
    ];
    let mut broken = Vec::new();
    for path in files("src", &[".rs"]) {
        let name = shown(&path);
        if !pure.iter().any(|folder| name.starts_with(folder)) {
            continue;
        }
        let text = read(&path);
        // Tests inside a pure file may read what they like.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in words {
            if code.contains(word) {
                broken.push(format!("{name} uses {word}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_unfinished_work_stands_in_the_code() {
    // Put together here, so that this file does not find itself.
    let words = ["todo", "unimplemented", "dbg"].map(|word| format!("{word}!("));
    let marks = ["FIX", "XX"].map(|start| format!("{start}{}", if start == "FIX" { "ME" } else { "X" }));
    let mut broken = Vec::new();
    for path in ["src", "tests", "scripts", "compose", "nginx"].iter().flat_map(|f| files(f, &[""])) {
        let Ok(text) = fs_err::read_to_string(&path) else { continue };
        for word in words.iter().chain(&marks) {
            if text.contains(word.as_str()) {
                broken.push(format!("{}: {word}", shown(&path)));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn source_files_stay_small_enough_to_read() {
    let large: Vec<String> = files("src", &[".rs"])
        .iter()
        .map(|path| (read(path).lines().count(), shown(path)))
        .filter(|(lines, _)| *lines > 500)
        .map(|(lines, name)| format!("{name}: {lines} lines"))
        .collect();
    assert!(large.is_empty(), "{}", large.join("\n"));
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let silent: Vec<String> =
        files("src", &[".rs"]).iter().filter(|p| !read(p).starts_with("//!")).map(|p| shown(p)).collect();
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    for (name, text) in stagectl::report::schema::all() {
        let path = root().join("schemas").join(name);
        let published = fs_err::read_to_string(&path).unwrap_or_default();
        assert!(published == text, "{} has drifted: run `cargo run -- schemas --out schemas`", shown(&path));
    }
}
