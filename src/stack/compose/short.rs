//! The short forms: ports as `127.0.0.1:8080:80/tcp`, mounts as `source:target:ro`.

use std::path::{Component, Path, PathBuf};

use super::model::{BindOptions, Mount, MountKind, Port, VolumeOptions};

/// Reads `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]`. Ranges are not supported.
pub fn port(text: &str) -> Result<Port, String> {
    let (rest, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (left, target) = rest.rsplit_once(':').map_or((None, rest), |(left, target)| (Some(left), target));
    let (host_ip, published) = match left.map(|left| left.rsplit_once(':').ok_or(left)) {
        None => (None, None),
        Some(Ok((address, published))) => (Some(address.trim_matches(['[', ']'])), Some(published)),
        Some(Err(published)) => (None, Some(published)),
    };
    let number = |text: &str| {
        text.parse::<u16>().ok().filter(|&port| port > 0).ok_or_else(|| {
            if text.contains('-') {
                format!("`{text}`: port ranges are not supported")
            } else {
                format!("`{text}` is not a port")
            }
        })
    };
    if let Some(published) = published.filter(|published| !published.is_empty()) {
        number(published)?;
    }
    Ok(Port {
        mode: "ingress".to_owned(),
        host_ip: host_ip.filter(|address| !address.is_empty()).map(str::to_owned),
        target: number(target)?,
        published: published.filter(|published| !published.is_empty()).map(str::to_owned),
        protocol: protocol.to_ascii_lowercase(),
    })
}

/// Reads `SOURCE:TARGET[:MODE]`; a source with a `/`, `.` or `~` in front is a path.
pub fn mount(text: &str, folder: &Path) -> Result<Mount, String> {
    let mut parts = text.split(':');
    let (Some(source), Some(target), mode, None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(format!("`{text}`: expected SOURCE:TARGET or SOURCE:TARGET:ro"));
    };
    let read_only = match mode {
        None | Some("rw") => false,
        Some("ro") => true,
        Some(other) => return Err(format!("`{text}`: the mount option `{other}` is not supported")),
    };
    if source.starts_with('~') {
        return Err(format!("`{text}`: write the path out instead of `~`"));
    }
    let is_path = source.starts_with(['/', '.']);
    let kind = if is_path { MountKind::Bind } else { MountKind::Volume };
    let source = if is_path { absolute(folder, source).display().to_string() } else { source.to_owned() };
    Ok(whole_mount(kind, source, target, read_only))
}

/// A mount with the options that its kind has in the hash.
pub fn whole_mount(kind: MountKind, source: String, target: &str, read_only: bool) -> Mount {
    let target = match target.trim_end_matches('/') {
        "" => "/",
        target => target,
    };
    Mount {
        kind,
        source,
        target: target.to_owned(),
        read_only,
        bind: (kind == MountKind::Bind).then(BindOptions::default),
        volume: (kind == MountKind::Volume).then(VolumeOptions::default),
    }
}

/// `path` below `folder`, without `.` and `..`, and without following links.
pub fn absolute(folder: &Path, path: &str) -> PathBuf {
    let mut out = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_with_and_without_address() {
        let full = port("127.0.0.1:8080:8443").unwrap();
        assert_eq!(
            (full.host_ip.as_deref(), full.published.as_deref(), full.target),
            (Some("127.0.0.1"), Some("8080"), 8443)
        );
        let short = port("53:53/udp").unwrap();
        assert_eq!((short.host_ip, short.protocol.as_str()), (None, "udp"));
        assert_eq!(port("80").unwrap().published, None);
        assert!(port("8000-8010:80").unwrap_err().contains("ranges"));
        assert!(port("8080:x").is_err());
    }

    #[test]
    fn mounts_of_paths_and_of_volumes() {
        let bind = mount("./a/../b:/x:ro", Path::new("/srv")).unwrap();
        assert_eq!((bind.kind, bind.source.as_str(), bind.read_only), (MountKind::Bind, "/srv/b", true));
        let volume = mount("data:/var/lib/x/", Path::new("/srv")).unwrap();
        assert_eq!(
            (volume.kind, volume.source.as_str(), volume.target.as_str()),
            (MountKind::Volume, "data", "/var/lib/x")
        );
        assert!(mount("data:/x:z", Path::new("/srv")).is_err());
        assert!(mount("/anonymous", Path::new("/srv")).is_err());
    }
}
