//! A ledger in a folder of its own, and made-up events.

use engine::ids::CustomerId;
use engine::period::{Instant, Month};
use engine::usage::Event;
use ledger::{Backend, Ledger, Limits, Query};

/// A folder with a database.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        sqlx::any::install_default_drivers();
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn run(self, test: impl AsyncFnOnce(&Self)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test(&self));
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}/events.db?mode=rwc", self.folder.path().display())
    }

    pub(crate) async fn pool(&self) -> sqlx::AnyPool {
        let options = sqlx::any::AnyPoolOptions::new().max_connections(4).after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::raw_sql("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL").execute(connection).await?;
                Ok(())
            })
        });
        options.connect(&self.url()).await.unwrap()
    }

    pub(crate) async fn open(&self, limits: Limits) -> Ledger {
        let pool = self.pool().await;
        if sqlx::query("SELECT value FROM ledger_state").fetch_all(&pool).await.is_err() {
            sqlx::raw_sql(sqlx::AssertSqlSafe(ledger::tables(Backend::Sqlite))).execute(&pool).await.unwrap();
        }
        Ledger::open(pool, Backend::Sqlite, limits).await.unwrap()
    }
}

/// So many seconds after the start of 2026-11-01.
pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_timestamp(1_793_491_200 + seconds, 0).unwrap()
}

/// The month before.
pub(crate) fn october() -> Month {
    Month::parse("2026-10").unwrap()
}

/// An event whose id and content are numbers; some are in October.
pub(crate) fn event(id: u8, content: u8) -> Event {
    Event {
        source: format!("/gateway/{}", id % 3),
        id: id.to_string(),
        customer: CustomerId::new(&format!("customer-{}", id % 7)).unwrap(),
        kind: "api.call".to_owned(),
        time: at(i64::from(id) * 3600 - 86_400),
        data: [("bytes".to_owned(), content.to_string().into())].into(),
    }
}

/// All stored events in the order of their ids, read twice: as they are stored, and by time.
pub(crate) async fn read_all(ledger: &Ledger) -> Vec<Event> {
    let mut events = Vec::new();
    let all = Query { customer: None, start_us: i64::MIN, end_us: i64::MAX, after_seq: 0 };
    let take = |row: &ledger::Row<'_>, _: Option<&str>| {
        events.push(row.event().unwrap());
        std::ops::ControlFlow::Continue(())
    };
    ledger.scan(all, take).await.unwrap();
    events.sort_by_key(|event| event.id.parse::<u64>().unwrap());
    let page = ledger.page(all, (None, usize::MAX), |row, _| row.event()).await.unwrap();
    assert!(page.is_sorted_by_key(|(place, _)| place.clone()));
    let mut by_time: Vec<Event> = page.into_iter().map(|(_, event)| event).collect();
    by_time.sort_by_key(|event| event.id.parse::<u64>().unwrap());
    assert_eq!(events, by_time);
    let profile = ledger.profile(all, 3_600_000_000).await.unwrap();
    assert_eq!(profile.values().sum::<u64>(), u64::try_from(events.len()).unwrap());
    events
}
