//! Networks, volumes, and a container's places in networks.

use std::collections::BTreeMap;

use bollard::models as api;
use serde::Serialize;

/// A container's place in a network, by the network's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EndpointSpec {
    pub network: String,
    pub aliases: Vec<String>,
    /// `container:alias`.
    pub links: Vec<String>,
    pub ipv4_address: Option<String>,
    pub ipv6_address: Option<String>,
    pub link_local_ips: Vec<String>,
    pub mac_address: Option<String>,
    pub driver_opts: BTreeMap<String, String>,
    pub gw_priority: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NetworkSpec {
    pub name: String,
    pub driver: Option<String>,
    pub internal: bool,
    pub attachable: bool,
    pub enable_ipv4: Option<bool>,
    pub enable_ipv6: Option<bool>,
    pub labels: BTreeMap<String, String>,
    pub options: BTreeMap<String, String>,
    pub ipam_driver: Option<String>,
    pub subnets: Vec<SubnetSpec>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SubnetSpec {
    pub subnet: Option<String>,
    pub gateway: Option<String>,
    pub ip_range: Option<String>,
    pub aux_addresses: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VolumeSpec {
    pub name: String,
    pub driver: Option<String>,
    pub options: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
}

impl EndpointSpec {
    pub(in crate::engine) fn settings(&self) -> api::EndpointSettings {
        let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
        let fixed =
            self.ipv4_address.is_some() || self.ipv6_address.is_some() || !self.link_local_ips.is_empty();
        api::EndpointSettings {
            aliases: Some(self.aliases.clone()),
            links: some(&self.links),
            mac_address: self.mac_address.clone(),
            driver_opts: (!self.driver_opts.is_empty())
                .then(|| self.driver_opts.clone().into_iter().collect()),
            gw_priority: (self.gw_priority != 0).then_some(self.gw_priority),
            ipam_config: fixed.then(|| api::EndpointIpamConfig {
                ipv4_address: self.ipv4_address.clone(),
                ipv6_address: self.ipv6_address.clone(),
                link_local_ips: some(&self.link_local_ips),
            }),
            ..Default::default()
        }
    }
}

impl NetworkSpec {
    pub(in crate::engine) fn request(&self) -> api::NetworkCreateRequest {
        let subnet = |subnet: &SubnetSpec| api::IpamConfig {
            subnet: subnet.subnet.clone(),
            gateway: subnet.gateway.clone(),
            ip_range: subnet.ip_range.clone(),
            auxiliary_addresses: (!subnet.aux_addresses.is_empty())
                .then(|| subnet.aux_addresses.clone().into_iter().collect()),
        };
        api::NetworkCreateRequest {
            name: self.name.clone(),
            driver: self.driver.clone(),
            internal: Some(self.internal),
            attachable: Some(self.attachable),
            enable_ipv4: self.enable_ipv4,
            enable_ipv6: self.enable_ipv6,
            options: Some(self.options.clone().into_iter().collect()),
            labels: Some(self.labels.clone().into_iter().collect()),
            ipam: (!self.subnets.is_empty() || self.ipam_driver.is_some()).then(|| api::Ipam {
                driver: self.ipam_driver.clone(),
                config: Some(self.subnets.iter().map(subnet).collect()),
                options: None,
            }),
            ..Default::default()
        }
    }
}
