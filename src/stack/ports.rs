//! Who listens on a port of this machine: read from `/proc`, which needs no tool and no root
//! for one's own processes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;

/// A socket that waits for connections or datagrams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listener {
    pub address: IpAddr,
    pub port: u16,
    /// `tcp` or `udp`.
    pub protocol: &'static str,
    /// `None` where the process belongs to somebody else.
    pub process: Option<Process>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Process {
    pub pid: u32,
    pub name: String,
}

impl Listener {
    /// True when a bind of `address:port` would fail because of this one.
    /// An empty address is every address.
    pub fn blocks(&self, address: &str, port: u16, protocol: &str) -> bool {
        let wanted = address.parse::<IpAddr>().ok();
        let any = |address: Option<IpAddr>| address.is_none_or(|address| address.is_unspecified());
        self.port == port
            && self.protocol == protocol
            && (any(wanted) || any(Some(self.address)) || wanted == Some(self.address))
    }
}

/// The listeners on any of `ports`, with their processes. Empty where there is no `/proc`.
pub fn listeners(ports: &[u16]) -> Vec<Listener> {
    let mut found: Vec<(Listener, u64)> = [("tcp", ""), ("tcp", "6"), ("udp", ""), ("udp", "6")]
        .iter()
        .filter_map(|(protocol, family)| {
            Some((*protocol, fs_err::read_to_string(format!("/proc/net/{protocol}{family}")).ok()?))
        })
        .flat_map(|(protocol, table)| {
            table.lines().skip(1).filter_map(|line| entry(line, protocol)).collect::<Vec<_>>()
        })
        .filter(|(listener, _)| ports.contains(&listener.port))
        .collect();
    if !found.is_empty() {
        name_processes(&mut found);
    }
    found.into_iter().map(|(listener, _)| listener).collect()
}

/// A line of `/proc/net/tcp` or `udp`: its listener and inode; `None` unless it listens.
fn entry(line: &str, protocol: &'static str) -> Option<(Listener, u64)> {
    // A datagram socket that is bound and talks to nobody in particular is called closed.
    let listens = if protocol == "tcp" { "0A" } else { "07" };
    let mut fields = line.split_whitespace().skip(1);
    let local = fields.next()?;
    let state = fields.nth(1)?;
    let inode = fields.nth(5)?.parse().ok()?;
    let (address, port) = local.split_once(':')?;
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?.to_ne_bytes())),
        32 => {
            let mut bytes = [0; 16];
            for (index, chunk) in bytes.chunks_mut(4).enumerate() {
                let word = u32::from_str_radix(address.get(index * 8..index * 8 + 8)?, 16).ok()?;
                chunk.copy_from_slice(&word.to_ne_bytes());
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    let port = u16::from_str_radix(port, 16).ok()?;
    (state == listens).then_some((Listener { address, port, protocol, process: None }, inode))
}

/// Finds whose file descriptors the sockets are.
fn name_processes(found: &mut [(Listener, u64)]) {
    let Ok(processes) = fs_err::read_dir("/proc") else { return };
    for pid in processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok()) {
        let Ok(descriptors) = fs_err::read_dir(format!("/proc/{pid}/fd")) else { continue };
        for target in descriptors.filter_map(|entry| fs_err::read_link(entry.ok()?.path()).ok()) {
            let target = target.to_string_lossy();
            let Some(inode) = target.strip_prefix("socket:[").and_then(|t| t.strip_suffix(']')) else {
                continue;
            };
            for (listener, _) in found.iter_mut().filter(|(_, wanted)| wanted.to_string() == inode) {
                let name = fs_err::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
                listener.process = Some(Process { pid, name: name.trim().to_owned() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_listener_is_found_with_its_process() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let found = listeners(&[port]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].process.as_ref().unwrap().pid, std::process::id());
        assert!(found[0].blocks("127.0.0.1", port, "tcp"));
        assert!(found[0].blocks("", port, "tcp"));
        assert!(!found[0].blocks("127.0.0.2", port, "tcp"));
        assert!(!found[0].blocks("", port, "udp"));
        drop(socket);
        assert!(listeners(&[port]).is_empty());
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        assert!(listeners(&[port]).iter().any(|found| found.blocks("127.0.0.1", port, "udp")));
    }
}
