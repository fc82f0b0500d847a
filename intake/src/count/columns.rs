//! The columns of a Parquet file as a mapping's rule reads them: each distinct text is read once, by the same rule as a
//! single line, and whole numbers are taken as they are.
//!
//! Knows only what is usual. Whatever is not, or is no event, is `Unusual`, and the file is read row by row then.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Int32Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use serde_json::Value;

use crate::files::{Kind, float};
use crate::mapping::{As, EventRule, Pick, Source, apply};
use crate::record::{Cell, FieldPath, Record};
use crate::time::MICROS;

/// The file, or this row of it, is not what can be read by columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unusual;

/// A column of the file that the rule reads.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What the rule makes of a column, row by row.
#[derive(Debug)]
pub(super) enum Lane<T> {
    /// The same in every row.
    Same(T),
    /// Of few values, each with a number; rows have the numbers.
    Named { numbers: Int32Array, values: Arc<[T]>, nothing: Option<T> },
    /// Each row has its own.
    Each(Vec<T>),
}

impl<T> Lane<T> {
    /// That of a row; there is one for every row of the batch.
    #[inline]
    pub(super) fn of(&self, row: usize) -> Option<&T> {
        match self {
            Self::Same(value) => Some(value),
            Self::Named { numbers, values, nothing } => {
                let number = *numbers.values().get(row)?;
                if numbers.is_null(row) {
                    return nothing.as_ref();
                }
                values.get(usize::try_from(number).ok()?)
            }
            Self::Each(values) => values.get(row),
        }
    }
}

/// What the rule makes of a value that an event has besides its time.
#[derive(Debug)]
pub(super) enum Data {
    Whole(Vec<i64>),
    Values(Lane<Option<Value>>),
}

impl Data {
    /// The value of a row as JSON; null where there is none, which no rule makes of a value.
    pub(super) fn json(&self, row: usize) -> Value {
        match self {
            Self::Whole(values) => values.get(row).copied().into(),
            Self::Values(lane) => lane.of(row).cloned().flatten().unwrap_or(Value::Null),
        }
    }
}

/// Reads columns by a rule. Remembers what it made of texts, as batches share them.
#[derive(Debug)]
pub(super) struct Reader<T> {
    /// The texts that `values` was made of. They are kept, so that nothing else can lie where they are.
    texts: Option<ArrayRef>,
    values: Arc<[T]>,
}

impl<T> Default for Reader<T> {
    fn default() -> Self {
        Self { texts: None, values: Arc::from(Vec::new()) }
    }
}

impl<T> Reader<T> {
    /// The column by `read`, which is given a row of nothing but this column.
    pub(super) fn lane(
        &mut self,
        column: &Column,
        batch: &RecordBatch,
        mut read: impl FnMut(&Record<'_>) -> Result<T, Unusual>,
    ) -> Result<Lane<T>, Unusual> {
        let array = batch.column_by_name(&column.name).ok_or(Unusual)?;
        let mut of = |cell: Cell<'_>| {
            read(&Record::Row { columns: std::slice::from_ref(&column.name), cells: std::slice::from_ref(&cell) })
        };
        if let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() {
            let texts = dictionary.values().as_string_opt::<i32>().ok_or(Unusual)?;
            if !self.texts.as_ref().is_some_and(|known| is_same(known, dictionary.values())) {
                let value = |text: Option<&str>| of(text.map_or(Cell::Nothing, |text| Cell::Text(text.into())));
                self.values = texts.iter().map(value).collect::<Result<_, _>>()?;
                self.texts = Some(Arc::clone(dictionary.values()));
            }
            let nothing = if array.null_count() > 0 { Some(of(Cell::Nothing)?) } else { None };
            return Ok(Lane::Named { numbers: dictionary.keys().clone(), values: Arc::clone(&self.values), nothing });
        }
        let each = |row| of(cell(array, column.kind, row)?);
        Ok(Lane::Each((0..array.len()).map(each).collect::<Result<_, _>>()?))
    }

    /// The value of a pick that is a column or a constant.
    pub(super) fn picked(
        &mut self,
        (pick, columns): (&Pick, &[Column]),
        batch: &RecordBatch,
        mut read: impl FnMut(&Record<'_>) -> Result<T, Unusual>,
    ) -> Result<Lane<T>, Unusual> {
        match &pick.source {
            Source::Constant(_) => Ok(Lane::Same(read(&Record::Row { columns: &[], cells: &[] })?)),
            Source::Field(path) => self.lane(column(columns, path)?, batch, read),
        }
    }
}

/// The column that a field of the rule means.
pub(super) fn column<'c>(columns: &'c [Column], path: &FieldPath) -> Result<&'c Column, Unusual> {
    columns.iter().find(|column| column.name == path.as_str()).ok_or(Unusual)
}

fn is_same(known: &ArrayRef, other: &ArrayRef) -> bool {
    match (known.as_string_opt::<i32>(), other.as_string_opt::<i32>()) {
        (Some(known), Some(other)) => {
            known.len() == other.len()
                && std::ptr::eq(known.value_data(), other.value_data())
                && std::ptr::eq(known.value_offsets(), other.value_offsets())
        }
        (None, _) | (_, None) => false,
    }
}

/// The time of each row, in microseconds since 1970.
pub(super) fn times(
    reader: &mut Reader<i64>,
    (rule, columns): (&EventRule, &[Column]),
    batch: &RecordBatch,
) -> Result<Vec<i64>, Unusual> {
    let column = column(columns, &rule.time.field)?;
    let array = batch.column_by_name(&column.name).ok_or(Unusual)?;
    // What the rule says of a timestamp in UTC, without making an instant and back of each.
    if array.null_count() == 0
        && let DataType::Timestamp(unit, Some(_)) = array.data_type()
    {
        let to_micros: fn(i64) -> Option<i64> = match unit {
            TimeUnit::Second => return Err(Unusual),
            TimeUnit::Millisecond => |millis| millis.checked_mul(1000),
            TimeUnit::Microsecond => Some,
            TimeUnit::Nanosecond => |nanos| Some(nanos.div_euclid(1000)),
        };
        let time = |time| to_micros(time).filter(|micros| MICROS.contains(micros)).ok_or(Unusual);
        return integers(array).ok_or(Unusual)?.into_iter().map(time).collect();
    }
    let lane = reader.lane(column, batch, |record| {
        apply::time_of(rule, record).map(|time| time.timestamp_micros()).map_err(|_| Unusual)
    })?;
    (0..batch.num_rows()).map(|row| lane.of(row).copied().ok_or(Unusual)).collect()
}

/// A value of the data in each row.
pub(super) fn data(
    reader: &mut Reader<Option<Value>>,
    (rule, pick, columns): (&EventRule, &Pick, &[Column]),
    batch: &RecordBatch,
) -> Result<Data, Unusual> {
    let Pick { source, pattern, default: _, optional: _, kept, scale, cut: _, shortest_float: _ } = pick;
    if let (Source::Field(path), None, None, As::Written | As::Integer) = (source, pattern, scale, kept) {
        let column = column(columns, path)?;
        let array = batch.column_by_name(&column.name).ok_or(Unusual)?;
        if array.null_count() == 0
            && column.kind == Kind::Integer
            && let Some(whole) = integers(array)
        {
            return Ok(Data::Whole(whole));
        }
    }
    let value = |record: &Record<'_>| apply::value_of(rule, pick, record).map_err(|_| Unusual);
    reader.picked((pick, columns), batch, value).map(Data::Values)
}

/// A value as the rule sees it when it reads row by row.
fn cell(array: &ArrayRef, kind: Kind, row: usize) -> Result<Cell<'_>, Unusual> {
    if array.is_null(row) {
        return Ok(Cell::Nothing);
    }
    match array.data_type() {
        DataType::Boolean => Ok(Cell::Boolean(array.as_boolean_opt().ok_or(Unusual)?.value(row))),
        DataType::Decimal128(..) => Ok(kind.of_bytes(&value::<Decimal128Type>(array, row)?.to_be_bytes())),
        DataType::Utf8View => Ok(Cell::Text(array.as_string_view_opt().ok_or(Unusual)?.value(row).into())),
        DataType::Float32 => {
            let value = value::<Float32Type>(array, row)?;
            Ok(float(f64::from(value), value.to_string()))
        }
        DataType::Float64 => {
            let value = value::<Float64Type>(array, row)?;
            Ok(float(value, value.to_string()))
        }
        DataType::UInt64 => Ok(kind.of_integer(i64::from_ne_bytes(value::<UInt64Type>(array, row)?.to_ne_bytes()))),
        // What is kept as whole numbers; all other kinds are read row by row.
        _ => Ok(kind.of_integer(*integers(&array.slice(row, 1)).ok_or(Unusual)?.first().ok_or(Unusual)?)),
    }
}

fn value<T: ArrowPrimitiveType>(array: &ArrayRef, row: usize) -> Result<T::Native, Unusual> {
    Ok(array.as_primitive_opt::<T>().ok_or(Unusual)?.value(row))
}

/// The values of a column that keeps whole numbers.
fn integers(array: &ArrayRef) -> Option<Vec<i64>> {
    fn of<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &ArrayRef) -> Option<Vec<i64>> {
        Some(array.as_primitive_opt::<T>()?.values().iter().map(|value| (*value).into()).collect())
    }
    match array.data_type() {
        DataType::Int8 => of::<Int8Type>(array),
        DataType::Int16 => of::<Int16Type>(array),
        DataType::Int32 => of::<Int32Type>(array),
        DataType::Int64 => of::<Int64Type>(array),
        DataType::UInt8 => of::<UInt8Type>(array),
        DataType::UInt16 => of::<UInt16Type>(array),
        DataType::UInt32 => of::<UInt32Type>(array),
        DataType::Date32 => of::<Date32Type>(array),
        DataType::Timestamp(TimeUnit::Millisecond, _) => of::<TimestampMillisecondType>(array),
        DataType::Timestamp(TimeUnit::Microsecond, _) => of::<TimestampMicrosecondType>(array),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => of::<TimestampNanosecondType>(array),
        _ => None,
    }
}
