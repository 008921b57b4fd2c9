//! One service, key by key.

use super::super::tree::{Fault, Map, Node, Path, Value};
use super::{Done, devices, each, fields, is_empty, mounts, ports, small, without_empty};

/// The canonical form of a service.
pub fn service(node: &Node, path: &Path) -> Done {
    let service = fields(node, path, field)?;
    let Value::Map(mut map) = service.value else { return Err(Fault::new(path, node, "must be a mapping")) };
    // Docker compose prints these two also where they are not set, and these where they are set to nothing.
    let stays = |key: &str| {
        matches!(
            key,
            "command" | "entrypoint" | "healthcheck" | "init" | "attach" | "scale" | "deploy" | "logging"
        )
    };
    map.retain(|key, value| !key.starts_with("x-") && (stays(key) || !is_empty(value)));
    map.retain(|key, value| matches!(key.as_str(), "command" | "entrypoint") || !value.is_null());
    for key in ["command", "entrypoint"] {
        map.entry(key.to_owned()).or_insert_with(|| Node::implied(Value::Null));
    }
    Ok(node.with(map))
}

fn field(key: &str, value: &Node, path: &Path) -> Done {
    match key {
        "annotations" | "labels" | "sysctls" => small::key_values(value, &"".into()),
        "attach" | "init" | "oom_kill_disable" | "privileged" | "read_only" | "stdin_open" | "tty"
        | "use_api_socket" => small::boolean(value, path),
        "blkio_config" => devices::block_io(value, path),
        "build" => build(value, path),
        "command" | "entrypoint" => small::command(value, path),
        "configs" | "secrets" => each(value, path, mounts::file),
        "cpu_count" | "cpu_period" | "cpu_quota" | "cpu_rt_period" | "cpu_rt_runtime" | "cpu_shares"
        | "oom_score_adj" | "pids_limit" | "scale" => small::integer(value, path),
        "cpu_percent" | "cpus" => small::float(value, path),
        "depends_on" => depends_on(value, path),
        "deploy" => deploy(value, path),
        "develop" => develop(value, path),
        "devices" => each(value, path, devices::device),
        "dns" | "dns_opt" | "dns_search" | "tmpfs" | "label_file" => small::one_or_many(value, path),
        "env_file" => env_file(value, path),
        "environment" => small::key_values(value, &Value::Null),
        "expose"
        | "group_add"
        | "cap_add"
        | "cap_drop"
        | "security_opt"
        | "links"
        | "external_links"
        | "device_cgroup_rules"
        | "profiles"
        | "volumes_from" => small::texts(value, path),
        "extra_hosts" => small::hosts(value, path),
        "gpus" => devices::gpus(value, path),
        "healthcheck" => healthcheck(value, path),
        "logging" => fields(value, path, |key, value, path| match key {
            "options" => small::options(value, path),
            _ => Ok(value.clone()),
        })
        .map(without_empty),
        "mem_limit" | "mem_reservation" | "memswap_limit" | "mem_swappiness" | "shm_size" => {
            small::bytes(value, path)
        }
        "models" => Ok(match &value.value {
            Value::List(list) => {
                let named = list.iter().map(|name| (name.to_string(), name.with(Value::Null)));
                value.with(named.collect::<Map>())
            }
            _ => value.clone(),
        }),
        "networks" => networks(value, path),
        "provider" => fields(value, path, |key, value, path| match key {
            "options" => fields(value, path, |_, value, path| small::one_or_many(value, path)),
            _ => Ok(value.clone()),
        }),
        "ports" => ports::ports(value, path),
        "post_start" | "pre_stop" => each(value, path, |one, path| {
            fields(one, path, |key, value, path| match key {
                "command" => small::command(value, path),
                "environment" => small::key_values(value, &Value::Null),
                _ => Ok(value.clone()),
            })
            .map(without_empty)
        }),
        "pull_policy" if value.text() == Some("if_not_present") => Ok(value.with("missing")),
        "stop_grace_period" => small::duration(value, path),
        "storage_opt" => small::options(value, path),
        "ulimits" => devices::ulimits(value, path),
        "volumes" => each(value, path, mounts::volume),
        _ => Ok(value.clone()),
    }
}

fn build(node: &Node, path: &Path) -> Done {
    if node.text().is_some() {
        return Ok(node.with(Map::from([("context".to_owned(), node.clone())])));
    }
    let mut node = node.clone();
    if let Some(map) = node.map_mut() {
        map.entry("context".to_owned()).or_insert_with(|| Node::implied("."));
    }
    fields(&node, path, |key, value, path| match key {
        "args" => small::key_values(value, &Value::Null),
        "labels" | "additional_contexts" => small::key_values(value, &"".into()),
        "extra_hosts" => small::hosts(value, path),
        "no_cache" | "pull" | "privileged" => small::boolean(value, path),
        "secrets" => each(value, path, mounts::file),
        "shm_size" => small::bytes(value, path),
        "ssh" => ssh(value),
        "tags" | "platforms" | "cache_from" | "cache_to" | "entitlements" => small::texts(value, path),
        "ulimits" => devices::ulimits(value, path),
        "provenance" | "sbom" => Ok(small::text(value)),
        _ => Ok(value.clone()),
    })
    .map(without_empty)
}

/// As docker compose prints it: `id=path`, or the id alone.
fn ssh(node: &Node) -> Done {
    let Some(map) = node.map() else { return Ok(node.clone()) };
    let lines = map.iter().map(|(id, path)| match path.to_string().as_str() {
        "" => path.with(id.as_str()),
        text => path.with(format!("{id}={text}")),
    });
    Ok(node.with(lines.collect::<Vec<_>>()))
}

fn depends_on(node: &Node, path: &Path) -> Done {
    let named: Vec<(String, Node)> = match &node.value {
        Value::List(list) => list.iter().map(|one| (one.to_string(), one.with(Map::new()))).collect(),
        Value::Map(map) => map.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        _ => return Ok(node.clone()),
    };
    let mut map = Map::new();
    for (name, value) in named {
        let mut value = fields(&value, &path.below(&name), |key, value, path| match key {
            "restart" | "required" => small::boolean(value, path),
            _ => Ok(value.clone()),
        })?;
        if let Some(map) = value.map_mut() {
            map.entry("condition".to_owned()).or_insert_with(|| node.with("service_started"));
            map.entry("required".to_owned()).or_insert_with(|| node.with(true));
            map.retain(|key, value| key == "required" || !is_empty(value));
        }
        map.insert(name, value);
    }
    Ok(node.with(map))
}

fn deploy(node: &Node, path: &Path) -> Done {
    let mut deploy = fields(node, path, |key, value, path| match key {
        "labels" => small::key_values(value, &"".into()),
        "replicas" => small::integer(value, path),
        "resources" => fields(value, path, |_, value, path| {
            fields(value, path, |key, value, path| match key {
                "cpus" => small::float(value, path),
                "memory" => small::bytes(value, path),
                "pids" => small::integer(value, path),
                "devices" => devices::requests(value, path),
                _ => Ok(value.clone()),
            })
            .map(without_empty)
        }),
        "restart_policy" | "update_config" | "rollback_config" => {
            fields(value, path, |key, value, path| match key {
                "delay" | "window" | "monitor" => small::duration(value, path),
                "max_attempts" | "parallelism" => small::integer(value, path),
                "max_failure_ratio" => small::float(value, path),
                _ => Ok(value.clone()),
            })
            .map(|policy| keep(policy, "parallelism"))
        }
        "placement" => Ok(without_empty(value.clone())),
        _ => Ok(value.clone()),
    })?;
    if let Some(map) = deploy.map_mut() {
        map.retain(|key, value| {
            matches!(key.as_str(), "replicas" | "update_config" | "rollback_config" | "restart_policy")
                || !is_empty(value)
        });
        for key in ["resources", "placement"] {
            map.entry(key.to_owned()).or_insert_with(|| Node::implied(Map::new()));
        }
    }
    Ok(deploy)
}

/// Without the fields that hold nothing, but for one of which zero says something.
fn keep(node: Node, zero: &str) -> Node {
    let place = node.place;
    let Value::Map(map) = node.value else { return node };
    let kept = map.into_iter().filter(|(key, value)| key == zero || !is_empty(value));
    Node::new(Value::Map(kept.collect()), place)
}

fn develop(node: &Node, path: &Path) -> Done {
    fields(node, path, |key, value, path| match key {
        "watch" => each(value, path, |one, path| {
            let mut watch = fields(one, path, |key, value, path| match key {
                "exec" => fields(value, path, |key, value, path| match key {
                    "command" => small::command(value, path),
                    _ => Ok(value.clone()),
                }),
                _ => Ok(value.clone()),
            })?;
            if let Some(map) = watch.map_mut() {
                let none = || Node::implied(Map::from([("command".to_owned(), Node::implied(Value::Null))]));
                map.entry("exec".to_owned()).or_insert_with(none);
            }
            Ok(without_empty(watch))
        }),
        _ => Ok(value.clone()),
    })
}

fn env_file(node: &Node, path: &Path) -> Done {
    let list = match &node.value {
        Value::List(list) => list.clone(),
        Value::Null => Vec::new(),
        _ => vec![node.clone()],
    };
    let files = list.iter().enumerate().map(|(at, one)| {
        let mut file = match &one.value {
            Value::Map(_) => fields(one, &path.below(&format!("[{at}]")), |key, value, path| match key {
                "required" => small::boolean(value, path),
                _ => Ok(value.clone()),
            })?,
            _ => one.with(Map::from([("path".to_owned(), small::text(one))])),
        };
        if let Some(map) = file.map_mut() {
            map.entry("required".to_owned()).or_insert_with(|| one.with(true));
        }
        Ok(file)
    });
    Ok(node.with(files.collect::<Done<Vec<_>>>()?))
}

fn healthcheck(node: &Node, path: &Path) -> Done {
    fields(node, path, |key, value, path| match key {
        "test" => match &value.value {
            Value::Text(line) => Ok(value.with(vec![value.with("CMD-SHELL"), value.with(line.as_str())])),
            _ => small::texts(value, path),
        },
        "interval" | "timeout" | "start_period" | "start_interval" => small::duration(value, path),
        "retries" => small::integer(value, path),
        "disable" => small::boolean(value, path),
        _ => Ok(value.clone()),
    })
    .map(|node| keep(node, "retries"))
    .map(without_nulls)
}

fn without_nulls(node: Node) -> Node {
    let place = node.place;
    let Value::Map(map) = node.value else { return node };
    Node::new(Value::Map(map.into_iter().filter(|(_, value)| !value.is_null()).collect()), place)
}

fn networks(node: &Node, path: &Path) -> Done {
    let Value::List(list) = &node.value else {
        return fields(node, path, |_, value, path| {
            let network = fields(value, path, |key, value, path| match key {
                "priority" | "gw_priority" => small::integer(value, path),
                "driver_opts" => small::options(value, path),
                "aliases" | "link_local_ips" => small::texts(value, path),
                _ => Ok(value.clone()),
            })?;
            // An empty mapping says no more than nothing.
            Ok(match without_empty(network) {
                Node { value: Value::Map(map), place, .. }
                    if map.is_empty() && value.map().is_some_and(|m| !m.is_empty()) =>
                {
                    Node::new(Value::Map(map), place)
                }
                network => network,
            })
        });
    };
    Ok(node.with(list.iter().map(|name| (name.to_string(), name.with(Value::Null))).collect::<Map>()))
}
