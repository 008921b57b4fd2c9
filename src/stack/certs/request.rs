//! What certificate is wanted, and when it must be made anew. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use jiff::Timestamp;
use rcgen::PublicKeyData as _;
use serde::Serialize;
use x509_parser::prelude::{GeneralName, X509Certificate};

use super::observe::{Observed, Stored};
use crate::config::Settings;
use crate::stack::render::{certificate_directory, service_uid};

const DAY: i64 = 24 * 60 * 60;
/// Browsers and checks refuse a leaf that lives longer.
pub(super) const LONGEST_DAYS: u32 = 365;

/// What the certificate shall say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub directory: PathBuf,
    /// The project, for the authority's name.
    pub project: String,
    pub dns: BTreeSet<String>,
    pub addresses: BTreeSet<IpAddr>,
    pub days: u32,
    pub renew_days: u32,
    /// Where the revocation list is served.
    pub revocation_url: String,
    /// The user id of the proxy, which must be able to read the key.
    pub reader: Option<u32>,
}

/// The request that the settings imply.
pub fn request(settings: &Settings) -> Request {
    let config = &settings.config;
    let mut dns = BTreeSet::from(["localhost".to_owned()]);
    let mut addresses =
        BTreeSet::from([IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1u16])]);
    let proxy = config.proxy.as_ref();
    let served: Vec<&String> = proxy.iter().flat_map(|proxy| proxy.all_names()).collect();
    for name in served.iter().copied().chain(&config.certificates.names) {
        match name.parse::<IpAddr>() {
            Ok(address) => drop(addresses.insert(address)),
            Err(_) => drop(dns.insert(name.to_ascii_lowercase())),
        }
    }
    let host = served.iter().find(|name| !name.starts_with('*')).map_or("localhost", |name| name.as_str());
    let port = proxy.map_or(80, |proxy| proxy.http_port);
    Request {
        directory: certificate_directory(settings),
        project: config.project.clone(),
        dns,
        addresses,
        days: config.certificates.days.clamp(1, LONGEST_DAYS),
        renew_days: config.certificates.renew_days,
        revocation_url: format!("http://{host}:{port}/ca.crl"),
        reader: proxy.and_then(|proxy| service_uid(settings, &proxy.service)),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Authority,
    Certificate,
    KeyPermissions,
}

/// Something to be made, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    pub part: Part,
    pub why: String,
}

/// What `apply` would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub actions: Vec<Action>,
    /// Days that the present certificate is still valid; absent where there is none.
    pub days_left: Option<i64>,
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    pub(super) fn makes(&self, part: Part) -> bool {
        self.actions.iter().any(|action| action.part == part)
    }

    pub fn text(&self) -> String {
        if self.is_empty() {
            let left = self.days_left.unwrap_or_default();
            return format!("nothing to do: the certificate is valid for {left} more days\n");
        }
        self.actions
            .iter()
            .map(|action| match action.part {
                Part::Authority => format!("make      ca.crt, ca.key: {}\n", action.why),
                Part::Certificate => format!("make      staging.crt, staging.key: {}\n", action.why),
                Part::KeyPermissions => format!("update    staging.key: {}\n", action.why),
            })
            .collect()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({ "actions": self.actions, "days_left": self.days_left })
    }
}

/// Compares what is wanted with what is there at `now`.
pub fn plan(request: &Request, observed: &Observed, now: Timestamp, force: bool) -> Plan {
    let mut actions = Vec::new();
    let mut add = |part, why: String| actions.push(Action { part, why });
    let authority = authority_fault(request, &observed.authority, now);
    let leaf = match &authority {
        _ if force => Some("asked for with --force".to_owned()),
        Some(_) => Some("its authority is made anew".to_owned()),
        None => leaf_fault(request, observed, now),
    };
    if let Some(why) = authority {
        add(Part::Authority, why);
    }
    match leaf {
        Some(why) => add(Part::Certificate, why),
        None => {
            if let Some(why) = permission_fault(request, observed) {
                add(Part::KeyPermissions, why);
            }
        }
    }
    Plan { actions, days_left: observed.leaf.parsed(|leaf| days_left(leaf, now)) }
}

fn days_left(certificate: &X509Certificate<'_>, now: Timestamp) -> i64 {
    (certificate.validity().not_after.timestamp() - now.as_second()).div_euclid(DAY)
}

fn pair_fault(stored: &Stored, name: &str) -> Option<String> {
    match (&stored.certificate, &stored.key) {
        (None, _) => return Some(format!("{name}.crt does not exist")),
        (_, None) => return Some(format!("{name}.key does not exist")),
        _ => {}
    }
    let Some(public) = stored.parsed(|certificate| certificate.public_key().subject_public_key.data.to_vec())
    else {
        return Some(format!("{name}.crt cannot be read"));
    };
    match stored.key.as_deref().map(rcgen::KeyPair::from_pem) {
        Some(Ok(pair)) if pair.der_bytes() == public => None,
        Some(Ok(_)) => Some(format!("{name}.key does not belong to {name}.crt")),
        _ => Some(format!("{name}.key cannot be read")),
    }
}

fn authority_fault(request: &Request, authority: &Stored, now: Timestamp) -> Option<String> {
    pair_fault(authority, "ca").or_else(|| {
        let (left, is_authority) = authority.parsed(|ca| (days_left(ca, now), ca.is_ca()))?;
        if !is_authority {
            return Some("ca.crt is no authority".to_owned());
        }
        // A leaf must not outlive its authority.
        (left < i64::from(request.days)).then(|| format!("ca.crt is valid for {left} more days only"))
    })
}

fn leaf_fault(request: &Request, observed: &Observed, now: Timestamp) -> Option<String> {
    let leaf = &observed.leaf;
    pair_fault(leaf, "staging").or_else(|| {
        let (left, future, names, signed) = leaf.parsed(|certificate| {
            let signed = observed
                .authority
                .parsed(|authority| certificate.verify_signature(Some(authority.public_key())).is_ok());
            let future = certificate.validity().not_before.timestamp() > now.as_second();
            (days_left(certificate, now), future, names(certificate), signed == Some(true))
        })?;
        let wanted = (request.dns.clone(), request.addresses.clone());
        if left < 0 {
            Some("it has expired".to_owned())
        } else if future {
            Some("it is not valid yet".to_owned())
        } else if left < i64::from(request.renew_days) {
            Some(format!("it is valid for {left} more days only"))
        } else if names != wanted {
            Some("the names have changed".to_owned())
        } else if !signed {
            Some("ca.crt did not sign it".to_owned())
        } else if !observed.has_revocation_list {
            Some("its revocation list does not exist".to_owned())
        } else {
            None
        }
    })
}

/// The DNS names and addresses that a certificate is valid for.
fn names(certificate: &X509Certificate<'_>) -> (BTreeSet<String>, BTreeSet<IpAddr>) {
    let mut dns = BTreeSet::new();
    let mut addresses = BTreeSet::new();
    let names = certificate.subject_alternative_name().ok().flatten();
    for name in names.iter().flat_map(|extension| &extension.value.general_names) {
        match name {
            GeneralName::DNSName(name) => drop(dns.insert((*name).to_owned())),
            GeneralName::IPAddress(bytes) => {
                let address = <[u8; 4]>::try_from(*bytes)
                    .map(IpAddr::from)
                    .or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
                addresses.extend(address);
            }
            _ => {}
        }
    }
    (dns, addresses)
}

fn permission_fault(request: &Request, observed: &Observed) -> Option<String> {
    let (mode, uid) = observed.leaf.key_permissions?;
    if mode & 0o077 != 0 {
        return Some(format!("its mode is {mode:04o}, it must be 0600"));
    }
    let reader = request.reader.filter(|reader| observed.uid == 0 && uid != *reader)?;
    Some(format!("user {reader} of the proxy must be able to read it"))
}
