//! What a certificate says.

use std::fmt::Write as _;
use std::net::IpAddr;

use anyhow::{Context as _, Result, anyhow};
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
use x509_parser::public_key::PublicKey;

/// The parts of a certificate that the checks judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// DNS names and addresses it is valid for.
    pub names: Vec<String>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub key: KeyType,
    /// Such as `ecdsa-with-SHA256`, or the identifier where the name is not known.
    pub signature: String,
    pub is_ca: bool,
    pub for_servers: bool,
    /// SHA-256 of the whole certificate, in hex.
    pub fingerprint: String,
}

/// The public key's kind and its size in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    Rsa(usize),
    Ec(usize),
    Ed25519,
    Other,
}

impl std::fmt::Display for KeyType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::Ec(bits) => write!(f, "EC {bits}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other => f.write_str("unknown key type"),
        }
    }
}

const SIGNATURES: [(&str, &str); 8] = [
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.2.840.113549.1.1.11", "sha256WithRSA"),
    ("1.2.840.113549.1.1.12", "sha384WithRSA"),
    ("1.2.840.113549.1.1.13", "sha512WithRSA"),
    ("1.2.840.113549.1.1.5", "sha1WithRSA"),
    ("1.3.101.112", "Ed25519"),
];

impl Certificate {
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let (_, x509) = X509Certificate::from_der(der).map_err(|e| anyhow!("read the certificate: {e}"))?;
        let validity = x509.validity();
        let signature = x509.signature_algorithm.algorithm.to_id_string();
        Ok(Self {
            subject: x509.subject().to_string(),
            issuer: x509.issuer().to_string(),
            names: names(&x509),
            not_before: Timestamp::from_second(validity.not_before.timestamp())?,
            not_after: Timestamp::from_second(validity.not_after.timestamp())?,
            key: key_type(&x509),
            signature: SIGNATURES
                .iter()
                .find(|(oid, _)| *oid == signature)
                .map_or(signature.clone(), |(_, name)| (*name).to_owned()),
            is_ca: x509.is_ca(),
            for_servers: x509
                .extended_key_usage()
                .ok()
                .flatten()
                .is_some_and(|usage| usage.value.server_auth || usage.value.any),
            fingerprint: fingerprint(der),
        })
    }

    /// The first certificate of a PEM file: the leaf.
    pub fn from_pem(pem: &[u8]) -> Result<Self> {
        let der = CertificateDer::from_pem_slice(pem).context("read the PEM file")?;
        Self::from_der(&der)
    }

    /// Whole days until it runs out; negative when it has.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        (self.not_after.as_second() - now.as_second()).div_euclid(86_400)
    }

    /// Whole days from its first to its last.
    pub fn lifetime_days(&self) -> i64 {
        (self.not_after.as_second() - self.not_before.as_second()).div_euclid(86_400)
    }

    /// True if a client may accept it for `name`: equal, or by a wildcard for one label.
    pub fn covers(&self, name: &str) -> bool {
        self.names.iter().any(|pattern| {
            pattern.eq_ignore_ascii_case(name)
                || pattern.strip_prefix("*.").is_some_and(|parent| {
                    name.split_once('.')
                        .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent))
                })
        })
    }

    /// Signed with SHA-2 or by an Edwards curve.
    pub fn modern_signature(&self) -> bool {
        self.signature == "Ed25519"
            || self.signature.to_ascii_lowercase().contains("sha256")
            || self.signature.contains("384")
            || self.signature.contains("512")
    }
}

fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn names(x509: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = x509.subject_alternative_name() else { return Vec::new() };
    extension
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes).map(|ip| ip.to_string()),
            _ => None,
        })
        .collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

fn key_type(x509: &X509Certificate<'_>) -> KeyType {
    let key = x509.public_key();
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => KeyType::Rsa(rsa.key_size()),
        Ok(PublicKey::EC(point)) => KeyType::Ec(point.key_size()),
        _ if key.algorithm.algorithm.to_id_string() == "1.3.101.112" => KeyType::Ed25519,
        _ => KeyType::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with openssl: EC P-256, self-signed, 2026-01-01 to 2026-04-01.
    const LEAF: &str = "\
-----BEGIN CERTIFICATE-----
MIIBnTCCAUKgAwIBAgIUHdkSjFDnQhCzkA4sV2/SyZtw7UEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTI2MDEwMTAwMDAwMFoXDTI2MDQwMTAw
MDAwMFowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEu1talw4wZfkOvY/dTU68/vn1CI4p6cv+p438ll/vz5Kvjt3U0jOaBg/u
JqIoLx9M2ZuM6pMGD2EoHhnWirSCnqNyMHAwLAYDVR0RBCUwI4IJbG9jYWxob3N0
hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMAwGA1UdEwEB/wQCMAAwEwYDVR0lBAww
CgYIKwYBBQUHAwEwHQYDVR0OBBYEFHLSnfxpFeSAjIAcK9VAHfdFN39hMAoGCCqG
SM49BAMCA0kAMEYCIQCNUlky/7XNuVTK8oOLL3I2W6rDINt/+7W1u9LcQVrQnQIh
APcXp8tvR62g0ZQXBmoMuAYFoTfyEudyFYKTGlIJAW+M
-----END CERTIFICATE-----";

    fn leaf() -> Certificate {
        Certificate::from_pem(LEAF.as_bytes()).unwrap()
    }

    #[test]
    fn a_certificate_names_its_hosts_key_and_use() {
        let leaf = leaf();
        assert_eq!(leaf.names, ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(leaf.key, KeyType::Ec(256));
        assert!(leaf.modern_signature() && leaf.for_servers && !leaf.is_ca, "{leaf:?}");
        assert_eq!(leaf.fingerprint.len(), 64);
    }

    #[test]
    fn days_are_counted_from_now_and_over_the_lifetime() {
        let leaf = leaf();
        assert_eq!(leaf.lifetime_days(), 90);
        assert_eq!(leaf.days_left("2026-03-30T00:00:00Z".parse().unwrap()), 2);
        assert_eq!(leaf.days_left("2026-04-01T00:00:01Z".parse().unwrap()), -1);
    }

    #[test]
    fn a_wildcard_covers_one_label_only() {
        let leaf = Certificate { names: vec!["*.staging.test".to_owned()], ..leaf() };
        assert!(leaf.covers("app.staging.test"));
        assert!(!leaf.covers("staging.test") && !leaf.covers("a.b.staging.test"));
    }
}
