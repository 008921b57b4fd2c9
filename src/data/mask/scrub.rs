//! Free text that stays readable: what is personal in it is replaced, each piece by its own kind of mask.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::shape::Shape;
use super::strategies::{Masker, truncate};
use crate::config::masking::Strategy;

/// Words of the longest name that is looked for.
const LONGEST_NAME: usize = 4;

/// What can be told by its form alone; the first alternative that fits wins.
static PIECES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?<email>[\p{L}\p{N}._%+\-]+@[\p{L}\p{N}\-]+(?:\.[\p{L}\p{N}\-]+)*\.\p{L}{2,})",
        r#"|(?<url>\b(?:https?://|www\.)[^\s<>()]*[^\s<>().,;:!?'"])"#,
        r"|(?<iban>\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b)",
        r"|(?<ip>\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|\b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b)",
        r"|(?<token>\beyJ[\w\-]+\.[\w\-]+\.[\w\-]*|\b[0-9a-fA-F]{32,}\b|\b(?:sk|pk|ghp|xox[bp])[_\-][\w\-]{12,})",
        r"|(?<phone>\+?\(?[0-9][0-9 ()/.\-]{4,22}[0-9])",
        r"|(?<handle>\B@\w{3,30})",
    ))
    .ok()
});

/// A name after a greeting or a title, in the languages that support mails are written in.
static GREETED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?<before>\b(?i:dear|hello|hi|hey|hallo|lieber?|sehr geehrter?|herrn?|frau|mr|mrs|ms|miss|dr|prof|",
        r"bonjour|cher|chère|monsieur|madame|m|mme|hola|querid[oa]|señora?|sra?|ciao|car[oa]|gentile|signora?|",
        r"regards|thanks|grüße|gruß|cordialement|saludos|saluti|i am|i'm|my name is|ich bin|je suis|soy|sono)",
        r"\b[.,!]?\s+)(?<name>\p{Lu}[\p{Ll}'’\-]+(?:[ \-]\p{Lu}[\p{Ll}'’\-]+){0,3})",
    ))
    .ok()
});

/// Keeps the text and replaces what is personal in it. Where an original still stands in the result,
/// nothing of the text is kept.
pub(super) fn text(masker: &Masker, value: &str, shape: &Shape) -> String {
    let Some(scrubbed) = pieces(masker, value) else { return whole(masker, value, shape) };
    let scrubbed = named(masker, &scrubbed);
    if masker.is_forbidden(&scrubbed) {
        return whole(masker, value, shape);
    }
    truncate(scrubbed, shape.max_chars.unwrap_or(usize::MAX))
}

/// Filler in place of the text.
fn whole(masker: &Masker, value: &str, shape: &Shape) -> String {
    masker.mask(&Strategy::Text, value, shape).ok().flatten().unwrap_or_default()
}

fn mask(masker: &Masker, strategy: &Strategy, value: &str) -> String {
    masker.mask(strategy, value, &Shape::default()).ok().flatten().unwrap_or_else(|| "…".to_owned())
}

fn pieces(masker: &Masker, value: &str) -> Option<String> {
    let by_form = PIECES.as_ref()?.replace_all(value, |found: &Captures<'_>| {
        let kinds = [
            ("email", Strategy::Email),
            ("url", Strategy::Url),
            ("iban", Strategy::Iban),
            ("ip", Strategy::Ip),
            ("token", Strategy::Token),
            ("phone", Strategy::Phone),
            ("handle", Strategy::Username),
        ];
        let kind = kinds.iter().find_map(|(name, strategy)| Some((found.name(name)?.as_str(), strategy)));
        let Some((piece, strategy)) = kind else { return String::new() };
        // Short runs of digits are counts and years.
        let digits = piece.bytes().filter(u8::is_ascii_digit).count();
        if *strategy == Strategy::Phone && digits < 6 && piece.len() < 9 {
            return piece.to_owned();
        }
        mask(masker, strategy, piece)
    });
    let greeted = GREETED.as_ref()?.replace_all(&by_form, |found: &Captures<'_>| {
        let strategy = if found["name"].contains(' ') { Strategy::Name } else { Strategy::ShortName };
        format!("{}{}", &found["before"], mask(masker, &strategy, &found["name"]))
    });
    Some(greeted.into_owned())
}

/// Replaces each run of words that is somebody's original.
fn named(masker: &Masker, text: &str) -> String {
    let mut words: Vec<(usize, usize)> = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, c.is_alphanumeric() || matches!(c, '\'' | '’' | '-')) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                words.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    let mut out = String::with_capacity(text.len());
    let (mut copied, mut at) = (0, 0);
    while at < words.len() {
        let run = (1..=LONGEST_NAME.min(words.len() - at))
            .find(|length| masker.is_forbidden(&text[words[at].0..words[at + length - 1].1]));
        let Some(length) = run else {
            at += 1;
            continue;
        };
        let (from, to) = (words[at].0, words[at + length - 1].1);
        out.push_str(&text[copied..from]);
        let strategy = if length > 1 { Strategy::Name } else { Strategy::ShortName };
        out.push_str(&mask(masker, &strategy, &text[from..to]));
        (copied, at) = (to, at + length);
    }
    out.push_str(&text[copied..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masker() -> Masker {
        Masker::new("a key", "staging.local")
    }

    fn scrub(masker: &Masker, text: &str) -> String {
        masker.mask(&Strategy::Scrub, text, &Shape::default()).unwrap().unwrap()
    }

    #[test]
    fn what_has_a_form_is_replaced_and_the_rest_stays() {
        let text = "Order 4711 of 2024 for jane@real.example, call +49 170 1234567 or see \
                    https://real.example/jane; pay DE89 3704 0044 0532 0130 00 from 93.184.216.34.";
        let scrubbed = scrub(&masker(), text);
        for gone in ["jane", "1234567", "real.example", "0532", "93.184"] {
            assert!(!scrubbed.contains(gone), "{gone}: {scrubbed}");
        }
        for stays in ["Order 4711 of 2024 for ", "@staging.local, call +49 ", "; pay DE"] {
            assert!(scrubbed.contains(stays), "{stays}: {scrubbed}");
        }
        let address =
            masker().mask(&Strategy::Email, "jane@real.example", &Shape::default()).unwrap().unwrap();
        assert!(scrubbed.contains(&address), "the same fake as in a column");
    }

    #[test]
    fn greeted_people_are_replaced() {
        for text in [
            "Dear Jane Doe, all is well",
            "Hallo Jürgen, alles gut",
            "Sehr geehrte Frau Müller-Lüdenscheidt, ja",
        ] {
            let scrubbed = scrub(&masker(), text);
            for gone in ["Jane", "Doe", "Jürgen", "Müller"] {
                assert!(!scrubbed.contains(gone), "{scrubbed}");
            }
        }
    }

    #[test]
    fn known_names_are_replaced_wherever_they_stand() {
        let known = |text: &str| ["jane doe", "zoë"].contains(&text.to_lowercase().as_str());
        let scrubbed = scrub(&masker().forbidding(known), "the parcel of Jane Doe went to ZOË.");
        assert!(scrubbed.starts_with("the parcel of ") && scrubbed.contains(" went to "), "{scrubbed}");
        assert!(!scrubbed.contains("Jane") && !scrubbed.contains("ZOË"), "{scrubbed}");
    }

    #[test]
    fn nothing_is_kept_where_an_original_cannot_be_cut_out() {
        let known = |text: &str| text.to_lowercase().contains("lives at the end of the long road");
        let scrubbed = scrub(&masker().forbidding(known), "who lives at the end of the long road?");
        assert!(!scrubbed.contains("lives") && !scrubbed.is_empty(), "{scrubbed}");
    }
}
