//! The bill run of a month whose counts were kept while events came in: the drafts alone, which is what a query would do, and
//! the whole run with its invoices on the disk.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant as Clock};

use engine::ids::CustomerId;
use engine::invoice::{Draft, Issued};
use engine::money::Money;
use engine::period::{Instant, Month};
use intake::Mapping;
use server::app::App;
use server::billing::flow::bill;
use server::billing::page::{Found, Pages};
use server::customers::store::{self as customers, Customer};
use server::import::flow::{Order, import};
use server::invoices::{flow::document, store as invoices};
use server::metering::flow::{current, terms as find_terms};

use crate::made_up::{CUSTOMERS, MONTH_US, START_US};
use crate::say;

const BOOK: &str = include_str!("rated.toml");
const MAPPING: &str = include_str!("rated_mapping.toml");

/// A folder with the file's events in it, taken in as `ratecard import` does while the server counts, and the counts stored.
pub(crate) async fn prepare(file: &Path, folder: &Path) {
    let running = server::start_at(server::Config::in_dir(folder), clock()).await.unwrap();
    let app = &running.app;
    server::books::flow::publish(&app.db, BOOK, now()).await.unwrap();
    let ids: Vec<CustomerId> = (0..CUSTOMERS).map(|n| CustomerId::new(&format!("customer-{n}")).unwrap()).collect();
    customers::ensure(&app.db, ids.iter().collect::<BTreeSet<_>>(), now()).await.unwrap();
    // Who has asked for their usage once is counted from then on, event by event.
    let all = every_customer(app).await;
    look_at_usage(app, &all).await;
    let mapping = Mapping::from_toml(MAPPING).unwrap_or_else(|problems| panic!("{problems:?}"));
    let source = mapping.source.clone().unwrap();
    let order = Order { file, mapping: &mapping, source: &source, skip_broken: false, is_finished: true, now: now() };
    let begin = Clock::now();
    let imported = import(&app.db, &order, |_, _| ()).await.unwrap();
    assert_eq!(imported.conflicts, 0);
    eprintln!("{} new events, {} repeats in {:?}", imported.new, imported.known, begin.elapsed());
    look_at_usage(app, &all).await;
    // A month is billed when it is over: by then its events are in blocks.
    while app.db.ledger().waiting() > 0 {
        app.db.ledger().sort_all(now()).await.unwrap();
    }
    running.stop().await;
    let app = open(folder).await;
    let stored = stored_counts(&app, &all).await;
    assert_eq!(stored, all.len(), "counts that are stored, and customers");
    app.db.close().await;
}

/// From the stored counts to priced drafts in memory, as the bill run makes them; their lines go to `out`.
pub(crate) async fn drafts(folder: &Path, out: &Path) {
    let app = open(folder).await;
    let begin = Clock::now();
    let books = app.shelf.books(&app.db).await.unwrap();
    let (mut drafts, mut pages) = (Vec::new(), Pages::new(&app.db, &books, month()));
    while let Some(page) = pages.next().await.unwrap() {
        drafts.extend(page.into_iter().map(|(customer, found)| match found {
            Found::Drafted(drafted) => drafted.draft,
            other => panic!("{customer}: {other:?}"),
        }));
    }
    say("bill_drafts_ms", begin.elapsed().as_secs_f64() * 1e3);
    write_lines(out, drafts.iter());
    app.db.close().await;
}

/// The bill run as the operator starts it, in a copy of the folder; the lines of its invoices go to `out`.
pub(crate) async fn run(folder: &Path, out: &Path) {
    let copy = tempfile::tempdir_in(folder.parent().unwrap()).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let there = copy.path().join(entry.file_name());
        std::fs::copy(entry.path(), &there).unwrap();
        // Else the disk is still writing the copy while invoices wait for it.
        std::fs::File::open(&there).unwrap().sync_all().unwrap();
    }
    let app = open(copy.path()).await;
    let begin = Clock::now();
    let run = bill(&app.db, (&app.shelf, app.clock, &app.config), month(), |_| ()).await.unwrap();
    say("bill_run_ms", begin.elapsed().as_secs_f64() * 1e3);
    assert_eq!((run.issued, run.already, run.nothing, run.unbilled.len()), (CUSTOMERS, 0, 0, 0));
    let mut issued: Vec<Draft> = Vec::new();
    let mut filter = invoices::Filter { limit: 1000, ..invoices::Filter::default() };
    loop {
        let rows = invoices::list(&app.db, &filter).await.unwrap();
        let Some(last) = rows.last() else { break };
        filter.after = last.number.0;
        for row in rows {
            let document = document(&app.db, row.number).await.unwrap();
            issued.push(serde_json::from_str::<Issued>(&document.json).unwrap().invoice);
        }
    }
    write_lines(out, issued.iter());
    app.db.close().await;
}

/// As `ratecard rate --events` writes them.
fn write_lines<'d>(out: &Path, drafts: impl Iterator<Item = &'d Draft>) {
    let mut text = "customer,what,id,quantity,amount,currency\n".to_owned();
    for Draft { customer, bill, .. } in drafts {
        let code = bill.currency.code();
        let mut put = |what: &str, id: &str, quantity: &str, amount: Money| {
            writeln!(text, "{customer},{what},{id},{quantity},{amount},{code}").unwrap();
        };
        for line in &bill.lines {
            put("line", line.charge.as_str(), &line.quantity.to_string(), line.amount);
        }
        put("subtotal", "", "", bill.subtotal);
        for tax in &bill.taxes {
            put("tax", tax.id.as_str(), "", tax.amount);
        }
        put("total", "", "", bill.total);
    }
    std::fs::write(out, text).unwrap();
}

async fn open(folder: &Path) -> App {
    server::app::open(server::Config::in_dir(folder), clock()).await.unwrap()
}

async fn every_customer(app: &App) -> Vec<Customer> {
    customers::page(&app.db, "", u32::MAX).await.unwrap()
}

/// As everybody's page of usage does.
async fn look_at_usage(app: &App, all: &[Customer]) {
    let books = app.shelf.books(&app.db).await.unwrap();
    for customer in all {
        current(app, &customer.id, &find_terms(&books, customer, month()).unwrap()).await.unwrap();
    }
}

async fn stored_counts(app: &App, all: &[Customer]) -> usize {
    let books = app.shelf.books(&app.db).await.unwrap();
    let Some(first) = all.first() else { return 0 };
    let terms = find_terms(&books, first, month()).unwrap();
    let names: Vec<&str> = all.iter().map(|customer| customer.id.as_str()).collect();
    let time = (terms.period.start.timestamp_micros(), terms.period.end.timestamp_micros());
    app.db.ledger().counts_of(&names, time, terms.meters.fingerprint()).await.unwrap().len()
}

fn month() -> Month {
    Month::parse("2026-11").unwrap()
}

/// Some days after the month.
fn now() -> Instant {
    Instant::from_timestamp_micros(START_US + MONTH_US).unwrap() + Duration::from_secs(3 * 86_400)
}

fn clock() -> server::Clock {
    server::Clock::Fixed(now())
}
