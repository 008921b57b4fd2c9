//! The keyed byte stream behind every mask: HMAC-SHA256(key, domain ‖ value ‖ block).

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// An endless stream of bytes for one value in one domain.
pub(super) struct Stream {
    keyed: Hmac<Sha256>,
    block: u32,
    buffer: [u8; 32],
    at: usize,
}

impl Stream {
    /// `attempt` gives another stream where the first one led back to the value itself.
    pub fn new(key: &[u8], domain: &str, value: &str, attempt: u32) -> Self {
        // HMAC takes keys of any length; the error type of the generic constructor cannot occur.
        let mut keyed = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&[0; 64].into()));
        keyed.update(domain.as_bytes());
        keyed.update(&[0]);
        keyed.update(value.as_bytes());
        keyed.update(&[0]);
        keyed.update(&attempt.to_be_bytes());
        Self { keyed, block: 0, buffer: [0; 32], at: 32 }
    }

    pub fn byte(&mut self) -> u8 {
        if self.at == self.buffer.len() {
            let mut mac = self.keyed.clone();
            mac.update(&self.block.to_be_bytes());
            self.buffer = mac.finalize().into_bytes().into();
            self.block = self.block.wrapping_add(1);
            self.at = 0;
        }
        self.at += 1;
        self.buffer[self.at - 1]
    }

    /// A number below `n`; the bias over 64 bits is immaterial here.
    pub fn below(&mut self, n: usize) -> usize {
        let mut number = 0_u64;
        for _ in 0..8 {
            number = number << 8 | u64::from(self.byte());
        }
        (number % n.max(1) as u64) as usize
    }

    pub fn pick<'a>(&mut self, options: &[&'a str]) -> &'a str {
        options[self.below(options.len())]
    }

    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from_digit((self.byte() & 15).into(), 16).unwrap_or('0')).collect()
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
