//! What is stored, read without the server that stored it, and held against the books of each day.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use ledger::{Query, Row};
use server::{Clock, Config};

/// How often each event is stored: by source and id.
pub async fn stored(folder: &Path) -> BTreeMap<(String, String), u32> {
    let app = server::app::open(Config::in_dir(&folder.join("data")), Clock::System).await.unwrap();
    let found = once_more(&app).await;
    app.db.ledger().break_lease().await.unwrap();
    app.db.ledger().sort_all(app.clock.now()).await.unwrap();
    assert_eq!(app.db.ledger().waiting(), 0);
    assert_eq!(once_more(&app).await, found, "sorting changes nothing");
    app.db.close().await;
    found
}

async fn once_more(app: &server::app::App) -> BTreeMap<(String, String), u32> {
    let ledger = app.db.ledger();
    let (mut found, mut days) = (BTreeMap::new(), BTreeMap::<NaiveDate, i64>::new());
    let all = Query { customer: None, start_us: i64::MIN, end_us: i64::MAX, after_seq: 0 };
    let read = |row: &Row<'_>, _: Option<&str>| {
        *found.entry((row.source.to_owned(), row.id.to_owned())).or_insert(0) += 1;
        let received: DateTime<Utc> = DateTime::from_timestamp_micros(row.received_us).unwrap();
        *days.entry(received.date_naive()).or_insert(0) += 1;
        ControlFlow::Continue(())
    };
    ledger.scan(all, read).await.unwrap();
    for (day, events) in days {
        let books = ledger.day(day).await.unwrap();
        let totals: BTreeMap<_, _> = books.iter().map(|(source, count)| (source.clone(), count.totals())).collect();
        assert_eq!(ledger.stored_on(day).await.unwrap(), totals, "the books of {day} equal what is stored");
        assert_eq!(totals.values().map(|total| total.accepted).sum::<i64>(), events);
    }
    found
}
