//! Paths of the host: which overlap, which hold keys, which reach the host itself.

use std::path::Path;

/// True where one lies in the other.
pub fn overlap(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// What lets a container do things outside itself, also when mounted read-only: engines' sockets and the kernel's files.
pub fn reaches_the_host(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.ends_with(".sock")
        || ["/proc", "/sys", "/dev", "/run", "/var/run", "/boot", "/var/lib/docker", "/var/lib/containers"]
            .iter()
            .any(|root| path.starts_with(root))
        || path == Path::new("/")
}

/// Files that every machine has and no project owns.
pub fn is_common(path: &Path) -> bool {
    [
        "/etc/localtime",
        "/etc/timezone",
        "/usr/share/zoneinfo",
        "/etc/ssl/certs",
        "/etc/hosts",
        "/etc/resolv.conf",
    ]
    .iter()
    .any(|common| path.starts_with(common))
}

/// Keys, certificates' keys and password files, by their names.
pub fn holds_keys(path: &Path) -> bool {
    let parts = path.components().map(|part| part.as_os_str().to_string_lossy().to_lowercase());
    parts.into_iter().any(|part| {
        matches!(
            part.as_str(),
            "letsencrypt"
                | ".ssh"
                | ".aws"
                | ".gnupg"
                | ".kube"
                | ".docker"
                | "acme.json"
                | "secrets"
                | ".env"
                | ".pgpass"
                | ".my.cnf"
                | ".netrc"
                | "ssl"
                | "certs"
                | "private"
        ) || [".key", ".pem", ".p12", ".pfx", ".jks", ".kdbx"].iter().any(|end| part.ends_with(end))
            || ["htpasswd", "id_rsa", "id_ed25519", "credential", "secret", ".env."]
                .iter()
                .any(|word| part.contains(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_keys_and_common_files_are_told_apart() {
        assert!(reaches_the_host(Path::new("/var/run/docker.sock")));
        assert!(reaches_the_host(Path::new("/")) && !reaches_the_host(Path::new("/srv/shop")));
        assert!(holds_keys(Path::new("/etc/letsencrypt/live")) && holds_keys(Path::new("/srv/tls/site.key")));
        assert!(!holds_keys(Path::new("/srv/shop/nginx.conf")));
        assert!(is_common(Path::new("/etc/localtime")));
        assert!(overlap(Path::new("/srv/data"), Path::new("/srv/data/pg")));
        assert!(!overlap(Path::new("/srv/data"), Path::new("/srv/data2")));
    }
}
