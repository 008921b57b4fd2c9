//! Where the twin answers on this machine. Pure.

use std::collections::BTreeSet;

use crate::config::Settings;
use crate::config::services::{Role, Service};
use crate::config::settings::{Port, parse_port};
use crate::report::setup::Address;

/// The addresses of the services that run, the one to open first on top.
pub fn addresses(settings: &Settings, running: &BTreeSet<String>) -> Vec<Address> {
    let mut list: Vec<(u8, Address)> = Vec::new();
    for (name, service) in settings.config.services.iter().filter(|(name, _)| running.contains(*name)) {
        for port in service.ports.iter().filter_map(|text| parse_port(text)) {
            let (rank, what, url) = entry(settings, name, service, &port);
            list.push((rank, Address { service: name.clone(), what, url }));
        }
    }
    list.sort_by_key(|(rank, _)| *rank);
    list.into_iter().map(|(_, address)| address).collect()
}

fn entry(settings: &Settings, name: &str, service: &Service, port: &Port) -> (u8, String, String) {
    let host =
        if matches!(port.address.as_str(), "127.0.0.1" | "0.0.0.0") { "localhost" } else { &port.address };
    let place = format!("{host}:{}", port.host);
    let config = &settings.config;
    let proxy = config.proxy.as_ref().filter(|proxy| proxy.service == name);
    if let Some(proxy) = proxy {
        return if port.host == proxy.https_port {
            (0, "HTTPS".to_owned(), format!("https://{place}"))
        } else {
            (1, "HTTP".to_owned(), format!("http://{place} (redirects to HTTPS)"))
        };
    }
    match service.role {
        Role::App => (2, format!("{name}, direct"), format!("http://{place}")),
        Role::Database => {
            let database = config.database.as_ref().filter(|database| database.service == name);
            let url = database.map_or_else(
                || format!("postgresql://{place}"),
                |database| format!("postgresql://{}@{place}/{}", database.user, database.name),
            );
            (3, "PostgreSQL".to_owned(), url)
        }
        Role::Cache => (4, "Redis".to_owned(), format!("redis://{place}")),
        _ => {
            // An address that was written for another port would lead astray.
            let address = service.address.clone().filter(|url| url.contains(&format!(":{}", port.host)));
            let what = name.trim_end_matches("-staging").to_owned();
            (5, what, address.unwrap_or_else(|| format!("http://{place}")))
        }
    }
}
