//! Random price books, usages and questions for laws and parity, mostly valid and sometimes not.

use proptest::prelude::*;
use serde_json::{Value, json};

/// A whole number with up to ten digits, or one with a fraction, or a mean one.
pub(crate) fn quantity() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (0_u64..20_000_000_000).prop_map(|n| n.to_string()),
        4 => (0_u64..2_000, 0_u32..10_000).prop_map(|(n, f)| format!("{n}.{f:04}")),
        2 => prop::sample::select(vec!["0", "1", "100", "1000", "1000.5", "9999999999999999999999999999"]).prop_map(str::to_owned),
    ]
}

/// A price with up to ten decimal places.
fn price() -> impl Strategy<Value = String> {
    prop_oneof![
        (0_u32..10_000).prop_map(|cents| format!("{}.{:02}", cents / 100, cents % 100)),
        (0_u64..10_000_000_000).prop_map(|n| format!("0.{n:010}")),
    ]
}

fn per() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["1", "1000", "1000000", "3", "3600", "1073741824", "0.5"]).prop_map(str::to_owned)
}

fn unit_price() -> impl Strategy<Value = String> {
    (price(), per()).prop_map(|(price, per)| format!("price = \"{price}\", per = \"{per}\""))
}

/// Tiers whose bounds rise.
pub(crate) fn tiers() -> impl Strategy<Value = String> {
    let bounds = prop::collection::btree_set(1_u64..2_000_000_000, 0..5);
    (bounds, prop::collection::vec(unit_price(), 6)).prop_map(|(bounds, prices)| {
        let mut prices = prices.into_iter();
        let mut next = || prices.next().unwrap_or_default();
        let mut lines: Vec<String> =
            bounds.iter().map(|bound| format!("{{ up_to = \"{bound}\", {} }}", next())).collect();
        lines.push(format!("{{ {} }}", next()));
        format!("[{}]", lines.join(", "))
    })
}

/// Hundredths, sometimes more than a hundred.
fn percent() -> impl Strategy<Value = String> {
    (0_u32..10_100).prop_map(|share| format!("{}.{:02}", share / 100, share % 100))
}

fn model() -> impl Strategy<Value = String> {
    prop_oneof![
        unit_price().prop_map(|price| format!("per_unit = {{ {price} }}")),
        tiers().prop_map(|tiers| format!("graduated = {tiers}")),
        tiers().prop_map(|tiers| format!("volume = {tiers}")),
        (1_u32..100_000, price())
            .prop_map(|(size, price)| format!("package = {{ size = \"{size}\", price = \"{price}\" }}")),
        percent().prop_map(|percent| format!("percentage = {{ percent = \"{percent}\" }}")),
        (percent(), percent(), 1_u64..2_000_000_000).prop_map(|(first, second, bound)| format!(
            "graduated_percentage = [{{ up_to = \"{bound}\", percent = \"{first}\" }}, {{ percent = \"{second}\", flat = \"1\" }}]"
        )),
        (1_u32..100_000, price(), unit_price()).prop_map(|(capacity, fee, price)| format!(
            "committed = {{ capacity = \"{capacity}\", fee = \"{fee}\", overage = {{ {price} }} }}"
        )),
        (1_u32..100).prop_map(|factor| format!("dynamic = {{ multiplier = \"{factor}\", carried_in = \"minor\" }}")),
    ]
}

/// An amount from 0.00 to 999.99, in cents.
fn cents(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// What any charge may have beside its price; most have nothing.
fn charge_terms() -> impl Strategy<Value = String> {
    let percent = prop::option::of(0_u32..=10_000);
    let limits = prop::option::of((0_u32..100_000, 0_u32..100_000, 0_u32..3));
    let rules = prop::sample::select(vec![
        "",
        "",
        "",
        "",
        "terms = { compare = \"exact\" }\n",
        "terms = { order = [\"maximum\", \"discount\"], compare = \"rounded\" }\n",
    ]);
    let some = (percent, limits, rules).prop_map(|(percent, limits, rules)| {
        let mut text =
            percent.map(|percent| format!("discount_percent = \"{}\"\n", cents(percent))).unwrap_or_default();
        if let Some((minimum, more, shown)) = limits {
            let (minimum, maximum) = (cents(minimum), cents(minimum + more));
            text.push_str(&match shown {
                0 => format!("minimum = {{ amount = \"{minimum}\", shown = \"line\" }}\n"),
                1 => format!("minimum = \"{minimum}\"\nmaximum = \"{maximum}\"\n"),
                _ => format!("maximum = \"{maximum}\"\n"),
            });
        }
        if text.is_empty() { text } else { text + rules }
    });
    prop_oneof![4 => Just(String::new()), 1 => some]
}

/// A commitment, as it stands in a charge or a plan.
fn commitment() -> impl Strategy<Value = String> {
    let some = (0_u32..100_000, 101_u32..400, prop::bool::ANY).prop_map(|(amount, factor, true_up)| {
        let (amount, factor) = (cents(amount), cents(factor));
        format!("commitment = {{ amount = \"{amount}\", overage_factor = \"{factor}\", true_up = {true_up} }}\n")
    });
    prop_oneof![9 => Just(String::new()), 1 => some]
}

/// What a plan may have beside its charges.
fn plan_terms() -> impl Strategy<Value = String> {
    let maximum = prop_oneof![4 => Just(String::new()), 1 => (100_000_u32..1_000_000).prop_map(|amount| format!("maximum = \"{}\"\n", cents(amount)))];
    let in_progress = prop::sample::select(vec![
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "in_progress = \"split\"\n",
        "in_progress = \"deltas\"\n",
    ]);
    (commitment(), maximum, in_progress)
        .prop_map(|(commitment, maximum, in_progress)| [&commitment, &maximum, in_progress].concat())
}

/// A matrix or rules over the attribute of the meter calls; sometimes ambiguous, sometimes without a price for a value.
fn by_attribute() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec!["map", "识别", "a/b", "*"]);
    let cell = prop_oneof![3 => unit_price(), 1 => tiers().prop_map(|tiers| format!("graduated = {tiers}"))];
    let rows = prop::collection::btree_map(value, cell, 1..4);
    let matrix = (rows, prop::option::weighted(0.9, unit_price())).prop_map(|(rows, default)| {
        let rows: Vec<String> = rows.iter().map(|(value, cell)| format!("{{ api = \"{value}\", {cell} }}")).collect();
        let default = default.map(|price| format!(", default = {{ {price} }}")).unwrap_or_default();
        format!("matrix = {{ by = [\"api\"], rows = [{}]{default} }}", rows.join(", "))
    });
    let rule = prop_oneof![
        price().prop_map(|price| format!("{{ price = \"{price}\" }}")),
        price()
            .prop_map(|price| format!("{{ group = \"g\", attribute = \"api\", is = \"map\", price = \"{price}\" }}")),
        (0_u32..300).prop_map(|n| format!("{{ group = \"g\", factor = \"{}.{:02}\" }}", n / 100, n % 100)),
        (0_u32..1_000_000, price()).prop_map(|(level, fee)| format!("{{ from = \"{level}\", fee = \"{fee}\" }}")),
        (0_u32..1_000_000).prop_map(|level| format!("{{ group = \"g\", from = \"{level}\", factor = \"0.5\" }}")),
    ];
    let rules = prop::collection::vec(rule, 1..5).prop_map(|rules| format!("rules = [{}]", rules.join(", ")));
    prop_oneof![2 => matrix, 1 => rules]
}

/// A charge of plan `plan`.
fn charge(plan: &'static str, index: usize) -> impl Strategy<Value = String> {
    let beside = (commitment(), charge_terms()).prop_map(|(commitment, terms)| commitment + &terms);
    let metered = (prop::sample::select(vec!["calls", "bytes"]), prop::option::of(quantity()), model(), beside)
        .prop_map(move |(meter, included, model, beside)| {
            // These have allowances of their own and refuse another.
            let alone = model.starts_with("percentage") || model.starts_with("committed");
            let included =
                included.filter(|_| !alone).map(|units| format!("included = \"{units}\"\n")).unwrap_or_default();
            format!("[[plans.{plan}.charges]]\nid = \"c{index}\"\nmeter = \"{meter}\"\n{included}{model}\n{beside}")
        });
    let flat = (price(), charge_terms()).prop_map(move |(price, terms)| {
        format!("[[plans.{plan}.charges]]\nid = \"c{index}\"\nname = {{ zh = \"月费\", en = \"Fee\" }}\nflat = \"{price}\"\n{terms}")
    });
    let by_attribute = by_attribute()
        .prop_map(move |model| format!("[[plans.{plan}.charges]]\nid = \"c{index}\"\nmeter = \"calls\"\n{model}\n"));
    prop_oneof![5 => metered, 1 => by_attribute, 1 => flat]
}

fn charges(plan: &'static str) -> impl Strategy<Value = String> {
    (1_usize..4).prop_flat_map(move |count| {
        let charges: Vec<_> = (0..count).map(|index| charge(plan, index)).collect();
        charges.prop_map(|texts| texts.concat())
    })
}

/// Taxes: none, one, or two of which the second is on the first, inside or outside the prices, with rules.
fn taxes() -> impl Strategy<Value = String> {
    let percent = || (0_u32..3_000).prop_map(|points| format!("{}.{:02}", points / 100, points % 100));
    let single = percent()
        .prop_map(|percent| format!("[tax]\nname = {{ zh = \"税\", en = \"Tax\" }}\npercent = \"{percent}\"\n"));
    let treatment = || prop::sample::select(vec!["exclusive", "inclusive", "exempt", "reverse_charge"]);
    let places = vec![
        ("line", "line"),
        ("line", "tax"),
        ("line", "invoice"),
        ("group", "tax"),
        ("group", "invoice"),
        ("invoice", "tax"),
    ];
    let parts = (percent(), percent(), treatment(), treatment(), prop::sample::select(places));
    let several = parts.prop_map(|(first, second, inner, outer, (base, at))| {
        let name = "name = { zh = \"税\", en = \"Tax\" }";
        let on = if outer == "inclusive" { "" } else { "on = [\"a\"]\n" };
        format!(
            "[[taxes]]\nid = \"a\"\n{name}\npercent = \"{first}\"\ntreatment = \"{inner}\"\n\
             [[taxes]]\nid = \"b\"\n{name}\npercent = \"{second}\"\ntreatment = \"{outer}\"\n{on}\
             [tax_rules]\nbase = \"{base}\"\nat = \"{at}\"\n"
        )
    });
    prop_oneof![2 => Just(String::new()), 2 => single, 2 => several]
}

/// Rules for discounts and credits.
fn rules() -> impl Strategy<Value = String> {
    let order = prop::sample::select(vec!["given", "percent_first", "line_then_invoice"]);
    let round = prop::sample::select(vec!["none", "half_up", "down", "ceiling"]);
    let share = prop::sample::select(vec!["largest_remainder", "proportional"]);
    let eligible = prop::sample::select(vec!["all", "usage"]);
    let place = prop::sample::select(vec!["before_tax", "after_tax"]);
    (order, round, share, eligible, place).prop_map(|(order, round, share, eligible, place)| {
        let round = if share == "proportional" { "half_up" } else { round };
        format!(
            "[discount_rules]\norder = \"{order}\"\nround = \"{round}\"\nshare = \"{share}\"\n\
             [credit_rules]\neligible = \"{eligible}\"\nplace = \"{place}\"\n"
        )
    })
}

/// Discounts and credits of a plan; its first charge is called c0.
fn terms(plan: &'static str) -> impl Strategy<Value = String> {
    let name = "name = { zh = \"减\", en = \"Off\" }";
    let off = prop_oneof![
        (0_u32..=100).prop_map(|percent| format!("percent = \"{percent}\"")),
        price().prop_map(|amount| format!("amount = \"{amount}\"")),
    ];
    let on = prop::sample::select(vec!["", "charges = [\"c0\"]\n"]);
    let discount = (off, on).prop_map(move |(off, on)| format!("{name}\n{off}\n{on}"));
    let credit = price()
        .prop_map(move |amount| format!("[[plans.{plan}.credits]]\nid = \"gift\"\n{name}\namount = \"{amount}\"\n"));
    (prop::collection::vec(discount, 0..3), prop::option::of(credit)).prop_map(move |(discounts, credit)| {
        let head = |index: usize| format!("[[plans.{plan}.discounts]]\nid = \"d{index}\"\n");
        let discounts = discounts.iter().enumerate().map(|(index, rest)| [&head(index), rest.as_str()].concat());
        discounts.chain(credit).collect::<String>()
    })
}

/// A whole book with the plans p and q over the meters calls and bytes.
pub(crate) fn book() -> impl Strategy<Value = String> {
    let currency = prop::sample::select(vec!["CNY", "USD", "EUR", "JPY", "BHD", "CLF", "KRW", "GBP", "INR", "XAU"]);
    let zone =
        prop::sample::select(vec!["Asia/Shanghai", "UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu"]);
    let at = prop::sample::select(vec!["line", "line", "line", "line", "line", "invoice"]);
    let modes = vec!["half_up", "half_even", "half_down", "up", "down", "ceiling", "floor"];
    let p = (charges("p"), terms("p")).prop_map(|(charges, terms)| [charges, terms].concat());
    let p = (plan_terms(), p).prop_map(|(terms, charges)| terms + &charges);
    let terms = (taxes(), rules()).prop_map(|(taxes, rules)| [taxes, rules].concat());
    let parts = (currency, zone, at, prop::sample::select(modes), terms, p, charges("q"));
    parts.prop_map(|(currency, zone, at, mode, tax, p, q)| {
        format!(
            "[book]\nid = \"random\"\nversion = \"1\"\neffective = \"2026-01-01\"\ncurrency = \"{currency}\"\nzone = \"{zone}\"\n\
             rounding = {{ at = \"{at}\", mode = \"{mode}\" }}\nname = {{ zh = \"随机\", en = \"Random\" }}\n{tax}\n\
             [meters.calls]\nname = {{ zh = \"调用\", en = \"Calls\" }}\nevent = \"api.call\"\naggregate = \"count\"\ngroup_by = [\"api\"]\n\
             [meters.bytes]\nname = {{ zh = \"流量\", en = \"Bytes\" }}\nevent = \"api.call\"\naggregate = \"sum\"\nfield = \"bytes\"\n\
             [plans.p]\nname = {{ zh = \"甲\", en = \"P\" }}\npublic = true\n{p}[plans.q]\nname = {{ zh = \"乙\", en = \"Q\" }}\n{q}"
        )
    })
}

fn usage() -> impl Strategy<Value = Value> {
    let meter = prop::sample::select(vec!["calls", "bytes"]);
    let bad = prop::sample::select(vec!["-1", "abc", "1e40", ""]).prop_map(str::to_owned);
    let quantity = prop_oneof![30 => quantity(), 1 => bad];
    prop::collection::btree_map(meter, quantity, 0..3).prop_map(|usage| {
        usage.into_iter().map(|(meter, quantity)| json!({ "meter": meter, "quantity": quantity })).collect()
    })
}

fn events() -> impl Strategy<Value = Value> {
    let time = (0_u32..90, 0_u32..86_400).prop_map(|(day, second)| {
        let start: engine::period::Instant = "2026-10-15T00:00:00Z".parse().unwrap();
        (start + chrono::TimeDelta::days(day.into()) + chrono::TimeDelta::seconds(second.into())).to_rfc3339()
    });
    let api = prop::sample::select(vec!["map", "识别", "a/b", ""]);
    let bytes = prop_oneof![
        20 => (0_u64..5_000_000_000).prop_map(|n| json!(n)),
        20 => quantity().prop_map(|text| json!(text)),
        1 => Just(json!("-7")),
        1 => Just(json!(0.5)),
    ];
    let event = (time, api, bytes, prop::sample::select(vec!["c", "d"]), 0_u32..1_000_000);
    prop::collection::vec(event, 0..12).prop_map(|events| {
        let event = |(time, api, bytes, customer, id)| {
            json!({ "source": "s", "id": format!("{id}"), "customer": customer, "type": "api.call", "time": time,
                "data": { "api": api, "bytes": bytes } })
        };
        events.into_iter().map(event).collect()
    })
}

/// A question about a random book, as `engine::wire::Ask` in JSON.
pub(crate) fn ask() -> impl Strategy<Value = String> {
    let door = prop_oneof![
        4 => usage().prop_map(|usage| json!({ "door": "rate", "plan": "p", "usage": usage })),
        2 => usage().prop_map(|usage| json!({ "door": "estimate", "usage": usage })),
        1 => usage().prop_map(|usage| json!({ "door": "curve", "plans": ["p", "q"], "usage": usage, "meter": "calls",
            "quantities": ["0", "10", "1000", "100000", "10000000"] })),
        2 => events().prop_map(|events| json!({ "door": "draft", "plan": "q", "customer": "c", "month": "2026-11", "events": events })),
        2 => events().prop_map(|events| json!({ "door": "quota", "plan": "p", "month": "2026-11",
            "as_of": "2026-11-20T12:34:56Z", "events": events })),
        1 => Just(json!({ "door": "check" })),
        1 => Just(json!({ "door": "rate", "plan": "x", "usage": [] })),
    ];
    // Now and then a text is cut off in the middle, as bad input.
    let book = prop_oneof![12 => book(), 1 => (book(), 0_usize..2_000).prop_map(|(text, end)| text.chars().take(end).collect())];
    (book, door).prop_map(|(book, ask)| json!({ "book": book, "ask": ask }).to_string())
}

/// So many questions, the same ones in every run.
pub(crate) fn asks(count: usize) -> Vec<String> {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = ask();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}
