//! The leak check: values that were masked are remembered for the run, as keyed fingerprints and in memory
//! only, and looked for in everything that the new database holds. What is found is named by place and
//! count, never shown.
//!
//! Workers feed a [`Collector`] each while they mask; [`Originals::freeze`] makes the [`Matcher`] that
//! [`scan`] reads the new database with.

use std::sync::{Mutex, PoisonError};

mod collect;
mod columns;
mod decode;
mod field;
mod forms;
mod matcher;
mod objects;
mod scan;
mod set;
mod tally;
mod tokens;

pub use collect::{Collector, Originals};
pub use matcher::{Matcher, Seeker, Sight};
pub use scan::{Scan, Task, scan};

/// Tells a text that must not reach staging: one that holds an original personal value, or an e-mail
/// address outside staging's own domain. The copies of rows and of Redis keys ask the same.
#[derive(Debug)]
pub struct Detector {
    seeker: Mutex<Seeker>,
}

impl Detector {
    pub fn new(matcher: &Matcher, email_domain: &str) -> Self {
        Self { seeker: Mutex::new(matcher.seeker(email_domain)) }
    }

    pub fn finds(&self, text: &str) -> bool {
        let sight = self.seeker.lock().unwrap_or_else(PoisonError::into_inner).look(text);
        sight.certain || sight.number || sight.foreign
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::masking::Strategy;
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};

    const KEY: [u64; 2] = [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210];

    fn originals(rows: &[&[(Strategy, &str)]]) -> Matcher {
        let originals = Originals::new(KEY);
        let mut collector = originals.collector();
        for row in rows {
            for (strategy, value) in *row {
                collector.add(strategy, value).unwrap();
            }
            collector.end_row();
        }
        collector.finish().unwrap();
        originals.freeze()
    }

    fn finds(matcher: &Matcher, text: &str) -> bool {
        let sight = matcher.seeker("staging.local").look(text);
        sight.certain || sight.number
    }

    #[test]
    fn originals_are_found_in_any_case_as_whole_words() {
        let matcher = originals(&[&[
            (Strategy::Email, "Jane@Real.example"),
            (Strategy::Name, "Jané Doe"),
            (Strategy::Phone, "+49 170 1234567"),
            (Strategy::Iban, "DE89 3704 0044 0532 0130 00"),
            (Strategy::Street, "Long Road 12"),
            (Strategy::Address, "Other Street 5\n12345 Town"),
            (Strategy::Token, "C01X00T47"),
            (Strategy::Hash, "$2a$06$AbCdEfGhIjKlMnOpQrStUv"),
            (Strategy::Ip, "81.2.69.142"),
            (Strategy::Card, "4111 1111 1111 1111"),
            (Strategy::Text, "call me at bob@real.example or +49 30 7654321, please"),
        ]]);
        for text in [
            "to jane@real.EXAMPLE.",
            "JANÉ DOE, Berlin",
            "jane\u{301} doe",
            "tel:491701234567",
            "+49 (170) 123-4567",
            "de89370400440532013000",
            "c/o long road, 12",
            "other street 5",
            "Other Street 5, 12345 Town",
            "no c01x00t47!",
            "$2a$06$AbCdEfGhIjKlMnOpQrStUv",
            "from 81.2.69.142:443",
            "4111-1111-1111-1111",
            "<bob@real.example>",
            "+49 30 765 4321",
            "Call me at bob [at] or: CALL ME AT BOB@REAL.EXAMPLE OR +49 30 7654321 PLEASE",
            r#"{"a":"jane@real.exampl\u0065"}"#,
            "SmFuw6kgRG9l",
        ] {
            assert!(finds(&matcher, text), "{text}");
        }
        for text in [
            "xjane@real.examples",
            "nobody",
            "",
            "4917012345678",
            "jane",
            "doe",
            "12345 Town",
            "long road 123",
        ] {
            assert!(!finds(&matcher, text), "{text}");
        }
    }

    #[test]
    fn words_that_prove_nothing_are_not_kept() {
        let matcher = originals(&[&[
            (Strategy::City, "Berlin"),
            (Strategy::Phone, "110"),
            (Strategy::Name, "Al"),
            (Strategy::Text, "Thank you very much"),
            (Strategy::Ip, "10.0.0.1"),
            (Strategy::DateShift, "1980-05-17"),
        ]]);
        for text in ["Berlin 110 Al", "thank you very much", "10.0.0.1", "1980-05-17"] {
            assert!(!finds(&matcher, text), "{text}");
        }
    }

    #[test]
    fn names_of_one_word_count_together() {
        let matcher = originals(&[
            &[(Strategy::ShortName, "Anna"), (Strategy::ShortName, "Fischer")],
            &[(Strategy::ShortName, "Rosa"), (Strategy::ShortName, "Walker")],
        ]);
        assert!(finds(&matcher, "signed: Anna Fischer") && finds(&matcher, "Fischer, Anna"));
        assert!(!finds(&matcher, "Anna Walker"), "two people");
        let mut seeker = matcher.seeker("staging.local");
        assert!(seeker.look(" Walker ").single && !seeker.look("Walker Road").single);
    }

    #[test]
    fn texts_count_by_all_their_words() {
        let long = "He told me that his left knee has hurt since the fall in March and nobody listened to him at all";
        let matcher = originals(&[&[
            (Strategy::Text, long),
            (Strategy::Text, "please leave it with the neighbours"),
            (Strategy::Text, "order 4711 was late and the parcel was wet inside"),
        ]]);
        assert!(finds(&matcher, &format!("quote: {} (end)", long.to_uppercase())));
        assert!(finds(&matcher, "> Order 4711 was late, and the parcel was wet inside."));
        for text in [&long[..60], &long[20..], "please leave it with the neighbours if no one is at home"] {
            assert!(!finds(&matcher, text), "{text}");
        }
        assert!(matcher.seeker("").look("Please, leave it with the neighbours!").single);
    }

    #[test]
    fn a_number_that_chance_explains_is_told_from_one_that_it_does_not() {
        let matcher = originals(&[&[(Strategy::Phone, "1234567")]]);
        let sight = matcher.seeker("staging.local").look("1234567");
        assert!(sight.number && !sight.certain);
        assert!((sight.by_chance - 1e-7).abs() < 1e-12);
    }

    #[test]
    fn any_address_outside_of_staging_is_foreign() {
        let detector = Detector::new(&originals(&[]), "staging.local");
        assert!(detector.finds("write to x@other.example"));
        assert!(!detector.finds("ab12@Staging.local, and @ or x@y"));
    }

    #[test]
    fn workers_add_to_one_set() {
        let originals = Originals::new(KEY);
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let mut collector = originals.collector();
                scope.spawn(move || {
                    for i in 0..10_000 {
                        let n = i + worker * 5_000;
                        collector.add(&Strategy::Email, &format!("person{n}@real.example")).unwrap();
                    }
                    collector.finish().unwrap();
                });
            }
        });
        assert_eq!(originals.len(), 25_000);
        let matcher = originals.freeze();
        assert!((0..25_000).all(|n| finds(&matcher, &format!("to person{n}@real.example"))));
        assert!(!finds(&matcher, "person25000@real.example"));
    }

    #[test]
    fn an_original_in_the_form_of_a_masked_address_is_found_all_the_same() {
        let address = "0123456789abcdef0123@staging.local";
        let matcher = originals(&[&[(Strategy::Email, address), (Strategy::Name, "Jane Doe")]]);
        let sees = |text: &str| matcher.seeker("staging.local").look(text);
        assert!(sees(address).certain);
        assert_eq!(sees("0123456789abcdef0124@staging.local"), Sight::default());
        assert!(sees("0123456789abcdef0124@staging.local, Jane Doe").certain);
        assert!(sees("0123456789abcdef0124@elsewhere.example").foreign);
    }

    #[test]
    fn a_second_reading_adds_to_the_first_and_leaves_it_as_it_was() {
        let first = originals(&[&[(Strategy::Email, "jane@real.example")]]);
        let second = Originals::after(&first);
        let mut collector = second.collector();
        for address in ["jane@real.example", "john@real.example"] {
            collector.add(&Strategy::Email, address).unwrap();
        }
        collector.finish().unwrap();
        assert_eq!(second.len(), 2, "none is held twice");
        let both = second.freeze();
        assert_eq!((first.len(), both.len()), (1, 2));
        assert!(finds(&both, "jane@real.example") && finds(&both, "john@real.example"));
        assert!(!finds(&first, "john@real.example"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_full_name_is_found_wherever_it_stands(
            given in "\\p{L}{3,10}", family in "\\p{L}{3,10}", before in "[ -~]{0,30}", after in "[ -~]{0,30}",
        ) {
            let matcher = originals(&[&[(Strategy::Name, &format!("{given} {family}"))]]);
            let text = format!("{before} {} {} {after}", given.to_uppercase().to_lowercase(), family);
            // Letters whose upper case is another letter altogether are another name.
            if given.to_uppercase().to_lowercase() == given.to_lowercase() {
                prop_assert!(finds(&matcher, &text), "{text}");
            }
        }
    }
}
