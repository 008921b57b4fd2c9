//! Which engine is meant: the order and the places of docker's own command line.

use std::path::{Path, PathBuf};

use super::context::{self, Store};
use crate::failure::Failure;

/// Where docker's engine listens unless told otherwise.
pub(super) const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// What decided which engine is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Default,
    /// `DOCKER_HOST`.
    Host,
    /// The context that `DOCKER_CONTEXT` names.
    ContextVariable(String),
    /// The context that `docker context use` has chosen.
    CurrentContext(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("the default: no DOCKER_HOST and no docker context is set"),
            Self::Host => f.write_str("from DOCKER_HOST"),
            Self::ContextVariable(name) => write!(f, "from the docker context `{name}` of DOCKER_CONTEXT"),
            Self::CurrentContext(name) => {
                write!(f, "from the docker context `{name}`, which `docker context use` has chosen")
            }
        }
    }
}

/// How an engine is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Unix(PathBuf),
    Tcp { host: String, port: u16, tls: Option<TlsFiles> },
    Ssh(SshAddress),
}

/// The far side of an `ssh://` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SshAddress {
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
    /// The engine's socket over there.
    pub socket: String,
}

/// PEM files; one that is missing is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TlsFiles {
    pub folder: PathBuf,
    /// False: any server is believed, as `docker --tls` does.
    pub verify: bool,
}

/// An engine, and why this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub address: Address,
    pub origin: Origin,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.address {
            Address::Unix(path) => write!(f, "unix://{}", path.display()),
            Address::Tcp { host, port, tls } => {
                let tls = if tls.is_some() { " with TLS" } else { "" };
                write!(f, "tcp://{host}:{port}{tls}")
            }
            Address::Ssh(ssh) => {
                let user = ssh.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
                let port = ssh.port.map(|port| format!(":{port}")).unwrap_or_default();
                write!(f, "ssh://{user}{}{port}", ssh.host)
            }
        }
    }
}

/// The environment and the files of docker's command line.
pub(super) struct Sources<'a> {
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The text of a file; `None` where there is none.
    pub read: &'a dyn Fn(&Path) -> Option<String>,
    pub is_folder: &'a dyn Fn(&Path) -> bool,
}

impl Sources<'_> {
    fn set(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// `DOCKER_CONFIG`, else `~/.docker`.
    pub fn folder(&self) -> Option<PathBuf> {
        self.set("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| self.set("HOME").map(|home| Path::new(&home).join(".docker")))
    }

    /// `DOCKER_HOST` goes before `DOCKER_CONTEXT`, and that before the context in use.
    pub fn choose(&self) -> Result<Endpoint, Failure> {
        if let Some(host) = self.set("DOCKER_HOST") {
            let address = address(&host, self.tls())
                .map_err(|words| Failure::config(format!("DOCKER_HOST=`{host}`: {words}")))?;
            return Ok(Endpoint { address, origin: Origin::Host });
        }
        let default = Endpoint { address: Address::Unix(DEFAULT_SOCKET.into()), origin: Origin::Default };
        let Some(folder) = self.folder() else { return Ok(default) };
        let origin = match self.set("DOCKER_CONTEXT") {
            Some(name) => Origin::ContextVariable(name),
            None => match (self.read)(&folder.join("config.json")).and_then(|text| context::current(&text)) {
                Some(name) => Origin::CurrentContext(name),
                None => return Ok(default),
            },
        };
        let (Origin::ContextVariable(name) | Origin::CurrentContext(name)) = &origin else {
            return Ok(default);
        };
        if name == "default" {
            return Ok(default);
        }
        let store = Store { folder: &folder, read: self.read, is_folder: self.is_folder };
        let (host, tls) = store.endpoint(name).map_err(|words| {
            Failure::config(format!("the docker context `{name}`: {words}"))
                .hint("`docker context ls` lists those that there are")
                .hint(format!("it is asked for {origin}"))
        })?;
        let address = address(&host, tls)
            .map_err(|words| Failure::config(format!("the docker context `{name}`: `{host}`: {words}")))?;
        Ok(Endpoint { address, origin })
    }

    /// TLS as `DOCKER_TLS_VERIFY`, `DOCKER_TLS` and `DOCKER_CERT_PATH` ask for it.
    fn tls(&self) -> Option<TlsFiles> {
        let verify = self.set("DOCKER_TLS_VERIFY").is_some();
        if !verify && self.set("DOCKER_TLS").is_none() {
            return None;
        }
        let folder = self.set("DOCKER_CERT_PATH").map(PathBuf::from).or_else(|| self.folder())?;
        Some(TlsFiles { folder, verify })
    }
}

/// Reads `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST:PORT/SOCKET`.
fn address(text: &str, tls: Option<TlsFiles>) -> Result<Address, String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err("it has no scheme; write unix://, tcp:// or ssh://".to_owned());
    };
    match scheme {
        "unix" if rest.starts_with('/') => Ok(Address::Unix(rest.into())),
        "unix" => Err("the path of a socket starts with `/`".to_owned()),
        "tcp" | "http" | "https" => {
            let (host, port) = host_and_port(rest.split('/').next().unwrap_or_default())?;
            let tls =
                tls.or_else(|| (scheme == "https").then(|| TlsFiles { folder: "".into(), verify: true }));
            let port = port.unwrap_or(if tls.is_some() { 2376 } else { 2375 });
            Ok(Address::Tcp { host, port, tls })
        }
        "ssh" => {
            let (authority, socket) = match rest.split_once('/') {
                Some((authority, path)) if !path.is_empty() => (authority, format!("/{path}")),
                _ => (rest.trim_end_matches('/'), DEFAULT_SOCKET.to_owned()),
            };
            let (user, authority) = match authority.rsplit_once('@') {
                Some((user, host)) => (Some(user.to_owned()), host),
                None => (None, authority),
            };
            if user.as_ref().is_some_and(|user| user.contains(':')) {
                return Err("a password does not belong into it; use a key".to_owned());
            }
            let (host, port) = host_and_port(authority)?;
            // ssh would take these for options.
            if host.starts_with('-') || user.as_ref().is_some_and(|user| user.starts_with('-')) {
                return Err("a name does not start with `-`".to_owned());
            }
            Ok(Address::Ssh(SshAddress { user, host, port, socket }))
        }
        "npipe" => Err("named pipes are Windows's; stagectl runs where the engine has a socket".to_owned()),
        other => Err(format!("`{other}` is not known; write unix://, tcp:// or ssh://")),
    }
}

/// `HOST`, `HOST:PORT` or `[V6]:PORT`.
fn host_and_port(text: &str) -> Result<(String, Option<u16>), String> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    if host.is_empty() {
        return Err("it names no host".to_owned());
    }
    let port = port.map(|port| port.parse().map_err(|_| format!("`{port}` is no port"))).transpose()?;
    Ok((host.to_owned(), port))
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
