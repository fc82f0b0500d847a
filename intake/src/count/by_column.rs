//! Counts a Parquet file by its columns, on all processors: first finds out by their ids which rows may be repetitions,
//! then counts all rows and looks closer at those.
//!
//! Gives up at whatever is unusual, be it a column, a flaw in a row or two events of one id: then nothing is lost but time.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Mutex;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StringViewArray};
use engine::ids::CustomerId;
use engine::usage::{Crowd, EventKind, UsageEvent};
use serde_json::Value;

use super::columns::{Data, Lane, Reader, Unusual, column, data, times};
use super::once::{Digest, Hasher, Suspect};
use super::plan::{Groups, Plan};
use super::row::Row;
use super::threads::on_threads;
use super::{CountError, Counted, People, Rules, Seen};
use crate::files::FileError;
use crate::mapping::{Condition, EventRule, Pick, apply};

/// Counts the file; `None` where it is unusual, and has to be counted row by row.
pub(super) fn count(
    path: &Path,
    (rule, source): (&EventRule, &str),
    rules: &Rules,
) -> Result<Option<Counted>, CountError> {
    let file = File::open(path).map_err(|source| FileError::Read { path: path.to_path_buf(), source })?;
    let Ok(plan) = Plan::of(path, &file, (rule, source)) else { return Ok(None) };
    let hasher = Hasher::new();
    let Ok(suspects) = plan.suspects(hasher) else { return Ok(None) };
    let contents = Contents::default();
    let groups = Groups::of(&plan);
    let worker = || {
        let mut worker = Worker::new(&plan, rules, (&contents, hasher));
        groups.each(|group| worker.group(group, &suspects))?;
        Ok::<_, Unusual>(worker.ended())
    };
    let Ok(counts) = on_threads(plan.threads(), worker) else { return Ok(None) };
    let mut counts = counts.into_iter();
    let Some((mut people, mut crowd, mut seen)) = counts.next() else { return Ok(None) };
    for (others, their_crowd, their_seen) in counts {
        let numbers: Vec<u32> = others.names.iter().map(|customer| people.number(customer)).collect();
        let number = |theirs: u32| usize::try_from(theirs).ok().and_then(|theirs| numbers.get(theirs)).copied();
        crowd.merge(their_crowd, |theirs| number(theirs).unwrap_or(u32::MAX))?;
        seen.add(&their_seen);
    }
    Ok(Some(Counted { customers: people.names, crowd, seen }))
}

/// The contents of rows that are suspected, by their ids.
type Contents = Mutex<HashMap<Digest, Digest>>;

/// The type of an event, with its meters.
type KindOf = (String, EventKind);

/// A customer, and the number once there is an event of theirs.
#[derive(Debug)]
struct Who {
    customer: CustomerId,
    number: Cell<Option<u32>>,
}

/// Counts row groups.
struct Worker<'w> {
    plan: &'w Plan<'w>,
    rules: &'w Rules,
    contents: &'w Contents,
    hasher: Hasher,
    readers: Readers,
    people: People,
    crowd: Crowd,
    seen: Seen,
}

/// One for each value of the rule.
struct Readers {
    kind: Reader<KindOf>,
    customer: Reader<Who>,
    time: Reader<i64>,
    data: Vec<Reader<Option<Value>>>,
    only: Vec<Reader<bool>>,
    except: Vec<Reader<bool>>,
}

/// Some rows, as the rule reads them.
#[derive(Debug)]
pub(super) struct Batch<'b> {
    pub(super) source: &'b str,
    pub(super) data: Vec<(&'b str, Data)>,
    ids: Option<StringViewArray>,
    kinds: Lane<KindOf>,
    customers: Lane<Who>,
    times: Vec<i64>,
    only: Vec<Lane<bool>>,
    except: Vec<Lane<bool>>,
}

impl Batch<'_> {
    pub(super) fn id(&self, row: usize) -> Option<&str> {
        let ids = self.ids.as_ref()?;
        (row < ids.len()).then(|| ids.value(row))
    }

    fn counts(&self, row: usize) -> bool {
        let has = |lane: &Lane<bool>| lane.of(row) == Some(&true);
        self.only.iter().all(has) && !self.except.iter().any(has)
    }
}

impl<'w> Worker<'w> {
    fn new(plan: &'w Plan<'w>, rules: &'w Rules, (contents, hasher): (&'w Contents, Hasher)) -> Self {
        let rule = plan.rule;
        let conditions = |count: usize| (0..count).map(|_| Reader::default()).collect();
        let readers = Readers {
            kind: Reader::default(),
            customer: Reader::default(),
            time: Reader::default(),
            data: rule.data.iter().map(|_| Reader::default()).collect(),
            only: conditions(rule.only.len()),
            except: conditions(rule.except.len()),
        };
        let (people, crowd, seen) = (People::default(), rules.crowd(), Seen::default());
        Self { plan, rules, contents, hasher, readers, people, crowd, seen }
    }

    fn group(&mut self, group: usize, suspects: &[Vec<Suspect>]) -> Result<(), Unusual> {
        let plan = self.plan;
        let suspects = suspects.get(group).ok_or(Unusual)?;
        let wants_ids = plan.reads_ids || self.crowd.wants_ids();
        let columns = plan.columns.iter().map(|column| column.name.as_str());
        let mut suspects = suspects.iter().copied().peekable();
        let mut next = 0_u64;
        for batch in plan.read(group, columns.filter(|name| wants_ids || *name != plan.id))? {
            let batch = batch.map_err(|_| Unusual)?;
            let rows = self.batch(&batch)?;
            for row in 0..batch.num_rows() {
                let suspect = suspects.next_if(|suspect| suspect.row == next);
                self.row(&rows, row, suspect)?;
                next = next.saturating_add(1);
            }
        }
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<Batch<'w>, Unusual> {
        let Plan { rule, columns, id, source, .. } = self.plan;
        let Readers { kind, customer, time, data: values, only, except } = &mut self.readers;
        let meters = &self.rules.meters;
        let conditions = |readers: &mut Vec<Reader<bool>>, conditions: &'w [Condition]| {
            let lane = |(reader, condition): (&mut Reader<bool>, &'w Condition)| {
                let column = column(columns, &condition.field)?;
                reader.lane(column, batch, |record| Ok(apply::holds(rule, condition, record)))
            };
            readers.iter_mut().zip(conditions).map(lane).collect::<Result<Vec<_>, _>>()
        };
        let value = |(reader, (name, pick)): (&mut Reader<_>, &'w (String, Pick))| {
            Ok((name.as_str(), data(reader, (rule, pick, columns), batch)?))
        };
        Ok(Batch {
            source,
            data: values.iter_mut().zip(&rule.data).map(value).collect::<Result<_, Unusual>>()?,
            ids: batch.column_by_name(id).and_then(|ids| ids.as_string_view_opt()).cloned(),
            kinds: kind.picked((&rule.kind, columns), batch, |record| {
                let kind = apply::kind_of(rule, record).map_err(|_| Unusual)?;
                let meters = meters.kind(&kind);
                Ok((kind, meters))
            })?,
            customers: customer.picked((&rule.customer, columns), batch, |record| {
                let customer = apply::customer_of(rule, record).map_err(|_| Unusual)?;
                Ok(Who { customer, number: Cell::new(None) })
            })?,
            times: times(time, (rule, columns), batch)?,
            only: conditions(only, &rule.only)?,
            except: conditions(except, &rule.except)?,
        })
    }

    #[inline]
    fn row(&mut self, batch: &Batch<'_>, row: usize, suspect: Option<Suspect>) -> Result<(), Unusual> {
        self.seen.lines = self.seen.lines.saturating_add(1);
        if !batch.counts(row) {
            self.seen.passed_over = self.seen.passed_over.saturating_add(1);
            return Ok(());
        }
        let (text, kind) = batch.kinds.of(row).ok_or(Unusual)?;
        let who = batch.customers.of(row).ok_or(Unusual)?;
        let event = Row { batch, row, kind: text, time_us: *batch.times.get(row).ok_or(Unusual)? };
        if let Some(suspect) = suspect
            && self.came_before(suspect.id, &event, &who.customer)?
        {
            self.seen.repeated = self.seen.repeated.saturating_add(1);
            return Ok(());
        }
        let number = who.number.get().unwrap_or_else(|| self.people.number(&who.customer));
        who.number.set(Some(number));
        let meters = self.crowd.add(number, *kind, &event).map_err(|_| Unusual)?;
        if meters > 0 {
            self.seen.counted = self.seen.counted.saturating_add(1);
        } else {
            self.seen.event(meters, self.rules.span.period.contains(event.time()));
        }
        Ok(())
    }

    /// Whether the same event was seen before, be it further down in the file: they are all the same.
    fn came_before(&self, id: Digest, event: &Row<'_>, customer: &CustomerId) -> Result<bool, Unusual> {
        let values: Vec<Value> = event.batch.data.iter().map(|(_, data)| data.json(event.row)).collect();
        let content = (event.kind, customer.as_str(), event.time_us, values);
        let content = self.hasher.of(&serde_json::to_vec(&content).map_err(|_| Unusual)?);
        let mut contents = self.contents.lock().map_err(|_| Unusual)?;
        match contents.insert(id, content) {
            None => Ok(false),
            Some(before) if before == content => Ok(true),
            // Which of the two counts depends on their order.
            Some(_) => Err(Unusual),
        }
    }

    fn ended(self) -> (People, Crowd, Seen) {
        (self.people, self.crowd, self.seen)
    }
}
