//! `proxy` and `certificates`: the nginx in front and its TLS.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The nginx in front of the application.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// The compose service that runs nginx.
    pub service: String,
    /// Host names it answers to. Any other host is refused.
    #[serde(default = "server_names")]
    pub server_names: Vec<String>,
    /// The published HTTPS port, as redirects must name it.
    #[serde(default = "https_port")]
    pub https_port: u16,
    #[serde(default = "http_port")]
    pub http_port: u16,
    /// The ports nginx listens on inside its container (above 1024: it is not root).
    #[serde(default = "https_listen")]
    pub https_listen: u16,
    #[serde(default = "http_listen")]
    pub http_listen: u16,
    /// Where nginx tells its counters to the exporter: inside its networks only.
    #[serde(default = "status_listen")]
    pub status_listen: u16,
    /// nginx's version, `MAJOR.MINOR`: decides the spelling of `http2`.
    #[serde(default = "nginx_version")]
    pub nginx_version: String,
    pub upstreams: BTreeMap<String, Upstream>,
    /// What goes where. The first matching prefix wins, longest first.
    pub routes: Vec<Route>,
    /// More hosts beside the first, with their own routes and the same limits and headers.
    #[serde(default)]
    pub hosts: Vec<Host>,
    #[serde(default)]
    pub rate_limit: RateLimit,
    /// Origins that may call the API from a browser.
    #[serde(default)]
    pub cors_origins: Vec<String>,
    #[serde(default = "max_body")]
    pub max_body: String,
    #[serde(default = "csp")]
    pub content_security_policy: String,
    /// Refuse requests that look like SQL injection, script injection or path traversal.
    #[serde(default)]
    pub filter_requests: bool,
}

impl Proxy {
    /// Every route of every host.
    pub fn all_routes(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter().chain(self.hosts.iter().flat_map(|host| &host.routes))
    }

    /// Every name that the proxy answers to, but for `localhost`, which always works.
    pub fn all_names(&self) -> impl Iterator<Item = &String> {
        self.server_names.iter().chain(self.hosts.iter().flat_map(|host| &host.server_names))
    }
}

/// Another host of the same proxy, such as `api.staging.example.com`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    pub server_names: Vec<String>,
    pub routes: Vec<Route>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    pub service: String,
    pub port: u16,
    #[serde(default)]
    pub balance: Balance,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Balance {
    #[default]
    RoundRobin,
    LeastConnections,
    ClientAddress,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// A path prefix, such as `/api/`.
    pub path: String,
    #[serde(default)]
    pub kind: RouteKind,
    /// Where it goes. Absent only for `kind: deny`.
    pub upstream: Option<String>,
    /// Seconds the proxy may cache a 200.
    pub cache_seconds: Option<u32>,
}

/// What a route is: decides limits, caching and headers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RouteKind {
    #[default]
    Page,
    Api,
    /// Stricter limit.
    Auth,
    /// Immutable files: cached long, compressed, not limited.
    Static,
    /// Not limited, not logged.
    Health,
    /// 404 from outside.
    Deny,
}

/// Requests per minute and client address; over it: 429.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimit {
    pub per_minute: u32,
    pub burst: u32,
    pub auth_per_minute: u32,
    pub auth_burst: u32,
    pub connections: u32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { per_minute: 100, burst: 20, auth_per_minute: 10, auth_burst: 5, connections: 50 }
    }
}

/// The self-signed certificates: an own CA and a leaf.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Certificates {
    /// Relative to `stagectl.yml`.
    pub directory: String,
    /// Besides `localhost`, `127.0.0.1`, `::1` and the proxy's server names.
    pub names: Vec<String>,
    pub days: u32,
    /// Made anew when fewer days are left.
    pub renew_days: u32,
}

impl Default for Certificates {
    fn default() -> Self {
        Self { directory: "nginx/ssl-staging".to_owned(), names: Vec::new(), days: 365, renew_days: 30 }
    }
}

fn server_names() -> Vec<String> {
    vec!["localhost".to_owned()]
}
fn https_port() -> u16 {
    8080
}
fn http_port() -> u16 {
    8081
}
fn https_listen() -> u16 {
    8443
}
fn http_listen() -> u16 {
    8080
}
fn status_listen() -> u16 {
    8082
}
fn nginx_version() -> String {
    "1.26".to_owned()
}
fn max_body() -> String {
    "10m".to_owned()
}
fn csp() -> String {
    "default-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
        .to_owned()
}
