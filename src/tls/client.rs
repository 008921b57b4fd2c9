//! A TLS client over an open connection: trusting the twin's own CA and nothing else, or measuring only.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio::net::TcpStream;

/// An encrypted connection.
pub type Stream = tokio_rustls::client::TlsStream<TcpStream>;

/// Which servers a client believes. Cheap to clone; sessions are never resumed, so that each
/// connection shows a whole handshake.
#[derive(Debug, Clone)]
pub struct Trust(pub(super) Arc<ClientConfig>);

impl Trust {
    /// Only what the CA in this file has signed. The system's roots do not count.
    pub fn ca_file(path: &Path) -> Result<Self> {
        Self::ca(&fs_err::read(path)?).with_context(|| format!("read {}", path.display()))
    }

    /// Only what the CA in this PEM text has signed.
    pub fn ca(pem: &[u8]) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.context("read the CA certificate")?)?;
        }
        let config = builder()?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self(Arc::new(without_resumption(config))))
    }

    /// What these roots have signed (the public ones without a file), for the name that is connected to.
    pub fn named_and_signed_by(roots: Option<&Path>) -> Result<Self> {
        let config = builder()?.with_root_certificates(root_store(roots)?).with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// As [`Self::named_and_signed_by`], for any name.
    pub fn signed_by(roots: Option<&Path>) -> Result<Self> {
        let roots = Arc::new(root_store(roots)?);
        let by_name = WebPkiServerVerifier::builder_with_provider(roots, provider()).build()?;
        let verifier = Arc::new(AnyName(by_name));
        let config = builder()?.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// For a server that knows its clients by certificate, each part in PEM. Without a CA the public
    /// roots count; with `verify` off any server is believed.
    pub fn mutual(ca: Option<&[u8]>, client: Option<(&[u8], &[u8])>, verify: bool) -> Result<Self> {
        let roots = match ca {
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    roots.add(certificate.context("read the CA certificate")?)?;
                }
                roots
            }
        };
        let builder = if verify {
            builder()?.with_root_certificates(roots)
        } else {
            let any = Arc::new(AnyServer(provider()));
            builder()?.dangerous().with_custom_certificate_verifier(any)
        };
        let config = match client {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
                let key = PrivateKeyDer::from_pem_slice(key).context("read the client's key")?;
                builder
                    .with_client_auth_cert(chain.context("read the client's certificate")?, key)
                    .context("use the client's certificate")?
            }
        };
        // Some servers refuse to resume a session of a client that has a certificate.
        Ok(Self(Arc::new(without_resumption(config))))
    }

    /// For clients of other protocols.
    pub fn client_config(&self) -> ClientConfig {
        (*self.0).clone()
    }

    /// Any server: for measuring what it shows, never for believing what it says.
    pub fn measure() -> Result<Self> {
        let verifier = Arc::new(AnyServer(provider()));
        let config = builder()?.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        Ok(Self(Arc::new(without_resumption(config))))
    }
}

/// Completes a handshake with the server called `name`, offering these ALPN protocols.
pub async fn connect(stream: TcpStream, name: &str, trust: &Trust, alpn: &[&str]) -> Result<Stream> {
    let mut config = (*trust.0).clone();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let name =
        ServerName::try_from(name.to_owned()).with_context(|| format!("`{name}` is no server name"))?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.context("TLS handshake")
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    Ok(ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?)
}

fn root_store(file: Option<&Path>) -> Result<RootCertStore> {
    let Some(path) = file else {
        return Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&fs_err::read(path)?) {
        roots.add(certificate.with_context(|| format!("read {}", path.display()))?)?;
    }
    Ok(roots)
}

fn without_resumption(mut config: ClientConfig) -> ClientConfig {
    config.resumption = rustls::client::Resumption::disabled();
    config
}

/// Accepts any certificate, but still demands that the server holds its key.
#[derive(Debug)]
pub(super) struct AnyServer(pub(super) Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Believes the chain and leaves the name aside.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The chain is checked before the name.
            Err(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
