//! The use of one meter in parts: a row for each combination of what decides its price, or for events of one size.

use engine::estimate::Choice;
use engine::text::Lang;
use engine::usage::Meter;
use yew::prelude::*;

use super::usage::problem_words;
use crate::calculator::rows::{Cell, Msg, Part, Row, Rows};
use crate::calculator::scenario::{Entry, Msg as Change};
use crate::components::element::{all, button, element, group, plain, text};
use crate::components::field::{Field, field};
use crate::text as words;

/// What a row of a meter is shown with.
#[derive(Clone, Copy)]
struct Shown<'a> {
    index: usize,
    meter: &'a Meter,
    rows: &'a Rows,
    lang: Lang,
    on_msg: &'a Callback<Change>,
}

/// The meter with its rows.
#[inline(never)] // Not in the first part of the program.
pub fn rows(
    (index, entry, rows): (usize, &Entry, &Rows),
    meter: &Meter,
    lang: Lang,
    on_msg: &Callback<Change>,
) -> Html {
    let shown = Shown { index, meter, rows, lang, on_msg };
    let name_id = ["parts-", entry.meter.as_str()].concat();
    let about = meter.description.as_ref().map(|about| text("p", "", about.get(lang)));
    let sum = words::in_all(lang, &words::units(entry.cell.quantity, meter.unit.as_ref(), lang));
    let list = rows.list.iter().enumerate().map(|(at, row)| shown.row(at, row)).collect();
    let add =
        button("link", "", words::add_row(lang), on_msg.reform(move |_: MouseEvent| Change::Rows(index, Msg::Add)));
    let add = element("span", "", &["add-", entry.meter.as_str()].concat(), add);
    let foot = if rows.is_fixed() { Html::default() } else { add };
    html! {
        <div class="meter parts" key={entry.meter.to_string()} role="group" aria-labelledby={name_id.clone()}>
            <div class="meter-name"><span class="parts-name" id={name_id}>{ plain(meter.name.get(lang)) }</span>{ about }</div>
            { group("div", "part-list", list) }
            { group("p", "part-foot", vec![foot, element("span", "quiet-text", &["sum-", entry.meter.as_str()].concat(), plain(&sum))]) }
        </div>
    }
}

impl Shown<'_> {
    fn row(&self, at: usize, row: &Row) -> Html {
        let id = [self.meter.id.as_str(), "-", &at.to_string()].concat();
        let name = self.name(row);
        let unit = self.meter.unit.as_ref().map_or("", |unit| unit.get(self.lang));
        let each = (row.count.is_some()).then(|| words::each_event(self.lang));
        let quantity = self.field((&id, &name, each), unit, &row.quantity, (at, Part::Quantity));
        let fields = match &row.count {
            None => vec![quantity],
            Some(count) => {
                let id = [&id, "-count"].concat();
                let label = Some(words::number_of_events(self.lang));
                vec![self.field((&id, &name, label), "", count, (at, Part::Count)), quantity]
            }
        };
        let head = if self.rows.is_fixed() {
            text("span", "part-name", &name)
        } else {
            group("div", "part-choices", self.choices(at, row))
        };
        let (index, meter) = (self.index, self.meter.id.as_str());
        let is_removable = !self.rows.is_fixed() && self.rows.list.len() > 1;
        let remove = is_removable.then(|| {
            let remove = self.on_msg.reform(move |_: MouseEvent| Change::Rows(index, Msg::Remove(at)));
            let label = [words::remove_row(self.lang), ": ", &name].concat();
            let hook = ["remove-", meter, "-", &at.to_string()].concat();
            html! { <button type="button" class="remove" data-test={hook} aria-label={label} onclick={remove}>{ "×" }</button> }
        });
        let class = if self.rows.is_fixed() { "part" } else { "part open" };
        html! { <div {class} key={at}>{ head }{ all(fields) }{ remove }</div> }
    }

    /// The values of a row in one line.
    fn name(&self, row: &Row) -> String {
        let values = self.rows.needs.choices.iter().zip(&row.values);
        let values: Vec<&str> = values.map(|(choice, value)| self.value(choice, value)).collect();
        values.join(" · ")
    }

    fn value<'v>(&self, choice: &Choice, value: &'v str) -> &'v str {
        let is_other = choice.values.iter().any(|known| known.key == value && known.is_other);
        if is_other { words::other(self.lang) } else { value }
    }

    fn field(
        &self,
        (id, name, label): (&str, &str, Option<&'static str>),
        unit: &str,
        cell: &Cell,
        to: (usize, Part),
    ) -> Html {
        let (index, (at, part)) = (self.index, to);
        let seen = label.map_or("unseen", |_| "part-label");
        let label = label.map_or_else(|| [self.meter.name.get(self.lang), " ", name].concat(), str::to_owned);
        let input = field(Field {
            id,
            text: &cell.text,
            unit,
            problem: cell.problem.map(|problem| problem_words(problem, self.lang)),
            labels: (words::less(self.lang), words::more(self.lang)),
            on_text: self.on_msg.reform(move |text| Change::Rows(index, Msg::Typed(at, part, text))),
            on_left: self.on_msg.reform(move |()| Change::Rows(index, Msg::Left(at, part))),
            on_step: self.on_msg.reform(move |up| Change::Rows(index, Msg::Stepped(at, part, up))),
        });
        html! { <div class="part-field"><label class={seen} for={["quantity-", id].concat()}>{ plain(&label) }</label>{ input }</div> }
    }

    fn choices(&self, at: usize, row: &Row) -> Vec<Html> {
        let choices = self.rows.needs.choices.iter().zip(&row.values).enumerate();
        choices.map(|(which, (choice, value))| self.choice((at, which), choice, value)).collect()
    }

    fn choice(&self, (at, which): (usize, usize), choice: &Choice, value: &str) -> Html {
        let name = text("span", "", &choice.name);
        if choice.values.len() < 2 {
            return group("span", "part-choice", vec![name, text("span", "", self.value(choice, value))]);
        }
        let index = self.index;
        let chosen = self
            .on_msg
            .reform(move |event: Event| Change::Rows(index, Msg::Value(at, which, crate::browser::selected(&event))));
        let options = choice.values.iter().map(|known| {
            html! { <option value={known.key.clone()} selected={known.key == value}>{ plain(self.value(choice, &known.key)) }</option> }
        });
        let hook = ["choose-", self.meter.id.as_str(), "-", &at.to_string(), "-", &choice.name].concat();
        html! { <label class="part-choice">{ name }<select class="quiet" data-test={hook} onchange={chosen}>{ for options }</select></label> }
    }
}
