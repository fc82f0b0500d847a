//! Months as files: exported, dropped only when nobody needs them, brought back as they were.

use std::ops::ControlFlow;
use std::path::PathBuf;

use axum::http::StatusCode;
use engine::period::Month;
use ledger::{DayTotals, Query, Row};
use serde_json::{Value, json};
use server::Config;
use server::archive::drop::{DropOrder, Export, drop};
use server::archive::due::{self, Done};
use server::archive::error::ArchiveError;
use server::archive::export::{Format, export};
use server::archive::manifest::Manifest;
use server::archive::restore::{Restored, restore};
use tempfile::TempDir;

use super::api::{Api, NOW, config, event};
use super::program::Program;

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

fn now() -> engine::period::Instant {
    NOW.parse().unwrap()
}

/// Nine events in October, one of them voided, one amended; three in November. A voiding event counts as an event.
async fn with_usage(config: impl FnOnce(&TempDir) -> Config) -> Api {
    let folder = TempDir::new().unwrap();
    let config = config(&folder);
    let api = Api::with(folder, config).await;
    assert_eq!(api.post("/v1/books", super::api::BOOK).await.status, StatusCode::CREATED);
    let october = |id: &str| event(id, ["acme", "bolt"][id.len() % 2], "2026-10-05T08:30:00.123456Z");
    let mut events: Vec<Value> = ["1", "2", "33", "44", "5", "66", "7"].map(october).to_vec();
    events.extend(["n1", "n2", "n3"].map(|id| event(id, "acme", "2026-11-05T00:00:00Z")));
    assert_eq!(api.events(&json!(events)).await.status, StatusCode::OK);
    for (change, id, target) in [("voids", "v", "1"), ("amends", "a", "2")] {
        let mut by = event(id, "bolt", "2026-10-05T08:30:00.123456Z");
        by[change] = json!(target);
        let reply = api.events(&by).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    }
    api
}

async fn bill(api: &Api, months: &[&str]) {
    for month in months {
        let reply = api.post("/v1/bill-runs", json!({ "month": month }).to_string()).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    }
}

/// Everything that is stored but when and with which commit it came.
async fn stored(api: &Api) -> Vec<(String, String, i64, String, Option<String>)> {
    let mut rows = Vec::new();
    let take = |row: &Row<'_>, by: Option<&str>| {
        let change = format!("{:?} {} {}", row.change, row.kind, row.data);
        rows.push((row.customer.to_owned(), row.id.to_owned(), row.time_us, change, by.map(str::to_owned)));
        ControlFlow::Continue(())
    };
    let all = Query { customer: None, start_us: i64::MIN, end_us: i64::MAX, after_seq: 0 };
    api.running.app.db.ledger().scan(all, take).await.unwrap();
    rows.sort();
    rows
}

fn order(export: Export<'_>) -> DropOrder<'_> {
    DropOrder { month: month("2026-10"), export, retention_months: None, though_unbilled: false }
}

async fn there_and_back(format: Format, name: &str) {
    let api = with_usage(config).await;
    bill(&api, &["2026-10", "2026-11"]).await;
    let (db, folder) = (&api.running.app.db, api.folder.path().join("archive"));
    let before = stored(&api).await;
    assert_eq!(before.len(), 12);
    let (file, manifest) = export(db, month("2026-10"), (&folder, format), now()).await.unwrap();
    assert_eq!((file.as_path(), manifest.rows), (folder.join(name).as_path(), 9));
    assert_eq!(Manifest::of(&file).unwrap(), Some(manifest.clone()));
    let dropped = drop(db, order(Export::In(&folder)), now()).await.unwrap();
    assert_eq!(dropped, manifest.totals());
    assert_eq!(stored(&api).await.len(), 3);
    let restored = restore(db, &file, now(), |_, _| {}).await.unwrap();
    assert_eq!(restored, Restored { events: 9, new: 9, known: 0, conflicts: 0 });
    assert_eq!(stored(&api).await, before);
    let again = restore(db, &file, now(), |_, _| {}).await.unwrap();
    assert_eq!(again, Restored { events: 9, new: 0, known: 9, conflicts: 0 });
    // What came back is what was exported, to the last digest: the same file holds it.
    assert_eq!(export(db, month("2026-10"), (&folder, format), now()).await.unwrap(), (file, manifest));
    assert_eq!(drop(db, order(Export::In(&folder)), now()).await.unwrap().accepted, 9);
}

#[tokio::test]
async fn a_month_comes_back_from_parquet_as_it_was() {
    there_and_back(Format::Parquet, "events-2026-10.parquet").await;
}

#[tokio::test]
async fn a_month_comes_back_from_lines_as_it_was() {
    there_and_back(Format::Ndjson, "events-2026-10.ndjson.zst").await;
}

#[tokio::test]
async fn a_month_is_dropped_only_with_an_export_of_all_of_it() {
    let api = with_usage(config).await;
    bill(&api, &["2026-10", "2026-11"]).await;
    let (db, folder) = (&api.running.app.db, api.folder.path().join("archive"));
    std::fs::create_dir(&folder).unwrap();
    let refused = drop(db, order(Export::In(&folder)), now()).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::NotExported { events: 9, .. }), "{refused}");
    let (first, _) = export(db, month("2026-10"), (&folder, Format::Parquet), now()).await.unwrap();
    // One more event, late but covered by the invoice's period: the export is short of it.
    api.events(&event("late", "acme", "2026-10-06T00:00:00Z")).await;
    let refused = drop(db, order(Export::In(&folder)), now()).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::NotExported { events: 10, .. }), "{refused}");
    assert_eq!(stored(&api).await.len(), 13);
    // The next export does not write over the first one.
    let (second, _) = export(db, month("2026-10"), (&folder, Format::Parquet), now()).await.unwrap();
    assert_eq!(second, folder.join("events-2026-10-2.parquet"));
    assert!(first.exists());
    assert_eq!(drop(db, order(Export::In(&folder)), now()).await.unwrap().accepted, 10);
}

#[tokio::test]
async fn a_damaged_export_neither_lets_a_month_go_nor_comes_back() {
    let api = with_usage(config).await;
    bill(&api, &["2026-10", "2026-11"]).await;
    let (db, folder) = (&api.running.app.db, api.folder.path().join("archive"));
    let (file, _) = export(db, month("2026-10"), (&folder, Format::Parquet), now()).await.unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let refused = drop(db, order(Export::In(&folder)), now()).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::Damaged { .. }), "{refused}");
    let refused = restore(db, &file, now(), |_, _| {}).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::Damaged { .. }), "{refused}");
    assert_eq!(stored(&api).await.len(), 12);
}

#[tokio::test]
async fn a_month_that_is_not_billed_stays() {
    let api = with_usage(config).await;
    let db = &api.running.app.db;
    let refused = drop(db, order(Export::None), now()).await.unwrap_err();
    assert!(matches!(refused, ArchiveError::NotBilled { latest: None, .. }), "{refused}");
    // November only: October's events are on no invoice.
    bill(&api, &["2026-11"]).await;
    let refused = drop(db, order(Export::None), now()).await.unwrap_err();
    let ArchiveError::Unbilled { customers, first, .. } = refused else { panic!("{refused}") };
    assert_eq!((customers, first.as_str()), (2, "acme"));
    let though_unbilled = DropOrder { though_unbilled: true, ..order(Export::None) };
    assert_eq!(drop(db, though_unbilled, now()).await.unwrap(), DayTotals { accepted: 9, ..sum(&api).await });
}

/// The books of the day that all came in: what was dropped.
async fn sum(api: &Api) -> DayTotals {
    let books = api.running.app.db.ledger().day(now().date_naive()).await.unwrap();
    DayTotals::sum(books.values().map(|count| &count.dropped))
}

#[tokio::test]
async fn what_is_due_is_exported_and_dropped_by_itself() {
    let api = with_usage(|folder| Config {
        retention_months: Some(1),
        archive_dir: Some(folder.path().join("archive")),
        ..config(folder)
    })
    .await;
    assert_eq!(due::run(&api.running.app).await.unwrap(), []);
    bill(&api, &["2026-10", "2026-11"]).await;
    api.running.app.db.ledger().sort_all(now()).await.unwrap();
    let done = due::run(&api.running.app).await.unwrap();
    let [Done::Dropped(dropped, totals)] = done.as_slice() else { panic!("{done:?}") };
    assert_eq!((*dropped, totals.accepted), (month("2026-10"), 9));
    assert!(api.folder.path().join("archive/events-2026-10.parquet.manifest.json").exists());
    // November is the one whole month that is kept.
    assert_eq!(due::run(&api.running.app).await.unwrap(), []);
    assert_eq!(stored(&api).await.len(), 3);
}

#[tokio::test]
async fn what_is_due_is_only_told_without_an_archive() {
    let api = with_usage(|folder| Config { retention_months: Some(1), ..config(folder) }).await;
    bill(&api, &["2026-10", "2026-11"]).await;
    api.running.app.db.ledger().sort_all(now()).await.unwrap();
    assert_eq!(due::run(&api.running.app).await.unwrap(), [Done::Told(month("2026-10"))]);
    assert_eq!(stored(&api).await.len(), 12);
}

#[tokio::test]
async fn the_command_line_exports_drops_and_imports() {
    let program = Program::new();
    let line =
        |day: u32| format!("10.0.0.1 - - [{day:02}/May/2015:10:05:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"-\"\n");
    let book = program.write("book.toml", include_str!("../../../examples/web-logs.toml"));
    let log = program.write("access.log", (1..=9).map(line).collect::<String>());
    program.ok(&["book", "add", &book]);
    program.ok(&["import", "--format", "combined", &log]);
    program.ok(&["bill", "--period", "2015-05"]);
    assert!(program.ok(&["archive", "list"]).contains("2015-05       9"));
    let archive = program.folder.path().join("archive");
    let to = archive.to_str().unwrap();
    let told = program.ok(&["archive", "export", "--month", "2015-05", "--to", to]);
    assert!(told.contains("events-2015-05.parquet: 9 events of 2015-05"), "{told}");
    let drop = ["archive", "drop", "--month", "2015-05"];
    assert!(program.fails(&drop).contains("--without-export"));
    let drop = [&drop[..], &["--from", to]].concat();
    assert!(program.fails(&drop).contains("the latest billed is 2015-05"));
    program.ok(&["assign", "10.0.0.1", "--book", "web-logs", "--plan", "metered", "--since", "2015-06"]);
    program.ok(&["bill", "--period", "2015-06"]);
    assert_eq!(program.ok(&drop), "9 events of 2015-05 dropped\n");
    assert!(!program.ok(&["archive", "list"]).contains("2015-05"));
    let file: PathBuf = archive.join("events-2015-05.parquet");
    let told = program.ok(&["archive", "import", file.to_str().unwrap()]);
    assert_eq!(told, "9 events: 9 new, 0 known before, 0 conflicts\n");
    let export = ["archive", "export", "--month", "2015-04", "--to", to];
    assert!(program.fails(&export).contains("no events of 2015-04 are stored"));
    let other = program.write("events.csv", "a,b");
    assert!(program.fails(&["archive", "import", &other]).contains(".parquet or .ndjson.zst"));
}
