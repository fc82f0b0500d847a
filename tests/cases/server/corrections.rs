//! What becomes of events, voids and amends that came after their month's invoice: corrections that refer to it.

use axum::http::StatusCode;
use chrono::TimeDelta;
use engine::text::Lang;
use serde_json::{Value, json};
use server::books::flow::Shelf;
use server::config::Corrections;
use server::corrections::store::standing;
use server::db::Db;
use server::{Clock, Config};
use tempfile::TempDir;

use super::api::{Api, BOOK, NOW, config, event};
use super::paper::text;
use super::store::{Place, all_invoices, contracts, keep, now, usage};

contracts! {
    two_runs_at_once_correct_each_invoice_once_without_a_gap
    a_look_without_a_difference_in_money_is_remembered
    corrections_and_invoice_together_are_the_one_invoice_over_all_events
    nothing_is_given_back_for_events_that_were_dropped
}

/// Three events of acme in November: 2 of 3 calls × 0.50 = 1.00, 3,000 bytes at 1 per 1,000 = 3.00, together 4.00.
async fn billed(api: &Api) {
    let times = [("a", "2026-11-02T10:00:03Z"), ("b", "2026-11-15T00:00:00Z"), ("c", "2026-11-30T15:59:59.999999Z")];
    let events: Vec<Value> = times.iter().map(|(id, time)| event(id, "acme", time)).collect();
    assert_eq!(api.events(&json!(events)).await.status, StatusCode::OK);
    assert_eq!(bill(api).await["issued"], 1);
}

async fn bill(api: &Api) -> Value {
    let reply = api.post("/v1/bill-runs", r#"{"month":"2026-11"}"#).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    reply.json()
}

/// An event that voids or amends event `b`.
fn change(id: &str, how: &str, bytes: &str) -> Value {
    let mut change = event(id, "acme", "2026-11-15T00:00:00Z");
    change[how] = json!("b");
    change["data"]["bytes"] = json!(bytes);
    change
}

async fn sent(api: &Api, event: &Value) {
    let reply = api.events(event).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
}

#[tokio::test]
async fn a_late_event_becomes_a_supplement_and_the_invoice_stays_as_it_was() {
    let api = Api::new().await;
    billed(&api).await;
    let before = api.get("/v1/invoices/1").await.bytes;
    sent(&api, &event("late", "acme", "2026-11-20T00:00:00Z")).await;
    let run = bill(&api).await;
    // A fourth call costs 0.50 and its 1,000 bytes 1.00.
    let expected = json!([{ "customer": "acme", "number": 2, "name": "INV-00000002", "corrects": 1, "kind": "supplement",
        "difference": "1.50", "currency": "CNY" }]);
    assert_eq!((&run["corrections"], &run["late"]), (&expected, &json!([])));
    assert_eq!(api.get("/v1/invoices/1").await.bytes, before);
    let reply = api.get("/v1/invoices/INV-00000002").await;
    assert!(reply.headers["digest-of-issue"].to_str().unwrap().starts_with("sha256:"));
    let document = reply.json();
    let due = json!({ "before": "4.00", "after": "5.50", "difference": "1.50" });
    assert_eq!(document["differences"]["due"], due);
    let calls = &document["differences"]["lines"][0];
    assert_eq!((&calls["quantity_before"], &calls["quantity_after"]), (&json!("3"), &json!("4")));
    assert_eq!(calls["amount"], json!({ "before": "1.00", "after": "1.50", "difference": "0.50" }));
    let bytes = &document["differences"]["lines"][1]["amount"];
    assert_eq!(*bytes, json!({ "before": "3.00", "after": "4.00", "difference": "1.00" }));
    assert_eq!(document["invoice"]["bill"]["due"], "5.50", "the whole bill is there to be recomputed");
    let list = api.get("/v1/invoices?month=2026-11").await.json();
    let shown: Vec<(&str, &str, Option<u64>)> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["kind"].as_str().unwrap(), row["total"].as_str().unwrap(), row["corrects"].as_u64()))
        .collect();
    assert_eq!(shown, [("invoice", "4.00", None), ("supplement", "1.50", Some(1))]);
    let again = bill(&api).await;
    assert_eq!((&again["corrections"], &again["late"]), (&json!([]), &json!([])), "once");
}

#[tokio::test]
async fn a_late_void_of_what_a_supplement_added_is_a_credit_note_of_the_same() {
    let api = Api::new().await;
    billed(&api).await;
    sent(&api, &event("late", "acme", "2026-11-20T00:00:00Z")).await;
    bill(&api).await;
    sent(&api, &change("void", "voids", "0")).await;
    let run = bill(&api).await;
    assert_eq!(
        (&run["corrections"][0]["kind"], &run["corrections"][0]["difference"]),
        (&json!("credit_note"), &json!("-1.50"))
    );
    let document = api.get("/v1/invoices/3").await.json();
    let place = ["corrects", "follows", "part"].map(|name| document[name].as_u64().unwrap());
    assert_eq!(place, [1, 2, 2], "it corrects the invoice and follows the supplement");
    assert_eq!(document["differences"]["due"], json!({ "before": "5.50", "after": "4.00", "difference": "-1.50" }));
}

#[tokio::test]
async fn a_late_amend_changes_what_it_amends_and_nothing_else() {
    let api = Api::new().await;
    billed(&api).await;
    sent(&api, &change("amend", "amends", "500")).await;
    bill(&api).await;
    // Still three calls; 2,500 bytes instead of 3,000.
    let differences = api.get("/v1/invoices/2").await.json()["differences"].clone();
    assert_eq!(differences["lines"].as_array().unwrap().len(), 1);
    assert_eq!(differences["lines"][0]["charge"], "bytes");
    assert_eq!(differences["due"]["difference"], "-0.50");
}

#[tokio::test]
async fn a_correction_is_priced_by_the_version_and_plan_of_the_invoice() {
    let api = Api::new().await;
    billed(&api).await;
    let newer =
        BOOK.replace("version = \"1\"", "version = \"2\"").replace("2026-01-01", "2026-12-01").replace("0.50", "9");
    assert_eq!(api.post("/v1/books", newer).await.status, StatusCode::CREATED);
    let body = json!({ "name": "新名称", "assignment": { "book": "shop", "plan": "secret", "since": "2026-12" } });
    assert_eq!(api.put("/v1/customers/acme", body).await.status, StatusCode::OK);
    sent(&api, &event("late", "acme", "2026-11-20T00:00:00Z")).await;
    assert_eq!(bill(&api).await["corrections"][0]["difference"], "1.50");
    let bill = api.get("/v1/invoices/2").await.json()["invoice"]["bill"].clone();
    assert_eq!((&bill["plan"], &bill["book"]["version"]), (&json!("basic"), &json!("1")));
}

#[tokio::test]
async fn what_cannot_be_priced_is_reported_with_its_reason_and_costs_no_number() {
    let api = Api::new().await;
    billed(&api).await;
    let mut minus = event("minus", "acme", "2026-11-20T00:00:00Z");
    minus["data"]["bytes"] = json!("-5000");
    sent(&api, &minus).await;
    let run = bill(&api).await;
    let late = &run["late"][0];
    assert_eq!(
        (&late["customer"], &late["invoice"], &late["events"]),
        (&json!("acme"), &json!("INV-00000001"), &json!(1))
    );
    assert!(late["reason"].as_str().unwrap().contains("-2000"), "{run}");
    assert_eq!(run["corrections"], json!([]));
    assert_eq!(bill(&api).await["late"], run["late"], "until it is repaired");
    let mut void = event("void", "acme", "2026-11-20T00:00:00Z");
    void["voids"] = json!("minus");
    sent(&api, &void).await;
    let repaired = bill(&api).await;
    assert_eq!((&repaired["late"], &repaired["corrections"]), (&json!([]), &json!([])), "as billed: no difference");
    sent(&api, &event("late", "acme", "2026-11-21T00:00:00Z")).await;
    assert_eq!(bill(&api).await["corrections"][0]["number"], 2);
}

#[tokio::test]
async fn an_operator_who_wants_to_see_late_events_first_gets_a_report() {
    let folder = TempDir::new().unwrap();
    let config = Config { corrections: Corrections::Report, ..config(&folder) };
    let api = Api::with(folder, config).await;
    assert_eq!(api.post("/v1/books", BOOK).await.status, StatusCode::CREATED);
    billed(&api).await;
    sent(&api, &event("late", "acme", "2026-11-20T00:00:00Z")).await;
    sent(&api, &change("void", "voids", "0")).await;
    let run = bill(&api).await;
    assert_eq!((&run["late"][0]["events"], &run["corrections"]), (&json!(2), &json!([])));
    assert!(run["late"][0]["reason"].as_str().unwrap().contains("corrections is \"report\""), "{run}");
}

#[tokio::test]
async fn a_month_in_its_grace_period_is_refused_until_the_hour_it_ends() {
    // November ended in Shanghai on 2026-11-30T16:00Z; now it is 2026-12-15T07:00Z, 351 hours later.
    for (hours, status) in [(352, StatusCode::CONFLICT), (351, StatusCode::OK)] {
        let folder = TempDir::new().unwrap();
        let config = Config { grace: TimeDelta::hours(hours), ..config(&folder) };
        let api = Api::with(folder, config).await;
        assert_eq!(api.post("/v1/books", BOOK).await.status, StatusCode::CREATED);
        let reply = api.post("/v1/bill-runs", r#"{"month":"2026-11"}"#).await;
        assert_eq!(reply.status, status, "{hours} hours");
        if status == StatusCode::CONFLICT {
            assert_eq!(reply.problem(), (409, "month-in-grace".to_owned()));
            assert_eq!(reply.json()["until"], "2026-12-15T08:00:00+00:00");
            assert!(reply.json()["detail"].as_str().unwrap().contains("grace_hours is 352"), "{}", reply.text());
        }
    }
}

#[tokio::test]
async fn a_correction_is_printed_with_old_new_and_difference_in_both_languages() {
    let api = Api::new().await;
    billed(&api).await;
    sent(&api, &event("late", "acme", "2026-11-20T00:00:00Z")).await;
    bill(&api).await;
    for (lang, words) in [
        (
            Lang::Zh,
            [
                "更正的账单",
                "INV-00000001",
                "补充账单",
                "¥1.00",
                "¥1.50",
                "¥0.50",
                "3 → 4 次",
                "应补付",
                "¥4.00 → ¥5.50",
            ],
        ),
        (
            Lang::En,
            [
                "Correction of invoice",
                "INV-00000001",
                "Supplement",
                "CN¥1.00",
                "CN¥1.50",
                "CN¥0.50",
                "3 → 4 calls",
                "Still to be paid",
                "CN¥4.00 → CN¥5.50",
            ],
        ),
    ] {
        let reply = api.get(&format!("/v1/invoices/2/pdf?lang={}", lang.pick("zh", "en"))).await;
        assert_eq!(reply.headers["content-type"], "application/pdf");
        let printed = text(&reply.bytes).0;
        for words in words {
            assert!(printed.contains(words), "{words} is not in\n{printed}");
        }
    }
}

const TIME: &str = "2026-11-15T00:00:00.000001Z";

async fn bill_by(db: &Db, config: &Config) -> server::billing::flow::BillRun {
    let (shelf, month) = (Shelf::default(), engine::period::Month::parse("2026-11").unwrap());
    server::billing::flow::bill(db, (&shelf, Clock::Fixed(NOW.parse().unwrap()), config), month, |_| {}).await.unwrap()
}

async fn two_runs_at_once_correct_each_invoice_once_without_a_gap(place: Place) {
    usage(&place.db, 20).await;
    assert_eq!(bill_by(&place.db, &place.config).await.issued, 20);
    let late = (0..20).map(|number| super::store::event(&format!("late{number}"), &format!("c{number:03}"), TIME));
    keep(&place.db, late.collect()).await;
    let other = Db::open(&place.config, now()).await.unwrap();
    let (first, second) = tokio::join!(bill_by(&place.db, &place.config), bill_by(&other, &place.config));
    assert_eq!(first.corrections.corrected.len() + second.corrections.corrected.len(), 20);
    assert!(first.corrections.late.is_empty() && second.corrections.late.is_empty());
    let rows = all_invoices(&place.db).await;
    let numbers: Vec<u64> = rows.iter().map(|row| row.number.0).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<u64>>());
    // Each has the second call 0.50 and 1,000 bytes more, 1.00.
    assert!(rows.iter().skip(20).all(|row| row.total == "1.50" && row.corrects.is_some()));
}

async fn a_look_without_a_difference_in_money_is_remembered(place: Place) {
    let month = usage(&place.db, 1).await;
    bill_by(&place.db, &place.config).await;
    let mut free = super::store::event("free", "c000", TIME);
    free.kind = "nobody.counts.it".to_owned();
    let customer = free.customer.clone();
    keep(&place.db, vec![free]).await;
    let newest = place.db.ledger().catch_up().await.unwrap();
    let run = bill_by(&place.db, &place.config).await;
    assert!(run.corrections.corrected.is_empty() && run.corrections.late.is_empty());
    let mut connection = place.db.pool().acquire().await.unwrap();
    let stands = standing(&mut connection, &customer, month).await.unwrap().unwrap();
    assert_eq!((stands.through, stands.parts, stands.last), (newest, 0, stands.invoice));
    drop(connection);
    assert_eq!(all_invoices(&place.db).await.len(), 1);
}

async fn corrections_and_invoice_together_are_the_one_invoice_over_all_events(place: Place) {
    usage(&place.db, 1).await;
    bill_by(&place.db, &place.config).await;
    for count in 1..4_u32 {
        let late = (0..count).map(|number| super::store::event(&format!("{count}-{number}"), "c000", TIME));
        keep(&place.db, late.collect()).await;
        bill_by(&place.db, &place.config).await;
    }
    let rows = all_invoices(&place.db).await;
    // 1 event: 0 + 1.00; each more 1.50: 1, then 2, then 3 of them; 7 events are 6 × 0.50 + 7.00 = 10.00.
    let totals: Vec<&str> = rows.iter().map(|row| row.total.as_str()).collect();
    assert_eq!(totals, ["1.00", "1.50", "3.00", "4.50"]);
    let last = server::invoices::flow::said(&place.db, rows[3].number).await.unwrap().into_draft();
    assert_eq!(last.bill.total.to_string(), "10.00");
}

async fn nothing_is_given_back_for_events_that_were_dropped(place: Place) {
    let month = usage(&place.db, 1).await;
    bill_by(&place.db, &place.config).await;
    let ledger = place.db.ledger();
    ledger.sort_all(now()).await.unwrap();
    assert_eq!(ledger.drop_month(month, None, now()).await.unwrap().accepted, 1);
    // One event again, so that counting what is stored would find the same bill.
    for late in ["late", "later"] {
        keep(&place.db, vec![super::store::event(late, "c000", TIME)]).await;
        let run = bill_by(&place.db, &place.config).await.corrections;
        assert!(run.corrected.is_empty());
        let reason = run.late[0].reason.to_string();
        assert!(reason.contains("INV-00000001 was made from is not all stored"), "{reason}");
    }
    assert_eq!(all_invoices(&place.db).await.len(), 1);
}
