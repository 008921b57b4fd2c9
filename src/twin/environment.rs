//! Variables and texts: credentials become the twin's own, addresses of production lead nowhere, and no mode says
//! production.

use super::address::{self, Address};
use super::database::image_name;
use super::derive::Deriver;
use super::text;
use super::{credential, reference};
use crate::compose::tree::{Map, Node};

/// Variables whose value names the environment.
const MODES: [&str; 17] = [
    "APP_ENV",
    "NODE_ENV",
    "RAILS_ENV",
    "RACK_ENV",
    "ENVIRONMENT",
    "ENV",
    "FLASK_ENV",
    "DJANGO_ENV",
    "SENTRY_ENVIRONMENT",
    "DEPLOY_ENV",
    "ASPNETCORE_ENVIRONMENT",
    "DOTNET_ENVIRONMENT",
    "STAGE",
    "MIX_ENV",
    "GO_ENV",
    "APP_ENVIRONMENT",
    "WP_ENVIRONMENT_TYPE",
];
/// Beginnings of the names of variables that say where the product's own pages are.
const SITES: [&str; 16] = [
    "SITE",
    "BASE",
    "PUBLIC",
    "APP",
    "ROOT",
    "FRONTEND",
    "WEB",
    "SERVER",
    "EXTERNAL",
    "HOME",
    "NEXTAUTH",
    "CANONICAL",
    "BACKEND",
    "DOMAIN",
    "NEXT_PUBLIC",
    "WEBSITE",
];
/// Host ports by how likely the product's pages are there.
const FRONTS: [u16; 9] = [443, 80, 8443, 8080, 3000, 8000, 5000, 8081, 4000];

/// What was done to one text.
#[derive(Default)]
pub(super) struct Done {
    credentials: Vec<String>,
    hosts: Vec<(String, String)>,
    live: bool,
}

impl Deriver<'_> {
    /// Before anything is replaced: every credential and every address of the product's own pages.
    pub(super) fn learn(&mut self, services: &Map) {
        for (service, node) in services {
            for (name, value, _) in text::variables(node) {
                let value = value.to_string();
                if credential::is_credential(name, &value) {
                    self.secret(service, name, &value);
                }
            }
        }
        for (service, node) in services {
            for (_, words) in text::words(node) {
                for (index, from) in credential::in_words(&words) {
                    self.secret(service, &format!("{service}_password"), &words[index][from..]);
                }
            }
            for (name, value, _) in text::variables(node) {
                let value = value.to_string();
                for part in address::find(&value, address::is_name(name)) {
                    self.learn_site(service, services, name, &part);
                }
            }
        }
    }

    fn learn_site(&mut self, service: &str, services: &Map, name: &str, part: &Address) {
        let upper = name.to_ascii_uppercase();
        let http = part.scheme.as_ref().is_none_or(|scheme| matches!(scheme.as_str(), "http" | "https"));
        // `PAPERLESS_URL` of the image paperless-ngx.
        let stem = upper.rsplit_once('_').map_or("", |(stem, _)| stem);
        let image = services.get(service).and_then(|service| service.get("image")).map(Node::to_string);
        let product = image.is_some_and(|image| image_name(&image).to_ascii_uppercase().starts_with(stem));
        let site = address::is_name(name)
            && !stem.is_empty()
            && (product || SITES.iter().any(|site| stem.starts_with(site)));
        if !http || !site || !self.is_outside(&part.host) || self.sites.contains_key(&part.host) {
            return;
        }
        let front = front(services.get(service))
            .or_else(|| services.values().filter_map(|node| front(Some(node))).min());
        if let Some((_, port, secure)) = front {
            let scheme = if secure { "https" } else { "http" };
            self.sites.insert(part.host.clone(), format!("{scheme}://localhost:{port}"));
        }
    }

    fn is_outside(&self, host: &str) -> bool {
        !self.own_names.contains(host)
            && !address::leads_nowhere(host)
            && !reference::holds(host)
            && !self.may_share(&format!("address:{host}"))
    }

    pub(super) fn environment(&mut self, service: &str, map: &mut Map) {
        if let Some(variables) = map.get_mut("environment").and_then(Node::map_mut) {
            self.variables_of(service, "environment", variables);
        }
        let arguments = map.get_mut("build").and_then(|build| build.get_mut("args"));
        if let Some(arguments) = arguments.and_then(Node::map_mut) {
            self.variables_of(service, "build.args", arguments);
        }
    }

    fn variables_of(&mut self, service: &str, key: &str, variables: &mut Map) {
        let mut unset = Vec::new();
        variables.retain(|name, node| {
            if node.is_null() {
                unset.push((name.clone(), node.clone()));
            }
            !node.is_null()
        });
        for (name, node) in unset {
            let at = format!("services.{service}.{key}.{name}");
            self.change(
                &at,
                &node,
                "dropped",
                "its value comes from the shell, where it may be production's",
            );
        }
        for (name, node) in variables {
            let at = format!("services.{service}.{key}.{name}");
            let before = node.to_string();
            let place = node.clone();
            if credential::is_credential(name, &before) {
                let new = self.secret(service, name, &before);
                let what = format!("a value of the twin's own, {}", reference::written(&new));
                if credential::is_live(&before) {
                    self.look(&at, &place, what, "a live key of production: put a key for tests here");
                } else if !reference::holds(&before) {
                    self.change(&at, &place, what, "a credential of production");
                }
                *node = node.with(new);
                continue;
            }
            if MODES.contains(&name.to_ascii_uppercase().as_str())
                && matches!(before.to_lowercase().as_str(), "production" | "prod" | "live")
            {
                let new = if before.starts_with('P') { "Staging" } else { "staging" };
                self.look(
                    &at,
                    &place,
                    format!("{before} becomes {new}"),
                    "what runs here is not production; the code must know this environment",
                );
                *node = node.with(new);
                continue;
            }
            let (new, done) = self.rewritten(service, name, &before, address::is_name(name));
            if new != before {
                self.report(&at, &place, &done);
                *node = node.with(new);
            }
        }
    }

    /// Says what was done to a text, without a credential in it.
    pub(super) fn report(&mut self, at: &str, place: &Node, done: &Done) {
        for name in &done.credentials {
            self.change(at, place, format!("its password becomes {name}"), "a credential of production");
        }
        for (host, new) in &done.hosts {
            let outside = new.ends_with(".invalid");
            let why = if outside {
                "an address outside the twin; `--share address:…` keeps it"
            } else {
                "the twin's own address"
            };
            let what = format!("{host} becomes {new}");
            if outside { self.look(at, place, what, why) } else { self.change(at, place, what, why) }
        }
        if done.live {
            self.look(
                at,
                place,
                "a live key is replaced",
                "a live key of production: put a key for tests here",
            );
        }
    }

    /// A text with nothing of production left in it.
    pub(super) fn rewritten(
        &mut self,
        service: &str,
        name: &str,
        before: &str,
        named: bool,
    ) -> (String, Done) {
        let mut done = Done::default();
        let mut out = before.to_owned();
        for part in address::find(before, named).into_iter().rev() {
            let host = self.new_host(&part);
            if let Some((new, true)) = &host {
                out.replace_range(part.authority.clone(), new);
                done.hosts.push((part.host.clone(), new.clone()));
                continue;
            }
            if let Some((new, false)) = host {
                out.replace_range(part.at.clone(), &new);
                done.hosts.push((part.host.clone(), new));
            }
            if let Some(range) = part.password.filter(|range| !reference::holds(&before[range.clone()])) {
                let stem = name.trim_end_matches("_URL").trim_end_matches("_URI").trim_end_matches("_DSN");
                let new = self.secret(service, &format!("{stem}_PASSWORD"), &before[range.clone()]);
                out.replace_range(range, &new);
                done.credentials.push(reference::written(&new));
            }
        }
        for (value, new) in &self.secrets {
            if text::is_strong(value) && out.contains(value.as_str()) {
                out = out.replace(value.as_str(), new);
                done.credentials.push(reference::written(new));
            }
        }
        if credential::is_live(&out) && !reference::holds(&out) {
            out = self.secret(service, name, &out);
            done.live = true;
        }
        done.credentials.sort();
        done.credentials.dedup();
        (out, done)
    }

    /// What stands for a host, and whether it stands for all of the URL up to its path.
    fn new_host(&mut self, part: &Address) -> Option<(String, bool)> {
        if let Some(known) = self.hosts.get(&part.host) {
            return Some((known.clone(), false));
        }
        if !self.is_outside(&part.host) {
            return None;
        }
        self.markers.insert(part.host.clone());
        if let Some(site) = self.sites.get(&part.host) {
            let web = part.scheme.as_ref().is_some_and(|scheme| matches!(scheme.as_str(), "http" | "https"));
            return Some(if web { (site.clone(), true) } else { ("localhost".to_owned(), false) });
        }
        Some((address::stand_in(&part.host), false))
    }
}

/// The port of a service's pages in the twin: how good a guess it is, the port, and whether it speaks TLS.
fn front(service: Option<&Node>) -> Option<(usize, u16, bool)> {
    let ports = service?.get("ports").and_then(Node::list)?;
    ports
        .iter()
        .filter_map(|port| {
            let target: u16 = port.get("target")?.to_string().parse().ok()?;
            let published: u16 = port.get("published")?.to_string().split('-').next()?.parse().ok()?;
            let rank = FRONTS.iter().position(|known| *known == target)?;
            Some((rank, published, matches!(target, 443 | 8443)))
        })
        .min()
}
