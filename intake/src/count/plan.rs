//! What is read of a Parquet file and how: which columns as what, and which row groups by which thread.
//!
//! Refuses as unusual whatever cannot be read by columns; reads no value itself but ids.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::RowGroupMetaData;

use super::columns::{Column, Unusual};
use super::once::{Hasher, Hashes, Suspect, suspects};
use super::threads::on_threads;
use crate::files::kind;
use crate::mapping::{EventRule, apply};
use crate::record::FieldPath;

/// Rows of a batch: their columns lie in the processor's cache.
const ROWS: usize = 8192;

/// What is read of the file, and how.
pub(super) struct Plan<'p> {
    path: &'p Path,
    pub(super) rule: &'p EventRule,
    pub(super) source: &'p str,
    metadata: ArrowReaderMetadata,
    pub(super) id: String,
    pub(super) columns: Vec<Column>,
    /// Whether the ids are wanted in every row.
    pub(super) reads_ids: bool,
    /// How many rows each row group has.
    rows: Vec<usize>,
}

impl<'p> Plan<'p> {
    pub(super) fn of(path: &'p Path, file: &File, (rule, source): (&'p EventRule, &'p str)) -> Result<Self, Unusual> {
        let [id] = rule.id.as_slice() else { return Err(Unusual) };
        let plain = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let plain = ArrowReaderMetadata::load(file, plain).map_err(|_| Unusual)?;
        let leaves = plain.metadata().file_metadata().schema_descr_ptr();
        let mut fields: Vec<Field> = plain.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
        // Columns of columns are read row by row. Where there are none, fields and leaves have the same places.
        if leaves.num_columns() != fields.len() {
            return Err(Unusual);
        }
        let mut columns: Vec<Column> = Vec::new();
        for name in rule.fields().into_iter().map(FieldPath::as_str) {
            if columns.iter().any(|column| column.name == name) {
                continue;
            }
            let mut found = fields.iter_mut().zip(leaves.columns()).filter(|(field, _)| field.name() == name);
            let (Some((field, leaf)), None) = (found.next(), found.next()) else { return Err(Unusual) };
            // Days and nanoseconds of old writers have a range that instants do not have.
            if leaf.physical_type() == parquet::basic::Type::INT96 {
                return Err(Unusual);
            }
            columns.push(Column { name: name.to_owned(), kind: kind(leaf).map_err(|_| Unusual)? });
            if matches!(field.data_type(), DataType::Utf8 | DataType::Binary) {
                let few = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                field.set_data_type(if name == id.as_str() { DataType::Utf8View } else { few });
            }
        }
        let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options).map_err(|_| Unusual)?;
        let rows = |group: &RowGroupMetaData| usize::try_from(group.num_rows()).map_err(|_| Unusual);
        let rows = metadata.metadata().row_groups().iter().map(rows).collect::<Result<_, _>>()?;
        let reads_ids = rule.fields().into_iter().filter(|field| *field == id).count() > 1;
        Ok(Self { path, rule, source, metadata, id: id.as_str().to_owned(), columns, reads_ids, rows })
    }

    /// A thread for each processor, as long as there is a row group for it.
    pub(super) fn threads(&self) -> usize {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        processors.min(self.rows.len()).max(1)
    }

    /// The rows of a group, of these columns.
    pub(super) fn read<'c>(
        &self,
        group: usize,
        columns: impl Iterator<Item = &'c str>,
    ) -> Result<ParquetRecordBatchReader, Unusual> {
        // A file of its own: those of one file that is open once would move each other's place.
        let file = File::open(self.path).map_err(|_| Unusual)?;
        let columns = ProjectionMask::columns(self.metadata.parquet_schema(), columns);
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let reader = reader.with_projection(columns).with_row_groups(vec![group]).with_batch_size(ROWS);
        reader.build().map_err(|_| Unusual)
    }

    /// The rows whose ids come several times, by row group; their rows are numbered in the group.
    pub(super) fn suspects(&self, hasher: Hasher) -> Result<Vec<Vec<Suspect>>, Unusual> {
        let groups = Groups::of(self);
        let share = self.rows.iter().sum::<usize>() / self.threads();
        let hashes = on_threads(self.threads(), || {
            let mut hashes = Hashes::of(share, hasher);
            groups.each(|group| self.hash_ids(group, &mut hashes))?;
            Ok(hashes)
        })?;
        let mut suspects = suspects(&hashes, self.threads()).into_iter().peekable();
        let mut start = 0_u64;
        let of_group = |rows: &usize| {
            let end = start.saturating_add(u64::try_from(*rows).unwrap_or(u64::MAX));
            let rows = std::iter::from_fn(|| suspects.next_if(|suspect| suspect.row < end));
            let rows = rows.map(|suspect| Suspect { row: suspect.row - start, ..suspect }).collect();
            start = end;
            rows
        };
        Ok(self.rows.iter().map(of_group).collect())
    }

    fn hash_ids(&self, group: usize, hashes: &mut Hashes) -> Result<(), Unusual> {
        let before = self.rows.iter().take(group).sum::<usize>();
        let mut row = u64::try_from(before).map_err(|_| Unusual)?;
        for batch in self.read(group, std::iter::once(self.id.as_str()))? {
            let batch = batch.map_err(|_| Unusual)?;
            let ids = batch.column(0).as_string_view_opt().ok_or(Unusual)?;
            if ids.null_count() > 0 {
                return Err(Unusual);
            }
            for id in ids.iter().flatten() {
                if !apply::is_name(id) || self.rule.absent.iter().any(|absent| absent == id) {
                    return Err(Unusual);
                }
                hashes.put(id.as_bytes(), row);
                row = row.saturating_add(1);
            }
        }
        Ok(())
    }
}

/// Hands out row groups to threads, until one of them gives up.
pub(super) struct Groups {
    next: AtomicUsize,
    count: usize,
    is_given_up: AtomicBool,
}

impl Groups {
    pub(super) fn of(plan: &Plan<'_>) -> Self {
        Self { next: AtomicUsize::new(0), count: plan.rows.len(), is_given_up: AtomicBool::new(false) }
    }

    pub(super) fn each(&self, mut work: impl FnMut(usize) -> Result<(), Unusual>) -> Result<(), Unusual> {
        loop {
            let group = self.next.fetch_add(1, Ordering::Relaxed);
            if group >= self.count || self.is_given_up.load(Ordering::Relaxed) {
                return Ok(());
            }
            work(group).inspect_err(|_| self.is_given_up.store(true, Ordering::Relaxed))?;
        }
    }
}
