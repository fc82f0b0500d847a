//! Cuts a period where something changes in it: a price, a plan, a phase.
//!
//! The parts touch, none is empty, and together they are the period.

use super::{Instant, Period, TimeError};

impl Period {
    /// The parts between `changes`, which may come in any order; those outside the period cut nothing.
    ///
    /// Refused if the period ends before it begins; an empty period has no parts.
    pub fn split_at(&self, changes: &[Instant]) -> Result<Vec<Self>, TimeError> {
        if self.end < self.start {
            let (start, end) = (self.start.to_rfc3339(), self.end.to_rfc3339());
            return Err(TimeError::EndsBeforeItBegins { start, end });
        }
        let mut cuts: Vec<Instant> = changes.iter().copied().filter(|change| self.contains(*change)).collect();
        cuts.extend([self.start, self.end]);
        cuts.sort();
        cuts.dedup();
        Ok(cuts.iter().zip(cuts.iter().skip(1)).map(|(start, end)| Self { start: *start, end: *end }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Instant, Period, TimeError};

    fn at(day: &str) -> Instant {
        format!("2026-03-{day}T00:00:00Z").parse().unwrap()
    }

    fn split(start: &str, end: &str, changes: &[&str]) -> Result<Vec<(Instant, Instant)>, TimeError> {
        let changes: Vec<Instant> = changes.iter().map(|day| at(day)).collect();
        let parts = Period { start: at(start), end: at(end) }.split_at(&changes)?;
        Ok(parts.into_iter().map(|part| (part.start, part.end)).collect())
    }

    #[test]
    fn parts_touch_and_are_the_period_together() {
        let whole = Ok(vec![(at("05"), at("20"))]);
        assert_eq!(split("05", "20", &[]), whole);
        assert_eq!(split("05", "20", &["05", "20", "01", "31"]), whole);
        let three = Ok(vec![(at("05"), at("10")), (at("10"), at("15")), (at("15"), at("20"))]);
        assert_eq!(split("05", "20", &["15", "10", "10"]), three);
    }

    #[test]
    fn an_empty_period_has_no_parts_and_a_reversed_one_is_refused() {
        assert_eq!(split("05", "05", &["05"]), Ok(Vec::new()));
        assert!(matches!(split("06", "05", &[]), Err(TimeError::EndsBeforeItBegins { .. })));
    }
}
