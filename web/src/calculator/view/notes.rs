//! The small print: tax, period, rounding, and which price book says all this.

use engine::text::{Lang, format_decimal, rounding_rule};
use yew::prelude::*;

use crate::calculator::scenario::Scenario;
use crate::components::element::{group, plain, text};
use crate::text as words;

/// How much of a digest is shown; all of it is in the title.
const SHOWN_DIGITS: usize = 12;

/// The foot of the page.
#[inline(never)] // Not in the first part of the program.
pub fn notes(scenario: &Scenario, lang: Lang) -> Html {
    let book = scenario.book();
    let taxes = book.terms.taxes.iter().filter(|tax| tax.by_default);
    let taxes = taxes.map(|tax| words::with_tax(lang, tax.name.get(lang), &format_decimal(tax.percent.decimal())));
    let taxes: Vec<String> = taxes.collect();
    let tax = if taxes.is_empty() { words::no_tax(lang).to_owned() } else { taxes.join(lang.pick("，", ", ")) };
    let digest = scenario.view.digest.as_str();
    let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
    let short = digits.get(..SHOWN_DIGITS).unwrap_or(digits);
    let since = words::date(book.effective, lang);
    let total = [words::total(lang), lang.pick("：", ": "), book.currency.code(), lang.pick("，", ", "), &tax];
    let version = words::book_version(lang, book.id.as_str(), book.version.as_str(), &since);
    group(
        "footer",
        "notes",
        vec![
            text("p", "", &total.concat()),
            text("p", "", &words::month_in_zone(lang, book.zone.name())),
            text("p", "", &rounding_rule(book.rounding, lang)),
            group(
                "p",
                "",
                vec![
                    plain(&[&version, " · "].concat()),
                    html! { <span class="digest" title={digest.to_owned()}>{ plain(short) }</span> },
                ],
            ),
        ],
    )
}
