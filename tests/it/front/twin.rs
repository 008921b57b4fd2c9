//! An application and the proxy that stagectl renders for it, in real containers.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Container, Workspace, docker, eventually, free_port, image};

const APP: &str = include_str!("app.conf");
pub const CONF: &str = "nginx/staging.conf";

/// Every check of the front door that bursts nothing and loads nothing.
pub const READING: [&str; 23] = [
    "INF-011", "INF-012", "INF-013", "APP-001", "APP-002", "APP-003", "APP-004", "APP-006", "APP-007",
    "APP-008", "SEC-001", "SEC-002", "SEC-003", "SEC-004", "SEC-005", "SEC-006", "SEC-007", "SEC-008",
    "SEC-022", "SEC-023", "SEC-018", "SEC-019", "SEC-020",
];
/// The checks of the rate limit.
pub const BURSTING: [&str; 6] = ["SEC-021", "PRF-004", "PRF-005", "PRF-007", "PRF-008", "PRF-009"];

/// The running front door. Everything goes with it.
pub struct Twin {
    pub workspace: Workspace,
    pub proxy: Container,
    pub app: Container,
    https: u16,
    _network: Network,
}

struct Network(String);

impl Drop for Network {
    fn drop(&mut self) {
        let _ = std::process::Command::new("docker").args(["network", "rm", &self.0]).output();
    }
}

impl Twin {
    pub fn start() -> Self {
        let (https, http, direct) = (free_port(), free_port(), free_port());
        let project = format!("frontchecks-{}-{https}", std::process::id());
        let workspace = Workspace::with_config(&config(&project, https, http, direct));
        workspace.stagectl(&["generate"]).expect_code(0);
        workspace.stagectl(&["certs"]).expect_code(0);
        workspace.write("app.conf", APP);

        docker(&["network", "create", &project]);
        let network = Network(project.clone());
        let start = |service: &str, ports: &[String], mounts: &[String]| {
            let labels = [
                format!("com.docker.compose.project={project}"),
                format!("com.docker.compose.service={service}"),
                "org.opencontainers.image.version=1.0.0".to_owned(),
            ];
            let mut args = vec!["--network", &project, "--network-alias", service, "--memory", "64m"];
            args.extend(labels.iter().flat_map(|label| ["--label", label]));
            args.extend(ports.iter().flat_map(|port| ["--publish", port]));
            args.extend(mounts.iter().flat_map(|mount| ["--volume", mount]));
            let image = image("nginx");
            args.extend(["--entrypoint", "nginx", &image, "-g", "daemon off;"]);
            Container::run(&args)
        };
        let mount = |from: &str, to: &str| format!("{}:{to}", workspace.path(from).display());
        let app = start(
            "app",
            &[format!("127.0.0.1:{direct}:3000")],
            &[mount("app.conf", "/etc/nginx/nginx.conf:ro")],
        );
        let ports = [format!("127.0.0.1:{https}:8443"), format!("127.0.0.1:{http}:8080")];
        let mounts =
            [mount(CONF, "/etc/nginx/nginx.conf:ro"), mount("nginx/ssl-staging", "/etc/nginx/ssl:ro")];
        let proxy = start("proxy", &ports, &mounts);
        let twin = Self { workspace, proxy, app, https, _network: network };
        twin.wait();
        twin
    }

    fn wait(&self) {
        let url = format!("https://localhost:{}/api/health", self.https);
        eventually("the proxy answers", Duration::from_secs(20), || {
            let curl = std::process::Command::new("curl")
                .args(["--silent", "--insecure", "--max-time", "2", "--output", "/dev/null", &url])
                .output();
            curl.ok()?.status.success().then_some(())
        });
    }

    /// Replaces text in a file that is mounted into one of the containers, and restarts both.
    /// Panics when there is nothing to replace: such a fault would be none.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.workspace.read(file);
        assert!(text.contains(from), "{file} has no `{from}`:\n{text}");
        self.workspace.write(file, &text.replace(from, to));
        self.restart();
    }

    pub fn restart(&self) {
        docker(&["restart", "--time", "0", &self.app.id, &self.proxy.id]);
        self.wait();
    }

    /// Runs these checks; id to status and what was found.
    pub fn validate(&self, ids: &[&str]) -> Vec<(String, String, String)> {
        let mut args = vec!["validate", "--json"];
        args.extend(ids.iter().flat_map(|id| ["--only", id]));
        let report = self.workspace.stagectl(&args).json();
        let results = report["results"].as_array().expect("results").iter();
        let text = |result: &Value, key: &str| result[key].as_str().unwrap_or_default().to_owned();
        results.map(|result| (text(result, "id"), text(result, "status"), text(result, "found"))).collect()
    }

    /// The ids of these checks that failed, warned or could not be checked, with what they found.
    pub fn red(&self, ids: &[&str]) -> Vec<(String, String)> {
        let results = self.validate(ids);
        assert_eq!(results.len(), ids.len(), "every check has a result");
        let red = results.into_iter().filter(|(_, status, _)| status != "pass" && status != "skip");
        red.map(|(id, status, found)| (id, format!("{status}: {found}"))).collect()
    }

    /// Plants a fault, and shows that exactly these checks of `ids` see it, and that all are green again
    /// when it is gone.
    #[track_caller]
    pub fn plant(&self, ids: &[&str], fault: &Fault<'_>) {
        let original = self.workspace.read(fault.file);
        self.edit(fault.file, fault.from, fault.to);
        let seen = self.red(ids);
        let names: Vec<&str> = seen.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(names, fault.red, "{}: {seen:#?}", fault.name);
        self.workspace.write(fault.file, &original);
    }
}

/// A fault to plant.
pub struct Fault<'a> {
    pub name: &'a str,
    pub file: &'a str,
    pub from: &'a str,
    pub to: &'a str,
    /// The checks that must see it, in the order of the report.
    pub red: &'a [&'a str],
}

fn config(project: &str, https: u16, http: u16, direct: u16) -> String {
    let image = image("nginx");
    format!(
        "version: 1
project: {project}
services:
  app:
    role: app
    image: '{image}'
    ports: ['{direct}:3000']
    networks: [edge]
    metrics: {{port: 3000, path: /metrics}}
  proxy:
    role: proxy
    image: '{image}'
    ports: ['{https}:8443', '{http}:8080']
    networks: [edge]
networks:
  edge: {{}}
proxy:
  service: proxy
  https_port: {https}
  http_port: {http}
  nginx_version: '1.22'
  upstreams: {{app: {{service: app, port: 3000}}}}
  routes:
    - {{path: /, kind: page, upstream: app}}
    - {{path: /static/, kind: static, upstream: app}}
    - {{path: /api/, kind: api, upstream: app}}
    - {{path: /api/auth/, kind: auth, upstream: app}}
    - {{path: /api/health, kind: health, upstream: app}}
    - {{path: /metrics, kind: deny}}
  rate_limit: {{per_minute: 600, burst: 20, auth_per_minute: 60, auth_burst: 5}}
  cors_origins: ['https://localhost:{https}']
validation:
  page_ms: 1000
  load_seconds: 1
  load_connections: 4
  api: [{{path: /api/health}}, {{path: /api/stories}}, {{path: /api/version}}]
"
    )
}
