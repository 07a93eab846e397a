//! Protects checked rows column by column, as the contract says, and seals bad rows for quarantine.
//!
//! Cells are written into buffers that whole columns share: nothing is allocated per cell. Sealing goes
//! row by row over all sealed columns, so that a subject's key is expanded once, and only where there is
//! something to seal.

mod columns;

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder, Int64Array, StringArray};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use membrane_catalog::{Column, Dataset, StoredKind};
use membrane_model::{ColumnName, LogicalType, Protection, SubjectId};
use membrane_vault::{CellCipher, ColumnContext, Tokenizer, Vault};

use crate::check::{BadRow, Checked};
use crate::coarser::Coarser;
use crate::resolve::Resolved;
use crate::subjects::RowSubject;
use crate::{IngestError, value};
use membrane_catalog::Canon;

use columns::SealedColumn;

/// Stands for the subject of a row whose subject cannot be told.
pub(crate) const NOBODY: SubjectId = SubjectId::from_bytes([0; 16]);

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
    nobody: CellCipher,
    row_context: ColumnContext,
}

/// How one stored column is made of which contract column.
enum Step {
    Subject,
    Value { column: usize },
    Generalised { column: usize, coarser: Coarser },
    SubjectToken,
    Token { column: usize, tokenizer: Tokenizer, canon: Canon, logical: LogicalType },
    Sealed { column: usize, context: ColumnContext, logical: LogicalType },
}

impl Protector {
    pub(crate) fn new(
        dataset: &Dataset,
        vault: &Vault,
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
        Ok(Self {
            table: schemas.0,
            quarantine: schemas.1,
            run,
            steps,
            nobody: vault.quarantine_key(&dataset.name).cipher(),
            row_context: ColumnContext::rows_set_aside(&dataset.name),
        })
    }

    /// Protects one batch.
    pub(crate) fn protect(&self, batch: &Resolved) -> Result<Protected, IngestError> {
        let checked = &batch.checked;
        let rows = if checked.rows > 0 { Some(self.rows(checked, &batch.subjects)?) } else { None };
        let bad = if checked.bad.is_empty() { None } else { Some(self.bad(&checked.bad, &batch.bad)?) };
        Ok(Protected { rows, bad })
    }

    fn rows(&self, checked: &Checked, subjects: &[RowSubject]) -> Result<RecordBatch, IngestError> {
        let mut sealed = self.seal(checked, subjects)?.into_iter();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            columns.push(match step {
                Step::Subject => {
                    columns::of_length(subjects.iter().map(|entry| entry.id.as_bytes())).map_err(arrow)?
                }
                Step::SubjectToken => {
                    columns::of_length(subjects.iter().map(|entry| &entry.token)).map_err(arrow)?
                }
                Step::Value { column } => Arc::clone(input(checked, *column)?),
                Step::Generalised { column, coarser } => {
                    coarser.apply(input(checked, *column)?).map_err(arrow)?
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

    /// Seals all sealed columns.
    fn seal(&self, checked: &Checked, subjects: &[RowSubject]) -> Result<Vec<SealedColumn<'_>>, IngestError> {
        let mut sealed = Vec::new();
        for step in &self.steps {
            if let Step::Sealed { column, context, logical } = step {
                let texts = value::canonical_text(input(checked, *column)?, *logical).map_err(arrow)?;
                sealed.push(SealedColumn::new(texts, context));
            }
        }
        let mut last: Option<(SubjectId, CellCipher)> = None;
        let subjects = if sealed.is_empty() { &[] } else { subjects };
        for (row, entry) in subjects.iter().enumerate() {
            if !sealed.iter().any(|column| column.has_value(row)) {
                for column in &mut sealed {
                    column.pass()?;
                }
                continue;
            }
            if last.as_ref().is_none_or(|(same, _)| *same != entry.id) {
                last = Some((entry.id, entry.key()?.cipher()));
            }
            let (_, cipher) = last.as_ref().ok_or(IngestError::Broken)?;
            for column in &mut sealed {
                column.seal(row, cipher, &entry.id)?;
            }
        }
        Ok(sealed)
    }

    /// Seals bad rows: each under its subject's key, or nobody's.
    fn bad(&self, rows: &[BadRow], subjects: &[Option<RowSubject>]) -> Result<RecordBatch, IngestError> {
        let mut ids = BinaryBuilder::with_capacity(rows.len(), rows.len() * 16);
        let mut cells =
            BinaryBuilder::with_capacity(rows.len(), rows.iter().map(|row| row.row.len() + 29).sum());
        let mut sealed = Vec::new();
        for (row, entry) in rows.iter().zip(subjects) {
            sealed.clear();
            match entry {
                Some(entry) => {
                    let cipher = entry.key()?.cipher();
                    cipher.seal_in(&self.row_context, &entry.id, &row.row, &mut sealed)?;
                }
                None => self.nobody.seal_in(&self.row_context, &NOBODY, &row.row, &mut sealed)?,
            }
            ids.append_option(entry.as_ref().map(|entry| entry.id.as_bytes()));
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
        (StoredKind::Value(_), Protection::Generalise(how)) => {
            Step::Generalised { column, coarser: Coarser::new(of, how) }
        }
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
