//! The numbers of the TLS registry that the probes ask for, with their names.

/// A protocol version as it stands in a ClientHello.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16);

impl Version {
    pub const SSL3: Self = Self(0x0300);
    pub const TLS10: Self = Self(0x0301);
    pub const TLS11: Self = Self(0x0302);
    pub const TLS12: Self = Self(0x0303);
    pub const TLS13: Self = Self(0x0304);
    /// Versions with known breaks, which RFC 7568 and RFC 8996 forbid.
    pub const OBSOLETE: [Self; 3] = [Self::SSL3, Self::TLS10, Self::TLS11];

    pub const fn name(self) -> &'static str {
        match self.0 {
            0x0300 => "SSLv3",
            0x0301 => "TLSv1",
            0x0302 => "TLSv1.1",
            0x0303 => "TLSv1.2",
            0x0304 => "TLSv1.3",
            _ => "unknown",
        }
    }
}

/// A cipher suite of TLS 1.2 or older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suite(pub u16);

impl Suite {
    /// The suite's name as OpenSSL (and with it nginx) spells it.
    pub fn name(self) -> String {
        SUITES
            .iter()
            .find(|(number, _)| *number == self.0)
            .map_or_else(|| format!("0x{:04x}", self.0), |(_, name)| (*name).to_owned())
    }

    /// Forward secrecy and authenticated encryption: the only kind Mozilla's intermediate profile lists
    /// for ECDHE.
    pub fn is_modern(self) -> bool {
        MODERN.contains(&self.0)
    }

    /// Every suite the probes offer, the modern ones first.
    pub fn all() -> Vec<Self> {
        SUITES.iter().map(|(number, _)| Self(*number)).collect()
    }

    pub fn modern() -> Vec<Self> {
        MODERN.into_iter().map(Self).collect()
    }
}

/// The six ECDHE suites with AEAD.
const MODERN: [u16; 6] = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8];

const SUITES: [(u16, &str); 52] = [
    (0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (0xc02f, "ECDHE-RSA-AES128-GCM-SHA256"),
    (0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (0xc030, "ECDHE-RSA-AES256-GCM-SHA384"),
    (0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"),
    (0xcca8, "ECDHE-RSA-CHACHA20-POLY1305"),
    (0xcc13, "ECDHE-RSA-CHACHA20-POLY1305-OLD"),
    (0xccaa, "DHE-RSA-CHACHA20-POLY1305"),
    (0x009e, "DHE-RSA-AES128-GCM-SHA256"),
    (0x009f, "DHE-RSA-AES256-GCM-SHA384"),
    (0xc0ac, "ECDHE-ECDSA-AES128-CCM"),
    (0xc0ad, "ECDHE-ECDSA-AES256-CCM"),
    (0xc0ae, "ECDHE-ECDSA-AES128-CCM8"),
    (0xc0af, "ECDHE-ECDSA-AES256-CCM8"),
    (0xc023, "ECDHE-ECDSA-AES128-SHA256"),
    (0xc027, "ECDHE-RSA-AES128-SHA256"),
    (0xc024, "ECDHE-ECDSA-AES256-SHA384"),
    (0xc028, "ECDHE-RSA-AES256-SHA384"),
    (0xc009, "ECDHE-ECDSA-AES128-SHA"),
    (0xc013, "ECDHE-RSA-AES128-SHA"),
    (0xc00a, "ECDHE-ECDSA-AES256-SHA"),
    (0xc014, "ECDHE-RSA-AES256-SHA"),
    (0xc05c, "ECDHE-ECDSA-ARIA128-GCM-SHA256"),
    (0xc060, "ECDHE-RSA-ARIA128-GCM-SHA256"),
    (0xc072, "ECDHE-ECDSA-CAMELLIA128-SHA256"),
    (0xc076, "ECDHE-RSA-CAMELLIA128-SHA256"),
    (0x0067, "DHE-RSA-AES128-SHA256"),
    (0x006b, "DHE-RSA-AES256-SHA256"),
    (0x0033, "DHE-RSA-AES128-SHA"),
    (0x0039, "DHE-RSA-AES256-SHA"),
    (0x0045, "DHE-RSA-CAMELLIA128-SHA"),
    (0x0088, "DHE-RSA-CAMELLIA256-SHA"),
    (0x009c, "AES128-GCM-SHA256"),
    (0x009d, "AES256-GCM-SHA384"),
    (0xc09c, "AES128-CCM"),
    (0xc09d, "AES256-CCM"),
    (0x003c, "AES128-SHA256"),
    (0x003d, "AES256-SHA256"),
    (0x002f, "AES128-SHA"),
    (0x0035, "AES256-SHA"),
    (0x0041, "CAMELLIA128-SHA"),
    (0x0084, "CAMELLIA256-SHA"),
    (0xc008, "ECDHE-ECDSA-DES-CBC3-SHA"),
    (0xc012, "ECDHE-RSA-DES-CBC3-SHA"),
    (0x0016, "DHE-RSA-DES-CBC3-SHA"),
    (0x000a, "DES-CBC3-SHA"),
    (0xc007, "ECDHE-ECDSA-RC4-SHA"),
    (0xc011, "ECDHE-RSA-RC4-SHA"),
    (0x0005, "RC4-SHA"),
    (0x0004, "RC4-MD5"),
    (0x0034, "ADH-AES128-SHA"),
    (0x003b, "NULL-SHA256"),
];

/// A named group for key exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group(pub u16);

impl Group {
    /// The groups that browsers offer, and those nobody should accept any more.
    pub const ALL: [Self; 10] =
        [Self(29), Self(23), Self(24), Self(25), Self(30), Self(22), Self(21), Self(20), Self(19), Self(1)];

    /// The name as OpenSSL spells it.
    pub const fn name(self) -> &'static str {
        match self.0 {
            29 => "X25519",
            23 => "prime256v1",
            24 => "secp384r1",
            25 => "secp521r1",
            30 => "X448",
            22 => "secp256k1",
            21 => "secp224r1",
            20 => "secp224k1",
            19 => "secp192r1",
            1 => "sect163k1",
            _ => "unknown",
        }
    }

    /// At least 256 bits, or one of the curves of RFC 7748.
    pub const fn is_strong(self) -> bool {
        matches!(self.0, 23..=25 | 29 | 30)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modern_suites_are_exactly_those_of_ecdhe_with_aead() {
        for suite in Suite::modern() {
            let name = suite.name();
            assert!(
                name.starts_with("ECDHE-") && (name.contains("GCM") || name.contains("CHACHA20")),
                "{name}"
            );
        }
        assert!(!Suite(0xc013).is_modern());
    }

    #[test]
    fn no_suite_is_listed_twice() {
        let mut all = Suite::all();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), SUITES.len());
    }
}
