//! Files and folders that are not as they should be: each is named, with what to do, and nothing panics.

use crate::support::{Outcome, Workspace, free_port};

/// A twin of a database and an application that nobody has started, on ports that nobody listens at.
pub fn absent() -> String {
    format!(
        "version: 1\nproject: absent\nservices:\n  db: {{role: database, image: 'a:1', user: '1:1', ports: ['{}:5432']}}\n  \
         app: {{role: app, image: 'a:1', user: '1:1', ports: ['{}:80']}}\n\
         database: {{service: db, name: staging_db, user: app, password: a-password, admin_password: a-second-password}}\n\
         production: {{database_url: 'postgresql://nobody:hidden-word@127.0.0.1:{}/shop'}}\n\
         masking: {{key: a-key-for-tests-only-0123456789}}\nmigration: {{path: migrations/one}}\n",
        free_port(),
        free_port(),
        free_port()
    )
}

/// Every command that reads the project, with arguments that let it begin its work.
const COMMANDS: [&str; 21] = [
    "generate --dry-run",
    "generate --check",
    "setup --dry-run",
    "setup",
    "up",
    "up --dry-run",
    "down",
    "restart",
    "status",
    "logs",
    "exec db ls",
    "psql -c x",
    "reset --yes",
    "certs --dry-run",
    "copy-data --dry-run",
    "copy-data --yes",
    "rollback data --yes",
    "test-migration",
    "validate --quick",
    "report",
    "config",
];

fn run(workspace: &Workspace, command: &str) -> Outcome {
    let words: Vec<&str> = command.split(' ').collect();
    let outcome = workspace.stagectl(&words);
    assert!(!outcome.stderr.contains("panicked"), "{command}: {}", outcome.stderr);
    let said = outcome.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    // A verdict (1, 2) is a result; anything else is one error with a next step.
    if outcome.code > 2 {
        assert_eq!(said, 1, "{command}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("hint: "), "{command} says no next step: {}", outcome.stderr);
    } else {
        assert_eq!(said, 0, "{command}: {}", outcome.stderr);
    }
    outcome
}

#[test]
fn in_an_empty_folder_every_command_says_what_is_missing() {
    for command in COMMANDS {
        let workspace = Workspace::new();
        let outcome = run(&workspace, command);
        assert_eq!(outcome.code, 3, "{command}: {}", outcome.stderr);
        let left = fs_err::read_dir(workspace.path("")).unwrap().count();
        assert_eq!(left, 0, "{command} left something in a folder that is no project");
    }
}

#[test]
fn with_a_broken_file_every_command_names_the_line() {
    let workspace = Workspace::with_config("version: 1\nproject: [x\n");
    for command in COMMANDS {
        let outcome = run(&workspace, command);
        assert_eq!(outcome.code, 3, "{command}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("stagectl.yml:3:1: "), "{command}: {}", outcome.stderr);
    }
}

#[test]
fn without_engine_database_or_production_every_command_says_so() {
    let workspace = Workspace::with_config(&absent()).env("DOCKER_HOST", "tcp://127.0.0.1:1");
    workspace.write("migrations/one/up.sql", "SELECT 1;\n");
    workspace.write("migrations/one/down.sql", "SELECT 1;\n");
    workspace.stagectl(&["generate"]).expect_code(0);
    for command in COMMANDS {
        let outcome = run(&workspace, command);
        let expected: &[i32] = match command.split(' ').next().unwrap() {
            "generate" | "config" => &[0],
            // This project has no proxy.
            "certs" => &[3],
            // The answer of a check is no, or there is none.
            "validate" | "report" => &[1, 2],
            _ => &[4],
        };
        assert!(expected.contains(&outcome.code), "{command}: {} {}", outcome.code, outcome.stderr);
        for secret in ["hidden-word", "a-password", "a-second-password", "a-key-for-tests"] {
            assert!(!format!("{outcome:?}").contains(secret), "{command} shows a password");
        }
    }
}

#[test]
fn a_file_that_is_empty_or_no_text_is_a_config_error() {
    for (text, words) in
        [(&b""[..], "stagectl.yml"), (b"version: 1\nproject: \xff\xfe\n", "stagectl.yml:2: ")]
    {
        let workspace = Workspace::new();
        fs_err::write(workspace.path("stagectl.yml"), text).unwrap();
        for command in ["generate", "setup", "copy-data", "test-migration", "validate", "report"] {
            let outcome = run(&workspace, command);
            assert_eq!(outcome.code, 3, "{command}: {}", outcome.stderr);
            assert!(outcome.stderr.contains(words), "{command}: {}", outcome.stderr);
        }
    }
}

#[test]
fn a_broken_line_of_an_env_file_is_named_and_its_text_is_not_shown() {
    for file in [".env.staging", ".env.production"] {
        let workspace = Workspace::with_config(&absent());
        for (text, line) in
            [(&b"A=1\nhidden-word\n"[..], 2), (b"A=1\n\nhidden word=x\n", 3), (b"A=1\nB='hidden \xff'\n", 2)]
        {
            fs_err::write(workspace.path(file), text).unwrap();
            for command in ["generate", "setup", "copy-data", "test-migration", "validate", "report"] {
                let outcome = run(&workspace, command);
                assert_eq!(outcome.code, 3, "{command}: {}", outcome.stderr);
                assert!(
                    outcome.stderr.contains(&format!("{file}:{line}: ")),
                    "{command}: {}",
                    outcome.stderr
                );
                assert!(!outcome.stderr.contains("hidden"), "{command}: {}", outcome.stderr);
            }
            assert_eq!(fs_err::read(workspace.path(file)).unwrap(), text, "the file was changed");
        }
    }
}

#[test]
fn a_report_that_is_no_report_is_named_and_counts_as_none() {
    let workspace = Workspace::with_config("version: 1\nproject: twin\nservices: {a: {image: 'a:1'}}\n");
    for text in ["", "{\"verdict\": \"rea", "[]", "{\"verdict\": \"ready\"}"] {
        workspace.write("staging-backups/setup-report-20260101T000000Z.json", text);
        let outcome = run(&workspace, "report");
        assert_eq!(outcome.code, 2, "{}", outcome.stdout);
        assert!(outcome.stdout.contains("cannot be read"), "{}", outcome.stdout);
    }
    fs_err::write(workspace.path("staging-backups/setup-report-20260101T000000Z.json"), b"\xff").unwrap();
    assert_eq!(run(&workspace, "report").code, 2);
}

#[test]
fn an_argument_that_is_no_text_is_no_trouble() {
    use std::os::unix::ffi::OsStrExt as _;
    let workspace = Workspace::new();
    let mut command = workspace.command(&["status", "--directory"]);
    let output = command.arg(std::ffi::OsStr::from_bytes(b"\xff")).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_number_beyond_all_bounds_is_refused_where_it_stands() {
    let workspace = Workspace::with_config(&absent());
    workspace.stagectl(&["copy-data", "--limit", "4294967296"]).expect_code(2);
    let text = absent() + "copy: {limit: 99999999999999999999}\n";
    let outcome = run(&Workspace::with_config(&text), "copy-data --dry-run");
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("copy.limit"), "{}", outcome.stderr);
}
