//! `validate` on real containers: a confined twin passes, each planted fault is found by its check.

use crate::support::{Container, Workspace, docker, engine_or_skip, free_port, image};

/// Three services of one light image: a proxy, an application and a cache, on three networks.
struct Twin {
    project: String,
    workspace: Workspace,
    cache_port: u16,
    containers: Vec<Container>,
}

const SERVER: &str = r#"printf "requirepass %s\nmaxmemory 16mb\nmaxmemory-policy allkeys-lru\nappendonly yes\ndir /tmp\n" "$CACHE_PASSWORD" | exec redis-server -"#;

impl Twin {
    fn start() -> Self {
        let project = format!("chk-{}-{}", std::process::id(), free_port());
        let cache_port = free_port();
        let workspace = Workspace::with_config(&config(&project, cache_port));
        workspace.stagectl(&["generate"]).expect_code(0);
        for (network, options) in [
            ("front", &["--opt", "com.docker.network.bridge.enable_ip_masquerade=false"][..]),
            ("access", &["--opt", "com.docker.network.bridge.enable_ip_masquerade=false"][..]),
            ("data", &["--internal"][..]),
        ] {
            let labels = [
                format!("com.docker.compose.project={project}"),
                format!("com.docker.compose.network={network}"),
            ];
            let name = format!("{project}_{network}");
            let mut line = vec!["network", "create", "--label", &labels[0], "--label", &labels[1]];
            line.extend_from_slice(options);
            line.push(&name);
            docker(&line);
        }
        let mut twin = Self { project, workspace, cache_port, containers: Vec::new() };
        for service in ["cache", "app", "web"] {
            twin.run(service, &[], &[]);
        }
        twin
    }

    /// Starts a service's container, without the arguments of `without` and with those of `with`.
    fn run(&mut self, service: &str, without: &[&str], with: &[&str]) {
        let password = self.password();
        let port = format!("--publish=127.0.0.1:{}:6379", self.cache_port);
        let first = if service == "web" {
            "front"
        } else if service == "cache" {
            "access"
        } else {
            "front"
        };
        let mut arguments: Vec<String> = [
            "--user=999:999",
            "--read-only",
            "--cap-drop=ALL",
            "--security-opt=no-new-privileges:true",
            "--memory=64m",
            "--cpus=0.5",
            "--pids-limit=50",
            "--restart=unless-stopped",
            "--log-opt=max-size=1m",
            "--log-opt=max-file=2",
            "--tmpfs=/tmp:mode=1777",
            "--health-cmd=test -d /tmp",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--name={}-{service}", self.project));
        arguments.push(format!("--network={}_{first}", self.project));
        arguments.push(format!("--network-alias={service}"));
        arguments.push(format!("--env=CACHE_PASSWORD={password}"));
        arguments.push(format!("--label=com.docker.compose.project={}", self.project));
        arguments.push(format!("--label=com.docker.compose.service={service}"));
        if service == "cache" {
            arguments.push(port);
        }
        arguments.retain(|argument| !without.iter().any(|start| argument.starts_with(start)));
        arguments.extend(with.iter().map(|argument| (*argument).to_owned()));
        let image = image("redis");
        let mut line: Vec<&str> = arguments.iter().map(String::as_str).collect();
        line.extend([image.as_str(), "sh", "-c", SERVER]);
        let container = Container::run(&line);
        if service != "web" {
            let data = format!("{}_data", self.project);
            docker(&["network", "connect", "--alias", service, &data, &container.id]);
        }
        self.containers.push(container);
    }

    fn password(&self) -> String {
        let text = self.workspace.read(".env.staging");
        let line = text.lines().find_map(|line| line.strip_prefix("CACHE_PASSWORD=")).expect("the password");
        line.trim_matches('\'').to_owned()
    }

    fn name(&self, service: &str) -> String {
        format!("{}-{service}", self.project)
    }

    fn remove(&mut self, service: &str) {
        docker(&["rm", "--force", "--volumes", &self.name(service)]);
    }

    fn statuses(&self, only: &[&str]) -> Vec<(String, String)> {
        let mut line = vec!["validate", "--json"];
        line.extend(only.iter().flat_map(|id| ["--only", *id]));
        let report = self.workspace.stagectl(&line).json();
        report["results"]
            .as_array()
            .expect("results")
            .iter()
            .map(|result| {
                let text = |key: &str| result[key].as_str().unwrap_or_default().to_owned();
                (text("id"), format!("{}: {}", text("status"), text("found")))
            })
            .collect()
    }

    #[track_caller]
    fn expect(&self, id: &str, status: &str) {
        let found = self.statuses(&[id]);
        assert!(found[0].1.starts_with(status), "{id} should {status}: {found:?}");
    }

    /// Makes a service's container anew with a fault, sees the check find it, makes it right again.
    #[track_caller]
    fn plant(&mut self, id: &str, status: &str, service: &str, without: &[&str], with: &[&str]) {
        self.remove(service);
        self.run(service, without, with);
        self.expect(id, status);
        self.remove(service);
        self.run(service, &[], &[]);
        self.expect(id, "pass");
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        self.containers.clear();
        for network in ["front", "access", "data"] {
            let name = format!("{}_{network}", self.project);
            let _ = std::process::Command::new("docker").args(["network", "rm", &name]).output();
        }
    }
}

fn config(project: &str, cache_port: u16) -> String {
    let image = image("redis");
    let service = |role: &str, networks: &str, more: &str| {
        format!(
            "{{role: {role}, image: '{image}', user: '999:999', networks: {networks}, tmpfs: ['/tmp:mode=1777'], \
             command: [sh, -c, '{}'], environment: {{CACHE_PASSWORD: '${{CACHE_PASSWORD}}'}}, \
             health: {{test: [CMD-SHELL, 'test -d /tmp']}}, limits: {{cpus: 0.5, memory: 64m, pids: 50}}{more}}}",
            SERVER.replace('$', "$$")
        )
    };
    format!(
        "version: 1\nproject: {project}\nenv: {{CACHE_PASSWORD: {{generate: alphanumeric}}}}\nservices:\n  \
         cache: {}\n  app: {}\n  web: {}\n\
         networks: {{front: {{no_egress: true}}, access: {{no_egress: true}}, data: {{internal: true}}}}\n\
         cache: {{service: cache, password: '${{CACHE_PASSWORD}}'}}\n\
         proxy: {{service: web, upstreams: {{app: {{service: app, port: 6379}}}}, routes: [{{path: /, upstream: app}}]}}\n\
         validation: {{variables: {{app: {{CACHE_PASSWORD: {{required: true}}}}}}}}\n",
        service("cache", "[access, data]", &format!(", ports: ['{cache_port}:6379']")),
        service("app", "[front, data]", ", depends_on: {cache: healthy}"),
        service("proxy", "[front]", ", depends_on: {app: healthy}"),
    )
}

/// Check, expected status, service, arguments taken away, arguments added.
type Fault = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const SOUND: [&str; 29] = [
    "INF-001", "INF-002", "INF-003", "INF-004", "INF-005", "INF-006", "INF-009", "INF-010", "INF-014",
    "INF-015", "INF-016", "INF-017", "ENV-001", "ENV-003", "ENV-004", "ENV-005", "ENV-006", "RDS-001",
    "RDS-002", "RDS-003", "SEC-009", "SEC-010", "SEC-011", "SEC-012", "SEC-013", "SEC-014", "SEC-015",
    "INT-001", "INT-002",
];

#[test]
fn a_confined_twin_passes_and_each_planted_fault_is_found_by_its_check() {
    if !engine_or_skip() {
        return;
    }
    let mut twin = Twin::start();
    let found = twin.statuses(&SOUND);
    let wrong: Vec<_> = found.iter().filter(|(_, status)| !status.starts_with("pass")).collect();
    assert!(wrong.is_empty() && found.len() == SOUND.len(), "{found:#?}");

    let faults: [Fault; 15] = [
        ("INF-002", "fail", "app", &["--health-cmd"], &["--health-cmd=false"]),
        ("INF-004", "fail", "app", &["--env"], &["--env=CACHE_PASSWORD=another"]),
        ("INF-005", "fail", "cache", &["--publish"], &[]),
        ("INF-006", "fail", "app", &[], &["--publish=127.0.0.1::6379"]),
        ("INF-014", "warn", "app", &["--log-opt"], &[]),
        ("ENV-001", "fail", "app", &["--env"], &["--env=CACHE_PASSWORD="]),
        ("ENV-003", "fail", "app", &[], &["--env=STRIPE_KEY=sk_live_4eC39HqLyjWDarjtT1zdp7dc"]),
        ("RDS-001", "fail", "cache", &["--env"], &["--env=CACHE_PASSWORD=another"]),
        ("SEC-009", "fail", "app", &[], &["--label=token=SECRET"]),
        ("SEC-011", "fail", "app", &["--user"], &["--user=0:0"]),
        ("SEC-012", "fail", "app", &["--cap-drop"], &[]),
        ("SEC-013", "fail", "app", &[], &["--volume=/var/run/docker.sock:/var/run/docker.sock:ro"]),
        ("SEC-013", "fail", "app", &["--cap-drop", "--security-opt"], &["--privileged"]),
        ("SEC-014", "fail", "app", &["--memory"], &[]),
        ("SEC-015", "fail", "app", &["--read-only"], &[]),
    ];
    for (id, status, service, without, with) in faults {
        let password = twin.password();
        let with: Vec<String> = with.iter().map(|argument| argument.replace("SECRET", &password)).collect();
        let with: Vec<&str> = with.iter().map(String::as_str).collect();
        twin.plant(id, status, service, without, &with);
    }
}

#[test]
fn a_stopped_container_a_foreign_member_and_a_readable_env_file_are_found() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::start();
    let data = format!("{}_data", twin.project);
    docker(&["network", "connect", &data, &twin.name("web")]);
    twin.expect("INF-009", "fail");
    twin.expect("INF-010", "fail");
    docker(&["network", "disconnect", &data, &twin.name("web")]);
    twin.expect("INF-010", "pass");

    let front = format!("{}_front", twin.project);
    docker(&["network", "disconnect", &front, &twin.name("app")]);
    twin.expect("INT-002", "fail");
    docker(&["network", "connect", "--alias", "app", &front, &twin.name("app")]);
    twin.expect("INT-002", "pass");

    docker(&["network", "disconnect", &data, &twin.name("cache")]);
    twin.expect("INT-001", "fail");
    docker(&["network", "connect", "--alias", "cache", &data, &twin.name("cache")]);
    twin.expect("INT-001", "pass");

    docker(&["network", "connect", "bridge", &twin.name("cache")]);
    twin.expect("INF-017", "fail");
    docker(&["network", "disconnect", "bridge", &twin.name("cache")]);

    let env_file = twin.workspace.path(".env.staging");
    let mode = |bits: u32| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(bits);
        fs_err::set_permissions(&env_file, permissions).expect("change the mode");
    };
    mode(0o644);
    twin.expect("SEC-010", "fail");
    mode(0o600);
    twin.expect("SEC-010", "pass");

    docker(&["stop", "--time=1", &twin.name("app")]);
    twin.expect("INF-001", "fail");
}

#[test]
fn a_foreign_address_in_the_cache_is_found_and_not_shown() {
    if !engine_or_skip() {
        return;
    }
    let twin = Twin::start();
    let command = |words: &str| {
        let script = format!("REDISCLI_AUTH=$CACHE_PASSWORD redis-cli {words}");
        docker(&["exec", &twin.name("cache"), "sh", "-c", &script]);
    };
    command("SET session:1 '{\"email\":\"u1@staging.local\"}'");
    twin.expect("RDS-004", "pass");
    command("RPUSH queue:mails someone@school.example");
    let found = twin.statuses(&["RDS-004"]);
    assert!(found[0].1.starts_with("fail") && !found[0].1.contains("school.example"), "{found:?}");
}

#[test]
fn without_an_engine_nothing_passes_that_needs_it() {
    let workspace = Workspace::with_config("version: 1\nproject: x\nservices: {a: {image: 'a:1'}}\n")
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let outcome = workspace.stagectl(&["validate", "--json", "--only", "infrastructure"]).expect_code(2);
    let report = outcome.json();
    assert_eq!(report["verdict"], "incomplete");
    let passed =
        report["results"].as_array().expect("results").iter().filter(|r| r["status"] == "pass").count();
    assert_eq!(passed, 0, "{report:#}");
    let files = workspace.files("staging-backups", "staging-validation-report-");
    let kinds =
        ["json", "xml"].map(|end| files.iter().any(|file| file.extension().is_some_and(|e| e == end)));
    assert_eq!(kinds, [true, true], "the report and its JUnit: {files:?}");
}
