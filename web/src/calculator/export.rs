//! The estimate as CSV: every line with its steps and exact amounts, to be opened in a spreadsheet.

use engine::rating::{Rated, Step};
use engine::text::{Lang, Names, outline, sentence};

use super::scenario::Scenario;
use crate::text as words;

/// The file of the chosen plan; empty while there is no price.
#[inline(never)] // Not in the first part of the program.
pub fn csv(scenario: &Scenario, lang: Lang) -> String {
    let Some(chosen) = scenario.chosen() else { return String::new() };
    let rated = &chosen.month;
    // The mark tells spreadsheets that this is UTF-8.
    let mut text = String::from("\u{feff}");
    let head = ["line", "name", "quantity", "unit", "amount", "currency", "how"].map(str::to_owned);
    push(&mut text, &head);
    assumed(&mut text, scenario, lang);
    for line in &rated.lines {
        let how = how(&line.steps, line.unit.as_ref(), rated, lang);
        let unit = line.unit.as_ref().map_or("", |unit| unit.get(lang));
        row(
            &mut text,
            rated,
            [line.charge.as_str(), line.name.get(lang), &line.quantity.to_string(), unit],
            &[&line.amount.to_string(), &how],
        );
    }
    if let Some(step) = &rated.invoice_rounding {
        let how = sentence(step, None, rated.currency, lang);
        row(&mut text, rated, ["rounding", words::invoice_rounding(lang), "", ""], &["", &how]);
    }
    let how_of = |steps: &[Step]| how(steps, None, rated, lang);
    for line in &rated.discounts {
        let amount = ["-", &line.amount.to_string()].concat();
        row(&mut text, rated, ["discount", line.name.get(lang), "", ""], &[&amount, &how_of(&line.steps)]);
    }
    row(&mut text, rated, ["subtotal", words::subtotal(lang), "", ""], &[&rated.subtotal.to_string(), ""]);
    for tax in &rated.taxes {
        row(&mut text, rated, ["tax", tax.name.get(lang), "", ""], &[&tax.amount.to_string(), &how_of(&tax.steps)]);
    }
    for line in &rated.credits {
        let amount = ["-", &line.amount.to_string()].concat();
        row(&mut text, rated, ["credit", line.name.get(lang), "", ""], &[&amount, &how_of(&line.steps)]);
    }
    let plan = rated.plan_name.get(lang);
    let title = words::estimate_for(lang, scenario.book().name.get(lang), plan);
    row(&mut text, rated, ["total", words::a_month(lang), "", ""], &[&rated.due.to_string(), &title]);
    row(&mut text, rated, ["year", words::a_year(lang), "", ""], &[&chosen.year_total.to_string(), ""]);
    let book = [scenario.book().version.as_str(), " ", &scenario.view.digest].concat();
    row(&mut text, rated, ["book", scenario.book().id.as_str(), "", ""], &["", &book]);
    text
}

/// The steps in one cell; what leads to a step follows it behind an arrow.
fn how(steps: &[Step], unit: Option<&Names>, rated: &Rated, lang: Lang) -> String {
    let said = outline(steps, unit, rated.currency, lang);
    let sentences: Vec<String> =
        said.iter().map(|said| ["› ".repeat(said.depth), said.text.clone()].concat()).collect();
    sentences.join(" · ")
}

/// What is assumed of meters that are used in parts: a row for each part.
fn assumed(text: &mut String, scenario: &Scenario, lang: Lang) {
    for (index, entry) in scenario.entries.iter().enumerate() {
        let (Some(rows), Some((_, meter))) = (&entry.rows, scenario.meter(index)) else { continue };
        let unit = meter.unit.as_ref().map_or("", |unit| unit.get(lang));
        for row in &rows.list {
            let name = [meter.name.get(lang), " ", &row.values.join(", ")].concat();
            let how = row.count.as_ref().map(|count| words::times(&count.quantity.to_string(), &row.quantity.text));
            let quantity = row.quantity.quantity.to_string();
            let cells = ["assumed", name.trim_end(), &quantity, unit, "", "", &how.unwrap_or_default()];
            push(text, &cells.map(str::to_owned));
        }
    }
}

fn row(text: &mut String, rated: &Rated, start: [&str; 4], amount_and_how: &[&str; 2]) {
    let [amount, how] = amount_and_how;
    let cells = start.into_iter().chain([*amount, rated.currency.code(), *how]);
    push(text, &cells.map(str::to_owned).collect::<Vec<_>>());
}

/// RFC 4180: quotes around what needs them, doubled inside. A leading sign that a spreadsheet would run is disarmed.
fn push(text: &mut String, cells: &[String]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let is_formula = cell.starts_with(['=', '+', '@']);
        if is_formula || cell.contains([',', '"', '\n', '\r']) {
            text.push('"');
            if is_formula {
                text.push('\'');
            }
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::push;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let mut text = String::new();
        push(&mut text, &["a", "1,000", "say \"x\"", "=1+1", "-5"].map(str::to_owned));
        assert_eq!(text, "a,\"1,000\",\"say \"\"x\"\"\",\"'=1+1\",-5\r\n");
    }
}
