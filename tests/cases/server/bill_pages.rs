//! Bill runs over several pages of customers: stopped, failing, two at once, with customers in them that cannot be billed.

use std::future::{Future, poll_fn};
use std::ops::Range;
use std::pin::pin;
use std::task::Poll;

use engine::ids::CustomerId;
use engine::invoice::InvoiceNumber;
use engine::period::Month;
use engine::usage::Event;
use ledger::{Change, Incoming};
use server::billing::flow::{BillError, BillRun, Progress, bill};
use server::books::flow::{Shelf, publish};
use server::db::Db;
use server::invoices::flow::document;
use server::invoices::store::{self as invoices, Filter, take_number};
use server::{Clock, Config};

use super::api::BOOK;
use super::store::{Place, event, keep, now};

macro_rules! contracts_on_tasks {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Place::sqlite().await).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Place::postgres().await).await; })*
        }
    };
}

contracts_on_tasks! {
    a_run_over_several_pages_numbers_customers_in_their_order
    who_cannot_be_billed_in_the_middle_of_a_page_is_left_out_and_billed_after_the_repair
    who_takes_a_number_between_two_pages_moves_the_numbers_in_the_documents_after_it
    two_runs_on_two_tasks_issue_each_invoice_once_without_a_gap
    a_run_stopped_after_a_page_goes_on_with_the_next_number
    a_run_stopped_anywhere_forgets_nobody_and_bills_nobody_twice
    a_page_that_fails_in_its_middle_leaves_nothing_and_uses_no_number
    what_came_after_a_stored_count_is_on_the_invoice
    what_comes_while_a_run_goes_on_is_on_a_correction_of_the_same_run
}

const TIME: &str = "2026-11-15T00:00:00Z";

fn month() -> Month {
    Month::parse("2026-11").unwrap()
}

fn name(number: usize) -> String {
    format!("c{number:05}")
}

fn of(number: usize) -> Event {
    event(&format!("first of {number}"), &name(number), TIME)
}

/// The book, and an event in November for each of these customers: 1,000 bytes, 1.00; the call is free.
async fn customers(db: &Db, numbers: Range<usize>) {
    publish(db, BOOK, now()).await.unwrap();
    keep(db, numbers.map(of).collect()).await;
}

async fn run(db: &Db, config: &Config) -> Result<BillRun, BillError> {
    bill(db, (&Shelf::default(), Clock::Fixed(now()), config), month(), |_| {}).await
}

/// Numbers and customers of all invoices, by number.
async fn issued(db: &Db) -> Vec<(u64, String)> {
    let mut filter = Filter { limit: 1000, ..Filter::default() };
    let mut issued = Vec::new();
    loop {
        let page = invoices::list(db, &filter).await.unwrap();
        let Some(last) = page.last() else { return issued };
        filter.after = last.number.0;
        issued.extend(page.into_iter().map(|row| (row.number.0, row.customer.to_string())));
    }
}

fn numbered(numbers: impl Iterator<Item = usize>) -> Vec<(u64, String)> {
    (1..).zip(numbers.map(name)).collect()
}

async fn a_run_over_several_pages_numbers_customers_in_their_order(place: Place) {
    customers(&place.db, 0..1203).await;
    let mut told = Vec::new();
    let by = (&Shelf::default(), Clock::Fixed(now()), &place.config);
    let run = bill(&place.db, by, month(), |at| told.push((at.done, at.total))).await.unwrap();
    assert_eq!((run.issued, run.already, run.nothing, run.unbilled.len()), (1203, 0, 0, 0));
    assert_eq!(told, [(500, 1203), (1000, 1203), (1203, 1203)]);
    assert_eq!(issued(&place.db).await, numbered(0..1203));
    are_what_they_say(&place.db, [1, 500, 501, 1203]).await;
}

async fn are_what_they_say(db: &Db, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        let document = document(db, InvoiceNumber(number)).await.unwrap();
        let issued: engine::invoice::Issued = serde_json::from_str(&document.json).unwrap();
        assert_eq!((issued.number.0, issued.invoice.bill.total.to_string()), (number, "1.00".to_owned()));
        assert_eq!(serde_json::to_string(&issued).unwrap(), document.json);
        assert_eq!(document.sha256, engine::proof::sha256(document.json.as_bytes()));
    }
}

/// Documents are written before their numbers are certain.
async fn who_takes_a_number_between_two_pages_moves_the_numbers_in_the_documents_after_it(place: Place) {
    customers(&place.db, 0..1203).await;
    let by = (&Shelf::default(), Clock::Fixed(now()), &place.config);
    let take = |at: Progress| {
        if at.done == 500 {
            take_a_number(&place.config);
        }
    };
    let run = bill(&place.db, by, month(), take).await.unwrap();
    assert_eq!((run.issued, run.already), (1203, 0));
    let expected = (1..=500).chain(502..).zip((0..1203).map(name)).collect::<Vec<_>>();
    assert_eq!(issued(&place.db).await, expected);
    are_what_they_say(&place.db, [500, 502, 1001, 1002, 1204]).await;
}

/// As another process does.
fn take_a_number(config: &Config) {
    let take = async {
        let db = Db::open(config, now()).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        take_number(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        db.close().await;
    };
    let run = || tokio::runtime::Runtime::new().unwrap().block_on(take);
    std::thread::scope(|scope| scope.spawn(run).join().unwrap());
}

async fn who_cannot_be_billed_in_the_middle_of_a_page_is_left_out_and_billed_after_the_repair(place: Place) {
    customers(&place.db, 0..700).await;
    // With the 1,000 bytes there are, 4,000 below zero.
    let mut credit = event("minus", &name(250), TIME);
    credit.data.insert("bytes".to_owned(), "-5000".into());
    keep(&place.db, vec![credit.clone()]).await;
    // Without usage and without a plan of their own: nothing to bill.
    keep(&place.db, vec![event("later", "c00300x", "2026-12-10T00:00:00Z")]).await;
    let first = run(&place.db, &place.config).await.unwrap();
    assert_eq!((first.issued, first.nothing), (699, 1));
    let unbilled: Vec<(&str, String)> =
        first.unbilled.iter().map(|who| (who.customer.as_str(), who.reason.to_string())).collect();
    assert!(matches!(&unbilled[..], [("c00250", reason)] if reason.contains("-4000")), "{unbilled:?}");
    let others = (0..700).filter(|number| *number != 250);
    assert_eq!(issued(&place.db).await, numbered(others.clone()));
    let void = Event { id: "void".to_owned(), ..credit };
    let void = vec![Incoming { event: void, change: Change::Voids("minus".to_owned()) }];
    server::ingest::flow::insert_all(&place.db, void, now()).await.unwrap();
    let second = run(&place.db, &place.config).await.unwrap();
    assert_eq!((second.issued, second.already, second.unbilled.len()), (1, 699, 0));
    assert_eq!(issued(&place.db).await, numbered(others.chain([250])));
}

async fn two_runs_on_two_tasks_issue_each_invoice_once_without_a_gap(place: Place) {
    customers(&place.db, 0..1203).await;
    let other = Db::open(&place.config, now()).await.unwrap();
    let task = |db: Db| {
        let config = place.config.clone();
        tokio::spawn(async move { run(&db, &config).await.unwrap() })
    };
    let tasks = [task(place.db.clone()), task(other)];
    let mut sums = (0, 0);
    for task in tasks {
        let run = task.await.unwrap();
        assert!(run.unbilled.is_empty());
        assert_eq!(run.issued + run.already, 1203);
        sums = (sums.0 + run.issued, sums.1 + run.already);
    }
    assert_eq!(sums, (1203, 1203));
    assert_eq!(issued(&place.db).await, numbered(0..1203));
}

async fn a_run_stopped_after_a_page_goes_on_with_the_next_number(place: Place) {
    customers(&place.db, 0..1203).await;
    let (db, config) = (place.db.clone(), place.config.clone());
    let stopped = tokio::spawn(async move {
        let by = (&Shelf::default(), Clock::Fixed(now()), &config);
        bill(&db, by, month(), |at| assert!(at.done < 1000, "the power fails")).await.map(drop)
    });
    assert!(stopped.await.unwrap_err().is_panic());
    assert_eq!(issued(&place.db).await, numbered(0..1000));
    let run = run(&place.db, &place.config).await.unwrap();
    assert_eq!((run.issued, run.already), (203, 1000));
    assert_eq!(issued(&place.db).await, numbered(0..1203));
}

async fn a_run_stopped_anywhere_forgets_nobody_and_bills_nobody_twice(place: Place) {
    customers(&place.db, 0..1203).await;
    let mut polls = 1_u32;
    let finished = loop {
        // As if its process ended: nothing goes on with its connections.
        let own = Db::open(&place.config, now()).await.unwrap();
        let outcome = {
            let mut run = pin!(run(&own, &place.config));
            let mut left = polls;
            let stopping = poll_fn(|context| match run.as_mut().poll(context) {
                Poll::Ready(outcome) => Poll::Ready(Some(outcome.unwrap())),
                Poll::Pending => {
                    left -= 1;
                    if left == 0 { Poll::Ready(None) } else { Poll::Pending }
                }
            });
            stopping.await
        };
        own.close().await;
        if let Some(run) = outcome {
            break run;
        }
        let so_far = issued(&place.db).await;
        assert_eq!(so_far, numbered(0..so_far.len()), "stopped after {polls} polls");
        assert!([0, 500, 1000, 1203].contains(&so_far.len()), "a page is there as a whole");
        polls = polls + polls / 2 + 1;
    };
    assert_eq!(finished.issued + finished.already, 1203);
    assert_eq!(issued(&place.db).await, numbered(0..1203));
}

async fn a_page_that_fails_in_its_middle_leaves_nothing_and_uses_no_number(place: Place) {
    customers(&place.db, 0..1203).await;
    // Somebody has put a row in the way that takes a number of the second page.
    let taken = "INSERT INTO invoices (customer, month, number, book, version, currency, total, start_us, end_us, \
                 events, document, sha256, issued_us, seller, through) \
                 VALUES ('zz', '2020-01', 777, 'b', '1', 'CNY', '0', 0, 1, 0, '{}', '', 0, '{}', 0)";
    sqlx::query(taken).execute(place.db.pool()).await.unwrap();
    for _ in 0..2 {
        let failed = run(&place.db, &place.config).await;
        let Err(BillError::Db(_)) = &failed else { panic!("{failed:?}") };
        assert!(failed.unwrap_err().to_string().contains("run the month again for the rest"));
        let there: Vec<(u64, String)> = issued(&place.db).await.into_iter().filter(|(_, who)| who != "zz").collect();
        assert_eq!(there, numbered(0..500));
    }
    sqlx::query("DELETE FROM invoices WHERE customer = 'zz'").execute(place.db.pool()).await.unwrap();
    let run = run(&place.db, &place.config).await.unwrap();
    assert_eq!((run.issued, run.already), (703, 500));
    assert_eq!(issued(&place.db).await, numbered(0..1203));
}

/// Stores what a server would have counted by now.
async fn store_counts(place: &Place, numbers: Range<usize>) {
    let app = server::app::open(place.config.clone(), Clock::Fixed(now())).await.unwrap();
    app.counters.begin(app.db.ledger().catch_up().await.unwrap());
    let books = app.shelf.books(&app.db).await.unwrap();
    for number in numbers {
        let id = CustomerId::new(&name(number)).unwrap();
        let customer = server::customers::store::find(&app.db, &id).await.unwrap().unwrap();
        let terms = server::metering::flow::terms(&books, &customer, month()).unwrap();
        server::metering::flow::remember(&app, &id, &terms).await.unwrap();
    }
    let counts = app.counters.take_unsaved(10_000);
    app.db.ledger().save_counts(&counts).await.unwrap();
    app.db.close().await;
}

async fn what_came_after_a_stored_count_is_on_the_invoice(place: Place) {
    customers(&place.db, 0..40).await;
    // The counts of the last ten are not stored.
    store_counts(&place, 0..30).await;
    // One more for some of both: a call that is not free, 0.50, and 1,000 bytes, 1.00.
    let more = |number: usize| event(&format!("more of {number}"), &name(number), TIME);
    keep(&place.db, [3, 4, 35].map(more).into()).await;
    place.db.ledger().sort_all(now()).await.unwrap();
    keep(&place.db, [4, 5, 36].map(|number| Event { id: format!("last of {number}"), ..more(number) }).into()).await;
    assert_eq!(run(&place.db, &place.config).await.unwrap().issued, 40);
    let filter = Filter { limit: 1000, ..Filter::default() };
    let rows = invoices::list(&place.db, &filter).await.unwrap();
    for (number, row) in rows.iter().enumerate() {
        let (events, total) = match number {
            4 => (3, "4.00"),
            3 | 5 | 35 | 36 => (2, "2.50"),
            _ => (1, "1.00"),
        };
        assert_eq!((row.events, row.total.as_str()), (events, total), "customer {number}");
    }
}

async fn what_comes_while_a_run_goes_on_is_on_a_correction_of_the_same_run(place: Place) {
    customers(&place.db, 0..1203).await;
    let (db, config) = (place.db.clone(), place.config.clone());
    let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let (goes_on, waits) = std::sync::mpsc::channel::<()>();
    let running = tokio::spawn(async move {
        let first_page = move |at: server::billing::flow::Progress| {
            if at.done == 500 {
                told.send(()).unwrap();
                tokio::task::block_in_place(|| waits.recv()).unwrap();
            }
        };
        bill(&db, (&Shelf::default(), Clock::Fixed(now()), &config), month(), first_page).await.unwrap()
    });
    hears.recv().await.unwrap();
    keep(&place.db, vec![event("late", &name(7), TIME)]).await;
    goes_on.send(()).unwrap();
    let run = running.await.unwrap();
    assert_eq!((run.issued, run.corrections.corrected.len(), run.corrections.late.len()), (1203, 1, 0));
    let corrected = &run.corrections.corrected[0];
    // The second call costs 0.50 and its 1,000 bytes 1.00.
    assert_eq!((corrected.customer.as_str(), corrected.corrects.0, corrected.number.0), ("c00007", 8, 1204));
    assert_eq!(corrected.due.difference.to_string(), "1.50");
}
