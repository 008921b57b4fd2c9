//! Networks, volumes, and a container's places in networks.

use super::super::labels::{self, Dialect};
use super::{container_name, texts};
use crate::compose::typed::{Project, Service};
use crate::engine::{EndpointSpec, NetworkSpec, SubnetSpec, VolumeSpec};

/// The label of the endpoint that gives its interface a name.
const INTERFACE: &str = "com.docker.network.endpoint.ifname";

/// The container's places, the network that it is created in first.
pub fn endpoints(project: &Project, name: &str, service: &Service, own_name: &str) -> Vec<EndpointSpec> {
    let links = links(project, service);
    service
        .networks_by_priority()
        .into_iter()
        .enumerate()
        .filter_map(|(at, (key, options))| {
            let options = options.cloned().unwrap_or_default();
            let mut aliases = vec![own_name.to_owned(), name.to_owned()];
            aliases.extend(options.aliases);
            let mut driver_opts = texts(&options.driver_opts);
            if let Some(interface) = options.interface_name {
                driver_opts.insert(INTERFACE.to_owned(), interface);
            }
            Some(EndpointSpec {
                network: project.networks.get(key)?.name.clone(),
                aliases,
                links: links.clone(),
                ipv4_address: options.ipv4_address,
                ipv6_address: options.ipv6_address,
                link_local_ips: options.link_local_ips,
                mac_address: options.mac_address.or_else(|| service.mac_address.clone().filter(|_| at == 0)),
                driver_opts,
                gw_priority: options.gw_priority,
            })
        })
        .collect()
}

/// `links` and `external_links` as `container:alias`.
fn links(project: &Project, service: &Service) -> Vec<String> {
    let mut links = Vec::new();
    for link in &service.links {
        let (name, alias) = link.split_once(':').unwrap_or((link, link));
        let Some(linked) = project.services.get(name) else { continue };
        for number in 1..=linked.replicas() {
            let container = container_name(project, name, linked, number);
            links.push(format!("{container}:{alias}"));
            links.push(format!("{container}:{name}-{number}"));
            links.push(format!("{container}:{}-{name}-{number}", project.name));
        }
    }
    links.extend(service.external_links.iter().map(|link| {
        let (container, alias) = link.split_once(':').unwrap_or((link, link));
        format!("{container}:{alias}")
    }));
    links
}

/// The network with this key.
pub fn network(project: &Project, key: &str, dialect: &Dialect) -> Option<NetworkSpec> {
    let network = project.networks.get(key)?;
    Some(NetworkSpec {
        name: network.name.clone(),
        driver: network.driver.clone(),
        internal: network.internal,
        attachable: network.attachable,
        enable_ipv4: network.enable_ipv4,
        enable_ipv6: network.enable_ipv6,
        labels: labels::resource(project, labels::NETWORK, key, &network.hash, &network.labels, dialect),
        options: texts(&network.driver_opts),
        ipam_driver: network.ipam.driver.clone(),
        subnets: network
            .ipam
            .config
            .iter()
            .map(|subnet| SubnetSpec {
                subnet: subnet.subnet.clone(),
                gateway: subnet.gateway.clone(),
                ip_range: subnet.ip_range.clone(),
                aux_addresses: texts(&subnet.aux_addresses),
            })
            .collect(),
    })
}

/// The volume with this key.
pub fn volume(project: &Project, key: &str, dialect: &Dialect) -> Option<VolumeSpec> {
    let volume = project.volumes.get(key)?;
    Some(VolumeSpec {
        name: volume.name.clone(),
        driver: volume.driver.clone(),
        options: texts(&volume.driver_opts),
        labels: labels::resource(project, labels::VOLUME, key, &volume.hash, &volume.labels, dialect),
    })
}
