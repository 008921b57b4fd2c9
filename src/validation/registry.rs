//! Every check, in the order in which results are shown.

use super::{Check, application, database, infrastructure, integration, performance, security};

/// The checks of all categories.
pub fn all() -> Vec<&'static Check> {
    [
        infrastructure::CHECKS,
        application::CHECKS,
        database::CHECKS,
        security::CHECKS,
        performance::CHECKS,
        integration::CHECKS,
    ]
    .into_iter()
    .flatten()
    .flat_map(|file| file.iter())
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_every_check_says_what_it_expects_and_how_to_repair_it() {
        let mut seen = BTreeSet::new();
        for check in all() {
            assert!(seen.insert(check.id), "{} is there twice", check.id);
            let (prefix, number) = check.id.split_once('-').unwrap();
            assert!(prefix.len() >= 2 && prefix.chars().all(|c| c.is_ascii_uppercase()), "{}", check.id);
            assert!(number.len() == 3 && number.chars().all(|c| c.is_ascii_digit()), "{}", check.id);
            for text in [check.title, check.expected, check.remedy] {
                assert!(!text.is_empty(), "{} leaves a text empty", check.id);
            }
        }
    }

    #[test]
    fn checks_stand_in_the_order_of_their_categories() {
        let categories: Vec<_> = all().iter().map(|check| check.category).collect();
        assert!(categories.is_sorted());
    }
}
