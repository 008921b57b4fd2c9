//! What a server says to a ClientHello: a ServerHello, an alert, or nothing.

use super::registry::{Group, Suite, Version};

/// The first message of a server, as far as the probes need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Hello {
        version: Version,
        suite: Suite,
        compression: u8,
        /// The group that a TLS 1.3 server chose.
        group: Option<Group>,
    },
    Alert(Alert),
    /// The connection was closed without a word.
    Closed,
    /// Something that is not TLS.
    NotTls,
}

/// The description byte of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert(pub u8);

impl Alert {
    pub fn name(self) -> String {
        match self.0 {
            0 => "close_notify".to_owned(),
            10 => "unexpected_message".to_owned(),
            40 => "handshake_failure".to_owned(),
            47 => "illegal_parameter".to_owned(),
            70 => "protocol_version".to_owned(),
            71 => "insufficient_security".to_owned(),
            80 => "internal_error".to_owned(),
            86 => "inappropriate_fallback".to_owned(),
            112 => "unrecognized_name".to_owned(),
            other => format!("alert {other}"),
        }
    }
}

const RECORD_ALERT: u8 = 21;
const RECORD_HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;

impl Answer {
    /// Reads the answer from the bytes so far; `None` asks for more of them.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut message = Vec::new();
        let mut rest = bytes;
        loop {
            let &[kind, major, _, high, low, ref body @ ..] = rest else {
                return rest.first().is_some_and(|kind| !matches!(*kind, 20..=23)).then_some(Self::NotTls);
            };
            if !matches!(kind, 20..=23) || major != 3 {
                return Some(Self::NotTls);
            }
            let length = usize::from(u16::from_be_bytes([high, low]));
            let fragment = body.get(..length)?;
            match kind {
                // A warning, such as unrecognized_name, may stand before the hello.
                RECORD_ALERT if fragment.first() == Some(&1) && fragment.get(1) != Some(&0) => {}
                RECORD_ALERT => {
                    return Some(fragment.get(1).map_or(Self::NotTls, |d| Self::Alert(Alert(*d))));
                }
                RECORD_HANDSHAKE => message.extend_from_slice(fragment),
                _ => return Some(Self::NotTls),
            }
            if let [SERVER_HELLO, 0, high, low, hello @ ..] = message.as_slice() {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                if let Some(hello) = hello.get(..length) {
                    return Some(Self::hello(hello).unwrap_or(Self::NotTls));
                }
            } else if message.len() >= 4 {
                return Some(Self::NotTls);
            }
            rest = &body[length..];
        }
    }

    fn hello(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let mut version = Version(reader.u16()?);
        reader.take(32)?;
        let session = reader.u8()?;
        reader.take(usize::from(session))?;
        let suite = Suite(reader.u16()?);
        let compression = reader.u8()?;
        let mut group = None;
        if let Some(length) = reader.u16() {
            let mut extensions = Reader(reader.take(usize::from(length))?);
            while let Some(kind) = extensions.u16() {
                let length = extensions.u16()?;
                let mut body = Reader(extensions.take(usize::from(length))?);
                match kind {
                    43 => version = Version(body.u16()?),
                    51 => group = Some(Group(body.u16()?)),
                    _ => {}
                }
            }
        }
        Some(Self::Hello { version, suite, compression, group })
    }

    /// True if the server agreed on `version`: an answer in another version is a refusal of this one.
    pub fn agrees_on(self, version: Version) -> bool {
        matches!(self, Self::Hello { version: chosen, .. } if chosen == version)
    }

    /// A word for a report.
    pub fn word(self) -> String {
        match self {
            Self::Hello { version, suite, .. } => format!("{} with {}", version.name(), suite.name()),
            Self::Alert(alert) => format!("refused ({})", alert.name()),
            Self::Closed => "refused (closed)".to_owned(),
            Self::NotTls => "no TLS".to_owned(),
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }
    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|b| u16::from_be_bytes([b[0], b[1]]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_hello(version: u16, extensions: &[u8]) -> Vec<u8> {
        let mut hello = version.to_be_bytes().to_vec();
        hello.extend_from_slice(&[9; 32]);
        hello.extend_from_slice(&[2, 1, 1]); // session id
        hello.extend_from_slice(&[0xc0, 0x2f, 0]);
        if !extensions.is_empty() {
            hello.extend_from_slice(&(extensions.len() as u16).to_be_bytes());
            hello.extend_from_slice(extensions);
        }
        let mut record = vec![22, 3, 3];
        record.extend_from_slice(&(hello.len() as u16 + 4).to_be_bytes());
        record.extend_from_slice(&[2, 0]);
        record.extend_from_slice(&(hello.len() as u16).to_be_bytes());
        record.extend_from_slice(&hello);
        record
    }

    #[test]
    fn a_server_hello_names_version_suite_and_compression() {
        let answer = Answer::parse(&server_hello(0x0303, &[])).unwrap();
        assert_eq!(
            answer,
            Answer::Hello { version: Version::TLS12, suite: Suite(0xc02f), compression: 0, group: None }
        );
        assert!(answer.agrees_on(Version::TLS12));
        assert!(!answer.agrees_on(Version::TLS11), "an answer in another version is a refusal");
    }

    #[test]
    fn tls_1_3_is_found_in_its_extension_and_the_group_in_the_key_share() {
        let answer = Answer::parse(&server_hello(0x0303, &[0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 29])).unwrap();
        assert!(answer.agrees_on(Version::TLS13));
        assert!(matches!(answer, Answer::Hello { group: Some(Group(29)), .. }));
    }

    #[test]
    fn a_fatal_alert_is_a_refusal_and_a_warning_is_passed_over() {
        assert_eq!(Answer::parse(&[21, 3, 1, 0, 2, 2, 70]), Some(Answer::Alert(Alert(70))));
        let mut warned = vec![21, 3, 1, 0, 2, 1, 112];
        warned.extend(server_hello(0x0303, &[]));
        assert!(Answer::parse(&warned).unwrap().agrees_on(Version::TLS12));
    }

    #[test]
    fn a_hello_may_come_in_pieces() {
        let whole = server_hello(0x0302, &[]);
        for cut in 0..whole.len() {
            assert_eq!(Answer::parse(&whole[..cut]), None, "cut at {cut}");
        }
        assert!(Answer::parse(&whole).unwrap().agrees_on(Version::TLS11));
    }

    #[test]
    fn plain_http_is_not_tls() {
        assert_eq!(Answer::parse(b"HTTP/1.1 400 Bad Request\r\n"), Some(Answer::NotTls));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_parser_fall_over(bytes: Vec<u8>) {
            let _ = Answer::parse(&bytes);
        }
    }
}
