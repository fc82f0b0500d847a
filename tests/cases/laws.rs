//! Laws of the engine on random books and usages: what must hold whatever the figures are.

#[path = "support/generate.rs"]
mod generate;

use engine::catalog::{Book, BookDraft, BookView, MoneyUnit, PackageRounding, Treatment};
use engine::exact::Exact;
use engine::ids::{MeterId, PlanId};
use engine::invoice::{Correction, CorrectionKind, DraftInput, InvoiceNumber, Reference, correct};
use engine::money::Money;
use engine::quantity::Quantity;
use engine::rating::prepared::PreparedPlan;
use engine::rating::{Line, Position, RateError, Rated, RuleAmount, Share, Step, find_plan, rate_parts, rate_total};
use engine::usage::{Event, MeterUsage, Metering};
use engine::wire::answer_json;
use engine::{Usage, estimate, rate};
use proptest::prelude::*;

fn usage(calls: &str, bytes: &str) -> Usage {
    let of = |meter: &str, quantity: &str| {
        MeterUsage::assumed(MeterId::new(meter).unwrap(), Quantity::parse(quantity).unwrap())
    };
    Usage(vec![of("calls", calls), of("bytes", bytes)])
}

/// The book, if the random text is a valid one.
fn valid(text: &str) -> Option<Book> {
    BookDraft::from_toml(text).check().ok()
}

/// What the priced steps add up to; the steps inside a part must give its amount.
fn added_up(steps: &[Step]) -> Exact {
    for step in steps {
        if let Step::Part { steps, amount, .. } = step {
            let inner = added_up(steps);
            let rounded = match steps.last() {
                Some(Step::Round { exact, amount, .. }) => {
                    assert_eq!(inner, *exact, "the steps of a part add up to what is rounded");
                    amount.exact()
                }
                Some(_) | None => inner,
            };
            assert_eq!(rounded, *amount, "the steps of a part give its amount");
        }
    }
    steps.iter().filter_map(Step::priced).fold(Exact::ZERO, |sum, amount| sum.checked_add(amount).unwrap())
}

/// Adds up what the steps of a line price, and rounds by its last step: gives the amount again.
fn replayed(line: &Line) -> Money {
    let exact = added_up(&line.steps);
    match line.steps.last().unwrap() {
        Step::Round { exact: before, cut, amount, .. } => {
            assert_eq!(exact, *before, "the priced steps add up to what is rounded");
            assert_eq!(before.checked_sub(*cut).unwrap(), amount.exact(), "exact less cut is the amount");
            *amount
        }
        _ => Money::new(exact.to_decimal().unwrap()).with_places(line.amount.decimal().scale()),
    }
}

/// Each priced step by itself: its inputs give its amount.
fn step_holds(step: &Step) -> bool {
    let times = |a: Exact, b: Exact| a.checked_mul(b).unwrap();
    match step {
        Step::PerUnit { quantity, price, amount }
        | Step::GraduatedTier { quantity, price, amount, .. }
        | Step::VolumeTier { quantity, price, amount, .. } => {
            times(*amount, price.per.exact()) == times(quantity.exact(), price.price.exact())
        }
        Step::Packages { quantity, size, packages, price, amount, rounding: PackageRounding::Up } => {
            let (size, full) = (size.exact(), times(packages.exact(), size.exact()));
            let spare = full.checked_sub(quantity.exact()).unwrap();
            *amount == times(packages.exact(), price.exact())
                && spare.signum() >= 0
                && size.checked_sub(spare).unwrap().signum() > 0
        }
        Step::Allowance { included, used, billable } => used <= included && !billable.is_negative(),
        Step::OwnPrice => true,
        Step::Entitled { fresh, rolled, packs, .. } => {
            !fresh.is_negative() && !rolled.is_negative() && packs.iter().all(|pack| !pack.left.is_negative())
        }
        Step::Counted { quantity, groups, .. } => {
            let sum = groups.iter().fold(Quantity::ZERO, |sum, group| sum.checked_add(group.quantity).unwrap());
            groups.is_empty() || sum == *quantity
        }
        Step::Converted { conversion, quantity, units } => conversion.apply(*quantity) == Ok(*units),
        Step::Cap { cap, before, amount } => before.checked_add(*amount).unwrap() == cap.exact(),
        Step::RuleGroup { quantity, price, factor, amount, .. } => {
            *amount == times(times(*price, *factor), quantity.exact())
        }
        Step::QuantityReached { rule: RuleAmount::Fee(fee), amount, .. } => fee.exact() == *amount,
        Step::QuantityReached { rule: RuleAmount::Factor(factor), before, amount, .. } => {
            before.checked_add(*amount).unwrap() == times(*before, factor.exact())
        }
        Step::Part { steps, .. } => steps.iter().all(step_holds),
        Step::PercentOff { base, percent, amount } => {
            percent.of(*base).unwrap().checked_add(*amount) == Ok(Exact::ZERO)
        }
        Step::ShareOf { whole, share, part } => share.of_amount(*whole) == Ok(*part),
        Step::Prorated { steps, whole, share, amount } => {
            share.of(*whole) == Ok(*amount) && steps.iter().all(step_holds)
        }
        Step::TrueUp { minimum, before, amount } => before.checked_add(*amount) == Ok(*minimum) && amount.signum() > 0,
        Step::AboveCommitment { above, factor, amount, .. } => {
            above.checked_add(*amount) == Ok(times(*above, factor.exact())) && above.signum() > 0
        }
        Step::InvoiceDiscount { base, amount, .. } => {
            amount.signum() >= 0 && base.checked_sub(*amount).unwrap().signum() >= 0
        }
        Step::Tax { base, taxes, percent, treatment: Treatment::Exclusive | Treatment::Inclusive, amount, .. } => {
            // A tax on taxes may have more digits than this test can multiply again.
            base.checked_add(*taxes).and_then(|base| percent.of(base)).map_or(true, |again| again == *amount)
        }
        Step::TaxIncluded { price, share, all, amount, .. } => {
            let whole = Exact::ratio(1, 1).unwrap().checked_add(**all).unwrap();
            let again = amount.checked_mul(whole).and_then(|left| Ok((left, price.checked_mul(*share)?)));
            again.map_or(true, |(left, right)| left == right)
        }
        Step::RoundedTogether { exact, cut, amount } => exact.checked_sub(*cut).unwrap() == amount.exact(),
        Step::Drawn { balance, payable, amount, left } => {
            balance.exact().checked_sub(*amount).unwrap() == left.exact()
                && payable.exact().checked_sub(*amount).unwrap().signum() >= 0
        }
        Step::Tax { treatment: Treatment::Exempt | Treatment::ReverseCharge, amount, .. } => amount.signum() == 0,
        Step::Capacity { limits, .. } => {
            limits.iter().all(|item| item.limit.is_none_or(|limit| item.quantity <= limit))
        }
        Step::SumOfCharges { of, sum } => {
            let added = of.iter().fold(Exact::ZERO, |sum, part| sum.checked_add(part.amount.exact()).unwrap());
            added == sum.exact()
        }
        Step::EventAllowance { free_events, free_amount, events_free, amount_free, .. } => {
            free_events.is_none_or(|most| *events_free <= most) && free_amount.is_none_or(|most| *amount_free <= most)
        }
        Step::EventFee { events, fee, amount } => {
            *amount == times(Exact::ratio(i128::from(*events), 1).unwrap(), fee.exact())
        }
        Step::EventLimits { raised_by, lowered_by, amount, .. } => raised_by.checked_sub(*lowered_by) == Ok(*amount),
        Step::Carried { quantity, carried_in: MoneyUnit::Major, multiplier, amount } => {
            *amount == times(quantity.exact(), multiplier.exact())
        }
        Step::Overage { units, rate, amount, .. } => *amount == times(units.exact(), *rate),
        Step::ProratedTier { share, price, amount, .. } => {
            times(*amount, price.per.exact()) == times(*share, price.price.exact())
        }
        Step::NothingBelowZero { before, amount } => before.checked_add(*amount) == Ok(Exact::ZERO),
        Step::Packages { rounding: PackageRounding::Down, .. }
        | Step::Selected { .. }
        | Step::MatrixRow { .. }
        | Step::RoundedQuantity { .. }
        | Step::StairStep { .. }
        | Step::Flat { .. }
        | Step::Carried { carried_in: MoneyUnit::Minor, .. }
        | Step::Percent { .. }
        | Step::Earlier { .. }
        | Step::Round { .. } => true,
    }
}

fn sum(amounts: impl Iterator<Item = Exact>) -> Exact {
    amounts.fold(Exact::ZERO, |sum, amount| sum.checked_add(amount).unwrap())
}

/// Lines, discounts, rounding, taxes and credits add up to the total and to what is due.
fn adds_up(rated: &Rated) {
    let lines = sum(rated.lines.iter().map(|line| line.amount.exact()));
    if let Some(total) = rated.lines_total {
        assert_eq!(lines, total.exact());
    }
    for discount in &rated.discounts {
        assert_eq!(sum(discount.shares.iter().map(|share| share.amount)), discount.amount.exact());
    }
    let left = lines.checked_sub(sum(rated.discounts.iter().map(|line| line.amount.exact()))).unwrap();
    let net = match &rated.invoice_rounding {
        Some(Step::Round { exact, cut, .. }) => {
            assert_eq!(*exact, left);
            left.checked_sub(*cut).unwrap()
        }
        Some(_) => panic!("only rounding stands there"),
        None => left,
    };
    assert_eq!(net, rated.subtotal.exact());
    let added = rated.taxes.iter().filter(|tax| tax.treatment == Treatment::Exclusive);
    let tax = sum(added.map(|tax| tax.amount.exact()));
    assert_eq!(net.checked_add(tax).unwrap(), rated.total.exact());
    let credits = sum(rated.credits.iter().map(|credit| credit.amount.exact()));
    assert_eq!(rated.total.exact().checked_sub(credits).unwrap(), rated.due.exact());
    assert!(rated.total < Money::ZERO || rated.due >= Money::ZERO, "credits never pay more than there is");
    let steps = rated.discounts.iter().map(|line| &line.steps).chain(rated.taxes.iter().map(|line| &line.steps));
    for step in steps.chain(rated.credits.iter().map(|line| &line.steps)).flatten() {
        assert!(step_holds(step), "{step:?}");
    }
    assert_eq!(rated.total.decimal().scale(), rated.currency.minor_digits(), "totals are written in minor units");
}

fn event(index: usize, bytes: &str, api: u8) -> Event {
    let data = serde_json::json!({ "bytes": bytes, "api": format!("api{api}") });
    Event {
        source: "s".to_owned(),
        id: index.to_string(),
        customer: engine::ids::CustomerId::new("c").unwrap(),
        kind: "api.call".to_owned(),
        time: "2026-11-20T00:00:00Z".parse().unwrap(),
        data: serde_json::from_value(data).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parts_by_position_replay_to_their_amounts(text in generate::book(), a in generate::quantity(), b in generate::quantity()) {
        let text = text.replace("in_progress = \"deltas\"", "in_progress = \"split\"");
        let Some(book) = valid(&text) else { return Ok(()) };
        let parts = [(usage(&a, &b), Position::First), (usage(&b, &a), Position::Mid), (usage("0", "0"), Position::Last)];
        let Ok(bills) = rate_parts(&book, "p", &parts, Share::whole()) else { return Ok(()) };
        for bill in &bills {
            for line in &bill.lines {
                prop_assert_eq!(replayed(line), line.amount);
                prop_assert!(line.steps.iter().all(step_holds), "{:?}", line.steps);
            }
        }
    }

    #[test]
    fn deltas_of_a_period_add_up_to_the_whole(text in generate::book(), a in generate::quantity(), b in generate::quantity()) {
        let text = text.replace("in_progress = \"split\"", "in_progress = \"deltas\"");
        let Some(book) = valid(&text) else { return Ok(()) };
        let parts = [(usage(&a, &b), Position::First), (usage(&b, &a), Position::Mid), (usage(&a, &a), Position::Last)];
        let so_far = parts.iter().try_fold(Usage::default(), |sum, (usage, _)| sum.plus(usage));
        let Ok(so_far) = so_far else { return Ok(()) };
        let Ok(bills) = rate_parts(&book, "p", &parts, Share::whole()) else { return Ok(()) };
        let Ok(whole) = rate(&book, "p", &so_far) else { return Ok(()) };
        let lines = |bill: &Rated| bill.lines.iter().map(|line| line.amount.exact()).collect::<Vec<_>>();
        let sum = |amounts: Vec<Exact>| amounts.into_iter().fold(Exact::ZERO, |sum, amount| sum.checked_add(amount).unwrap());
        prop_assert_eq!(sum(bills.iter().flat_map(lines).collect()), sum(lines(&whole)));
        for line in bills.iter().flat_map(|bill| &bill.lines) {
            prop_assert_eq!(replayed(line), line.amount);
            prop_assert!(line.steps.iter().all(step_holds), "{:?}", line.steps);
        }
    }

    #[test]
    fn traces_replay_to_the_amounts_and_amounts_add_up(text in generate::book(), calls in generate::quantity(), bytes in generate::quantity()) {
        let Some(book) = valid(&text) else { return Ok(()) };
        let usage = usage(&calls, &bytes);
        for plan in ["p", "q"] {
            let Ok(rated) = rate(&book, plan, &usage) else { continue };
            for line in &rated.lines {
                prop_assert_eq!(replayed(line), line.amount);
                prop_assert!(line.steps.iter().all(step_holds), "{:?}", line.steps);
            }
            adds_up(&rated);
            prop_assert_eq!(rate_total(&book, find_plan(&book, plan).unwrap(), &usage), Ok(rated.due));
        }
    }

    #[test]
    fn prepared_totals_are_those_of_the_exact_models(text in generate::book(), calls in generate::quantity(), bytes in generate::quantity()) {
        let Some(book) = valid(&text) else { return Ok(()) };
        let usage = usage(&calls, &bytes);
        for plan in &book.plans {
            let Some(prepared) = PreparedPlan::new(&book, plan) else { continue };
            let total = prepared.quantities(&usage).and_then(|quantities| prepared.total(&quantities));
            prop_assert_eq!(total, rate_total(&book, plan, &usage));
        }
    }

    #[test]
    fn every_quantity_falls_into_exactly_one_tier(tiers in generate::tiers(), quantity in generate::quantity()) {
        let text = format!("{}\n[[plans.p.charges]]\nmeter = \"calls\"\nvolume = {tiers}\n[[plans.p.charges]]\nid = \"g\"\nmeter = \"calls\"\ngraduated = {tiers}", include_str!("../scenarios/head.toml"));
        let book = valid(&text).unwrap();
        let Ok(rated) = rate(&book, "p", &usage(&quantity, "0")) else { return Ok(()) };
        let quantity = Quantity::parse(&quantity).unwrap();
        let hits: Vec<_> = rated.lines[0].steps.iter().filter_map(|step| match step {
            Step::VolumeTier { from, up_to, .. } => Some((*from, *up_to)),
            _ => None,
        }).collect();
        prop_assert_eq!(hits.len(), 1);
        let (from, up_to) = hits[0];
        prop_assert!((from < quantity || quantity.is_zero()) && up_to.is_none_or(|up_to| quantity <= up_to));
        let graduated = rated.lines[1].steps.iter().filter_map(|step| match step {
            Step::GraduatedTier { quantity, .. } => Some(*quantity),
            _ => None,
        });
        let sum = graduated.fold(Quantity::ZERO, |sum, part| sum.checked_add(part).unwrap());
        prop_assert_eq!(sum, quantity);
    }

    #[test]
    fn more_usage_never_lowers_a_graduated_price(tiers in generate::tiers(), quantity in 0_u64..3_000_000_000, more in 1_u64..1_000_000) {
        let text = format!("{}\n[[plans.p.charges]]\nmeter = \"calls\"\ngraduated = {tiers}", include_str!("../scenarios/head.toml"));
        let book = valid(&text).unwrap();
        let exact = |quantity: u64| {
            let rated = rate(&book, "p", &usage(&quantity.to_string(), "0")).unwrap();
            rated.lines[0].steps.iter().filter_map(Step::priced).fold(Exact::ZERO, |sum, part| sum.checked_add(part).unwrap())
        };
        prop_assert!(exact(quantity + more).checked_sub(exact(quantity)).unwrap().signum() >= 0);
    }

    #[test]
    fn a_graduated_price_has_no_jumps(tiers in generate::tiers(), quantity in generate::quantity()) {
        let text = format!("{}\n[[plans.p.charges]]\nmeter = \"calls\"\ngraduated = {tiers}", include_str!("../scenarios/head.toml"));
        let book = valid(&text).unwrap();
        let grain = Quantity::parse("0.000001").unwrap();
        let Ok(more) = Quantity::parse(&quantity).unwrap().checked_add(grain) else { return Ok(()) };
        let exact = |quantity: &str| {
            let rated = rate(&book, "p", &usage(quantity, "0")).ok()?;
            rated.lines[0].steps.iter().filter_map(Step::priced).try_fold(Exact::ZERO, |sum, part| sum.checked_add(part).ok())
        };
        let (Some(low), Some(high)) = (exact(&quantity), exact(&more.to_string())) else { return Ok(()) };
        let engine::catalog::Pricing::Metered(metered) = &book.plans[0].charges[0].pricing else { panic!("a metered charge") };
        let engine::catalog::Model::Graduated(tiers) = &metered.model else { panic!("a graduated price") };
        let dearest = tiers.as_slice().iter().map(|tier| tier.price.times(grain).unwrap())
            .reduce(|a, b| if a.checked_sub(b).unwrap().signum() >= 0 { a } else { b }).unwrap();
        let rise = high.checked_sub(low).unwrap();
        prop_assert!(rise.signum() >= 0 && dearest.checked_sub(rise).unwrap().signum() >= 0, "{rise} for {grain} more");
    }

    #[test]
    fn what_is_too_large_is_a_named_error(text in generate::book(), digits in 20_usize..29) {
        let Some(book) = valid(&text) else { return Ok(()) };
        let huge = "9".repeat(digits);
        for plan in ["p", "q"] {
            match rate(&book, plan, &usage(&huge, &huge)) {
                Ok(rated) => adds_up(&rated),
                Err(RateError::Overflow { .. } | RateError::NoPrice { .. } | RateError::NeedsEvents { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn order_and_grouping_of_events_change_nothing(values in prop::collection::vec((0_u32..1_000_000, 0_u8..4), 0..40), seed in any::<u64>()) {
        let text = format!("{}\n[[plans.p.charges]]\nmeter = \"bytes\"\nper_unit = {{ price = \"1\" }}", include_str!("../scenarios/head.toml"));
        let mut book = valid(&text).unwrap();
        for meter in &mut book.meters {
            meter.group_by = vec![engine::usage::Dimension::attribute("api")];
        }
        let events: Vec<Event> = values.iter().enumerate()
            .map(|(index, (bytes, api))| event(index, &format!("{}.{:03}", bytes / 1000, bytes % 1000), *api)).collect();
        let count = |events: &[Event]| {
            let month = engine::period::Month::parse("2026-11").unwrap().period(book.zone).unwrap();
            let mut metering = Metering::new(&book, engine::usage::Span::new(book.zone, month));
            for event in events { metering.add(event).unwrap(); }
            metering.usage().unwrap()
        };
        let mut shuffled = events.clone();
        shuffled.sort_by_key(|event| engine::proof::sha256(format!("{seed}{}", event.id).as_bytes()));
        let usage = count(&events);
        prop_assert_eq!(&usage, &count(&shuffled));
        for meter in &usage.0 {
            let sum = meter.groups.iter().fold(Quantity::ZERO, |sum, group| sum.checked_add(group.quantity).unwrap());
            prop_assert_eq!(sum, meter.quantity);
        }
    }

    #[test]
    fn an_invoice_and_its_corrections_are_the_one_invoice_over_all_events(text in generate::book(), a in generate::quantity(), b in generate::quantity(), c in generate::quantity()) {
        let Some(book) = valid(&text) else { return Ok(()) };
        let month = engine::period::Month::parse("2026-11").unwrap();
        let customer = engine::ids::CustomerId::new("c").unwrap();
        let period = month.period(book.zone).unwrap();
        let draft = |usage: &Usage| engine::draft_invoice(&book, &DraftInput { customer: &customer, customer_name: "c", plan: "p", month, period, usage });
        let looks = [draft(&usage(&a, &b)), draft(&usage(&b, &c)), draft(&usage(&c, &a))];
        let [Ok(first), Ok(second), Ok(third)] = looks else { return Ok(()) };
        let whole = third.bill.clone();
        // What was issued so far: sums, and each line by its charge.
        let mut sums = [first.bill.subtotal, first.bill.total, first.bill.due].map(Money::exact);
        let mut lines: std::collections::BTreeMap<_, Exact> = first.bill.lines.iter().map(|line| (line.charge.clone(), line.amount.exact())).collect();
        let plus = |sum: &mut Exact, money: Money| *sum = sum.checked_add(money.exact()).unwrap();
        let mut standing = first;
        for now in [second, third] {
            // No document: what stands is that of before.
            let Some(draft) = correct(&standing, now.clone()).unwrap() else { continue };
            let reference = Reference { corrects: InvoiceNumber(1), follows: InvoiceNumber(1), part: 1 };
            let issued = draft.issue((InvoiceNumber(2), period.end), reference);
            let read: Correction = serde_json::from_str(&serde_json::to_string(&issued).unwrap()).unwrap();
            prop_assert_eq!(&read, &issued, "it is read as it was written");
            let changed = &issued.differences;
            for (sum, change) in sums.iter_mut().zip([changed.subtotal, changed.total, changed.due]) { plus(sum, change.difference); }
            for line in &changed.lines { plus(lines.entry(line.charge.clone()).or_insert(Exact::ZERO), line.amount.difference); }
            let less = changed.discounts.iter().map(|line| line.amount.difference).chain(changed.rounding);
            let net = sum(changed.lines.iter().map(|line| line.amount.difference.exact())).checked_sub(sum(less.map(Money::exact))).unwrap();
            prop_assert_eq!(net, changed.subtotal.difference.exact(), "lines, discounts and rounding give the subtotal");
            let paid = sum(changed.credits.iter().map(|line| line.amount.difference.exact()));
            prop_assert_eq!(changed.total.difference.exact().checked_sub(paid).unwrap(), changed.due.difference.exact());
            let kind = match changed.due.difference.exact().signum() { 1 => CorrectionKind::Supplement, 0 => CorrectionKind::Restatement, _ => CorrectionKind::CreditNote };
            prop_assert_eq!(issued.kind, kind);
            standing = now;
        }
        prop_assert_eq!(sums, [whole.subtotal, whole.total, whole.due].map(Money::exact));
        if standing.bill == whole {
            for line in &whole.lines { prop_assert_eq!(lines.remove(&line.charge).unwrap(), line.amount.exact(), "{}", line.charge); }
            prop_assert!(lines.values().all(|left| left.signum() == 0), "a line that is gone is given back whole");
        }
    }

    #[test]
    fn an_estimate_is_the_bill_of_the_same_usage(text in generate::book(), calls in generate::quantity(), bytes in generate::quantity()) {
        let Some(book) = valid(&text) else { return Ok(()) };
        let usage = usage(&calls, &bytes);
        let Ok(found) = estimate(&book, &[], &usage) else { return Ok(()) };
        for plan in &found.plans {
            prop_assert_eq!(&plan.month, &rate(&book, plan.month.plan.as_str(), &usage).unwrap());
        }
        if let Some(cheapest) = &found.cheapest {
            let lowest = found.plans.iter().find(|plan| plan.month.plan == *cheapest).unwrap().month.due;
            prop_assert!(found.plans.iter().all(|plan| !plan.month.unpriced.is_empty() || plan.month.due >= lowest));
        }
    }

    #[test]
    fn the_browsers_view_prices_like_the_book(text in generate::book(), calls in generate::quantity()) {
        let Some(book) = valid(&text) else { return Ok(()) };
        let view = serde_json::to_string(&book.public_view()).unwrap();
        prop_assert!(!view.contains("\"q\"") && !view.contains("乙"), "a private plan got out: {view}");
        let seen = BookView::from_json(&view).unwrap();
        prop_assert_eq!(seen.book.digest(), book.digest());
        let priced = seen.book.plans[0].prices(&MeterId::new("calls").unwrap());
        let usage = Usage(if priced { usage(&calls, "0").0[..1].to_vec() } else { Vec::new() });
        prop_assert_eq!(rate(&seen.book, "p", &usage), rate(&book, "p", &usage));
        let both = serde_json::to_string(&book.view_for(&[PlanId::new("q").unwrap()])).unwrap();
        prop_assert_eq!(BookView::from_json(&both).unwrap().book.plans, book.plans);
    }

    #[test]
    fn a_book_read_back_from_its_canonical_form_is_the_same(text in generate::book()) {
        let Some(book) = valid(&text) else { return Ok(()) };
        let canonical: serde_json::Value = serde_json::from_str(&book.canonical_json()).unwrap();
        prop_assert_eq!(BookDraft::from_json(&canonical).check().unwrap(), book);
    }

    #[test]
    fn no_question_panics_and_the_same_question_gives_the_same_bytes(ask in generate::ask()) {
        let answer = answer_json(&ask);
        prop_assert_eq!(&answer, &answer_json(&ask));
        prop_assert!(!answer.contains('\n'));
        prop_assert!(serde_json::from_str::<serde_json::Value>(&answer).is_ok());
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}", json in "[\\[\\]{}\":,a-z0-9.]{0,80}") {
        let _ = BookDraft::from_toml(&text).check();
        let _ = answer_json(&json);
        let _ = Quantity::parse(&text);
        let _ = BookView::from_json(&json);
    }
}

#[test]
fn random_questions_are_mostly_answered() {
    let asks = generate::asks(500);
    let answered = asks.iter().filter(|ask| !answer_json(ask).contains("\"refused\"")).count();
    assert!(answered > 250, "only {answered} of 500 questions have an answer; the generator tests little");
}
