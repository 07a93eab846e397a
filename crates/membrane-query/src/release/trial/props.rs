//! What stands in for the tables of a release.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BinaryViewArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use membrane_model::{DatasetName, Limits};
use membrane_policy::Permit;
use membrane_privacy::KeyDomain;
use membrane_vault::Sampler;

use super::people::{Lie, MadeUp, Row, newcomer_rows, people_rows, thing_rows};
use super::pool::{Pool, Words};
use super::{Newcomer, QueryError};
use crate::release::plan::Source;
use crate::release::question::{Question, Table};
use crate::release::scalar::typed_scalar;
use crate::rules::SUBJECT_COLUMN;

/// A question, and what its tables look like; no table.
pub(super) struct Props {
    pub(super) question: Question,
    pub(super) sampling: Sampler,
    pub(super) limits: Limits,
    layouts: BTreeMap<DatasetName, Layout>,
}

/// What a table looks like.
pub(super) struct Layout {
    pub(super) private: bool,
    schema: SchemaRef,
    /// One for each column but the unit.
    pub(super) pools: Vec<Pool>,
}

impl Props {
    /// Keeps what tables look like, and lets them go.
    pub(super) fn new(
        question: Question,
        source: Source,
        keys: &KeyDomain,
        permit: &Permit,
    ) -> Result<Self, QueryError> {
        let words = Words::of(&question, keys);
        let mut layouts = BTreeMap::new();
        for (table, provider) in question.tables.iter().zip(&source.providers) {
            let (Table::Dataset { name, private }, Some(provider)) = (table, provider) else { continue };
            let contract = permit.dataset(name).ok_or(QueryError::Failed)?.dataset();
            let schema = provider.schema();
            let fields = schema.fields().iter().filter(|field| field.name() != SUBJECT_COLUMN);
            let pool = |name: &String| {
                let column = contract.columns.iter().find(|column| column.name.as_str() == name);
                column.map(|column| Pool::of(column, &words)).ok_or(QueryError::Failed)
            };
            let pools = fields.map(|field| pool(field.name())).collect::<Result<Vec<Pool>, QueryError>>()?;
            layouts.insert(name.clone(), Layout { private: *private, schema, pools });
        }
        // PRIVACY: `source` ends here, and with it the governed tables.
        Ok(Self { question, sampling: source.sampling, limits: source.limits, layouts })
    }

    pub(super) fn people(&self, seed: u64, members: u32) -> Result<MadeUp, QueryError> {
        let rows = self.layouts.iter().zip(0..).map(|((name, layout), index)| {
            let rows = if layout.private {
                people_rows(layout, seed, index, members)
            } else {
                thing_rows(layout, seed, index)
            };
            (name.clone(), rows)
        });
        Ok(MadeUp::of(rows.collect()))
    }

    pub(super) fn with_newcomer(
        &self,
        people: &MadeUp,
        seed: u64,
        newcomer: Newcomer,
    ) -> Result<MadeUp, QueryError> {
        let mut with = people.clone();
        for ((name, layout), index) in self.layouts.iter().zip(0..) {
            if layout.private {
                with.add(name, newcomer_rows(layout, seed, index, newcomer));
            }
        }
        Ok(with)
    }

    /// Puts people into tables, one for each use of a dataset.
    pub(super) fn tables(
        &self,
        people: &MadeUp,
        lie: &Lie,
    ) -> Result<Vec<Option<Arc<dyn TableProvider>>>, QueryError> {
        let table = |table: &Table| match table {
            Table::Dataset { name, .. } => {
                let layout = self.layouts.get(name).ok_or(QueryError::Failed)?;
                layout.table(people.rows(name), lie).map(Some)
            }
            Table::Kept(_) | Table::PerMember(_) | Table::Union(_) => Ok(None),
        };
        self.question.tables.iter().map(table).collect()
    }
}

impl Layout {
    fn table(&self, rows: &[Row], lie: &Lie) -> Result<Arc<dyn TableProvider>, QueryError> {
        let partitions = lie.partitions(rows).into_iter().map(|batches| {
            batches.iter().map(|rows| self.batch(rows)).collect::<Result<Vec<RecordBatch>, QueryError>>()
        });
        let partitions = partitions.collect::<Result<Vec<_>, QueryError>>()?;
        let table =
            MemTable::try_new(Arc::clone(&self.schema), partitions).map_err(|_| QueryError::Failed)?;
        Ok(Arc::new(table))
    }

    fn batch(&self, rows: &[&Row]) -> Result<RecordBatch, QueryError> {
        let mut place = 0;
        let mut arrays = Vec::with_capacity(self.schema.fields().len());
        for field in self.schema.fields() {
            let array: ArrayRef = if field.name() == SUBJECT_COLUMN {
                let units = rows.iter().map(|row| row.unit());
                Arc::new(BinaryViewArray::from_iter_values(units))
            } else {
                let data_type = field.data_type();
                let null = || ScalarValue::try_from(data_type).map_err(|_| QueryError::Failed);
                let cell = |row: &&Row| match row.cells.get(place).and_then(Option::as_ref) {
                    Some(literal) => typed_scalar(literal, data_type),
                    None => null(),
                };
                let cells = rows.iter().map(cell).collect::<Result<Vec<ScalarValue>, QueryError>>()?;
                place += 1;
                // An array is made of one value at least.
                let made = ScalarValue::iter_to_array(cells.into_iter().chain([null()?]));
                made.map_err(|_| QueryError::Failed)?.slice(0, rows.len())
            };
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|_| QueryError::Failed)
    }
}
