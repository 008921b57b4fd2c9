//! The keyed byte stream behind every mask: one HMAC-SHA256 of domain ‖ value, then its expansion.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The secret, with its key schedule done once.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha256>);

impl Key {
    pub fn new(secret: &str) -> Self {
        // HMAC takes keys of any length; the error type of the generic constructor cannot occur.
        let keyed = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
        Self(keyed.unwrap_or_else(|_| Hmac::new(&[0; 64].into())))
    }

    /// Four words that only the holder of the secret can foresee.
    pub fn digest(&self, domain: &str, value: &str, attempt: u32) -> [u64; 4] {
        let mut keyed = self.0.clone();
        keyed.update(domain.as_bytes());
        keyed.update(&[0]);
        keyed.update(value.as_bytes());
        keyed.update(&[0]);
        keyed.update(&attempt.to_be_bytes());
        let bytes: [u8; 32] = keyed.finalize().into_bytes().into();
        std::array::from_fn(|word| {
            bytes[word * 8..word * 8 + 8].iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
        })
    }
}

/// An endless stream of numbers for one value in one domain.
///
/// Only the digest is keyed. Its expansion (xoshiro256++) need not be: who sees all of a mask learns at
/// most the digest of that one value, which says nothing of the key, the value or any other digest.
pub(super) struct Stream([u64; 4]);

impl Stream {
    /// `attempt` gives another stream where the first one led back to the value itself.
    pub fn new(key: &Key, domain: &str, value: &str, attempt: u32) -> Self {
        Self(key.digest(domain, value, attempt))
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let number = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        number
    }

    /// A number below `n`; the bias over 64 bits is immaterial here.
    pub fn below(&mut self, n: usize) -> usize {
        let product = u128::from(self.next()) * n.max(1) as u128;
        (product >> 64) as usize
    }

    pub fn coin(&mut self) -> bool {
        self.next() >> 63 == 1
    }

    pub fn pick<'a>(&mut self, options: &[&'a str]) -> &'a str {
        options[self.below(options.len())]
    }

    /// Appends so many hexadecimal digits.
    pub fn hex_into(&mut self, digits: usize, out: &mut String) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bits = 0;
        for at in 0..digits {
            if at % 16 == 0 {
                bits = self.next();
            }
            out.push(char::from(DIGITS[(bits & 15) as usize]));
            bits >>= 4;
        }
    }

    pub fn hex(&mut self, digits: usize) -> String {
        let mut out = String::with_capacity(digits);
        self.hex_into(digits, &mut out);
        out
    }

    /// The same format, other letters and digits.
    pub fn reshape(&mut self, text: &str) -> String {
        text.chars().map(|c| self.replace(c)).collect()
    }

    pub fn replace(&mut self, c: char) -> char {
        let offset = |n: usize| u8::try_from(n).unwrap_or(0);
        match c {
            '0'..='9' => char::from(b'0' + offset(self.below(10))),
            c if c.is_uppercase() => char::from(b'A' + offset(self.below(26))),
            c if c.is_alphabetic() => char::from(b'a' + offset(self.below(26))),
            c if c.is_alphanumeric() => char::from(b'0' + offset(self.below(10))),
            c => c,
        }
    }
}
