//! What a governed scan does with each batch: row rule on originals, masks, clean arrays.
//!
//! In two steps, because rows are counted and put together between them: [`Program::keep`] says which may be seen, and
//! [`Program::show`] makes of them what is shown.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::execution::SessionState;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::PhysicalExpr;
use membrane_vault::ColumnContext;

use crate::fault::ScanFault;
use crate::mask;
use crate::open::{Cells, Opener, SealedColumn, open_batch, subjects_of};
use crate::predicate::Predicate;
use crate::rebuild;
use crate::rules::{ColumnRule, SUBJECT_COLUMN, ScanRules, Source};

/// Which rows a scan gives, over stored columns.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    /// The row rule; empty when every row may be seen.
    pub(crate) rule: Vec<Expr>,
    /// The statement's own conditions, those that are leakproof ([`crate::pushdown`]).
    pub(crate) filters: Vec<Expr>,
}

/// What is done to each batch of one scan.
pub(crate) struct Program {
    /// The row rule and the statement's leakproof conditions, over the inner scan's columns.
    predicate: Option<Predicate>,
    /// Whether there is a row rule: the inner scan then reads rows that are not to be seen.
    hides_rows: bool,
    /// The inner scan's columns that are needed after the predicate.
    keep: Vec<usize>,
    kept: SchemaRef,
    /// Where `_subject` is among the kept ones.
    subject: Option<usize>,
    /// The shown columns.
    outputs: Vec<Output>,
    schema: SchemaRef,
}

/// One shown column.
enum Output {
    /// The hidden unit column.
    Subject,
    /// A column of the contract, from a kept column or from none.
    Column(Box<ShownColumn>),
}

struct ShownColumn {
    rule: ColumnRule,
    input: Option<usize>,
    context: ColumnContext,
}

impl Program {
    /// Returns the stored columns that a scan of the shown ones reads, the conditions' included.
    pub(crate) fn stored_columns(
        rules: &ScanRules,
        shown: &Schema,
        conditions: &Conditions,
    ) -> Result<BTreeSet<String>, ScanFault> {
        let mut needed = needed_after(rules, shown)?;
        for part in conditions.rule.iter().chain(&conditions.filters) {
            needed.extend(part.column_refs().into_iter().map(|column| column.name.clone()));
        }
        Ok(needed)
    }

    /// Binds the rules to the inner scan's schema.
    pub(crate) fn compile(
        rules: &ScanRules,
        shown: &SchemaRef,
        conditions: &Conditions,
        inner: &Schema,
        trusted: &SessionState,
    ) -> Result<Self, ScanFault> {
        // In any order: neither the rule nor the statement's conditions can fail on a row or tell of it.
        let all: Vec<Expr> = conditions.rule.iter().chain(&conditions.filters).cloned().collect();
        let predicate = Predicate::bind(&all, inner, trusted)?;
        let mut keep = Vec::new();
        let mut kept_names = Vec::new();
        for name in needed_after(rules, shown)? {
            keep.push(inner.index_of(&name)?);
            kept_names.push(name);
        }
        let place = |name: &str| kept_names.iter().position(|kept| kept == name);
        let mut outputs = Vec::new();
        for field in shown.fields() {
            if is_unit_column(rules, field.name()) {
                outputs.push(Output::Subject);
                continue;
            }
            let rule = rules.column(field.name()).ok_or(ScanFault::Shape)?.clone();
            let input = match rule.stored_name() {
                None => None,
                Some(name) => Some(place(&name).ok_or(ScanFault::Shape)?),
            };
            let context = ColumnContext::new(&rules.dataset, &rule.name);
            outputs.push(Output::Column(Box::new(ShownColumn { rule, input, context })));
        }
        Ok(Self {
            predicate,
            hides_rows: !conditions.rule.is_empty(),
            kept: Arc::new(inner.project(&keep)?),
            keep,
            subject: place(SUBJECT_COLUMN),
            outputs,
            schema: Arc::clone(shown),
        })
    }

    /// The program of a scan without rows.
    pub(crate) fn nothing(shown: &SchemaRef) -> Self {
        Self {
            predicate: None,
            hides_rows: true,
            keep: Vec::new(),
            kept: Arc::new(Schema::empty()),
            subject: None,
            outputs: Vec::new(),
            schema: Arc::clone(shown),
        }
    }

    /// Returns what the inner scan may use to read less. It is evaluated here all the same.
    pub(crate) fn predicate(&self) -> Option<&Arc<dyn PhysicalExpr>> {
        self.predicate.as_ref().map(Predicate::whole)
    }

    /// Tells whether there is a row rule.
    pub(crate) const fn hides_rows(&self) -> bool {
        self.hides_rows
    }

    /// Tells whether rows are to be put together before they are shown, so that batches are full: where cells have to be
    /// opened, at a cost for each batch, and where the statement's own conditions leave rows out. What a row rule leaves
    /// is put together after the masks, which write it anew in any case.
    pub(crate) fn collects(&self) -> bool {
        self.opens_cells() || (self.predicate.is_some() && !self.hides_rows)
    }

    /// Returns the columns of the rows that [`Program::keep`] gives.
    pub(crate) const fn kept(&self) -> &SchemaRef {
        &self.kept
    }

    /// Returns the columns of the rows that [`Program::show`] gives.
    pub(crate) const fn shown(&self) -> &SchemaRef {
        &self.schema
    }

    fn opens_cells(&self) -> bool {
        self.outputs
            .iter()
            .any(|output| matches!(output, Output::Column(shown) if shown.rule.source == Source::Sealed))
    }

    /// Applies the row rule, and the statement's leakproof conditions, to the originals. NULL hides the row. Returns
    /// the columns that are needed further on, and which of their rows are kept, if not all.
    pub(crate) fn keep(&self, batch: &RecordBatch) -> Result<(RecordBatch, Option<BooleanArray>), ScanFault> {
        let verdict = self.predicate.as_ref().map(|predicate| predicate.verdict(batch)).transpose()?;
        Ok((batch.project(&self.keep)?, verdict))
    }

    /// Turns rows that may be seen into rows as they are shown.
    pub(crate) async fn show(&self, batch: RecordBatch, opener: &Opener) -> Result<RecordBatch, ScanFault> {
        let rows = batch.num_rows();
        let mut opened = self.open(&batch, opener).await?.into_iter();
        let columns = self
            .outputs
            .iter()
            .map(|output| match output {
                Output::Subject => rebuild::subjects(self.subject_column(&batch)?),
                Output::Column(shown) => match (shown.rule.source, shown.input) {
                    (Source::Nothing, _) => Ok(mask::nulls(&shown.rule.shown_type(), rows)),
                    (Source::Sealed, _) => opened.next().ok_or(ScanFault::Shape),
                    (Source::Value, Some(input)) => {
                        mask::of_values(&shown.rule, column(&batch, input)?, self.hides_rows)
                    }
                    (Source::Token, Some(input)) => mask::of_tokens(&shown.rule, column(&batch, input)?),
                    (Source::Value | Source::Token, None) => Err(ScanFault::Shape),
                },
            })
            .collect::<Result<Vec<ArrayRef>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }

    /// Opens the sealed columns of a batch of rows that may be seen, and masks them on the way.
    async fn open(&self, batch: &RecordBatch, opener: &Opener) -> Result<Vec<ArrayRef>, ScanFault> {
        let mut sealed = Vec::new();
        for output in &self.outputs {
            if let Output::Column(shown) = output
                && shown.rule.source == Source::Sealed
            {
                sealed.push((shown, shown.input.ok_or(ScanFault::Shape)?));
            }
        }
        if sealed.is_empty() {
            return Ok(Vec::new());
        }
        let (subjects, distinct) = subjects_of(self.subject_column(batch)?)?;
        let keys = opener.data_keys(&distinct).await?;
        let mut columns = Vec::with_capacity(sealed.len());
        for (shown, input) in sealed {
            let cells = Cells::of(column(batch, input)?)?;
            let sink = mask::Sink::new(&shown.rule, subjects.len())?;
            columns.push(SealedColumn { cells, context: &shown.context, sink });
        }
        open_batch(&subjects, &keys, &mut columns)?;
        columns.into_iter().map(|column| column.sink.finish()).collect()
    }

    fn subject_column<'a>(&self, batch: &'a RecordBatch) -> Result<&'a ArrayRef, ScanFault> {
        column(batch, self.subject.ok_or(ScanFault::Shape)?)
    }
}

fn column(batch: &RecordBatch, index: usize) -> Result<&ArrayRef, ScanFault> {
    batch.columns().get(index).ok_or(ScanFault::Shape)
}

fn is_unit_column(rules: &ScanRules, name: &str) -> bool {
    rules.with_subject && name == SUBJECT_COLUMN
}

fn needed_after(rules: &ScanRules, shown: &Schema) -> Result<BTreeSet<String>, ScanFault> {
    let mut needed = BTreeSet::new();
    for field in shown.fields() {
        if is_unit_column(rules, field.name()) {
            needed.insert(SUBJECT_COLUMN.to_owned());
            continue;
        }
        let rule = rules.column(field.name()).ok_or(ScanFault::Shape)?;
        if rule.source == Source::Sealed {
            needed.insert(SUBJECT_COLUMN.to_owned());
        }
        needed.extend(rule.stored_name());
    }
    Ok(needed)
}
