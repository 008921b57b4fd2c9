//! What a service may use: `deploy`, limits, devices.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::lifecycle::RestartPolicy;
use super::number::{Bytes, Cores, Text};

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Deploy {
    pub mode: Option<String>,
    pub replicas: Option<u32>,
    pub resources: Resources,
    pub restart_policy: Option<RestartPolicy>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Resources {
    pub limits: Resource,
    pub reservations: Resource,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Resource {
    pub cpus: Cores,
    pub memory: Bytes,
    pub pids: i64,
    pub devices: Vec<DeviceRequest>,
}

/// Devices by what they can do: GPUs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DeviceRequest {
    pub capabilities: Vec<String>,
    pub driver: Option<String>,
    /// -1 is all.
    pub count: Option<i64>,
    pub device_ids: Vec<String>,
    pub options: BTreeMap<String, Text>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Device {
    pub source: String,
    pub target: String,
    pub permissions: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Ulimit {
    Single(i64),
    Each { soft: i64, hard: i64 },
}

impl Ulimit {
    /// Soft and hard.
    pub const fn both(self) -> (i64, i64) {
        match self {
            Self::Single(limit) => (limit, limit),
            Self::Each { soft, hard } => (soft, hard),
        }
    }
}

/// Shares and limits of block devices.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct BlockIo {
    pub weight: u16,
    pub weight_device: Vec<BlockDevice>,
    pub device_read_bps: Vec<BlockDevice>,
    pub device_read_iops: Vec<BlockDevice>,
    pub device_write_bps: Vec<BlockDevice>,
    pub device_write_iops: Vec<BlockDevice>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct BlockDevice {
    pub path: String,
    pub weight: i64,
    /// Bytes or operations a second.
    pub rate: Bytes,
}
