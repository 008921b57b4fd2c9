//! What a container may use of the host.

use bollard::models as api;
use serde::Serialize;
use std::collections::BTreeMap;

/// Limits; 0 and nothing mean none.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Limits {
    /// Bytes.
    pub memory: i64,
    pub memory_reservation: i64,
    /// Memory and swap together, in bytes; -1 is unlimited.
    pub memory_swap: i64,
    /// Percent.
    pub memory_swappiness: Option<i64>,
    pub oom_kill_disable: bool,
    pub oom_score_adj: i64,
    pub nano_cpus: i64,
    pub cpu_shares: i64,
    pub cpu_count: i64,
    pub cpu_percent: i64,
    /// Microseconds.
    pub cpu_period: i64,
    pub cpu_quota: i64,
    pub cpu_rt_period: i64,
    pub cpu_rt_runtime: i64,
    pub cpuset: Option<String>,
    pub pids: i64,
    /// Bytes.
    pub shm_size: i64,
    /// Name, soft and hard.
    pub ulimits: Vec<(String, i64, i64)>,
    pub devices: Vec<Device>,
    pub device_cgroup_rules: Vec<String>,
    pub device_requests: Vec<DeviceRequest>,
    pub block_io: BlockIo,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Device {
    pub source: String,
    pub target: String,
    pub permissions: String,
}

/// Devices by what they can do: GPUs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeviceRequest {
    pub driver: Option<String>,
    /// -1 is all.
    pub count: i64,
    pub ids: Vec<String>,
    pub capabilities: Vec<String>,
    pub options: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BlockIo {
    pub weight: u16,
    pub weights: Vec<BlockDevice>,
    pub read_bps: Vec<BlockDevice>,
    pub read_iops: Vec<BlockDevice>,
    pub write_bps: Vec<BlockDevice>,
    pub write_iops: Vec<BlockDevice>,
}

/// A block device with its weight, or its rate a second.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BlockDevice {
    pub path: String,
    pub value: i64,
}

impl Limits {
    /// Writes them into the API's host config.
    pub(super) fn into_host(self, host: &mut api::HostConfig) {
        let set = |value: i64| (value != 0).then_some(value);
        host.memory = set(self.memory);
        host.memory_reservation = set(self.memory_reservation);
        host.memory_swap = set(self.memory_swap);
        host.memory_swappiness = self.memory_swappiness;
        host.oom_kill_disable = self.oom_kill_disable.then_some(true);
        host.oom_score_adj = set(self.oom_score_adj);
        host.nano_cpus = set(self.nano_cpus);
        host.cpu_shares = set(self.cpu_shares);
        host.cpu_count = set(self.cpu_count);
        host.cpu_percent = set(self.cpu_percent);
        host.cpu_period = set(self.cpu_period);
        host.cpu_quota = set(self.cpu_quota);
        host.cpu_realtime_period = set(self.cpu_rt_period);
        host.cpu_realtime_runtime = set(self.cpu_rt_runtime);
        host.cpuset_cpus = self.cpuset;
        host.pids_limit = set(self.pids);
        host.shm_size = set(self.shm_size);
        host.ulimits = some(self.ulimits, |(name, soft, hard)| api::ResourcesUlimits {
            name: Some(name),
            soft: Some(soft),
            hard: Some(hard),
        });
        host.devices = some(self.devices, |device| api::DeviceMapping {
            path_on_host: Some(device.source),
            path_in_container: Some(device.target),
            cgroup_permissions: Some(device.permissions),
        });
        host.device_cgroup_rules = (!self.device_cgroup_rules.is_empty()).then_some(self.device_cgroup_rules);
        host.device_requests = some(self.device_requests, |request| api::DeviceRequest {
            driver: request.driver,
            count: Some(request.count),
            device_ids: (!request.ids.is_empty()).then_some(request.ids),
            capabilities: Some(vec![request.capabilities]),
            options: Some(request.options.into_iter().collect()),
        });
        let io = self.block_io;
        let rate =
            |device: BlockDevice| api::ThrottleDevice { path: Some(device.path), rate: Some(device.value) };
        host.blkio_weight = (io.weight != 0).then_some(io.weight);
        host.blkio_weight_device = some(io.weights, |device| api::ResourcesBlkioWeightDevice {
            path: Some(device.path),
            weight: usize::try_from(device.value).ok(),
        });
        host.blkio_device_read_bps = some(io.read_bps, rate);
        host.blkio_device_read_iops = some(io.read_iops, rate);
        host.blkio_device_write_bps = some(io.write_bps, rate);
        host.blkio_device_write_iops = some(io.write_iops, rate);
    }
}

/// `None` for an empty list.
fn some<T, U>(list: Vec<T>, into: impl Fn(T) -> U) -> Option<Vec<U>> {
    (!list.is_empty()).then(|| list.into_iter().map(into).collect())
}
