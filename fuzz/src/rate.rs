//! A book and quantities for its meters: the lines add up, and the total alone is the total of the lines.
//!
//! The first line of the input holds the quantities, separated by spaces; the book follows.
#![no_main]

use engine::exact::Exact;
use engine::quantity::Quantity;
use engine::rating::{rate, rate_total};
use engine::text::{Lang, sentence};
use engine::usage::MeterUsage;
use engine::{BookDraft, Usage};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (quantities, book) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(book) = BookDraft::from_toml(book).check() else { return };
    let mut quantities = quantities.split(' ').filter_map(|text| Quantity::parse(text).ok());
    let used = book.meters.iter().filter_map(|meter| {
        let quantity = quantities.next()?;
        Some(MeterUsage::assumed(meter.id.clone(), quantity))
    });
    let usage = Usage(used.collect());
    for plan in &book.plans {
        let rated = rate(&book, plan.id.as_str(), &usage);
        assert_eq!(rated.as_ref().ok().map(|rated| rated.due), rate_total(&book, plan, &usage).ok());
        let Ok(rated) = rated else { continue };
        for line in &rated.lines {
            for step in &line.steps {
                assert!(!sentence(step, line.unit.as_ref(), rated.currency, Lang::Zh).is_empty());
            }
        }
        let lines = rated.lines.iter().try_fold(Exact::ZERO, |sum, line| sum.checked_add(line.amount.exact()));
        if rated.invoice_rounding.is_none() && rated.discounts.is_empty() {
            assert_eq!(lines.expect("the subtotal was added up too"), rated.subtotal.exact());
        }
    }
});
