//! Which paths stand for which kind of answer. Pure.

use std::sync::Arc;

use crate::config::ConfigFile;
use crate::config::proxy::{Route, RouteKind};
use crate::http::Response;

/// An answer of one kind.
#[derive(Debug, Clone)]
pub struct Surface {
    pub name: &'static str,
    pub path: String,
    pub response: Arc<Response>,
}

/// The paths that the checks ask for.
#[derive(Debug, Clone)]
pub struct Paths {
    pub page: String,
    pub health: String,
    /// The first declared API route that the limit counts.
    pub api: Option<String>,
    pub unknown_page: String,
    pub unknown_api: String,
    /// A path under the limit that costs the application nothing: unknown to it.
    pub limited: Option<String>,
    /// The same under the stricter limit.
    pub auth: Option<String>,
    routes: Vec<Route>,
}

const UNKNOWN: &str = "stagectl-no-such-route";

impl Paths {
    pub fn of(config: &ConfigFile) -> Self {
        let mut routes = config.proxy.as_ref().map(|proxy| proxy.routes.clone()).unwrap_or_default();
        routes.sort_by_key(|route| std::cmp::Reverse(route.path.len()));
        let below = |kind: RouteKind| {
            let mut found: Vec<&Route> = routes.iter().filter(|route| route.kind == kind).collect();
            found.sort_by_key(|route| route.path.len());
            found.first().map(|route| format!("{}/{UNKNOWN}", route.path.trim_end_matches('/')))
        };
        let unknown_page = below(RouteKind::Page).unwrap_or_else(|| format!("/{UNKNOWN}"));
        let unknown_api = below(RouteKind::Api).unwrap_or_else(|| format!("/api/{UNKNOWN}"));
        let validation = &config.validation;
        let mut paths = Self {
            page: validation.page_path.clone(),
            health: validation.health_path.clone(),
            api: None,
            limited: below(RouteKind::Api).or_else(|| below(RouteKind::Page)),
            auth: below(RouteKind::Auth),
            unknown_page,
            unknown_api,
            routes,
        };
        paths.api = validation
            .api
            .iter()
            .filter(|route| route.method == "GET")
            .map(|route| route.path.clone())
            .find(|path| paths.kind(path) == RouteKind::Api);
        paths
    }

    /// The kind of the route that a path falls under: the longest prefix; an exact one for health.
    pub fn kind(&self, path: &str) -> RouteKind {
        let bare = path.split('?').next().unwrap_or_default();
        self.routes
            .iter()
            .find(|route| match route.kind {
                RouteKind::Health => bare == route.path,
                _ => bare.starts_with(&route.path),
            })
            .map_or(RouteKind::Page, |route| route.kind)
    }

    /// Paths that the proxy must not let through.
    pub fn denied(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().filter(|route| route.kind == RouteKind::Deny).map(|route| route.path.as_str())
    }

    /// True if the health path is outside the limit.
    pub fn health_is_free(&self) -> bool {
        self.kind(&self.health) == RouteKind::Health
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "
version: 1
project: x
services:
  app: {image: 'a:1'}
  proxy: {image: 'a:1'}
proxy:
  service: proxy
  upstreams: {app: {service: app, port: 3000}}
  routes:
    - {path: /, kind: page, upstream: app}
    - {path: /api/, kind: api, upstream: app}
    - {path: /api/auth/, kind: auth, upstream: app}
    - {path: /api/health, kind: health, upstream: app}
    - {path: /metrics, kind: deny}
validation:
  api: [{path: /api/health}, {path: '/api/stories?limit=5'}]
";

    fn paths() -> Paths {
        Paths::of(&crate::config::load::parse(CONFIG, None).unwrap())
    }

    #[test]
    fn a_path_has_the_kind_of_the_longest_prefix() {
        let paths = paths();
        assert_eq!(paths.kind("/api/auth/login"), RouteKind::Auth);
        assert_eq!(paths.kind("/api/stories?limit=5"), RouteKind::Api);
        assert_eq!(paths.kind("/api/health"), RouteKind::Health);
        assert_eq!(paths.kind("/api/healthy"), RouteKind::Api);
        assert_eq!(paths.kind("/about"), RouteKind::Page);
    }

    #[test]
    fn each_kind_of_answer_has_a_path() {
        let paths = paths();
        assert_eq!(paths.api.as_deref(), Some("/api/stories?limit=5"));
        assert_eq!(paths.limited.as_deref(), Some("/api/stagectl-no-such-route"));
        assert_eq!(paths.auth.as_deref(), Some("/api/auth/stagectl-no-such-route"));
        assert_eq!(paths.unknown_page, "/stagectl-no-such-route");
        assert_eq!(paths.denied().collect::<Vec<_>>(), ["/metrics"]);
        assert!(paths.health_is_free());
    }
}
