//! Dates and times: PostgreSQL counts from the first day of 2000.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, ToSpan as _};

use crate::data::mask::Unmaskable;

const FIRST: Date = jiff::civil::date(2000, 1, 1);
const MICROS: i64 = 1_000_000;

/// ISO text of a date in days; years beyond 9999 and before 1 are out of reach.
pub fn date(days: i32) -> Result<String, Unmaskable> {
    match days {
        i32::MAX => Ok("infinity".to_owned()),
        i32::MIN => Ok("-infinity".to_owned()),
        days => FIRST
            .checked_add(i64::from(days).checked_days().ok_or(BAD_DATE)?)
            .ok()
            .filter(|date| date.year() > 0)
            .map(|date| date.to_string())
            .ok_or(BAD_DATE),
    }
}

/// ISO text of a moment in microseconds, in UTC where it has a zone.
pub fn timestamp(micros: i64, zoned: bool) -> Result<String, Unmaskable> {
    match micros {
        i64::MAX => Ok("infinity".to_owned()),
        i64::MIN => Ok("-infinity".to_owned()),
        micros => {
            let moment = FIRST
                .to_datetime(jiff::civil::Time::midnight())
                .checked_add(SignedDuration::from_micros(micros))
                .ok()
                .filter(|moment| moment.year() > 0)
                .ok_or(BAD_TIME)?;
            // jiff writes a `T` where PostgreSQL has a blank, and as few digits of a fraction.
            let text = moment.to_string().replacen('T', " ", 1);
            Ok(if zoned { format!("{text}+00") } else { text })
        }
    }
}

/// Days of an ISO date.
pub fn days(text: &str) -> Result<i32, Unmaskable> {
    match text {
        "infinity" => Ok(i32::MAX),
        "-infinity" => Ok(i32::MIN),
        text => {
            let date: Date = text.get(..10).unwrap_or_default().parse().map_err(|_| BAD_DATE)?;
            Ok(FIRST.until(date).map_err(|_| BAD_DATE)?.get_days())
        }
    }
}

/// Microseconds of an ISO date with or without a time. Whoever wrote `+00` or nothing means UTC.
pub fn micros(text: &str) -> Result<i64, Unmaskable> {
    match text {
        "infinity" => Ok(i64::MAX),
        "-infinity" => Ok(i64::MIN),
        text => {
            let text = text.strip_suffix("+00").unwrap_or(text);
            let moment: DateTime = text.parse().map_err(|_| BAD_TIME)?;
            let whole = FIRST.to_datetime(jiff::civil::Time::midnight()).duration_until(moment);
            Ok(whole.as_secs() * MICROS + i64::from(whole.subsec_micros()))
        }
    }
}

const BAD_DATE: Unmaskable = Unmaskable::Malformed("date");
const BAD_TIME: Unmaskable = Unmaskable::Malformed("time");

/// A span of days that a date can be moved by.
trait CheckedDays {
    fn checked_days(self) -> Option<jiff::Span>;
}

impl CheckedDays for i64 {
    fn checked_days(self) -> Option<jiff::Span> {
        // jiff's own limit; beyond it the constructor would not return.
        (self.unsigned_abs() < 7_304_484).then(|| self.days())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_microseconds_are_what_the_server_writes() {
        for (number, text) in
            [(0, "2000-01-01"), (-1, "1999-12-31"), (9456, "2025-11-21"), (i32::MAX, "infinity")]
        {
            assert_eq!(date(number).unwrap(), text);
            assert_eq!(days(text).unwrap(), number);
        }
        for (number, text) in [
            (0, "2000-01-01 00:00:00"),
            (-1, "1999-12-31 23:59:59.999999"),
            (1_500_000, "2000-01-01 00:00:01.5"),
            (i64::MIN, "-infinity"),
        ] {
            assert_eq!(timestamp(number, false).unwrap(), text);
            assert_eq!(micros(text).unwrap(), number);
        }
        assert_eq!(timestamp(0, true).unwrap(), "2000-01-01 00:00:00+00");
        assert_eq!(micros("2000-01-01 00:00:01+00").unwrap(), MICROS);
        assert_eq!(micros("1970-01-01").unwrap(), -946_684_800 * MICROS);
        assert_eq!(date(-2_000_000), Err(BAD_DATE));
        assert_eq!(timestamp(i64::MAX - 1, false), Err(BAD_TIME));
    }
}
