//! The prepared form against the exact models: the same digits and the same refusals on random and on mean figures.
#![expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails by its panic")]

use super::{Prepared, PreparedCharge, PreparedPlan};
use crate::catalog::{Book, BookDraft, Plan};
use crate::ids::MeterId;
use crate::quantity::Quantity;
use crate::rating::{RateError, rate_total};
use crate::usage::{MeterUsage, Usage};

/// Random figures that are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[usize::try_from(self.roll(u64::try_from(texts.len()).unwrap())).unwrap()]
    }

    /// At most `most` digits, of which some may stand after the point.
    fn decimal(&mut self, most: u64) -> String {
        let count = self.roll(most) + 1;
        let digits: String =
            (0..count).map(|_| char::from(b"0123456789"[usize::try_from(self.roll(10)).unwrap()])).collect();
        let places = if self.roll(2) == 0 { 0 } else { self.roll(count + 1) };
        let (whole, fraction) = digits.split_at(usize::try_from(count - places).unwrap());
        match (whole, fraction) {
            ("", fraction) => format!("0.{fraction}"),
            (whole, "") => whole.to_owned(),
            (whole, fraction) => format!("{whole}.{fraction}"),
        }
    }

    fn figure(&mut self) -> String {
        let most = [4, 8, 12, 20, 28][usize::try_from(self.roll(5)).unwrap()];
        self.decimal(most)
    }

    fn positive(&mut self, usual: &[&str]) -> String {
        let text = if self.roll(4) > 0 { self.one_of(usual).to_owned() } else { self.figure() };
        if Quantity::parse(&text).unwrap().is_zero() { "1".to_owned() } else { text }
    }

    fn price(&mut self) -> String {
        let price = if self.roll(3) > 0 { self.decimal(5) } else { self.figure() };
        let pers = ["1", "1", "1000", "1000000", "3", "7", "3600", "1073741824", "0.5", "1000000000000000000000000000"];
        format!("price = \"{price}\", per = \"{}\"", self.positive(&pers))
    }

    fn tiers(&mut self) -> String {
        let mut bounds: Vec<Quantity> =
            (0..self.roll(6)).map(|_| Quantity::parse(&self.positive(&BOUNDS)).unwrap()).collect();
        bounds.sort();
        bounds.dedup();
        let plain = self.roll(3) > 0;
        let mut lines: Vec<String> =
            bounds.iter().map(|bound| format!("{{ up_to = \"{bound}\", {} }}", self.tier(plain))).collect();
        lines.push(format!("{{ {} }}", self.tier(plain)));
        let list = format!("[{}]", lines.join(", "));
        if plain || self.roll(2) == 0 {
            return list;
        }
        let rules = ["bound = \"upper\"", "zero_usage = \"first_tier\"", "round_each = \"half_up\""];
        format!("{{ tiers = {list}, {} }}", self.one_of(&rules))
    }

    /// A price, often with a fee; now and then packages or, where the model has it, a cap.
    fn tier(&mut self, plain: bool) -> String {
        let price = if !plain && self.roll(3) == 0 {
            format!("price = \"{}\", size = \"{}\"", self.figure(), self.positive(&BOUNDS))
        } else {
            self.price()
        };
        let fee = if !plain && self.roll(2) == 0 { format!(", flat = \"{}\"", self.figure()) } else { String::new() };
        format!("{price}{fee}")
    }

    /// Models that are always left to the exact ones, besides those that are not.
    fn other_model(&mut self) -> String {
        match self.roll(4) {
            0 => "convert = { divide = \"1000\", round = \"ceiling\" }\nper_unit = { price = \"0.4\" }".to_owned(),
            1 => {
                format!("graduated = [{{ up_to = \"1000\", {}, cap = \"9.9\" }}, {{ {} }}]", self.price(), self.price())
            }
            2 => "stair_step = [{ up_to = \"1000\", flat = \"5\" }, { flat = \"9.99\" }]".to_owned(),
            _ => format!(
                "volume = {{ tiers = {}, lookup = \"ceiling\" }}",
                "[{ up_to = \"1000\", price = \"0.2\" }, { price = \"0.1\", flat = \"3\" }]"
            ),
        }
    }

    fn charge(&mut self, index: u64) -> String {
        let included =
            if self.roll(2) == 0 { String::new() } else { format!("included = \"{}\"\n", self.positive(&BOUNDS)) };
        let model = match self.roll(6) {
            5 => self.other_model(),
            0 => format!("per_unit = {{ {} }}", self.price()),
            1 => format!("volume = {}", self.tiers()),
            2 => {
                let round = self.one_of(&["up", "up", "down"]);
                let (size, price) = (self.positive(&BOUNDS), self.figure());
                format!("package = {{ size = \"{size}\", price = \"{price}\", round = \"{round}\" }}")
            }
            _ => format!("graduated = {}", self.tiers()),
        };
        format!(
            "[[plans.p.charges]]\nid = \"c{index}\"\nmeter = \"{}\"\n{included}{model}\n",
            ["calls", "bytes"][usize::from(index > 1)]
        )
    }

    /// Invoice rounding refuses prices without a decimal, so some of these are no books.
    fn book(&mut self) -> Option<Book> {
        let modes = ["half_up", "half_even", "half_down", "up", "down", "ceiling", "floor"];
        let rounding = format!(
            "rounding = {{ at = \"{}\", mode = \"{}\" }}",
            self.one_of(&["line", "line", "invoice"]),
            self.one_of(&modes)
        );
        let currency = format!("currency = \"{}\"\n{rounding}", self.one_of(&["CNY", "JPY", "BHD", "CLF"]));
        let tax =
            if self.roll(2) == 0 { "" } else { "[tax]\nname = { zh = \"税\", en = \"Tax\" }\npercent = \"6.5\"\n" };
        let discount = "[[plans.p.discounts]]\nid = \"d\"\nname = { zh = \"折\", en = \"Off\" }\npercent = \"12.5\"\n";
        let discount = if self.roll(4) == 0 { discount } else { "" };
        let head = include_str!("../../../../tests/scenarios/head.toml").replace("currency = \"CNY\"", &currency);
        let head = head.replace("[meters.calls]", &format!("{tax}[meters.calls]"));
        let charges: String = (0..=self.roll(3)).map(|index| self.charge(index)).collect();
        let fee = "[[plans.p.charges]]\nid = \"fee\"\nname = { zh = \"月费\", en = \"Fee\" }\nflat = \"9.9\"\n";
        BookDraft::from_toml(&format!("{head}\n{charges}{fee}{discount}")).check().ok()
    }
}

const BOUNDS: [&str; 9] = [
    "1",
    "100",
    "1000",
    "1000.5",
    "1000000",
    "1000000000000",
    "9223372036854775807",
    "10000000000000000000",
    "9999999999999999999999999999",
];

fn one_up(quantity: Quantity, by: &str) -> Option<Quantity> {
    quantity.checked_add(Quantity::parse(by).unwrap()).ok()
}

/// Where an amount may go wrong: on the bounds and limits of a charge and beside them, and anywhere.
fn quantities_for(charge: &PreparedCharge<'_>, dice: &mut Dice) -> Vec<Quantity> {
    let limits =
        charge.narrow.iter().flat_map(super::Form::limits).chain(charge.wide.iter().flat_map(super::Form::limits));
    let mut found: Vec<Quantity> = limits.map(Quantity::new).collect();
    found.extend(BOUNDS.map(|bound| Quantity::parse(bound).unwrap()));
    let near = ["1", "-1", "0.5", "0.000000001", "-0.000000001"];
    let beside: Vec<Quantity> =
        found.iter().flat_map(|quantity| near.iter().filter_map(|by| one_up(*quantity, by))).collect();
    found.extend(beside);
    found.extend((0..20).map(|_| Quantity::parse(&dice.figure()).unwrap()));
    found.push(Quantity::ZERO);
    found
}

fn some_book() -> Book {
    let mut dice = Dice(1);
    std::iter::repeat_with(|| dice.book()).take(100).flatten().next().unwrap()
}

#[derive(Debug, Default)]
struct Seen {
    narrow: u32,
    wide: u32,
    exact: u32,
    refused: u32,
}

fn same_amount(charge: &PreparedCharge<'_>, quantity: Quantity, seen: &mut Seen) {
    let exact = charge.exact_amount(quantity);
    assert_eq!(charge.amount(quantity), exact, "{quantity} units at {:?}", charge.charge.pricing);
    if let Ok(exact) = exact {
        assert_eq!(charge.amount(quantity).unwrap().to_string(), exact.to_string());
    }
    let narrow = charge.narrow.as_ref().and_then(|form| form.amount(&quantity));
    let wide = charge.wide.as_ref().and_then(|form| form.amount(&quantity));
    // Each form by itself, also where the other one is asked first.
    for amount in [narrow, wide].into_iter().flatten() {
        assert_eq!(Ok(amount), exact, "{quantity} units at {:?}", charge.charge.pricing);
    }
    if let Ok(whole) = quantity.to_string().parse() {
        assert_eq!(charge.amount_of_whole(whole), exact, "{quantity} units at {:?}", charge.charge.pricing);
    }
    match (narrow, wide, exact) {
        (Some(_), _, _) => seen.narrow += 1,
        (None, Some(_), _) => seen.wide += 1,
        (None, None, Ok(_)) => seen.exact += 1,
        (None, None, Err(_)) => seen.refused += 1,
    }
}

fn usage_of(calls: Quantity, bytes: Quantity) -> Usage {
    let of = |meter: &str, quantity| MeterUsage::assumed(MeterId::new(meter).unwrap(), quantity);
    Usage(vec![of("calls", calls), of("bytes", bytes)])
}

fn totals(book: &Book, plan: &Plan, usage: &Usage) -> (Result<String, RateError>, Result<String, RateError>) {
    let prepared = PreparedPlan::new(book, plan).unwrap();
    let fast = prepared.quantities(usage).and_then(|quantities| prepared.total(&quantities));
    (fast.map(|money| money.to_string()), rate_total(book, plan, usage).map(|money| money.to_string()))
}

#[test]
fn prepared_amounts_and_totals_are_those_of_the_exact_models() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut seen = Seen::default();
    let mut books = 0;
    for _ in 0..1_500 {
        let Some(book) = dice.book() else { continue };
        books += 1;
        let plan = &book.plans[0];
        let prepared = PreparedPlan::new(&book, plan).unwrap();
        let mut mean = Vec::new();
        for (charge, of_plan) in plan.charges.iter().zip(&prepared.charges) {
            let alone = PreparedCharge::new(&book, charge).unwrap();
            let quantities = quantities_for(&alone, &mut dice);
            for quantity in quantities.iter().filter(|quantity| !quantity.is_negative()) {
                same_amount(&alone, *quantity, &mut seen);
                same_amount(&of_plan.charge, *quantity, &mut seen);
            }
            mean.extend(quantities);
            mean.extend(quantities_for(&of_plan.charge, &mut dice));
        }
        for _ in 0..12 {
            let mut one = || mean[usize::try_from(dice.roll(u64::try_from(mean.len()).unwrap())).unwrap()];
            let usage = usage_of(one(), one());
            let (fast, slow) = totals(&book, plan, &usage);
            assert_eq!(fast, slow, "{usage:?} {plan:?}");
        }
    }
    assert!(books > 800, "{books} books");
    assert!(seen.narrow > 20_000 && seen.wide > 20_000 && seen.exact > 2_000 && seen.refused > 2_000, "{seen:?}");
}

#[test]
fn negative_usage_is_refused_as_rate_refuses_it() {
    let book = some_book();
    let usage = usage_of(Quantity::parse("-1").unwrap(), Quantity::ZERO);
    let (fast, slow) = totals(&book, &book.plans[0], &usage);
    assert!(matches!(slow, Err(RateError::NegativeQuantity { .. })));
    assert_eq!(fast, slow);
    let prepared = Prepared::new(&book);
    let total = prepared.plan("p").unwrap().total(&[Quantity::parse("-1").unwrap()]);
    assert_eq!(total.map(|money| money.to_string()), slow);
}

#[test]
fn negative_quantity_of_one_charge_is_priced_by_the_exact_model() {
    let book = some_book();
    let charge = PreparedCharge::new(&book, &book.plans[0].charges[0]).unwrap();
    let quantity = Quantity::parse("-1000").unwrap();
    assert_eq!(charge.amount(quantity), charge.exact_amount(quantity));
}
