//! Masks hide, stay equal for equal values, fit and stay unique.

use super::*;
use crate::config::masking::Strategy;
use proptest::prelude::{prop_assert, prop_assert_eq, prop_assert_ne, proptest};

const PLAIN: [Strategy; 20] = [
    Strategy::Email,
    Strategy::Name,
    Strategy::ShortName,
    Strategy::Username,
    Strategy::Phone,
    Strategy::Address,
    Strategy::Street,
    Strategy::City,
    Strategy::Postcode,
    Strategy::Text,
    Strategy::Url,
    Strategy::Hash,
    Strategy::Token,
    Strategy::Iban,
    Strategy::Card,
    Strategy::Ip,
    Strategy::UserAgent,
    Strategy::Scrub,
    Strategy::Permutation,
    Strategy::Null,
];

fn masker() -> Masker {
    Masker::new("a key", "staging.local")
}

proptest! {
    #[test]
    fn no_strategy_returns_its_input(value in "\\PC{1,40}") {
        for strategy in PLAIN.iter().filter(|s| **s != Strategy::Scrub) {
            let masked = masker().mask(strategy, &value, &Shape::default()).unwrap();
            prop_assert_ne!(masked.as_deref(), Some(value.as_str()), "{}", strategy.word());
        }
    }

    #[test]
    fn the_same_key_gives_the_same_mask_and_another_key_another(value in "[a-z]{6,20}@[a-z]{5}\\.example") {
        let one = masker().mask(&Strategy::Email, &value, &Shape::default()).unwrap();
        prop_assert_eq!(&one, &masker().mask(&Strategy::Email, &value.to_uppercase(), &Shape::default()).unwrap());
        let other = Masker::new("another key", "staging.local");
        prop_assert_ne!(one, other.mask(&Strategy::Email, &value, &Shape::default()).unwrap());
    }

    #[test]
    fn length_limits_are_respected(value in "\\PC{1,60}", limit in 1_usize..80, unique: bool) {
        let short: String = value.chars().take(limit).collect();
        let shape = Shape { max_chars: Some(limit), unique, base: Base::Text };
        for strategy in PLAIN.iter().filter(|s| !matches!(s, Strategy::Ip)) {
            if let Ok(Some(masked)) = masker().mask(strategy, &short, &shape) {
                prop_assert!(masked.chars().count() <= limit, "{}: {}", strategy.word(), masked);
            }
        }
    }
}

#[test]
fn unique_stays_unique() {
    let shape = Shape { unique: true, ..Shape::default() };
    for strategy in [Strategy::Email, Strategy::Name, Strategy::Username, Strategy::Text, Strategy::City] {
        let masks: std::collections::HashSet<String> = (0..20_000)
            .map(|i| masker().mask(&strategy, &format!("value {i}"), &shape).unwrap().unwrap().to_lowercase())
            .collect();
        assert_eq!(masks.len(), 20_000, "{}", strategy.word());
    }
}

#[test]
fn an_address_mask_is_twenty_hex_digits_at_the_staging_domain() {
    let masked = masker().mask(&Strategy::Email, "Jane@Real.example", &Shape::default()).unwrap().unwrap();
    let (local, domain) = masked.split_once('@').unwrap();
    assert_eq!((local.len(), domain), (20, "staging.local"));
    assert!(local.chars().all(|c| c.is_ascii_hexdigit()));
    let narrow = Shape { max_chars: Some(10), ..Shape::default() };
    assert!(masker().mask(&Strategy::Email, "a@b.c", &narrow).is_err());
}
