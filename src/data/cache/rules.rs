//! Which rule of `cache_copy` a key meets: the first that matches. No rule: the key stays behind.

use crate::config::data::{CacheAction, CacheRule};

/// The place of the first rule whose pattern matches the key.
pub fn of(rules: &[CacheRule], key: &[u8]) -> Option<usize> {
    rules.iter().position(|rule| matches(rule.pattern.as_bytes(), key))
}

/// The action as config and report write it.
pub fn word(action: CacheAction) -> &'static str {
    match action {
        CacheAction::Skip => "skip",
        CacheAction::Copy => "copy",
        CacheAction::Mask => "mask",
    }
}

/// Patterns as Redis knows them: `*`, `?`, `[a-z]`, `[^a]`, and `\` before what is meant as it stands.
fn matches(pattern: &[u8], key: &[u8]) -> bool {
    let (mut p, mut k) = (0, 0);
    // Where to go on when what follows the last star does not fit: one byte further.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p + 1, k));
            p += 1;
            continue;
        }
        let Some(&byte) = key.get(k) else { return p == pattern.len() };
        if let Some(width) = one(&pattern[p..], byte) {
            (p, k) = (p + width, k + 1);
        } else if let Some((after, from)) = star {
            star = Some((after, from + 1));
            (p, k) = (after, from + 1);
        } else {
            return false;
        }
    }
}

/// How many bytes of the pattern stand for this one byte, when they do.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', literal, ..] => (*literal == byte).then_some(2),
        [b'[', rest @ ..] => {
            let end = rest.iter().skip(1).position(|b| *b == b']')? + 1;
            let (negated, class) = match &rest[..end] {
                [b'^', class @ ..] => (true, class),
                class => (false, class),
            };
            (in_class(class, byte) != negated).then_some(end + 2)
        }
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

fn in_class(mut class: &[u8], byte: u8) -> bool {
    loop {
        class = match class {
            [] => return false,
            [b'\\', literal, rest @ ..] if *literal == byte || rest.is_empty() => return *literal == byte,
            [b'\\', _, rest @ ..] => rest,
            [from, b'-', to, _rest @ ..] if (from.min(to)..=from.max(to)).contains(&&byte) => return true,
            [_, b'-', _, rest @ ..] => rest,
            [literal, ..] if *literal == byte => return true,
            [_, rest @ ..] => rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, proptest};

    fn rule(pattern: &str, action: CacheAction) -> CacheRule {
        CacheRule { pattern: pattern.into(), action, fields: std::collections::BTreeMap::new() }
    }

    #[test]
    fn patterns_mean_what_redis_means() {
        for (pattern, key) in [
            ("session:*", "session:"),
            ("*", ""),
            ("a*b*c", "aXbYbc"),
            ("h?llo", "hello"),
            ("h[ae]llo", "hallo"),
            ("h[^e]llo", "hallo"),
            ("v[0-9]", "v7"),
            (r"a\*b", "a*b"),
            ("*:name", "cache:user:name"),
        ] {
            assert!(matches(pattern.as_bytes(), key.as_bytes()), "{pattern} {key}");
        }
        for (pattern, key) in [
            ("session:*", "sessions"),
            ("", "a"),
            ("h[^e]llo", "hello"),
            (r"a\*b", "aXb"),
            ("v[0-9]", "vx"),
            ("a*b", "abc"),
            ("[", "["),
        ] {
            assert!(!matches(pattern.as_bytes(), key.as_bytes()), "{pattern} {key}");
        }
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = [
            rule("cache:secret:*", CacheAction::Skip),
            rule("cache:*", CacheAction::Copy),
            rule("*", CacheAction::Skip),
        ];
        assert_eq!(of(&rules, b"cache:secret:1"), Some(0));
        assert_eq!(of(&rules, b"cache:story:1"), Some(1));
        assert_eq!(of(&rules[..2], b"session:1"), None);
    }

    proptest! {
        #[test]
        fn no_pattern_panics_and_a_star_matches_all(pattern in "[ab*?\\[\\]^\\\\-]{0,12}", key in "[ab\\[-]{0,12}") {
            let _ = matches(pattern.as_bytes(), key.as_bytes());
            prop_assert!(matches(b"*", key.as_bytes()));
        }
    }
}
