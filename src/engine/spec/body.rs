//! A container in the words of the API's create call.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bollard::models as api;

use super::{ContainerSpec, Healthcheck, MountSpec};

fn some(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

fn some_map(map: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!map.is_empty()).then(|| map.clone().into_iter().collect())
}

impl ContainerSpec {
    /// The body of the create call, with the first `networks` of the container's networks.
    pub(in crate::engine) fn body(&self, networks: usize) -> api::ContainerCreateBody {
        let exposed: Vec<String> = self
            .ports
            .iter()
            .map(|port| format!("{}/{}", port.container_port, port.protocol))
            .chain(self.expose.iter().cloned())
            .collect();
        api::ContainerCreateBody {
            hostname: self.hostname.clone(),
            domainname: self.domainname.clone(),
            user: self.user.clone(),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(self.tty),
            open_stdin: Some(self.stdin_open),
            exposed_ports: some(&exposed),
            env: some(&self.env),
            cmd: self.command.clone(),
            entrypoint: self.entrypoint.clone(),
            healthcheck: self.healthcheck.as_ref().map(health_config),
            image: Some(self.image.clone()),
            working_dir: self.working_dir.clone(),
            labels: Some(self.labels.clone().into_iter().collect()),
            stop_signal: self.stop_signal.clone(),
            stop_timeout: self.stop_timeout.map(|grace| grace.as_secs() as i64),
            host_config: Some(self.host_config()),
            networking_config: Some(api::NetworkingConfig {
                endpoints_config: Some(
                    self.networks.iter().take(networks).map(|e| (e.network.clone(), e.settings())).collect(),
                ),
            }),
            ..Default::default()
        }
    }

    fn host_config(&self) -> api::HostConfig {
        let mut host = api::HostConfig {
            init: self.init,
            binds: some(&self.binds),
            mounts: (!self.mounts.is_empty()).then(|| self.mounts.iter().map(mount).collect()),
            volumes_from: some(&self.volumes_from),
            tmpfs: some_map(&self.tmpfs),
            log_config: (self.log_driver.is_some() || !self.log_options.is_empty()).then(|| {
                api::HostConfigLogConfig {
                    typ: self.log_driver.clone(),
                    config: Some(self.log_options.clone().into_iter().collect()),
                }
            }),
            network_mode: self
                .network_mode
                .clone()
                .or_else(|| self.networks.first().map(|endpoint| endpoint.network.clone())),
            ipc_mode: self.ipc_mode.clone(),
            pid_mode: self.pid_mode.clone(),
            uts_mode: self.uts_mode.clone(),
            userns_mode: self.userns_mode.clone(),
            cgroupns_mode: self.cgroup_mode.as_deref().and_then(cgroup_mode),
            cgroup_parent: self.cgroup_parent.clone(),
            annotations: some_map(&self.annotations),
            port_bindings: (!self.ports.is_empty()).then(|| self.port_bindings()),
            restart_policy: Some(restart_policy(&self.restart)),
            cap_add: some(&self.cap_add),
            cap_drop: some(&self.cap_drop),
            security_opt: some(&self.security_opt),
            extra_hosts: some(&self.extra_hosts),
            dns: some(&self.dns),
            dns_options: some(&self.dns_opt),
            dns_search: some(&self.dns_search),
            group_add: some(&self.group_add),
            sysctls: some_map(&self.sysctls),
            storage_opt: some_map(&self.storage_opt),
            runtime: self.runtime.clone(),
            readonly_rootfs: Some(self.read_only),
            privileged: Some(self.privileged),
            ..Default::default()
        };
        self.limits.clone().into_host(&mut host);
        host
    }

    fn port_bindings(&self) -> api::PortMap {
        let mut map: HashMap<String, Option<Vec<api::PortBinding>>> = HashMap::new();
        for port in &self.ports {
            map.entry(format!("{}/{}", port.container_port, port.protocol))
                .or_default()
                .get_or_insert_default()
                .push(api::PortBinding {
                    host_ip: Some(port.address.clone()),
                    host_port: Some(port.host_port.clone()),
                });
        }
        map
    }
}

fn mount(spec: &MountSpec) -> api::Mount {
    let kind = match spec.kind.as_str() {
        "bind" => api::MountType::BIND,
        "tmpfs" => api::MountType::TMPFS,
        "image" => api::MountType::IMAGE,
        _ => api::MountType::VOLUME,
    };
    let recursive = spec.recursive.as_deref();
    api::Mount {
        target: Some(spec.target.clone()),
        source: (!spec.source.is_empty()).then(|| spec.source.clone()),
        typ: Some(kind),
        read_only: Some(spec.read_only),
        consistency: spec.consistency.clone(),
        bind_options: (kind == api::MountType::BIND).then(|| api::MountBindOptions {
            propagation: spec.propagation.as_deref().and_then(propagation),
            non_recursive: (recursive == Some("disabled")).then_some(true),
            create_mountpoint: None,
            read_only_non_recursive: (recursive == Some("writable")).then_some(true),
            read_only_force_recursive: (recursive == Some("readonly")).then_some(true),
        }),
        volume_options: (kind == api::MountType::VOLUME).then(|| api::MountVolumeOptions {
            no_copy: Some(spec.nocopy),
            labels: some_map(&spec.labels),
            driver_config: None,
            subpath: spec.subpath.clone(),
        }),
        image_options: (kind == api::MountType::IMAGE)
            .then(|| api::MountImageOptions { subpath: spec.subpath.clone() }),
        tmpfs_options: (kind == api::MountType::TMPFS).then(|| api::MountTmpfsOptions {
            size_bytes: (spec.size != 0).then_some(spec.size),
            mode: (spec.mode != 0).then_some(i64::from(spec.mode)),
            options: None,
        }),
    }
}

fn propagation(word: &str) -> Option<api::MountBindOptionsPropagationEnum> {
    use api::MountBindOptionsPropagationEnum as Propagation;
    Some(match word {
        "private" => Propagation::PRIVATE,
        "rprivate" => Propagation::RPRIVATE,
        "shared" => Propagation::SHARED,
        "rshared" => Propagation::RSHARED,
        "slave" => Propagation::SLAVE,
        "rslave" => Propagation::RSLAVE,
        _ => return None,
    })
}

fn cgroup_mode(word: &str) -> Option<api::HostConfigCgroupnsModeEnum> {
    match word {
        "host" => Some(api::HostConfigCgroupnsModeEnum::HOST),
        "private" => Some(api::HostConfigCgroupnsModeEnum::PRIVATE),
        _ => None,
    }
}

fn health_config(check: &Healthcheck) -> api::HealthConfig {
    let nanos = |time: Option<Duration>| time.map(|time| time.as_nanos() as i64);
    api::HealthConfig {
        test: (!check.test.is_empty()).then(|| check.test.clone()),
        interval: nanos(check.interval),
        timeout: nanos(check.timeout),
        retries: check.retries.map(|count| count as i64),
        start_period: nanos(check.start_period),
        start_interval: nanos(check.start_interval),
    }
}

fn restart_policy(text: &str) -> api::RestartPolicy {
    use api::RestartPolicyNameEnum as Name;
    let (name, count) = text.split_once(':').unwrap_or((text, ""));
    let name = match name {
        "always" => Name::ALWAYS,
        "unless-stopped" => Name::UNLESS_STOPPED,
        "on-failure" => Name::ON_FAILURE,
        _ => Name::NO,
    };
    api::RestartPolicy { name: Some(name), maximum_retry_count: count.parse().ok() }
}
