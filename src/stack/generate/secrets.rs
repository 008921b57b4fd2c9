//! Secrets: stand-ins for planning, real ones from the operating system.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::config::Settings;
use crate::config::file::Alphabet;

const HEX: &[u8] = b"0123456789abcdef";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The settings as they will be, with stand-ins for the secrets that are yet to be made.
/// What is rendered from them may be compared and counted, never written.
pub(super) fn stand_in(settings: &Settings) -> Result<Settings> {
    if settings.to_generate.is_empty() {
        return Ok(settings.clone());
    }
    let made =
        settings.to_generate.iter().map(|(name, spec)| (name.clone(), "0".repeat(spec.length))).collect();
    settings.with_secrets(&made)
}

/// Makes every secret that does not exist yet.
pub(super) fn make(settings: &Settings) -> Result<BTreeMap<String, String>> {
    settings
        .to_generate
        .iter()
        .map(|(name, spec)| Ok((name.clone(), random(spec.generate, spec.length)?)))
        .collect()
}

fn random(alphabet: Alphabet, length: usize) -> Result<String> {
    let letters = match alphabet {
        Alphabet::Hex => HEX,
        Alphabet::Alphanumeric => ALPHANUMERIC,
    };
    // Bytes beyond the last whole multiple would make the first letters likelier.
    let limit = 256 - 256 % letters.len();
    let mut out = String::with_capacity(length);
    let mut bytes = [0u8; 64];
    while out.len() < length {
        SysRng.try_fill_bytes(&mut bytes).context("read the system's random source")?;
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < limit);
        out.extend(fair.take(length - out.len()).map(|byte| char::from(letters[byte % letters.len()])));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_its_length_and_alphabet_and_is_made_anew_each_time() {
        let first = random(Alphabet::Hex, 64).unwrap();
        assert_eq!(first.len(), 64);
        assert!(first.bytes().all(|b| HEX.contains(&b)));
        assert_ne!(first, random(Alphabet::Hex, 64).unwrap());
        let long = random(Alphabet::Alphanumeric, 5000).unwrap();
        assert!(ALPHANUMERIC.iter().all(|letter| long.as_bytes().contains(letter)), "every letter can come");
    }
}
