//! SEC-004, SEC-005, SEC-019, SEC-020, SEC-021: what every answer says about itself.

use futures_util::future::BoxFuture;

use crate::http::Request;
use crate::report::Severity;
use crate::validation::facts::Facts;
use crate::validation::front::{LIMITED_TIMEOUT, Surface};
use crate::validation::{Category, Check, Need, Outcome, Stage};

const BASE: Check =
    Check { quick: true, timeout: LIMITED_TIMEOUT, needs: &[Need::Http], ..Check::base(Category::Security) };

pub const CHECKS: &[Check] = &[
    Check {
        id: "SEC-004",
        title: "every kind of answer carries the security headers, once",
        expected: "Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, \
                   Content-Security-Policy, Referrer-Policy and Permissions-Policy on page, static file, \
                   API, health and both 404s, each exactly once",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf: `add_header NAME VALUE always;` in the server block and again in \
                 each location that has an add_header of its own; `proxy_hide_header NAME;` for what the \
                 application sends too",
        run: |facts| over_surfaces(facts, judge_security),
        ..BASE
    },
    Check {
        id: "SEC-005",
        title: "no answer names a software version",
        severity: Severity::Minor,
        expected: "no version in Server, no X-Powered-By or its like, none on error pages",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf, http block: `server_tokens off; proxy_hide_header X-Powered-By;`",
        run: |facts| over_surfaces(facts, judge_disclosure),
        ..BASE
    },
    Check {
        id: "SEC-019",
        title: "browsers are told to stay on HTTPS",
        expected: "Strict-Transport-Security with max-age of at least one year and includeSubDomains",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf, server block: `add_header Strict-Transport-Security \
                 \"max-age=63072000; includeSubDomains\" always;`",
        run: |facts| over_surfaces(facts, judge_hsts),
        ..BASE
    },
    Check {
        id: "SEC-020",
        title: "every answer says that this is staging",
        expected: "X-Environment: staging and X-Robots-Tag: noindex on every kind of answer",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf, beside the security headers: `add_header X-Environment staging \
                 always; add_header X-Robots-Tag \"noindex, nofollow\" always;`",
        run: |facts| over_surfaces(facts, judge_markers),
        ..BASE
    },
    Check {
        id: "SEC-021",
        title: "an answer of the rate limit carries the headers too",
        expected: "the headers of SEC-004 and SEC-020 on a 429, each exactly once",
        remedy: "`stagectl generate` writes it; in nginx/staging.conf: end each add_header with `always`, so that 429 gets it",
        stage: Stage::Burst,
        quick: false,
        run: |facts| Box::pin(limited(facts)),
        ..BASE
    },
];

fn over_surfaces(facts: &Facts, judge: fn(&[Surface]) -> Outcome) -> BoxFuture<'_, Outcome> {
    Box::pin(async move {
        let surfaces = match facts.front.edge() {
            Ok(edge) => edge.surfaces().await,
            Err(cause) => Err(cause),
        };
        surfaces.map_or_else(Outcome::error, |surfaces| judge(&surfaces))
    })
}

/// Reads a header's value and says what is wrong with it.
type Rule = fn(&str) -> Option<String>;

const SECURITY: [(&str, Rule); 6] = [
    ("strict-transport-security", |_| None), // its value is SEC-019's
    ("x-content-type-options", |value| unless(value.eq_ignore_ascii_case("nosniff"), "is not nosniff")),
    ("x-frame-options", |value| {
        let fine = ["DENY", "SAMEORIGIN"].iter().any(|word| value.eq_ignore_ascii_case(word));
        unless(fine, "is neither DENY nor SAMEORIGIN")
    }),
    ("content-security-policy", policy),
    ("referrer-policy", |value| unless(!value.contains("unsafe-url"), "lets whole URLs out")),
    ("permissions-policy", |value| unless(value.contains("=("), "restricts nothing")),
];

const MARKERS: [(&str, Rule); 2] = [
    ("x-environment", |value| unless(value.eq_ignore_ascii_case("staging"), "is not staging")),
    ("x-robots-tag", |value| unless(value.contains("noindex"), "lets search engines index")),
];

fn unless(fine: bool, problem: &str) -> Option<String> {
    (!fine).then(|| problem.to_owned())
}

fn policy(value: &str) -> Option<String> {
    let directives: Vec<&str> = value.split(';').map(str::trim).collect();
    let of = |name: &str| directives.iter().find(|d| d.split_whitespace().next() == Some(name));
    let scripts = of("script-src").or_else(|| of("default-src"));
    match scripts {
        None => Some("has neither default-src nor script-src".to_owned()),
        Some(scripts)
            if scripts.contains("'unsafe-eval'") || scripts.split_whitespace().any(|s| s == "*") =>
        {
            Some("lets scripts come from anywhere".to_owned())
        }
        Some(scripts) if scripts.contains("'unsafe-inline'") && !scripts.contains("'nonce-") => {
            Some("allows inline scripts".to_owned())
        }
        Some(_) => unless(of("frame-ancestors").is_some(), "has no frame-ancestors"),
    }
}

fn problems(surfaces: &[Surface], rules: &[(&str, Rule)]) -> Vec<String> {
    let mut problems = Vec::new();
    for surface in surfaces {
        let place = format!("{} ({}, {})", surface.name, surface.path, surface.response.status);
        for (name, rule) in rules {
            match surface.response.all(name).as_slice() {
                [] => problems.push(format!("{place}: {name} is missing")),
                [value] => problems.extend(rule(value).map(|what| format!("{place}: {name} {what}"))),
                several => problems.push(format!("{place}: {name} is there {} times", several.len())),
            }
        }
    }
    problems
}

fn judge_security(surfaces: &[Surface]) -> Outcome {
    Outcome::none(problems(surfaces, &SECURITY), surfaces.len() * SECURITY.len(), "headers")
}

fn judge_markers(surfaces: &[Surface]) -> Outcome {
    Outcome::none(problems(surfaces, &MARKERS), surfaces.len() * MARKERS.len(), "markers")
}

fn judge_hsts(surfaces: &[Surface]) -> Outcome {
    let values: Vec<&str> =
        surfaces.iter().flat_map(|surface| surface.response.all("strict-transport-security")).collect();
    let Some(first) = values.first() else {
        return Outcome::fail("Strict-Transport-Security is nowhere");
    };
    let weak: Vec<String> = values.iter().filter(|v| !hsts_is_strong(v)).map(|v| (*v).to_owned()).collect();
    match weak.first() {
        None => Outcome::pass((*first).to_owned()),
        Some(weak) => Outcome::fail(weak.clone()),
    }
}

fn hsts_is_strong(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let max_age = lower
        .split(';')
        .find_map(|part| part.trim().strip_prefix("max-age="))
        .and_then(|seconds| seconds.trim_matches('"').parse::<u64>().ok());
    max_age.is_some_and(|seconds| seconds >= 31_536_000) && lower.contains("includesubdomains")
}

const TELLTALE: [&str; 5] =
    ["x-powered-by", "x-aspnet-version", "x-generator", "x-runtime", "x-backend-server"];

fn judge_disclosure(surfaces: &[Surface]) -> Outcome {
    let mut problems = Vec::new();
    for surface in surfaces {
        let place = format!("{} ({})", surface.name, surface.path);
        for value in surface.response.all("server") {
            if value.bytes().any(|byte| byte.is_ascii_digit()) {
                problems.push(format!("{place}: Server: {value}"));
            }
        }
        for name in TELLTALE {
            problems.extend(surface.response.header(name).map(|value| format!("{place}: {name}: {value}")));
        }
        if surface.response.status >= 400 && names_version(&surface.response.text()) {
            problems.push(format!("{place}: the error page names a server version"));
        }
    }
    Outcome::none(problems, surfaces.len(), "answers")
}

fn names_version(page: &str) -> bool {
    ["nginx/", "Apache/", "gunicorn/", "Express/", "PHP/", "openresty/", "Werkzeug/"].iter().any(|product| {
        page.match_indices(product)
            .any(|(at, _)| page[at + product.len()..].starts_with(|c: char| c.is_ascii_digit()))
    })
}

async fn limited(facts: &Facts) -> Outcome {
    let edge = match facts.front.edge() {
        Ok(edge) => edge,
        Err(cause) => return Outcome::error(cause),
    };
    let Some(path) = &edge.paths.limited else { return Outcome::skip("no route is limited") };
    let Some(proxy) = &facts.settings.config.proxy else { return Outcome::skip("there is no proxy") };
    let mut connection = match edge.secure.open().await {
        Ok(connection) => connection,
        Err(error) => return Outcome::error(format!("{error:#}")),
    };
    for _ in 0..(proxy.rate_limit.burst + 1) * 2 + 20 {
        if connection.is_closed() {
            match edge.secure.open().await {
                Ok(fresh) => connection = fresh,
                Err(error) => return Outcome::error(format!("{error:#}")),
            }
        }
        match connection.send(&Request::get(path)).await {
            Ok(response) if response.status == 429 => {
                let surface = Surface { name: "rate limit", path: path.clone(), response: response.into() };
                return judge_limited(&surface);
            }
            Ok(_) => {}
            Err(error) => return Outcome::error(format!("{error:#}")),
        }
    }
    // That there is none is PRF-004's failure; here it means that nothing could be looked at.
    Outcome::skip("no 429 came (see PRF-004)")
}

fn judge_limited(surface: &Surface) -> Outcome {
    let rules: Vec<(&str, Rule)> = SECURITY.into_iter().chain(MARKERS).collect();
    Outcome::none(problems(std::slice::from_ref(surface), &rules), rules.len(), "headers")
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
