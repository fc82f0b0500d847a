//! What is read when somebody asks: the ledger's numbers and what is stored. Turns them into Prometheus' families.

use std::collections::BTreeMap;
use std::fmt::Error;
use std::time::Duration;

use ledger::{MonthSize, Spread, Stats};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// How things are now.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) ledger: Stats,
    /// Rows of tables.
    pub(super) rows: BTreeMap<&'static str, i64>,
    /// Of the whole database.
    pub(super) database_bytes: i64,
    pub(super) started_us: i64,
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let out = &mut encoder;
        self.events(out)?;
        self.commits(out)?;
        self.sorting(out)?;
        self.months(out)?;
        self.identities(out)?;
        let help = "Rows of the tables that grow with customers and bills";
        let mut rows = out.encode_descriptor("table_rows", help, None, MetricType::Gauge)?;
        for (table, count) in &self.rows {
            ConstGauge::new(*count).encode(rows.encode_family(&[("table", *table)])?)?;
        }
        gauge(out, "database_bytes", "Size of the database", self.database_bytes)?;
        let help = "When the process began, in seconds since 1970";
        let started = Duration::from_micros(u64::try_from(self.started_us).unwrap_or(0)).as_secs_f64();
        let started = ConstGauge::new(started);
        started.encode(out.encode_descriptor("process_start_time_seconds", help, None, MetricType::Gauge)?)
    }
}

impl Snapshot {
    fn events(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let help = "Events by source and what became of them; from the 101st source on they are counted together";
        let mut events = out.encode_descriptor("events", help, None, MetricType::Counter)?;
        for (source, outcomes) in &self.ledger.by_source {
            let source = source.as_deref().unwrap_or("other");
            let parts =
                [("accepted", outcomes.accepted), ("duplicate", outcomes.duplicates), ("conflict", outcomes.conflicts)];
            for (outcome, count) in parts {
                let labels = [("source", source), ("outcome", outcome)];
                ConstCounter::new(count).encode(events.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn commits(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let help = "Time of a commit, until it was on disk";
        let seconds = |us: u64| Duration::from_micros(us).as_secs_f64();
        histogram(out, ("commit_duration_seconds", help), (&self.ledger.commit_us, seconds))?;
        let count = |events: u64| u32::try_from(events).map_or(f64::INFINITY, f64::from);
        histogram(out, ("commit_events", "Events of a commit"), (&self.ledger.commit_events, count))?;
        gauge(out, "commit_queue", "Requests that wait for the next commit", size(self.ledger.queue))
    }

    fn sorting(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let ledger = &self.ledger;
        gauge(out, "unsorted_events", "Events that wait to be sorted into blocks", size(ledger.waiting_events))?;
        gauge(out, "unsorted_commits", "Commits that wait to be sorted into blocks", size(ledger.waiting_commits))?;
        counter(out, "sorts", "Passes that have sorted something", ledger.sorts)?;
        counter(out, "sorted_events", "Events that were sorted", ledger.sorted_events)?;
        let last = ConstGauge::new(Duration::from_micros(ledger.last_sort_us).as_secs_f64());
        let help = "Time of the last pass of sorting";
        last.encode(out.encode_descriptor("last_sort_duration_seconds", help, None, MetricType::Gauge)?)
    }

    fn months(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        type Part = fn(&MonthSize) -> u64;
        let families: [(&str, &str, Part); 3] = [
            ("stored_events", "Sorted events by month (UTC)", |size| size.events),
            ("stored_bytes", "Bytes of the sorted events by month, compressed", |size| size.bytes),
            ("segments", "Runs of blocks by month", |size| size.segments),
        ];
        for (name, help, part) in families {
            let mut family = out.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (month, stored) in &self.ledger.months {
                let month = format!("{:04}-{:02}", 1970 + month / 12, month % 12 + 1);
                ConstGauge::new(size(part(stored))).encode(family.encode_family(&[("month", month.as_str())])?)?;
            }
        }
        Ok(())
    }

    fn identities(&self, out: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let ledger = &self.ledger;
        gauge(out, "key_runs", "Runs of identities", size(ledger.runs))?;
        gauge(out, "keys", "Identities in runs", size(ledger.keys))?;
        gauge(out, "recent_keys", "Identities in memory until they are sorted", size(ledger.recent_keys))?;
        gauge(out, "filter_bytes", "Memory of the filters of identities", size(ledger.filter_bytes))
    }
}

fn size(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn gauge(out: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: i64) -> Result<(), Error> {
    ConstGauge::new(value).encode(out.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn counter(out: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result<(), Error> {
    ConstCounter::new(value).encode(out.encode_descriptor(name, help, None, MetricType::Counter)?)
}

/// `unit` turns the ledger's whole numbers into what Prometheus expects: seconds, or a number.
fn histogram(
    out: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    (spread, unit): (&Spread, impl Fn(u64) -> f64),
) -> Result<(), Error> {
    let mut buckets: Vec<(f64, u64)> = spread.buckets.iter().map(|(bound, count)| (unit(*bound), *count)).collect();
    let bounded: u64 = spread.buckets.iter().map(|(_, count)| *count).sum();
    buckets.push((f64::INFINITY, spread.count.saturating_sub(bounded)));
    let mut metric: MetricEncoder<'_> = out.encode_descriptor(name, help, None, MetricType::Histogram)?;
    metric.encode_histogram::<NoLabelSet>(unit(spread.sum), spread.count, &buckets, None)
}
