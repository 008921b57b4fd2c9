//! The model as JSON in docker compose's own order of keys, for people to compare and for hashes.
//!
//! The order is that of the structures of compose-go 2.9 (docker compose 2.40), observed in its output.

use serde_json::{Map as Object, Value as Json};

use super::tree::{Node, Value};

const SERVICE: &str = "profiles annotations attach build develop blkio_config cap_add cap_drop cgroup_parent cgroup \
    cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpus cpuset cpu_shares command configs \
    container_name credential_spec depends_on deploy device_cgroup_rules devices dns dns_opt dns_search domainname \
    entrypoint provider environment expose external_links extra_hosts group_add gpus hostname healthcheck image init \
    ipc isolation labels links logging mem_limit mem_reservation memswap_limit mem_swappiness mac_address models \
    network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports privileged pull_policy \
    read_only restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal \
    storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes volumes_from working_dir \
    post_start pre_stop";

/// The order of keys below a path, where it is not the alphabet's.
const ORDERS: [(&str, &str); 36] = [
    ("secrets.*", "name file environment external content driver driver_opts labels template_driver"),
    ("configs.*", "name file environment content external driver driver_opts labels template_driver"),
    ("services.*.develop.watch.*", "path action target exec include ignore initial_sync"),
    ("services.*", SERVICE),
    (
        "services.*.build",
        "context dockerfile dockerfile_inline entitlements args provenance sbom ssh labels cache_from cache_to \
         no_cache additional_contexts pull extra_hosts isolation network target secrets shm_size tags ulimits \
         platforms privileged",
    ),
    ("services.*.ports.*", "name mode host_ip target published protocol app_protocol"),
    ("services.*.volumes.*", "type source target read_only consistency bind volume tmpfs image"),
    ("services.*.volumes.*.bind", "selinux propagation create_host_path recursive"),
    ("services.*.volumes.*.volume", "labels nocopy subpath"),
    ("services.*.volumes.*.tmpfs", "size mode"),
    ("services.*.healthcheck", "test timeout interval retries start_period start_interval disable"),
    ("services.*.depends_on.*", "condition restart required"),
    (
        "services.*.deploy",
        "mode replicas labels update_config rollback_config resources restart_policy placement endpoint_mode",
    ),
    ("services.*.deploy.update_config", "parallelism delay failure_action monitor max_failure_ratio order"),
    ("services.*.deploy.rollback_config", "parallelism delay failure_action monitor max_failure_ratio order"),
    ("services.*.deploy.restart_policy", "condition delay max_attempts window"),
    ("services.*.deploy.placement", "constraints preferences max_replicas_per_node"),
    ("services.*.deploy.resources", "limits reservations"),
    ("services.*.deploy.resources.*", "cpus memory pids devices generic_resources"),
    ("services.*.deploy.resources.*.devices.*", "capabilities driver count device_ids options"),
    ("services.*.gpus.*", "capabilities driver count device_ids options"),
    ("services.*.devices.*", "source target permissions"),
    (
        "services.*.networks.*",
        "aliases driver_opts gw_priority interface_name ipv4_address ipv6_address link_local_ips mac_address priority",
    ),
    ("services.*.secrets.*", "source target uid gid mode"),
    ("services.*.configs.*", "source target uid gid mode"),
    ("services.*.build.secrets.*", "source target uid gid mode"),
    ("services.*.logging", "driver options"),
    ("services.*.provider", "type options"),
    ("services.*.ulimits.*", "single soft hard"),
    ("services.*.post_start.*", "command user privileged working_dir environment"),
    ("services.*.pre_stop.*", "command user privileged working_dir environment"),
    (
        "networks.*",
        "name driver driver_opts ipam external internal attachable labels enable_ipv4 enable_ipv6",
    ),
    ("networks.*.ipam", "driver config"),
    ("networks.*.ipam.config.*", "subnet gateway ip_range aux_addresses"),
    ("volumes.*", "name driver driver_opts external labels"),
    (
        "services.*.blkio_config",
        "weight weight_device device_read_bps device_read_iops device_write_bps device_write_iops",
    ),
];

/// The whole model as `docker compose config --format json` prints it: dollars doubled, so that the output can be
/// read again.
pub fn json(root: &Node) -> Json {
    ordered(root, &mut Vec::new(), true)
}

/// The part of a model that stands at `at` (such as `services.web`), as it is.
pub fn part(node: &Node, at: &[&str]) -> Json {
    ordered(node, &mut at.iter().map(|part| (*part).to_owned()).collect(), false)
}

fn ordered(node: &Node, path: &mut Vec<String>, escape: bool) -> Json {
    match &node.value {
        Value::List(list) => {
            let mut out = Vec::with_capacity(list.len());
            path.push("[]".to_owned());
            out.extend(list.iter().map(|one| ordered(one, path, escape)));
            path.pop();
            Json::Array(out)
        }
        Value::Map(map) => {
            let order: Vec<&str> = ORDERS
                .iter()
                .find(|(pattern, _)| is(path, pattern))
                .map(|(_, order)| order.split_whitespace().collect())
                .unwrap_or_default();
            let known = order.iter().filter_map(|key| map.get_key_value(*key));
            let others = map.iter().filter(|(key, _)| !order.contains(&key.as_str()));
            let entries: Vec<_> = known.chain(others).collect();
            let mut object = Object::new();
            for (key, value) in entries {
                path.push(key.clone());
                // What docker compose 2 leaves out where it is false or empty.
                let silent = is(path, "services.*.volumes.*.bind.create_host_path")
                    && value.value == Value::Bool(false)
                    || is(path, "configs.*.content") && value.text() == Some("");
                if !silent {
                    let key = if escape { key.replace('$', "$$") } else { key.clone() };
                    object.insert(key, ordered(value, path, escape));
                }
                path.pop();
            }
            Json::Object(object)
        }
        Value::Text(text) if escape => Json::String(text.replace('$', "$$")),
        _ => node.json(),
    }
}

fn is(path: &[String], pattern: &str) -> bool {
    let mut wanted = pattern.split('.');
    path.iter().all(|part| wanted.next().is_some_and(|want| want == "*" || want == part))
        && wanted.next().is_none()
}
