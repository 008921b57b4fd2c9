//! The daily commands on a compose project that stagectl has not generated: looking at its
//! containers, working in them, and their images.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command};

use super::support::{Outcome, Stack, Workspace, docker, engine_or_skip, image};

/// A folder with a compose file and nothing else.
struct Project(Stack);

impl Project {
    fn new(subject: &str, compose: &str) -> Self {
        let project = format!("stest-{subject}-{}", std::process::id());
        let workspace = Workspace::new();
        let state = workspace.path("state").display().to_string();
        workspace.write("compose.yml", compose);
        Self(Stack::over(workspace.env("XDG_STATE_HOME", state), project))
    }

    /// The arguments of a command on this project.
    fn args<'a>(&'a self, command: &[&'a str]) -> Vec<&'a str> {
        let mut args = vec![command[0], "--file", "compose.yml", "--project-name", &self.0.project];
        args.extend(&command[1..]);
        args
    }

    fn run(&self, command: &[&str]) -> Outcome {
        self.0.stagectl(&self.args(command))
    }

    fn write(&self, name: &str, text: &str) {
        self.0.workspace.write(name, text);
    }
}

/// A command that goes on until it is interrupted.
struct Follower {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Follower {
    fn start(project: &Project, command: &[&str]) -> Self {
        let mut child = project.0.workspace.spawn(&project.args(command));
        let lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        Self { child, lines }
    }

    /// The next line with these words.
    fn until(&mut self, words: &str) -> String {
        let line = self.lines.find_map(|line| line.ok().filter(|line| line.contains(words)));
        line.unwrap_or_else(|| panic!("it ended without `{words}`"))
    }

    fn interrupt(mut self) {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().expect("kill");
        assert_eq!(self.child.wait().expect("the end").code(), Some(0));
    }
}

fn servers() -> String {
    let (postgres, redis) = (image("postgres"), image("redis"));
    format!(
        "services:
  db:
    image: {postgres}
    environment: {{POSTGRES_USER: app, POSTGRES_PASSWORD: secret-word, POSTGRES_DB: shop}}
    healthcheck: {{test: [CMD, pg_isready, -U, app, -d, shop, -h, 127.0.0.1], interval: 30s}}
    tmpfs: [/var/lib/postgresql/data]
    ports: ['127.0.0.1::5432']
  cache:
    image: {redis}
    command: [redis-server, --requirepass, other-word, --save, '']
  pair:
    image: stagectl-local/debian:bookworm
    command: [sh, -c, 'trap \"exit 3\" TERM; while :; do echo tick of $$HOSTNAME; sleep 0.2; done']
    scale: 2
    stop_grace_period: 5s
"
    )
}

#[test]
fn the_daily_commands_work_on_any_compose_project() {
    if !engine_or_skip() {
        return;
    }
    let project = Project::new("everyday", &servers());
    let before = docker(&["info", "--format", "{{.SystemTime}}"]);
    project.run(&["up"]).expect_code(0);
    let mut events = Follower::start(&project, &["events", "--json", "--since", &before, "pair"]);
    assert!(events.until(r#""action":"start""#).contains(r#""service":"pair""#));

    let status = project.run(&["ps"]).expect_code(0).stdout;
    assert!(status.lines().all(|line| line.chars().count() <= 100), "{status}");
    assert!(status.contains("pair-2") && status.contains("->5432"), "{status}");
    let ids = project.run(&["ps", "-q", "pair"]).expect_code(0).stdout;
    let expected =
        docker(&["ps", "-q", "--no-trunc", "--filter", &project.0.label(), "--filter", "name=pair"]);
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(sorted(&ids), sorted(&expected));
    assert!(project.run(&["ps", "cache"]).stdout.lines().count() == 2);

    // The servers, with the credentials that their containers were given.
    let asked = project.run(&["psql", "-XAtc", "SELECT current_user, current_database()"]).expect_code(0);
    assert_eq!(asked.stdout, "app|shop\n", "{}", asked.stderr);
    assert_eq!(project.run(&["psql", "-XAtc", "SELEKT"]).code, 1);
    assert_eq!(project.run(&["redis-cli", "ping"]).expect_code(0).stdout, "PONG\n");
    let refused = project.run(&["redis-cli", "--service", "pair", "ping"]);
    assert_ne!(refused.code, 0, "there is no redis-cli in that image");

    let args = ["exec", "-T", "-u", "nobody", "-w", "/tmp", "-e", "WORD=a b", "--index", "2", "pair"];
    let command = ["sh", "-c", "id -un; pwd; echo $WORD; hostname; exit 9"];
    let run = project.run(&[&args[..], &command[..]].concat()).expect_code(9).stdout;
    let second = docker(&["ps", "-q", "--filter", &project.0.label(), "--filter", "name=pair-2"]);
    assert_eq!(run, format!("nobody\n/tmp\na b\n{second}\n"));
    project.run(&["exec", "--index", "3", "pair", "true"]).expect_code(4);

    let stats = project.run(&["stats", "--no-stream", "--json"]).expect_code(0).json();
    let list = stats["containers"].as_array().expect("a list");
    assert_eq!(list.len(), 4, "{stats}");
    assert!(list.iter().all(|c| c["memory"].as_u64() > Some(0) && c["pids"].as_u64() > Some(0)), "{stats}");
    let table = project.run(&["stats", "--no-stream", "db"]).expect_code(0).stdout;
    assert!(table.contains("MiB") && table.lines().all(|line| line.chars().count() <= 100), "{table}");

    // Lines of several containers, in the order in which they were written.
    let logs = project.run(&["logs", "--json", "pair", "db"]).expect_code(0).stdout;
    let lines: Vec<serde_json::Value> =
        logs.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let times: Vec<&str> = lines.iter().filter_map(|line| line["time"].as_str()).collect();
    assert!(times.is_sorted() && times.len() == lines.len(), "{logs}");
    for name in ["pair-1", "pair-2", "db-1"] {
        assert!(lines.iter().any(|line| line["container"] == name), "{name}: {logs}");
    }
    let last = project.run(&["logs", "-n", "1", "--no-log-prefix", "--timestamps", "pair"]).stdout;
    assert!(last.lines().count() == 2 && last.contains("Z tick of "), "{last}");

    // What a container writes after it has been stopped and started again is followed, too.
    let mut follower = Follower::start(&project, &["logs", "-f", "cache"]);
    assert!(follower.until("Ready to accept").starts_with("cache-1 | "));
    project.run(&["restart", "-t", "3", "cache"]).expect_code(0);
    assert!(follower.until("Ready to accept").starts_with("cache-1 | "));
    follower.interrupt();

    project.run(&["down", "-v", "-t", "5", "--yes"]).expect_code(0);
    assert!(project.0.containers().is_empty());
    let died: serde_json::Value = serde_json::from_str(&events.until(r#""action":"die""#)).expect("JSON");
    assert_eq!(died["exit_code"], 3, "stopped by the signal, not killed: {died}");
    events.interrupt();
    assert!(!project.0.workspace.path("staging-backups").exists(), "a foreign folder stays clean");
}

/// An image that goes with its guard.
struct Image(String);

impl Drop for Image {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["image", "rm", "--force", &self.0]).output();
    }
}

const BUILT: &str = "services:
  app:
    build:
      context: app
      args: {GREETING: hello}
      target: small
    command: [sleep, '600']
    init: true
";

#[test]
fn images_are_built_from_the_compose_file_and_built_anew_when_asked() {
    if !engine_or_skip() {
        return;
    }
    let project = Project::new("built", BUILT);
    project.write(
        "app/Dockerfile",
        "FROM stagectl-local/debian:bookworm AS small\nARG GREETING\nCOPY . /src\nRUN echo $GREETING > /greeting\n\
         FROM small AS large\nRUN exit 1\n",
    );
    project.write("app/.dockerignore", "*.log\n");
    project.write("app/kept.txt", "1\n");
    project.write("app/noise.log", "1\n");
    let built = format!("{}-app", project.0.project);
    let _image = Image(built.clone());

    let plan = project.run(&["up", "--dry-run"]).expect_code(0).stdout;
    assert!(plan.contains(&format!("build image       {built}")), "{plan}");
    let has_image =
        || Command::new("docker").args(["image", "inspect", &built]).output().unwrap().status.success();
    assert!(!has_image(), "a dry run has built");
    project.run(&["up"]).expect_code(0);
    let shown = project.run(&["exec", "app", "sh", "-c", "cat /greeting; ls -A /src"]).expect_code(0).stdout;
    assert_eq!(shown, "hello\n.dockerignore\nDockerfile\nkept.txt\n");
    let again = project.run(&["up", "--json"]).expect_code(0).json();
    assert_eq!(again["changed"], false, "{again}");

    // A new image makes a new container; one that came out the same does not.
    let before = project.0.containers();
    project.run(&["up", "--build"]).expect_code(0);
    assert_eq!(before, project.0.containers());
    project.write("app/kept.txt", "2\n");
    project.run(&["build", "--build-arg", "GREETING=good day"]).expect_code(0);
    project.run(&["up"]).expect_code(0);
    assert_ne!(before[0].1, project.0.containers()[0].1);
    let shown = project.run(&["exec", "app", "cat", "/greeting", "/src/kept.txt"]).expect_code(0).stdout;
    assert_eq!(shown, "good day\n2\n");

    project.write("compose.yml", &BUILT.replace("small", "large"));
    let failed = project.run(&["build"]).expect_code(6);
    assert!(
        failed.stderr.contains("RUN exit 1") && failed.stderr.contains("non-zero code: 1"),
        "{}",
        failed.stderr
    );
    project.write("compose.yml", &BUILT.replace("target: small", "ssh: [default]"));
    let refused = project.run(&["build"]).expect_code(3);
    assert!(refused.stderr.contains("`ssh` needs BuildKit"), "{}", refused.stderr);
    project.write("compose.yml", "services:\n  app:\n    image: localhost:1/none:1\n");
    let missing = project.run(&["pull"]).expect_code(4);
    assert!(missing.stderr.contains("pull image localhost:1/none:1"), "{}", missing.stderr);
    let never = project.run(&["up", "--pull", "never"]).expect_code(4);
    assert!(never.stderr.contains("--pull never forbids"), "{}", never.stderr);
}
