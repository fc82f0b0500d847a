//! The store's contract, held against SQLite and PostgreSQL: one set of functions, the same behaviour.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use chrono::TimeDelta;
use engine::ids::CustomerId;
use engine::invoice::InvoiceNumber;
use engine::period::{Instant, Month, Period};
use engine::usage::Event;
use ledger::Kept;
use server::books::flow::{PublishError, Published, Shelf, publish};
use server::db::Db;
use server::ingest::flow::insert_all;
use server::invoices::flow::Said;
use server::invoices::store as invoices;
use server::metering::store as events;
use server::{Clock, Config, DatabasePlace};
use sqlx::Row as _;
use tempfile::TempDir;

use super::api::{BOOK, NOW};
use super::postgres::{Cluster, cluster};

/// A database that lives as long as the test.
pub struct Place {
    pub db: Db,
    pub config: Config,
    _folder: TempDir,
    _cluster: Option<Arc<Cluster>>,
}

impl Place {
    pub async fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let config = Config::in_dir(folder.path());
        Self { db: Db::open(&config, now()).await.unwrap(), config, _folder: folder, _cluster: None }
    }

    pub async fn postgres() -> Self {
        let folder = TempDir::new().unwrap();
        let cluster = cluster();
        let config = Config { database: DatabasePlace::Postgres(cluster.database()), ..Config::in_dir(folder.path()) };
        Self { db: Db::open(&config, now()).await.unwrap(), config, _folder: folder, _cluster: Some(cluster) }
    }
}

macro_rules! contracts {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name(super::Place::sqlite().await).await; })*
        }
        mod postgres {
            $(#[tokio::test] async fn $name() { super::$name(super::Place::postgres().await).await; })*
        }
    };
}

pub(super) use contracts;

contracts! {
    an_event_is_kept_once
    an_event_repeated_in_one_batch_counts_once
    an_event_with_other_content_is_a_conflict_and_the_first_stays
    a_batch_of_a_thousand_events_is_told_apart_one_by_one
    pages_of_a_period_join_without_gap_or_overlap
    the_number_of_an_undone_invoice_is_given_again
    two_bill_runs_at_once_issue_each_invoice_once
    an_issued_invoice_is_given_back_to_the_byte
    a_book_version_is_immutable
    a_version_never_touches_a_billed_month_and_keeps_the_zone
    an_interrupted_demo_is_completed_and_a_whole_one_is_left_alone
    customers_come_in_pages
    a_link_ends
    texts_come_back_as_they_were
    opening_again_changes_nothing
    a_transaction_whose_beginning_is_dropped_takes_nobody_elses_writes_along
}

pub fn now() -> Instant {
    NOW.parse().unwrap()
}

pub fn event(id: &str, customer: &str, time: &str) -> Event {
    Event {
        source: "/test".to_owned(),
        id: id.to_owned(),
        customer: CustomerId::new(customer).unwrap(),
        kind: "api.call".to_owned(),
        time: time.parse().unwrap(),
        data: [("bytes".to_owned(), "1000".into()), ("api".to_owned(), "maps".into())].into(),
    }
}

pub async fn keep(db: &Db, events: Vec<Event>) -> Vec<Kept> {
    insert_all(db, events.into_iter().map(Into::into).collect(), now()).await.unwrap()
}

async fn count(db: &Db, customer: &str) -> i64 {
    let period =
        Period { start: "2000-01-01T00:00:00Z".parse().unwrap(), end: "2100-01-01T00:00:00Z".parse().unwrap() };
    events::count(db, events::query(&CustomerId::new(customer).unwrap(), period)).await.unwrap()
}

const TIME: &str = "2026-11-15T00:00:00.000001Z";

async fn an_event_is_kept_once(place: Place) {
    assert_eq!(keep(&place.db, vec![event("1", "acme", TIME)]).await, [Kept::New]);
    assert_eq!(keep(&place.db, vec![event("1", "acme", TIME)]).await, [Kept::Same]);
    assert_eq!(count(&place.db, "acme").await, 1);
}

async fn an_event_repeated_in_one_batch_counts_once(place: Place) {
    let mut other = event("1", "acme", TIME);
    other.kind = "other".to_owned();
    let batch = vec![event("1", "acme", TIME), event("1", "acme", TIME), other];
    assert_eq!(keep(&place.db, batch).await, [Kept::New, Kept::Same, Kept::Conflict]);
    assert_eq!(count(&place.db, "acme").await, 1);
}

async fn an_event_with_other_content_is_a_conflict_and_the_first_stays(place: Place) {
    keep(&place.db, vec![event("1", "acme", TIME)]).await;
    for other in [event("1", "other", TIME), event("1", "acme", "2026-11-15T00:00:00.000002Z")] {
        assert_eq!(keep(&place.db, vec![other]).await, [Kept::Conflict]);
    }
    assert_eq!((count(&place.db, "acme").await, count(&place.db, "other").await), (1, 0));
}

async fn a_batch_of_a_thousand_events_is_told_apart_one_by_one(place: Place) {
    let batch =
        |numbers: std::ops::Range<u32>| numbers.map(|number| event(&format!("{number:04}"), "acme", TIME)).collect();
    assert!(keep(&place.db, batch(0..700)).await.iter().all(|kept| *kept == Kept::New));
    let kept = keep(&place.db, batch(300..1300)).await;
    assert_eq!(kept.iter().filter(|kept| **kept == Kept::Same).count(), 400);
    assert!(kept.iter().take(400).all(|kept| *kept == Kept::Same), "the answer has the order of the batch");
    assert_eq!(count(&place.db, "acme").await, 1300);
}

async fn pages_of_a_period_join_without_gap_or_overlap(place: Place) {
    let start: Instant = "2026-10-31T16:00:00Z".parse().unwrap();
    let end: Instant = "2026-11-30T16:00:00Z".parse().unwrap();
    let at = |instant: Instant| instant.to_rfc3339();
    let before = start - TimeDelta::microseconds(1);
    let last = end - TimeDelta::microseconds(1);
    let mut events = vec![event("before", "acme", &at(before)), event("start", "acme", &at(start))];
    events.extend((0..10).map(|number| event(&format!("m{number}"), "acme", TIME)));
    events.extend([event("last", "acme", &at(last)), event("end", "acme", &at(end)), event("z", "other", TIME)]);
    events.sort_by(|a, b| a.id.cmp(&b.id));
    keep(&place.db, events).await;
    let customer = CustomerId::new("acme").unwrap();
    let period = Period { start, end };
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let query = events::query(&customer, period);
        let page = place.db.ledger().page(query, (after.as_ref(), 3), |row, _| Some(row.id.to_owned())).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        ids.extend(page.into_iter().map(|(_, id)| id));
    }
    let expected = ["start", "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "last"];
    assert_eq!(ids, expected);
}

async fn the_number_of_an_undone_invoice_is_given_again(place: Place) {
    for _ in 0..2 {
        let mut tx = place.db.begin().await.unwrap();
        assert_eq!(invoices::take_number(&mut tx).await.unwrap().0, 1);
        tx.rollback().await.unwrap();
    }
    let mut tx = place.db.begin().await.unwrap();
    assert_eq!(invoices::take_number(&mut tx).await.unwrap().0, 1);
    tx.commit().await.unwrap();
    let mut tx = place.db.begin().await.unwrap();
    assert_eq!(invoices::take_number(&mut tx).await.unwrap().0, 2);
}

/// Publishes the book and gives `count` customers an event in November.
pub async fn usage(db: &Db, count: usize) -> Month {
    publish(db, BOOK, now()).await.unwrap();
    let events = (0..count).map(|number| event(&format!("{number:03}"), &format!("c{number:03}"), TIME));
    keep(db, events.collect()).await;
    Month::parse("2026-11").unwrap()
}

pub async fn all_invoices(db: &Db) -> Vec<invoices::InvoiceRow> {
    let filter = invoices::Filter { limit: 1000, ..invoices::Filter::default() };
    invoices::list(db, &filter).await.unwrap()
}

async fn two_bill_runs_at_once_issue_each_invoice_once(place: Place) {
    let month = usage(&place.db, 40).await;
    let other = Db::open(&place.config, now()).await.unwrap();
    let (one, two) = (Shelf::default(), Shelf::default());
    let clock = Clock::Fixed(now());
    let (first, second) = tokio::join!(
        server::billing::flow::bill(&place.db, (&one, clock, &place.config), month, |_| {}),
        server::billing::flow::bill(&other, (&two, clock, &place.config), month, |_| {}),
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.issued + second.issued, 40);
    assert_eq!(first.already + second.already, 40);
    let numbers: Vec<u64> = all_invoices(&place.db).await.iter().map(|row| row.number.0).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<u64>>());
}

async fn an_issued_invoice_is_given_back_to_the_byte(place: Place) {
    let month = usage(&place.db, 1).await;
    let (shelf, config, seller) = (Shelf::default(), &place.config, &place.config.seller);
    server::billing::flow::bill(&place.db, (&shelf, Clock::Fixed(now()), config), month, |_| {}).await.unwrap();
    assert_eq!(server::invoices::flow::seller(&place.db, InvoiceNumber(1)).await.unwrap(), *seller);
    let row = all_invoices(&place.db).await.remove(0);
    let document = server::invoices::flow::document(&place.db, row.number).await.unwrap();
    assert_eq!(engine::proof::sha256(document.json.as_bytes()), document.sha256);
    let Said::Invoice(issued) = server::invoices::flow::said(&place.db, row.number).await.unwrap() else {
        panic!("an invoice")
    };
    assert_eq!(serde_json::to_string(&*issued).unwrap(), document.json);
    assert_eq!((issued.invoice.bill.total.to_string(), row.total.as_str(), row.events), ("1.00".to_owned(), "1.00", 1));
}

async fn a_book_version_is_immutable(place: Place) {
    assert!(matches!(publish(&place.db, BOOK, now()).await.unwrap(), Published::New(_)));
    assert!(matches!(publish(&place.db, BOOK, now()).await.unwrap(), Published::Before(_)));
    let changed = BOOK.replace("0.50", "0.60");
    assert!(matches!(publish(&place.db, &changed, now()).await, Err(PublishError::OtherDigest { .. })));
    let books = Shelf::default().books(&place.db).await.unwrap();
    assert_eq!(books.iter().count(), 1);
}

async fn a_version_never_touches_a_billed_month_and_keeps_the_zone(place: Place) {
    let month = usage(&place.db, 1).await;
    let by = (&Shelf::default(), Clock::Fixed(now()), &place.config);
    server::billing::flow::bill(&place.db, by, month, |_| {}).await.unwrap();
    let second = |day: &str| BOOK.replace("version = \"1\"", "version = \"2\"").replace("2026-01-01", day);
    let refused = publish(&place.db, &second("2026-11-01"), now()).await;
    assert!(matches!(&refused, Err(PublishError::MonthBilled { billed, .. }) if *billed == month), "{refused:?}");
    let moved = second("2026-12-01").replace("Asia/Shanghai", "UTC");
    let refused = publish(&place.db, &moved, now()).await;
    assert!(matches!(&refused, Err(PublishError::OtherZone { given: "UTC", .. })), "{refused:?}");
    assert!(matches!(publish(&place.db, &second("2026-12-01"), now()).await.unwrap(), Published::New(_)));
}

async fn an_interrupted_demo_is_completed_and_a_whole_one_is_left_alone(place: Place) {
    let app = server::app::open(place.config.clone(), Clock::Fixed(now())).await.unwrap();
    let stopped = app.clone();
    let task = tokio::spawn(async move {
        let stop = |done, _| assert!(done < 100, "the power fails");
        server::demo::prepare(&stopped, stop).await.map(drop)
    });
    assert!(task.await.unwrap_err().is_panic());
    let made = server::demo::prepare(&app, |_, _| {}).await.unwrap().made.unwrap();
    assert_eq!((made.customers, made.invoices), (6, 6));
    assert!(server::demo::prepare(&app, |_, _| {}).await.unwrap().made.is_none());
    assert_eq!(all_invoices(&app.db).await.len(), 6);
}

async fn customers_come_in_pages(place: Place) {
    keep(&place.db, (0..5).map(|number| event(&number.to_string(), &format!("客户{number}"), TIME)).collect()).await;
    let first = server::customers::store::page(&place.db, "", 3).await.unwrap();
    let rest = server::customers::store::page(&place.db, first[2].id.as_str(), 3).await.unwrap();
    let ids: Vec<&str> = first.iter().chain(&rest).map(|customer| customer.id.as_str()).collect();
    assert_eq!(ids, ["客户0", "客户1", "客户2", "客户3", "客户4"]);
}

async fn a_link_ends(place: Place) {
    keep(&place.db, vec![event("1", "acme", TIME)]).await;
    let customer = CustomerId::new("acme").unwrap();
    let link = server::auth::flow::create(&place.db, &customer, 1, now()).await.unwrap();
    let whose = |at| server::auth::flow::customer(&place.db, &link.token, at);
    let day = now() + TimeDelta::days(1);
    assert_eq!(whose(day - TimeDelta::microseconds(1)).await.unwrap(), Some(customer));
    assert_eq!(whose(day).await.unwrap(), None);
    assert_eq!(server::auth::flow::customer(&place.db, "guess", now()).await.unwrap(), None);
}

async fn texts_come_back_as_they_were(place: Place) {
    let mut odd = event("'; DROP TABLE events; --", "上海 O'Neill \"&\" 😀", TIME);
    odd.data.insert("note".to_owned(), "a\u{0}b\nc\\u0000".into());
    keep(&place.db, vec![odd.clone()]).await;
    let period = Period { start: "2026-11-01T00:00:00Z".parse().unwrap(), end: now() };
    let query = events::query(&odd.customer, period);
    let page = place.db.ledger().page(query, (None, 10), |row, _| row.event()).await.unwrap();
    let events: Vec<Event> = page.into_iter().map(|(_, event)| event).collect();
    assert_eq!(events, [odd]);
}

async fn opening_again_changes_nothing(place: Place) {
    keep(&place.db, vec![event("1", "acme", TIME)]).await;
    let again = Db::open(&place.config, now()).await.unwrap();
    assert_eq!(count(&again, "acme").await, 1);
}

/// As when a client goes away while its request begins a transaction.
async fn a_transaction_whose_beginning_is_dropped_takes_nobody_elses_writes_along(place: Place) {
    sqlx::query("CREATE TABLE written (n BIGINT NOT NULL)").execute(place.db.pool()).await.unwrap();
    for polls in 1..=20_i64 {
        {
            let (mut begin, mut left) = (pin!(place.db.begin()), polls);
            poll_fn(|context| {
                left -= 1;
                let is_over = begin.as_mut().poll(context).is_ready() || left == 0;
                if is_over { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        sqlx::query("INSERT INTO written VALUES ($1)").bind(polls).execute(place.db.pool()).await.unwrap();
    }
    let others = Db::open(&place.config, now()).await.unwrap();
    let count = sqlx::query("SELECT COUNT(*) FROM written").fetch_one(others.pool()).await.unwrap();
    assert_eq!(count.try_get::<i64, _>(0).unwrap(), 20);
}
