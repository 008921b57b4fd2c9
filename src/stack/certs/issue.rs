//! Makes the authority, the certificate and the revocation list, and writes them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};

use super::request::{Part, Plan, Request};
use crate::store::{Mode, write};
use crate::ui::Ui;

const DAY: u64 = 24 * 60 * 60;
const AUTHORITY_DAYS: u64 = 3650;

/// Applies the plan. The proxy reads certificates at its start: restart it afterwards.
pub fn apply(request: &Request, plan: &Plan, now: Timestamp, ui: &Ui) -> Result<()> {
    let now =
        Duration::from_secs(u64::try_from(now.as_second()).context("read the clock: it is before 1970")?);
    if plan.makes(Part::Authority) {
        step(ui, "make the certificate authority", || make_authority(request, now))?;
    }
    if plan.makes(Part::Certificate) {
        step(ui, "make the proxy's certificate", || make_leaf(request, now))?;
    }
    if plan.makes(Part::Certificate) || plan.makes(Part::KeyPermissions) {
        give_key(request, ui)?;
    }
    Ok(())
}

fn step(ui: &Ui, what: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let started = Instant::now();
    work().context(what.to_owned())?;
    ui.step_done(what, what, started.elapsed().as_millis() as u64);
    Ok(())
}

fn make_authority(request: &Request, now: Duration) -> Result<()> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("{} staging CA", request.project));
    params.distinguished_name.push(DnType::OrganizationName, "stagectl");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = epoch + now.saturating_sub(Duration::from_secs(DAY));
    params.not_after = epoch + (now + Duration::from_secs(AUTHORITY_DAYS * DAY));
    let certificate = params.self_signed(&key)?;
    // The key first: a certificate without its key would be taken for broken and made anew.
    write(&request.directory.join("ca.key"), key.serialize_pem().as_bytes(), Mode::Secret)?;
    write(&request.directory.join("ca.crt"), certificate.pem().as_bytes(), Mode::Public)
}

fn make_leaf(request: &Request, now: Duration) -> Result<()> {
    let authority_key = KeyPair::from_pem(&fs_err::read_to_string(request.directory.join("ca.key"))?)?;
    let authority = fs_err::read_to_string(request.directory.join("ca.crt"))?;
    let issuer = Issuer::from_ca_cert_pem(&authority, authority_key)?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let name = request.dns.iter().find(|name| *name != "localhost").map_or("localhost", String::as_str);
    params.distinguished_name.push(DnType::CommonName, name);
    for name in &request.dns {
        params.subject_alt_names.push(SanType::DnsName(
            name.as_str().try_into().with_context(|| format!("certificates.names: `{name}`"))?,
        ));
    }
    params.subject_alt_names.extend(request.addresses.iter().map(|address| SanType::IpAddress(*address)));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.crl_distribution_points =
        vec![CrlDistributionPoint { uris: vec![request.revocation_url.clone()] }];
    // A day back, for clocks that are behind.
    params.not_before = epoch + now.saturating_sub(Duration::from_secs(DAY));
    params.not_after = epoch + (now + Duration::from_secs(u64::from(request.days) * DAY));
    let certificate = params.signed_by(&key, &issuer)?;
    let revocations = CertificateRevocationListParams {
        this_update: params.not_before,
        next_update: params.not_after,
        crl_number: SerialNumber::from(now.as_secs()),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
    .signed_by(&issuer)?;
    write(&request.directory.join("ca.crl"), revocations.der(), Mode::Public)?;
    write(&request.directory.join("staging.key"), key.serialize_pem().as_bytes(), Mode::Secret)?;
    write(&request.directory.join("staging.crt"), certificate.pem().as_bytes(), Mode::Public)
}

/// The proxy does not run as root: the key must be its user's. Only root can give it away.
fn give_key(request: &Request, ui: &Ui) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let key = request.directory.join("staging.key");
    fs_err::set_permissions(&key, std::fs::Permissions::from_mode(Mode::Secret.bits()))?;
    let Some(reader) = request.reader else { return Ok(()) };
    let uid = rustix::process::geteuid().as_raw();
    if uid == 0 {
        fs_err::os::unix::fs::chown(&key, Some(reader), None)?;
    } else if uid != reader {
        ui.warn(format!(
            "{} is readable by you (user {uid}) only, but the proxy runs as user {reader}: \
             run stagectl as root, or set the proxy's `user` to '{uid}:{uid}' in stagectl.local.yml",
            key.display()
        ));
    }
    Ok(())
}
