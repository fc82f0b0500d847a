//! What one would write otherwise: a loop into SQLite, with and without a key that keeps events once.

use std::time::{Duration, Instant as Clock};

use engine::usage::Event;
use rusqlite::Connection;

use crate::library::BATCH;
use crate::place::cpu_seconds;
use crate::{made_up, say};

const PIECE: u64 = 500_000;

pub(crate) fn batches(events: u64, with_key: bool) {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = Connection::open(folder.path().join("events.db")).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").unwrap();
    let key = if with_key { ", UNIQUE (source, id)" } else { "" };
    let create = format!(
        "CREATE TABLE events (source TEXT NOT NULL, id TEXT NOT NULL, customer TEXT NOT NULL, kind TEXT NOT NULL, \
         time_us BIGINT NOT NULL, data TEXT NOT NULL{key})"
    );
    connection.execute_batch(&create).unwrap();
    let (mut spent, mut cpu) = (Duration::ZERO, 0.0);
    let mut done = 0;
    while done < events {
        let list: Vec<Event> = (done..done + PIECE.min(events - done)).map(made_up::event).collect();
        let (begin, cpu_before) = (Clock::now(), cpu_seconds());
        for batch in list.chunks(usize::try_from(BATCH).unwrap()) {
            let kept = insert(&mut connection, batch);
            assert_eq!(kept, batch.len());
            done += BATCH;
        }
        spent += begin.elapsed();
        cpu += cpu_seconds() - cpu_before;
    }
    let name = if with_key { "batches_keyed_loop" } else { "batches_plain_loop" };
    say(name, done as f64 / spent.as_secs_f64());
    say(&format!("{name}_cpu_us"), cpu * 1e6 / done as f64);
}

fn insert(connection: &mut Connection, batch: &[Event]) -> usize {
    let tx = connection.transaction().unwrap();
    let mut kept = 0;
    {
        let insert = "INSERT INTO events (source, id, customer, kind, time_us, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                      ON CONFLICT DO NOTHING";
        let mut insert = tx.prepare(insert).unwrap();
        for event in batch {
            let data = serde_json::to_string(&event.data).unwrap();
            let time_us = event.time.timestamp_micros();
            let row = (&event.source, &event.id, event.customer.as_str(), &event.kind, time_us, data);
            kept += insert.execute(row).unwrap();
        }
    }
    tx.commit().unwrap();
    kept
}
