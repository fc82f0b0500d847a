//! Dates as people write them: 27 November, 11月27日.

use chrono::{Datelike, NaiveDate};
use engine::text::Lang;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A day of a year that is known: 27 November, 11月27日.
pub fn day_of_month(date: NaiveDate, lang: Lang) -> String {
    let month = usize::try_from(date.month0()).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or("");
    let day = date.day().to_string();
    match lang {
        Lang::Zh => [&date.month().to_string(), "月", &day, "日"].concat(),
        Lang::En => [&day, " ", month].concat(),
    }
}

/// A date with its year: 27 November 2026, 2026年11月27日.
pub fn date(date: NaiveDate, lang: Lang) -> String {
    let (day, year) = (day_of_month(date, lang), date.year().to_string());
    lang.pick([year.as_str(), "年", day.as_str()], [day.as_str(), " ", year.as_str()]).concat()
}

#[cfg(test)]
mod tests {
    use super::{date, day_of_month};
    use chrono::NaiveDate;
    use engine::text::Lang;

    #[test]
    fn dates_read_naturally_in_both_languages() {
        let day = NaiveDate::from_ymd_opt(2028, 2, 29).unwrap();
        assert_eq!(day_of_month(day, Lang::En), "29 February");
        assert_eq!(day_of_month(day, Lang::Zh), "2月29日");
        assert_eq!(date(day, Lang::En), "29 February 2028");
        assert_eq!(date(day, Lang::Zh), "2028年2月29日");
        assert_eq!(date(NaiveDate::from_ymd_opt(2026, 12, 1).unwrap(), Lang::En), "1 December 2026");
    }
}
