//! ClientHello records, byte by byte: they can offer what rustls rightly refuses to.

use super::registry::{Group, Suite, Version};

/// What a ClientHello offers. Everything else is fixed, so that only the offer decides the answer.
#[derive(Debug, Clone)]
pub struct ClientHello {
    /// The highest version offered.
    pub version: Version,
    pub suites: Vec<Suite>,
    pub groups: Vec<Group>,
    /// The name in SNI; none for an address.
    pub server_name: String,
    /// Also offer DEFLATE (CRIME).
    pub compression: bool,
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;

const EXT_SERVER_NAME: u16 = 0;
const EXT_GROUPS: u16 = 10;
const EXT_POINT_FORMATS: u16 = 11;
const EXT_SIGNATURES: u16 = 13;
const EXT_SUPPORTED_VERSIONS: u16 = 43;
const EXT_KEY_SHARE: u16 = 51;
const EXT_RENEGOTIATION: u16 = 0xff01;

/// ECDSA, RSA-PSS and RSA with SHA-2, and the SHA-1 ones that TLS below 1.2 needs.
const SIGNATURES: [u16; 11] =
    [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201];

/// The suites of TLS 1.3.
const TLS13_SUITES: [u16; 3] = [0x1301, 0x1302, 0x1303];

impl ClientHello {
    /// One that offers every suite and the usual groups.
    pub fn new(version: Version, server_name: &str) -> Self {
        Self {
            version,
            suites: Suite::all(),
            groups: vec![Group(29), Group(23), Group(24), Group(25)],
            server_name: server_name.to_owned(),
            compression: false,
        }
    }

    /// The whole record. `random` comes in as a value, so that the bytes are reproducible.
    pub fn record(&self, random: [u8; 32]) -> Vec<u8> {
        let mut body = Vec::with_capacity(512);
        put16(&mut body, self.legacy_version());
        body.extend_from_slice(&random);
        body.push(0); // no session to resume
        let suites: Vec<u16> = if self.version == Version::TLS13 {
            TLS13_SUITES.to_vec()
        } else {
            self.suites.iter().map(|suite| suite.0).collect()
        };
        vector16(&mut body, |out| suites.iter().for_each(|suite| put16(out, *suite)));
        body.extend_from_slice(if self.compression { &[2, 1, 0] } else { &[1, 0] });
        vector16(&mut body, |out| self.extensions(out));

        let mut record = vec![HANDSHAKE];
        // A first record of version 1.0 is what every server reads (RFC 8446, D.2); SSL 3.0 has its own.
        put16(&mut record, self.version.0.min(Version::TLS10.0));
        vector16(&mut record, |out| {
            out.push(CLIENT_HELLO);
            out.push(0);
            put16(out, body.len() as u16);
            out.extend_from_slice(&body);
        });
        record
    }

    fn legacy_version(&self) -> u16 {
        self.version.0.min(Version::TLS12.0)
    }

    fn extensions(&self, out: &mut Vec<u8>) {
        if !self.server_name.is_empty() && self.server_name.parse::<std::net::IpAddr>().is_err() {
            extension(out, EXT_SERVER_NAME, |out| {
                vector16(out, |out| {
                    out.push(0);
                    vector16(out, |out| out.extend_from_slice(self.server_name.as_bytes()));
                });
            });
        }
        extension(out, EXT_GROUPS, |out| {
            vector16(out, |out| self.groups.iter().for_each(|group| put16(out, group.0)));
        });
        extension(out, EXT_POINT_FORMATS, |out| out.extend_from_slice(&[1, 0]));
        extension(out, EXT_SIGNATURES, |out| {
            vector16(out, |out| SIGNATURES.iter().for_each(|scheme| put16(out, *scheme)));
        });
        extension(out, EXT_RENEGOTIATION, |out| out.push(0));
        if self.version == Version::TLS13 {
            extension(out, EXT_SUPPORTED_VERSIONS, |out| {
                out.push(2);
                put16(out, Version::TLS13.0);
            });
            // No share: a server that speaks 1.3 asks for one by HelloRetryRequest, which names its group.
            extension(out, EXT_KEY_SHARE, |out| put16(out, 0));
        }
    }
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Writes what `fill` writes, behind its length.
fn vector16(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    put16(out, 0);
    fill(out);
    let length = (out.len() - at - 2) as u16;
    out[at..at + 2].copy_from_slice(&length.to_be_bytes());
}

fn extension(out: &mut Vec<u8>, kind: u16, fill: impl FnOnce(&mut Vec<u8>)) {
    put16(out, kind);
    vector16(out, fill);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths_agree(record: &[u8]) {
        assert_eq!(usize::from(u16::from_be_bytes([record[3], record[4]])), record.len() - 5);
        assert_eq!(usize::from(u16::from_be_bytes([record[7], record[8]])), record.len() - 9);
    }

    #[test]
    fn a_record_frames_one_hello_of_the_offered_version() {
        let record = ClientHello::new(Version::TLS11, "localhost").record([7; 32]);
        assert_eq!(record[..3], [22, 3, 1]);
        assert_eq!(record[5], 1);
        assert_eq!(record[9..11], [3, 2]);
        assert_eq!(record[11..43], [7; 32]);
        lengths_agree(&record);
    }

    #[test]
    fn tls_1_3_is_offered_by_extension_and_without_a_key_share() {
        let record = ClientHello::new(Version::TLS13, "localhost").record([0; 32]);
        assert_eq!(record[9..11], [3, 3]);
        assert!(record.windows(7).any(|w| w == [0, 43, 0, 3, 2, 3, 4]));
        assert!(record.ends_with(&[0, 51, 0, 2, 0, 0]));
        lengths_agree(&record);
    }

    #[test]
    fn ssl_3_has_its_own_record_version() {
        assert_eq!(ClientHello::new(Version::SSL3, "x").record([0; 32])[..3], [22, 3, 0]);
    }

    #[test]
    fn a_name_goes_into_sni_and_an_address_does_not() {
        let named = ClientHello::new(Version::TLS12, "twin.test").record([0; 32]);
        assert!(named.windows(9).any(|w| w == b"twin.test"));
        let address = ClientHello::new(Version::TLS12, "127.0.0.1").record([0; 32]);
        assert!(!address.windows(9).any(|w| w == b"127.0.0.1"));
    }

    #[test]
    fn compression_is_offered_only_when_asked_for() {
        let mut hello = ClientHello::new(Version::TLS12, "x");
        hello.suites = vec![Suite(0xc02f)];
        // version 2, random 32, session 1, suites 2 + 2
        let methods = 9 + 2 + 32 + 1 + 4;
        assert_eq!(hello.record([0; 32])[methods..methods + 2], [1, 0]);
        hello.compression = true;
        assert_eq!(hello.record([0; 32])[methods..methods + 3], [2, 1, 0]);
    }
}
