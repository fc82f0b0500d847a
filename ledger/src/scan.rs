//! Reads stored events: blocks whose customer and time fit, then commits that are not in blocks yet.
//!
//! One scan sees one state of the ledger. The order is that of storage; [`Ledger::page`] sorts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use sqlx::{AnyConnection, Row as _};

use crate::block::Unpacked;
use crate::changes::{self, Changed};
use crate::error::LedgerError;
use crate::index::{BlockHead, Index, Segment, TailBatch, customer_hash};
use crate::ledger::{Ledger, Shared};
use crate::load;
use crate::row::Row;
use crate::state::{self, Stand};

/// Which events are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'q> {
    /// Of this customer; of all where none is named.
    pub customer: Option<&'q str>,
    /// From this time, in microseconds.
    pub start_us: i64,
    /// To before this time.
    pub end_us: i64,
    /// Accepted by a commit after this one; 0 for all.
    pub after_seq: i64,
}

/// How a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// All commits through this one were seen.
    pub through: i64,
    /// Blocks and batches that had to be read.
    pub read: u64,
}

impl Query<'_> {
    fn wants(&self, row: &Row<'_>) -> bool {
        self.customer.is_none_or(|customer| customer == row.customer)
            && row.time_us >= self.start_us
            && row.time_us < self.end_us
            && row.seq > self.after_seq
    }

    fn span(&self) -> (i64, i64) {
        (self.start_us, self.end_us)
    }
}

type ReadTx = sqlx::Transaction<'static, sqlx::Any>;

/// Something that may hold wanted events.
#[derive(Debug, Clone)]
enum Unit {
    Block { segment: i64, head: BlockHead },
    Batch { seq: i64, batch: TailBatch },
}

impl Unit {
    fn start_us(&self) -> i64 {
        match self {
            Self::Block { head, .. } => head.start_us,
            Self::Batch { batch, .. } => batch.start_us,
        }
    }
}

/// One state of the ledger, and what may be wanted of it.
struct View {
    tx: ReadTx,
    stand: Stand,
    units: Vec<Unit>,
    changed: Changed,
}

impl Ledger {
    /// Shows every wanted event to `visit`, with the id of the event that voided or amended it if there is one.
    pub async fn scan(
        &self,
        query: Query<'_>,
        visit: impl FnMut(&Row<'_>, Option<&str>) -> ControlFlow<()> + Send,
    ) -> Result<Found, LedgerError> {
        let view = self.shared.view(query).await?;
        scan_view(view, query, visit).await
    }

    /// The same for events of all customers from the first to the last in the order of their bytes. Blocks without any of
    /// them are not read; those of others between them are shown too.
    pub async fn scan_between(
        &self,
        query: Query<'_>,
        (first, last): (&str, &str),
        visit: impl FnMut(&Row<'_>, Option<&str>) -> ControlFlow<()> + Send,
    ) -> Result<Found, LedgerError> {
        let mut view = self.shared.view(query).await?;
        view.units.retain(|unit| match unit {
            Unit::Block { head, .. } => &*head.customer <= last && first <= &*head.last_customer,
            Unit::Batch { .. } => true,
        });
        scan_view(view, query, visit).await
    }

    /// The same for events of these customers. What has none of them is not read.
    pub async fn scan_of(
        &self,
        query: Query<'_>,
        customers: &BTreeSet<&str>,
        mut visit: impl FnMut(&Row<'_>, Option<&str>) -> ControlFlow<()> + Send,
    ) -> Result<Found, LedgerError> {
        let mut view = self.shared.view(query).await?;
        let mut hashes: Vec<u64> = customers.iter().map(|customer| customer_hash(customer)).collect();
        hashes.sort_unstable();
        view.units.retain(|unit| match unit {
            Unit::Block { head, .. } => {
                let span = (Bound::Included(&*head.customer), Bound::Included(&*head.last_customer));
                customers.range::<str, _>(span).next().is_some()
            }
            Unit::Batch { batch, .. } => batch.may_have_any(&hashes),
        });
        scan_view(view, query, |row, changed_by| {
            if customers.contains(row.customer) { visit(row, changed_by) } else { ControlFlow::Continue(()) }
        })
        .await
    }

    /// How many wanted events there are in each step of time, by the step's start. Steps begin at multiples of `step_us`
    /// after `start_us`. Events that only void others are counted too: they came in.
    pub async fn profile(&self, query: Query<'_>, step_us: i64) -> Result<BTreeMap<i64, u64>, LedgerError> {
        let step_us = step_us.max(1);
        let step_of = |time_us: i64| {
            let steps = time_us.saturating_sub(query.start_us) / step_us;
            query.start_us.saturating_add(steps.saturating_mul(step_us))
        };
        let mut view = self.shared.view(query).await?;
        let mut profile: BTreeMap<i64, u64> = BTreeMap::new();
        let mut add = |step: i64, events: u64| {
            let sum = profile.entry(step).or_insert(0);
            *sum = sum.saturating_add(events);
        };
        for unit in &view.units {
            match unit {
                Unit::Block { head, .. } if whole(head, query) && step_of(head.start_us) == step_of(head.end_us) => {
                    add(step_of(head.start_us), head.events);
                }
                Unit::Block { segment, head } if query.after_seq == 0 => {
                    let unreadable = || LedgerError::Unreadable { what: "block of events", place: *segment };
                    let body = block_body(&mut view.tx, *segment, head.part).await?;
                    let unpacked = Unpacked::when(&body).ok_or_else(unreadable)?;
                    let times = match query.customer {
                        Some(customer) => unpacked.times(customer),
                        None => unpacked.all_times(),
                    };
                    let times = times.ok_or_else(unreadable)?;
                    let wanted = times.iter().filter(|time| query.start_us <= **time && **time < query.end_us);
                    wanted.for_each(|time| add(step_of(*time), 1));
                }
                Unit::Block { .. } | Unit::Batch { .. } => {
                    let count = visit_unit(&mut view.tx, unit, |row| {
                        if query.wants(row) {
                            add(step_of(row.time_us), 1);
                        }
                        ControlFlow::Continue(())
                    });
                    let _ = count.await?;
                }
            }
        }
        view.tx.rollback().await?;
        Ok(profile)
    }

    /// Whether there may be wanted events, as far as this process knows, without reading any.
    pub fn may_have(&self, query: Query<'_>) -> bool {
        let segments = {
            let index = self.shared.index();
            if index.later(query, index.stand.batch).next().is_some() {
                return true;
            }
            Arc::clone(&index.segments)
        };
        let mut segments = segments.iter().filter(|segment| segment.last_seq > query.after_seq);
        segments.any(|segment| segment.blocks.iter().any(|head| head.may_have(query.customer, query.span())))
    }

    /// Up to `limit` wanted events in the order of time, source and id, after the cursor; each is turned into a `T`
    /// where `pick` wants it.
    pub async fn page<T: Send>(
        &self,
        query: Query<'_>,
        (after, limit): (Option<&Place>, usize),
        mut pick: impl FnMut(&Row<'_>, Option<&str>) -> Option<T> + Send,
    ) -> Result<Vec<(Place, T)>, LedgerError> {
        let from = after.map_or(query.start_us, |place| place.time_us.max(query.start_us));
        let query = Query { start_us: from, ..query };
        let mut view = self.shared.view(query).await?;
        view.units.sort_by_key(Unit::start_us);
        let mut page: BTreeMap<Place, T> = BTreeMap::new();
        for unit in &view.units {
            let full_before = page.last_key_value().is_some_and(|(last, _)| last.time_us < unit.start_us());
            if page.len() >= limit && full_before {
                break;
            }
            let flow = visit_unit(&mut view.tx, unit, |row| {
                if query.wants(row) {
                    let place = Place::of(row);
                    let later = after.is_none_or(|after| place > *after);
                    let fits = page.len() < limit || page.last_key_value().is_some_and(|(last, _)| place < *last);
                    if later
                        && fits
                        && let Some(picked) = pick(row, view.changed.by(row))
                    {
                        page.insert(place, picked);
                        if page.len() > limit {
                            page.pop_last();
                        }
                    }
                }
                ControlFlow::Continue(())
            });
            let _ = flow.await?;
        }
        view.tx.rollback().await?;
        Ok(page.into_iter().collect())
    }
}

/// Where an event is in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its time.
    pub time_us: i64,
    /// Its source.
    pub source: String,
    /// Its id.
    pub id: String,
}

impl Place {
    /// Where this event is.
    pub fn of(row: &Row<'_>) -> Self {
        Self { time_us: row.time_us, source: row.source.to_owned(), id: row.id.to_owned() }
    }
}

/// Whether all of the block's events are wanted, as far as its head tells.
fn whole(head: &BlockHead, query: Query<'_>) -> bool {
    let named = query.customer.is_none_or(|name| *head.customer == *name && *head.last_customer == *name);
    named && head.start_us >= query.start_us && head.end_us < query.end_us && query.after_seq == 0
}

async fn scan_view(
    mut view: View,
    query: Query<'_>,
    mut visit: impl FnMut(&Row<'_>, Option<&str>) -> ControlFlow<()> + Send,
) -> Result<Found, LedgerError> {
    let mut read = 0_u64;
    for unit in &view.units {
        read = read.saturating_add(1);
        let flow = visit_unit(&mut view.tx, unit, |row| {
            if query.wants(row) { visit(row, view.changed.by(row)) } else { ControlFlow::Continue(()) }
        });
        if flow.await?.is_break() {
            break;
        }
    }
    view.tx.rollback().await?;
    Ok(Found { through: view.stand.batch, read })
}

async fn visit_unit(
    connection: &mut AnyConnection,
    unit: &Unit,
    mut visit: impl FnMut(&Row<'_>) -> ControlFlow<()> + Send,
) -> Result<ControlFlow<()>, LedgerError> {
    match unit {
        Unit::Block { segment, head } => {
            let body = block_body(connection, *segment, head.part).await?;
            let unreadable = || LedgerError::Unreadable { what: "block of events", place: *segment };
            let unpacked = Unpacked::whole(&body).ok_or_else(unreadable)?;
            Ok(unpacked.rows().ok_or_else(unreadable)?.iter().try_for_each(&mut visit))
        }
        Unit::Batch { seq, .. } => {
            let missing = LedgerError::Unreadable { what: "batch of events", place: *seq };
            let stored = load::one(connection, *seq).await?.ok_or(missing)?;
            Ok(stored.rows()?.iter().try_for_each(&mut visit))
        }
    }
}

pub(crate) async fn block_body(
    connection: &mut AnyConnection,
    segment: i64,
    part: i64,
) -> Result<Vec<u8>, LedgerError> {
    let select = "SELECT body FROM event_blocks WHERE segment = $1 AND part = $2";
    Ok(sqlx::query(select).bind(segment).bind(part).fetch_one(connection).await?.try_get(0)?)
}

impl Index {
    /// Commits through `last` that are not in blocks yet and may have wanted events.
    fn later(&self, query: Query<'_>, last: i64) -> impl Iterator<Item = (&i64, &TailBatch)> {
        // A range that ends before it begins is no range.
        let first = query.after_seq.min(last);
        self.tail.range(first..=last).filter(move |(seq, batch)| {
            **seq > query.after_seq
                && batch.start_us < query.end_us
                && batch.end_us >= query.start_us
                && query.customer.is_none_or(|customer| batch.may_have(customer))
        })
    }
}

impl Shared {
    /// One state of the ledger: a transaction, and the memory that belongs to what it sees.
    async fn view(&self, query: Query<'_>) -> Result<View, LedgerError> {
        loop {
            let mut tx = self.begin_read().await?;
            let stand = state::stand(&mut tx).await?;
            self.wait_for_own(stand.batch).await;
            let behind = {
                let index = self.index();
                index.stand.layout < stand.layout || index.stand.batch < stand.batch
            };
            if behind {
                self.refresh(&mut tx, stand).await?;
            }
            let Some(units) = self.units(stand, query) else {
                // Something was sorted between the two looks: look again.
                tx.rollback().await?;
                continue;
            };
            let changed = match query.customer {
                Some(customer) => changes::load(&mut tx, customer, query.span()).await?,
                None => changes::load_all(&mut tx, query.span()).await?,
            };
            return Ok(View { tx, stand, units, changed });
        }
    }

    fn units(&self, stand: Stand, query: Query<'_>) -> Option<Vec<Unit>> {
        let (segments, tail): (Arc<Vec<Arc<Segment>>>, Vec<Unit>) = {
            let index = self.index();
            if index.stand.layout != stand.layout {
                return None;
            }
            let batches = index.later(query, stand.batch);
            let tail = batches.map(|(seq, batch)| Unit::Batch { seq: *seq, batch: batch.clone() }).collect();
            (Arc::clone(&index.segments), tail)
        };
        let mut units = Vec::new();
        for segment in segments.iter().filter(|segment| segment.last_seq > query.after_seq) {
            let heads = segment.blocks.iter().filter(|head| head.may_have(query.customer, query.span()));
            units.extend(heads.map(|head| Unit::Block { segment: segment.number, head: head.clone() }));
        }
        units.extend(tail);
        Some(units)
    }
}
