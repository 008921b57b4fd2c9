//! Limits: those of `deploy` go before the service's own keys, as in docker compose.

use super::texts;
use crate::compose::typed::Service;
use crate::compose::typed::limits::{BlockDevice as Wanted, DeviceRequest as Request, Resource};
use crate::engine::{BlockDevice, BlockIo, Device, DeviceRequest, Limits};

pub fn limits(service: &Service) -> Limits {
    let resources = service.deploy.as_ref().map(|deploy| deploy.resources.clone()).unwrap_or_default();
    let (limits, reserved): (Resource, Resource) = (resources.limits, resources.reservations);
    let first = |values: [i64; 2]| values.into_iter().find(|&value| value != 0).unwrap_or_default();
    let gpus = service.gpus.iter().map(|request| {
        let mut request = device_request(request);
        request.capabilities.push("gpu".to_owned());
        request
    });
    let io = &service.blkio_config;
    Limits {
        memory: first([limits.memory.0, service.mem_limit.0]),
        memory_reservation: first([reserved.memory.0, service.mem_reservation.0]),
        memory_swap: service.memswap_limit.0,
        memory_swappiness: service.mem_swappiness.map(|percent| percent.0),
        oom_kill_disable: service.oom_kill_disable,
        oom_score_adj: service.oom_score_adj,
        nano_cpus: first([limits.cpus.nanos(), service.cpus.nanos()]),
        cpu_shares: service.cpu_shares,
        cpu_count: service.cpu_count,
        cpu_percent: service.cpu_percent as i64,
        cpu_period: service.cpu_period,
        cpu_quota: service.cpu_quota,
        cpu_rt_period: service.cpu_rt_period,
        cpu_rt_runtime: service.cpu_rt_runtime,
        cpuset: service.cpuset.as_ref().map(|set| set.0.clone()),
        pids: first([limits.pids, service.pids_limit]),
        shm_size: service.shm_size.0,
        ulimits: service
            .ulimits
            .iter()
            .map(|(name, limit)| (name.clone(), limit.both().0, limit.both().1))
            .collect(),
        devices: service
            .devices
            .iter()
            .map(|device| Device {
                source: device.source.clone(),
                target: device.target.clone(),
                permissions: device.permissions.clone(),
            })
            .collect(),
        device_cgroup_rules: service.device_cgroup_rules.clone(),
        device_requests: reserved.devices.iter().map(device_request).chain(gpus).collect(),
        block_io: BlockIo {
            weight: io.weight,
            weights: devices(&io.weight_device, |device| device.weight),
            read_bps: devices(&io.device_read_bps, |device| device.rate.0),
            read_iops: devices(&io.device_read_iops, |device| device.rate.0),
            write_bps: devices(&io.device_write_bps, |device| device.rate.0),
            write_iops: devices(&io.device_write_iops, |device| device.rate.0),
        },
    }
}

/// Without a count and without ids, all devices are meant.
fn device_request(request: &Request) -> DeviceRequest {
    let count = request.count.unwrap_or_default();
    DeviceRequest {
        driver: request.driver.clone(),
        count: if count == 0 && request.device_ids.is_empty() { -1 } else { count },
        ids: request.device_ids.clone(),
        capabilities: request.capabilities.clone(),
        options: texts(&request.options),
    }
}

fn devices(wanted: &[Wanted], value: fn(&Wanted) -> i64) -> Vec<BlockDevice> {
    wanted.iter().map(|device| BlockDevice { path: device.path.clone(), value: value(device) }).collect()
}
