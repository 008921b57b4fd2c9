//! `nginx/staging.conf` and the rotation of its logs.

use std::path::{Path, PathBuf};

use anyhow::Result;
use regex::Regex;
use serde::Serialize;

use super::templates::Templates;
use super::{RenderedFile, RenderedFolder, service_uid};
use crate::config::Settings;
use crate::config::proxy::{Balance, Proxy, RateLimit, Route, RouteKind};
use crate::failure::Failure;

const CONFIG: &str = "nginx/staging.conf";
const LOGROTATE: &str = "nginx/logrotate.conf";
const LOGS: &str = "nginx/logs-staging";

#[derive(Serialize)]
struct View<'a> {
    /// The names of all hosts, for the redirect.
    server_names: Vec<&'a str>,
    hosts: Vec<HostView<'a>>,
    https_listen: u16,
    http_listen: u16,
    status_listen: u16,
    /// `:8080`, or nothing for 443.
    public_port: String,
    http2_directive: bool,
    upstreams: Vec<UpstreamView<'a>>,
    rate: &'a RateLimit,
    cors_origins: &'a [String],
    max_body: &'a str,
    content_security_policy: &'a str,
    certificates: &'a str,
    has_cache: bool,
    filter_requests: bool,
}

#[derive(Serialize)]
struct HostView<'a> {
    server_names: Vec<&'a str>,
    routes: Vec<RouteView<'a>>,
}

#[derive(Serialize)]
struct UpstreamView<'a> {
    name: String,
    server: String,
    balance: Option<&'a str>,
}

#[derive(Serialize)]
struct RouteView<'a> {
    path: &'a str,
    kind: RouteKind,
    upstream: Option<String>,
    cache_seconds: Option<u32>,
}

/// Where the certificates lie on the host.
pub fn certificate_directory(settings: &Settings) -> PathBuf {
    settings.root.join(&settings.config.certificates.directory)
}

/// Where nginx writes its logs on the host.
pub fn log_directory(settings: &Settings) -> PathBuf {
    settings.root.join(LOGS)
}

pub(super) fn folders(settings: &Settings) -> Vec<RenderedFolder> {
    let Some(proxy) = &settings.config.proxy else { return Vec::new() };
    vec![RenderedFolder { path: LOGS.into(), owner: service_uid(settings, &proxy.service) }]
}

pub(super) fn files(settings: &Settings) -> Result<Vec<RenderedFile>> {
    let Some(proxy) = &settings.config.proxy else { return Ok(Vec::new()) };
    check(proxy)?;
    let templates = Templates::nginx(settings)?;
    let config = indent(&templates.render("nginx/staging.conf.tera", &view(settings, proxy))?);
    let container = settings
        .config
        .services
        .get(&proxy.service)
        .and_then(|service| service.container_name.clone())
        .unwrap_or_else(|| format!("{}-{}-1", settings.config.project, proxy.service));
    let logrotate = templates.render(
        "nginx/logrotate.conf.tera",
        &serde_json::json!({ "folder": settings.root.join(LOGS), "container": container }),
    )?;
    Ok(vec![RenderedFile::public(CONFIG, config), RenderedFile::public(LOGROTATE, logrotate)])
}

fn view<'a>(settings: &'a Settings, proxy: &'a Proxy) -> View<'a> {
    let mut hosts = vec![host(&proxy.server_names, &proxy.routes)];
    hosts[0].server_names.retain(|name| *name != "localhost");
    // Health checks inside the container ask for `localhost`.
    hosts[0].server_names.insert(0, "localhost");
    hosts.extend(proxy.hosts.iter().map(|other| host(&other.server_names, &other.routes)));
    let has_cache = proxy.all_routes().any(|route| route.cache_seconds.is_some_and(|seconds| seconds > 0));
    View {
        server_names: hosts.iter().flat_map(|host| host.server_names.iter().copied()).collect(),
        hosts,
        https_listen: proxy.https_listen,
        http_listen: proxy.http_listen,
        status_listen: proxy.status_listen,
        public_port: if proxy.https_port == 443 { String::new() } else { format!(":{}", proxy.https_port) },
        http2_directive: has_http2_directive(&proxy.nginx_version),
        upstreams: proxy
            .upstreams
            .iter()
            .map(|(name, upstream)| UpstreamView {
                name: upstream_name(name),
                server: format!("{}:{}", upstream.service, upstream.port),
                balance: match upstream.balance {
                    Balance::RoundRobin => None,
                    Balance::LeastConnections => Some("least_conn"),
                    Balance::ClientAddress => Some("ip_hash"),
                },
            })
            .collect(),
        has_cache,
        rate: &proxy.rate_limit,
        cors_origins: &proxy.cors_origins,
        max_body: &proxy.max_body,
        content_security_policy: &proxy.content_security_policy,
        certificates: mounted_at(settings, &proxy.service, &settings.config.certificates.directory)
            .unwrap_or("/etc/nginx/ssl"),
        filter_requests: proxy.filter_requests,
    }
}

fn host<'a>(server_names: &'a [String], routes: &'a [Route]) -> HostView<'a> {
    let mut routes: Vec<RouteView> = routes
        .iter()
        .map(|route| RouteView {
            path: &route.path,
            kind: route.kind,
            upstream: route.upstream.as_deref().map(upstream_name),
            cache_seconds: route.cache_seconds.filter(|seconds| *seconds > 0),
        })
        .collect();
    // Longest first, so that the file reads in the order in which nginx decides.
    routes.sort_by(|a, b| b.path.len().cmp(&a.path.len()).then(a.path.cmp(b.path)));
    HostView { server_names: server_names.iter().map(String::as_str).collect(), routes }
}

/// A name of its own: an upstream called like a host would shadow it.
fn upstream_name(name: &str) -> String {
    format!("upstream_{}", name.replace('-', "_"))
}

/// Where a service sees a folder of the host.
fn mounted_at<'a>(settings: &'a Settings, service: &str, folder: &str) -> Option<&'a str> {
    let clean = |path: &str| Path::new(path.strip_prefix("./").unwrap_or(path)).to_path_buf();
    settings.config.services.get(service)?.volumes.iter().find_map(|volume| {
        let mut parts = volume.split(':');
        (clean(parts.next()?) == clean(folder)).then_some(parts.next()?)
    })
}

/// Lines the blocks up by their braces, and leaves one empty line at most: what was included
/// knows nothing of the place it stands in.
fn indent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut continues, mut was_empty) = (0_usize, false, false);
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            was_empty = true;
            continue;
        }
        let closes = line == "}";
        depth -= usize::from(closes && depth > 0);
        if was_empty && !closes && !out.ends_with("{\n") {
            out.push('\n');
        }
        out.push_str(&"    ".repeat(depth + usize::from(continues)));
        out.push_str(line);
        out.push('\n');
        depth += usize::from(line.ends_with('{') && !line.starts_with('#'));
        continues = !line.starts_with('#') && !line.ends_with(['{', '}', ';']);
        was_empty = false;
    }
    out
}

/// `http2 on;` came with 1.25.1; from then on the old spelling is a warning.
fn has_http2_directive(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0), numbers.next());
    match version {
        (1, 25, patch) => patch.is_none_or(|patch| patch >= 1),
        (major, minor, _) => (major, minor) > (1, 25),
    }
}

/// nginx has places where nothing can be quoted; what stands there must be harmless as it is.
fn check(proxy: &Proxy) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let mut must = |place: String, value: &str, pattern: &str, what: &str| {
        if !Regex::new(pattern).is_ok_and(|regex| regex.is_match(value)) {
            problems.push(format!("{place}: `{value}` is not {what}"));
        }
    };
    for name in proxy.all_names() {
        must(
            "proxy.server_names".into(),
            name,
            r"^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
            "a host name",
        );
    }
    for origin in &proxy.cors_origins {
        must(
            "proxy.cors_origins".into(),
            origin,
            r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?$",
            "an origin such as https://a.example.com",
        );
    }
    for (name, upstream) in &proxy.upstreams {
        must("proxy.upstreams".into(), name, r"^[A-Za-z0-9_-]+$", "a name of letters, digits, `-` and `_`");
        must(
            format!("proxy.upstreams.{name}.service"),
            &upstream.service,
            r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
            "a service name",
        );
    }
    for route in proxy.all_routes() {
        must("proxy.routes".into(), &route.path, r"^/[A-Za-z0-9._~/-]*$", "a path such as /api/");
        if route.kind != RouteKind::Deny && route.upstream.is_none() {
            must(format!("proxy.routes `{}`", route.path), "", ".", "complete: it needs an `upstream`");
        }
    }
    must("proxy.max_body".into(), &proxy.max_body, r"^\d+[kKmMgG]?$", "a size such as 10m");
    must("proxy.nginx_version".into(), &proxy.nginx_version, r"^\d+\.\d+(\.\d+)?$", "a version such as 1.26");
    must(
        "proxy.content_security_policy".into(),
        &proxy.content_security_policy,
        r"^[ -~]+$",
        "one line of plain text",
    );
    match problems.as_slice() {
        [] => Ok(()),
        all => Err(Failure::config(format!("stagectl.yml: {}", all.join("\n  ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http2_is_spelled_as_the_version_knows_it() {
        for (version, directive) in [
            ("1.22", false),
            ("1.24.0", false),
            ("1.25.0", false),
            ("1.25.1", true),
            ("1.25", true),
            ("1.26", true),
            ("1.29.3", true),
        ] {
            assert_eq!(has_http2_directive(version), directive, "{version}");
        }
    }

    #[test]
    fn blocks_are_lined_up() {
        let text = "a {\n\n\nb 1;\n      c 'x'\n 'y';\n\n# why {\nd {\n}\n\n}\ne;\n";
        let lined = "a {\n    b 1;\n    c 'x'\n        'y';\n\n    # why {\n";
        assert!(indent(text).starts_with(lined), "{}", indent(text));
    }

    #[test]
    fn what_cannot_be_quoted_is_refused() {
        let proxy: Proxy = serde_yaml::from_str(
            "service: n\nserver_names: ['a; return 200']\nupstreams: {app: {service: app, port: 1}}\n\
             routes: [{path: '/a {', upstream: app}, {path: /b/}]\ncors_origins: ['*']\n\
             content_security_policy: \"a\\nb\"\n",
        )
        .unwrap();
        let message = check(&proxy).unwrap_err().message;
        for part in ["a; return 200", "/a {", "`/b/`", "`*`", "content_security_policy"] {
            assert!(message.contains(part), "{part} is not in {message}");
        }
    }
}
