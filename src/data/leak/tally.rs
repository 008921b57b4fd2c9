//! What was seen in a column, and whether it is a leak. Pure.

use super::Sight;

/// So few equalities that chance is no explanation.
const NO_CHANCE: f64 = 0.01;
/// A column of which this share is single names of production's people is a column of people's names.
const SHARE: u64 = 2;
/// Fewer cells than this are no column of anything.
const SOME: u64 = 3;

/// The cells of a column, counted by what stands in them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub cells: u64,
    pub certain: u64,
    pub numbers: u64,
    pub by_chance: f64,
    pub singles: u64,
    pub foreign: u64,
}

impl Tally {
    pub fn see(&mut self, sight: Sight) {
        self.cells += 1;
        self.certain += u64::from(sight.certain || sight.foreign);
        self.foreign += u64::from(sight.foreign);
        self.numbers += u64::from(sight.number && !sight.certain && !sight.foreign);
        self.by_chance += sight.by_chance;
        self.singles += u64::from(sight.single);
    }

    pub fn merge(&mut self, other: Self) {
        self.cells += other.cells;
        self.certain += other.certain;
        self.numbers += other.numbers;
        self.by_chance += other.by_chance;
        self.singles += other.singles;
        self.foreign += other.foreign;
    }

    /// How many cells leak. A number counts when chance does not explain it: it is one of so many digits
    /// that equal ones are hardly to be expected, or most of the column is such numbers. A name of one
    /// word stands for many people; a column of them is a column of people.
    pub fn leaks(&self) -> u64 {
        let mostly = |some: u64| some >= SOME && some * SHARE >= self.cells;
        let numbers = if self.by_chance < NO_CHANCE || mostly(self.numbers) { self.numbers } else { 0 };
        let singles = if mostly(self.singles) { self.singles } else { 0 };
        (self.certain + numbers).max(singles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(sights: &[(usize, Sight)]) -> u64 {
        let mut tally = Tally::default();
        for (times, sight) in sights {
            (0..*times).for_each(|_| tally.see(*sight));
        }
        tally.leaks()
    }

    #[test]
    fn one_certain_value_is_a_leak_whatever_else_stands_there() {
        let certain = Sight { certain: true, ..Sight::default() };
        let foreign = Sight { foreign: true, ..Sight::default() };
        assert_eq!(tally(&[(1_000_000, Sight::default()), (1, certain)]), 1);
        assert_eq!(tally(&[(5, Sight::default()), (2, foreign)]), 2);
    }

    #[test]
    fn a_number_is_a_leak_unless_chance_explains_it() {
        let equal = Sight { number: true, by_chance: 1e-7, ..Sight::default() };
        let likely = Sight { by_chance: 1e-5, ..Sight::default() };
        assert_eq!(tally(&[(100, Sight::default()), (1, equal)]), 1);
        assert_eq!(tally(&[(100_000, likely), (1, equal)]), 0, "a long column of such numbers");
        assert_eq!(tally(&[(90_000, likely), (100_000, equal)]), 100_000, "most of the column");
    }

    #[test]
    fn a_single_name_proves_nothing_and_a_column_of_them_does() {
        let name = Sight { single: true, ..Sight::default() };
        assert_eq!(tally(&[(90, Sight::default()), (10, name)]), 0, "towns, some called like people");
        assert_eq!(tally(&[(2, Sight::default()), (8, name)]), 8);
        assert_eq!(tally(&[(2, name)]), 0);
    }
}
