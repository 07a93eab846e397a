//! Protects checked rows column by column, as the contract says, and seals bad rows for quarantine.
//!
//! Cells are written into buffers that whole columns share: nothing is allocated per cell. Sealing goes
//! row by row over all sealed columns, so that a subject's key is expanded once.

mod columns;
mod generalise;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryBuilder, Int64Array, StringArray};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use membrane_catalog::{Column, Dataset, StoredKind};
use membrane_model::{ColumnName, Generalisation, LogicalType, Protection, SubjectId};
use membrane_vault::{CellCipher, ColumnContext, DataKey, Tokenizer, Vault};

use crate::check::{BadRow, Checked};
use crate::identity::Canon;
use crate::subjects::Subjects;
use crate::{IngestError, value};

use columns::SealedColumn;

/// Stands for the subject of a row whose subject cannot be told.
const NOBODY: SubjectId = SubjectId::from_bytes([0; 16]);

/// A batch, ready to be written.
pub(crate) struct Protected {
    /// Good rows.
    pub(crate) rows: Option<RecordBatch>,
    /// Bad rows.
    pub(crate) bad: Option<RecordBatch>,
}

/// Protects the batches of one delivery.
pub(crate) struct Protector {
    table: SchemaRef,
    quarantine: SchemaRef,
    run: String,
    steps: Vec<Step>,
    subject: Option<(usize, LogicalType)>,
    subjects: Option<Subjects>,
    nobody: CellCipher,
    row_context: ColumnContext,
}

/// How one stored column is made of which contract column.
enum Step {
    Subject,
    Value { column: usize },
    Generalised { column: usize, how: Generalisation, logical: LogicalType },
    SubjectToken,
    Token { column: usize, tokenizer: Tokenizer, canon: Canon, logical: LogicalType },
    Sealed { column: usize, context: ColumnContext, logical: LogicalType },
}

impl Protector {
    pub(crate) fn new(
        dataset: &Dataset,
        vault: &Vault,
        subjects: Option<Subjects>,
        schemas: (SchemaRef, SchemaRef),
        run: String,
    ) -> Result<Self, IngestError> {
        let unplanned = || ArrowError::SchemaError("a stored column has no contract column".to_owned());
        let steps = dataset
            .stored_columns()
            .iter()
            .map(|stored| step(dataset, vault, stored.of.as_ref(), stored.kind).ok_or_else(unplanned))
            .collect::<Result<Vec<_>, _>>()
            .map_err(arrow)?;
        let subject = dataset.subject.as_ref().and_then(|subject| find(dataset, &subject.column));
        let row: ColumnName = "row".parse().map_err(|_| arrow(unplanned()))?;
        let key: DataKey = vault.quarantine_key(&dataset.name);
        Ok(Self {
            table: schemas.0,
            quarantine: schemas.1,
            run,
            steps,
            subject: subject.map(|(at, column)| (at, column.logical_type)),
            subjects,
            nobody: key.cipher(),
            row_context: ColumnContext::new(&dataset.name, &row),
        })
    }

    /// Protects one batch.
    pub(crate) fn protect(&mut self, checked: &Checked) -> Result<Protected, IngestError> {
        if let Some(subjects) = &mut self.subjects {
            subjects.trim();
        }
        let rows = if checked.rows > 0 { Some(self.rows(checked)?) } else { None };
        let bad = if checked.bad.is_empty() { None } else { Some(self.bad(&checked.bad)?) };
        Ok(Protected { rows, bad })
    }

    fn rows(&mut self, checked: &Checked) -> Result<RecordBatch, IngestError> {
        let places = self.places(checked)?;
        let mut sealed = self.seal(checked, &places)?.into_iter();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            columns.push(match step {
                Step::Subject => self.subject_ids(&places)?,
                Step::SubjectToken => self.subject_tokens(&places)?,
                Step::Value { column } => Arc::clone(input(checked, *column)?),
                Step::Generalised { column, how, logical } => {
                    generalise::generalise(input(checked, *column)?, *how, *logical).map_err(arrow)?
                }
                Step::Token { column, tokenizer, canon, logical } => {
                    let texts = value::canonical_text(input(checked, *column)?, *logical).map_err(arrow)?;
                    columns::tokens(&texts, tokenizer, *canon)
                }
                Step::Sealed { .. } => match sealed.next() {
                    Some(column) => column.finish().map_err(arrow)?,
                    None => return Err(arrow(missing())),
                },
            });
        }
        RecordBatch::try_new(Arc::clone(&self.table), columns).map_err(arrow)
    }

    /// Finds the subject of every row.
    fn places(&mut self, checked: &Checked) -> Result<Vec<usize>, IngestError> {
        let with_keys = self.steps.iter().any(|step| matches!(step, Step::Sealed { .. }));
        let (Some((column, logical)), Some(subjects)) = (self.subject, &mut self.subjects) else {
            return Ok(Vec::new());
        };
        let texts = value::canonical_text(input(checked, column)?, logical).map_err(arrow)?;
        subjects.resolve((0..texts.len()).map(|row| texts.value(row)), with_keys)
    }

    /// Seals all sealed columns.
    fn seal(&self, checked: &Checked, places: &[usize]) -> Result<Vec<SealedColumn<'_>>, IngestError> {
        let mut sealed = Vec::new();
        for step in &self.steps {
            if let Step::Sealed { column, context, logical } = step {
                let texts = value::canonical_text(input(checked, *column)?, *logical).map_err(arrow)?;
                sealed.push(SealedColumn::new(texts, context));
            }
        }
        let Some(subjects) = self.subjects.as_ref().filter(|_| !sealed.is_empty()) else {
            return Ok(sealed);
        };
        let mut last: Option<(usize, CellCipher)> = None;
        for (row, place) in places.iter().enumerate() {
            let entry = subjects.entry(*place)?;
            let cipher = match last.take() {
                Some((same, cipher)) if same == *place => cipher,
                _ => entry.key()?.cipher(),
            };
            for column in &mut sealed {
                column.seal(row, &cipher, &entry.id)?;
            }
            last = Some((*place, cipher));
        }
        Ok(sealed)
    }

    fn subject_ids(&self, places: &[usize]) -> Result<ArrayRef, IngestError> {
        let subjects = self.subjects.as_ref().ok_or_else(|| arrow(missing()))?;
        let mut builder = BinaryBuilder::with_capacity(places.len(), places.len() * 16);
        for place in places {
            builder.append_value(subjects.entry(*place)?.id.as_bytes());
        }
        Ok(Arc::new(builder.finish()))
    }

    fn subject_tokens(&self, places: &[usize]) -> Result<ArrayRef, IngestError> {
        let subjects = self.subjects.as_ref().ok_or_else(|| arrow(missing()))?;
        let mut builder = BinaryBuilder::with_capacity(places.len(), places.len() * 16);
        for place in places {
            builder.append_option(subjects.entry(*place)?.token);
        }
        Ok(Arc::new(builder.finish()))
    }

    /// Seals bad rows: each under its subject's key, or nobody's.
    fn bad(&mut self, rows: &[BadRow]) -> Result<RecordBatch, IngestError> {
        let named = rows.iter().filter_map(|row| row.subject.as_deref());
        let places = match &mut self.subjects {
            Some(subjects) => subjects.resolve(named, true)?,
            None => Vec::new(),
        };
        let mut places = places.into_iter();
        let mut ids = BinaryBuilder::with_capacity(rows.len(), rows.len() * 16);
        let mut cells =
            BinaryBuilder::with_capacity(rows.len(), rows.iter().map(|row| row.row.len() + 29).sum());
        let mut sealed = Vec::new();
        for row in rows {
            let place = row.subject.as_ref().and_then(|_| places.next());
            let entry = match (&self.subjects, place) {
                (Some(subjects), Some(place)) => Some(subjects.entry(place)?),
                _ => None,
            };
            sealed.clear();
            match entry {
                Some(entry) => {
                    let cipher = entry.key()?.cipher();
                    cipher.seal_in(&self.row_context, &entry.id, &row.row, &mut sealed)?;
                }
                None => self.nobody.seal_in(&self.row_context, &NOBODY, &row.row, &mut sealed)?,
            }
            ids.append_option(entry.map(|entry| entry.id.as_bytes()));
            cells.append_value(&sealed);
        }
        let runs: StringArray = rows.iter().map(|_| Some(self.run.as_str())).collect();
        let positions: Int64Array = rows.iter().map(|row| Some(row.position)).collect();
        let reasons: StringArray = rows.iter().map(|row| Some(row.reasons.as_str())).collect();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(runs),
            Arc::new(positions),
            Arc::new(reasons),
            Arc::new(ids.finish()),
            Arc::new(cells.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&self.quarantine), columns).map_err(arrow)
    }
}

fn step(dataset: &Dataset, vault: &Vault, of: Option<&ColumnName>, kind: StoredKind) -> Option<Step> {
    if kind == StoredKind::Subject {
        return Some(Step::Subject);
    }
    let (column, of) = find(dataset, of?)?;
    let logical = of.logical_type;
    Some(match (kind, of.protection) {
        (StoredKind::Value(_), Protection::Generalise(how)) => Step::Generalised { column, how, logical },
        (StoredKind::Value(_), _) => Step::Value { column },
        (StoredKind::Token, _) if is_subject(dataset, of) => Step::SubjectToken,
        (StoredKind::Token, _) => {
            let domain = of.token_domain();
            let canon = Canon::of(&domain);
            Step::Token { column, tokenizer: vault.tokenizer(&domain), canon, logical }
        }
        (StoredKind::Sealed, _) => {
            Step::Sealed { column, context: ColumnContext::new(&dataset.name, &of.name), logical }
        }
        (StoredKind::Subject, _) => Step::Subject,
    })
}

/// The tokens of the subject's own column are looked up with the subject.
fn is_subject(dataset: &Dataset, column: &Column) -> bool {
    dataset.subject.as_ref().is_some_and(|subject| {
        subject.column == column.name && column.token_domain() == subject.kind.as_str()
    })
}

fn find<'a>(dataset: &'a Dataset, name: &ColumnName) -> Option<(usize, &'a Column)> {
    dataset.columns.iter().enumerate().find(|(_, column)| column.name == *name)
}

fn input(checked: &Checked, column: usize) -> Result<&ArrayRef, IngestError> {
    checked.columns.get(column).ok_or_else(|| arrow(missing()))
}

fn missing() -> ArrowError {
    ArrowError::SchemaError("a contract column is missing".to_owned())
}

fn arrow(source: ArrowError) -> IngestError {
    IngestError::arrow("protect a column", source)
}

#[cfg(test)]
mod tests;
