//! The rendered nginx really serves, hardened as in the compose file: headers once everywhere,
//! limits that answer, a redirect that keeps the path.

use std::process::Command;
use std::time::Duration;

use super::super::support::{Container, Workspace, docker, engine_or_skip, eventually, free_port, image};
use super::accepted::{HARDENED, mounts};

const UPSTREAM: &str = include_str!("../../data/upstream.conf");

struct Network(String);

impl Drop for Network {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["network", "rm", &self.0]).output();
    }
}

struct Served {
    https: u16,
    http: u16,
    workspace: Workspace,
    nginx: Container,
    _app: Container,
    _network: Network,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }
}

fn serve(change: impl Fn(String) -> String) -> Served {
    let (https, http) = (free_port(), free_port());
    let workspace = Workspace::new();
    let text = workspace.stagectl(&["init", "--print", "--project", "served"]).expect_code(0).stdout;
    let text = text
        .replace("https_port: 8080", &format!("https_port: {https}"))
        .replace("http_port: 8081", &format!("http_port: {http}"))
        .replace("nginx_version: '1.26'", "nginx_version: '1.22'");
    workspace.write("stagectl.yml", &change(text));
    workspace.stagectl(&["generate"]).expect_code(0);
    workspace.stagectl(&["certs"]).expect_code(0);
    workspace.write("upstream.conf", UPSTREAM);

    let name = format!("rt-served-{https}");
    docker(&["network", "create", &name]);
    let network = Network(name.clone());
    let upstream = format!("{}:/etc/nginx/nginx.conf:ro", workspace.path("upstream.conf").display());
    let image = image("nginx");
    let app = Container::run(&[
        "--network",
        &name,
        "--network-alias",
        "app-staging",
        "--volume",
        &upstream,
        &image,
    ]);
    let ports = [format!("127.0.0.1:{https}:8443"), format!("127.0.0.1:{http}:8080")];
    let mounts = mounts(&workspace);
    let mut args = vec!["--network", name.as_str()];
    args.extend(HARDENED);
    args.extend(ports.iter().flat_map(|port| ["--publish", port]));
    args.extend(mounts.iter().flat_map(|mount| ["--volume", mount]));
    args.extend([image.as_str(), "nginx", "-g", "daemon off;"]);
    let nginx = Container::run(&args);
    let served = Served { https, http, workspace, nginx, _app: app, _network: network };
    eventually("nginx answers", Duration::from_secs(20), || served.try_get("/api/health", &[]));
    served
}

impl Served {
    fn try_get(&self, path: &str, extra: &[&str]) -> Option<Answer> {
        self.fetch(&format!("https://localhost:{}{path}", self.https), extra)
    }

    #[track_caller]
    fn get(&self, path: &str, extra: &[&str]) -> Answer {
        self.try_get(path, extra)
            .unwrap_or_else(|| panic!("no answer for {path}: {}", docker(&["logs", &self.nginx.id])))
    }

    fn fetch(&self, url: &str, extra: &[&str]) -> Option<Answer> {
        let authority = self.workspace.path("nginx/ssl-staging/ca.crt");
        let output = Command::new("curl")
            .args(["--silent", "--include", "--max-time", "5", "--path-as-is", "--cacert"])
            .arg(authority)
            .args(extra)
            .arg(url)
            .output()
            .expect("curl is installed");
        if !output.status.success() {
            return None;
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(key, value)| (key.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Some(Answer { status, headers, body: body.to_owned() })
    }
}

const ONCE: [&str; 9] = [
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "content-security-policy",
    "referrer-policy",
    "permissions-policy",
    "x-robots-tag",
    "x-environment",
    "x-request-id",
];

#[test]
fn security_headers_stand_exactly_once_on_every_kind_of_answer() {
    if !engine_or_skip() {
        return;
    }
    let served = serve(|text| text);
    let mut answers: Vec<(&str, Answer)> = [
        "/",
        "/static/a.css",
        "/static/missing.css",
        "/api/health",
        "/api/stories",
        "/missing",
        "/.env",
        "/metrics",
        "/static/.git/config",
    ]
    .map(|path| (path, served.get(path, &[])))
    .into();
    let statuses: Vec<u16> = answers.iter().map(|(_, answer)| answer.status).collect();
    assert_eq!(statuses, [200, 200, 404, 200, 200, 404, 404, 404, 404]);
    let limited = (0..120).map(|_| served.get("/api/stories", &[])).find(|answer| answer.status == 429);
    let limited = limited.expect("a burst over the threshold is answered with 429");
    assert_eq!(limited.all("retry-after"), ["60"]);
    answers.push(("429", limited));
    answers.push(("TRACE", served.get("/", &["-X", "TRACE"])));
    assert_eq!(answers.last().unwrap().1.status, 405);
    for (path, answer) in &answers {
        for header in ONCE {
            assert_eq!(answer.all(header).len(), 1, "{path}: {header}: {:?}", answer.headers);
        }
        assert!(answer.all("x-powered-by").is_empty(), "{path}");
        assert_eq!(answer.all("server"), ["nginx"], "{path}");
    }
    assert_eq!(answers[0].1.all("x-environment"), ["staging"]);
    // Health and static files are free even now.
    for path in ["/api/health", "/static/a.css"] {
        assert_eq!(served.get(path, &[]).status, 200, "{path}");
    }
    // An address in a header resets nothing: the burst is over the threshold again.
    let lies = (0..120).map(|n| format!("X-Forwarded-For: 203.0.113.{n}"));
    let refused = lies.into_iter().any(|lie| served.get("/api/stories", &["-H", &lie]).status == 429);
    assert!(refused, "a made-up address got around the limit");
}

#[test]
fn the_upstream_learns_who_asks_and_cannot_be_lied_to() {
    if !engine_or_skip() {
        return;
    }
    let served = serve(|text| text);
    let answer = served.get("/api/echo", &["-H", "X-Forwarded-For: 203.0.113.7", "-H", "X-Request-ID: mine"]);
    let told = answer.body.trim();
    assert!(told.starts_with(&format!("host=localhost:{} proto=https", served.https)), "{told}");
    assert!(!told.contains("203.0.113.7") && !told.contains("mine"), "{told}");
    let id = answer.all("x-request-id")[0];
    assert!(told.contains(&format!("id={id}")), "{told} {id}");
    // nginx writes its log after it has answered.
    let line = eventually("the request is logged", Duration::from_secs(10), || {
        let log = served.workspace.read("nginx/logs-staging/access.log");
        log.lines().find(|line| line.contains("/api/echo")).map(str::to_owned)
    });
    let shape = regex::Regex::new(r#"^\d{4}-\d\d-\d\dT[\d:+]+ \[STAGING\] [\d.]+ "GET /api/echo HTTP/2.0" 200 [\d.]+ [\d.]+ "curl/[^"]+"$"#).unwrap();
    assert!(shape.is_match(&line), "{line}");
    let requests = eventually("the request is in the second log", Duration::from_secs(10), || {
        Some(served.workspace.read("nginx/logs-staging/requests.log")).filter(|log| log.contains(id))
    });
    let entries: Vec<serde_json::Value> =
        requests.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(entries.iter().any(|entry| entry["request_id"] == id && entry["status"] == 200), "{requests}");
    assert!(!requests.contains("/api/health"), "health checks are not logged");
}

#[test]
fn plain_http_and_foreign_names_get_nothing_but_the_way_to_https() {
    if !engine_or_skip() {
        return;
    }
    let served = serve(|text| text);
    let base = format!("http://localhost:{}", served.http);
    let redirect = served.fetch(&format!("{base}/a/b?c=d&e=%2F"), &[]).unwrap();
    assert_eq!(redirect.status, 301);
    assert_eq!(redirect.all("location"), [format!("https://localhost:{}/a/b?c=d&e=%2F", served.https)]);
    assert_eq!(served.fetch(&base, &["-H", "Host: evil.example.com"]).unwrap().status, 421);
    assert!(served.try_get("/", &["-H", "Host: evil.example.com"]).is_none_or(|a| a.status == 421));
    let foreign = format!("evil.example.com:{}:127.0.0.1", served.https);
    let by_name = served.fetch(
        &format!("https://evil.example.com:{}/", served.https),
        &["--insecure", "--resolve", &foreign],
    );
    assert!(by_name.is_none(), "the handshake is refused");
    let list =
        served.fetch(&format!("{base}/ca.crl"), &["--output", "/dev/null", "--dump-header", "-"]).unwrap();
    assert_eq!((list.status, list.all("content-type")), (200, vec!["application/pkix-crl"]));
    for version in ["--tlsv1.1", "--tlsv1.0"] {
        let answer = served.try_get(
            "/api/health",
            &[version, "--tls-max", &version[6..], "--ciphers", "DEFAULT@SECLEVEL=0"],
        );
        assert!(answer.is_none(), "{version} is refused");
    }
}

#[test]
fn only_listed_origins_may_call_the_api_and_only_static_files_are_compressed() {
    if !engine_or_skip() {
        return;
    }
    let served = serve(|text| {
        text.replace("cors_origins: [https://localhost:8080]", "cors_origins: ['https://shop.example.com']")
    });
    let from = |origin: &str| served.get("/api/stories", &["-H", &format!("Origin: {origin}")]);
    let listed = from("https://shop.example.com");
    assert_eq!(listed.all("access-control-allow-origin"), ["https://shop.example.com"]);
    assert!(listed.all("vary").contains(&"Origin"), "{:?}", listed.headers);
    for foreign in ["https://evil.example.com", "null", "https://shop.example.com.evil.example.com"] {
        assert!(from(foreign).all("access-control-allow-origin").is_empty(), "{foreign}");
    }
    let preflight = served.get(
        "/api/stories",
        &[
            "-X",
            "OPTIONS",
            "-H",
            "Origin: https://shop.example.com",
            "-H",
            "Access-Control-Request-Method: POST",
        ],
    );
    assert_eq!(preflight.status, 204);
    assert!(preflight.all("access-control-allow-methods")[0].contains("POST"));

    let compressed = served.get(
        "/static/a.css",
        &["-H", "Accept-Encoding: gzip", "--output", "/dev/null", "--dump-header", "-"],
    );
    assert_eq!(compressed.all("content-encoding"), ["gzip"]);
    assert_eq!(compressed.all("cache-control"), ["public, max-age=31536000, immutable"]);
    assert_eq!(served.get("/static/missing.css", &[]).all("cache-control"), ["no-store"]);
    assert!(served.get("/api/large", &["-H", "Accept-Encoding: gzip"]).all("content-encoding").is_empty());
    let large = served.workspace.path("large");
    fs_err::write(&large, vec![b'x'; 11 << 20]).unwrap();
    let body = format!("@{}", large.display());
    assert_eq!(served.get("/api/stories", &["--data-binary", &body]).status, 413);
}
