//! What a governed scan does with each batch: row rule on originals, masks, clean arrays.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::compute::FilterBuilder;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::DFSchema;
use datafusion::execution::SessionState;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_plan::PhysicalExpr;
use membrane_vault::ColumnContext;

use crate::fault::ScanFault;
use crate::mask;
use crate::open::{Cells, Opener, SealedColumn, open_batch, subjects_of};
use crate::rebuild;
use crate::rules::{ColumnRule, SUBJECT_COLUMN, ScanRules, Source};

/// What is done to each batch of one scan.
pub(crate) struct Program {
    /// The row rule over the inner scan's columns.
    predicate: Option<Arc<dyn PhysicalExpr>>,
    /// The inner scan's columns that are needed after the rule.
    keep: Vec<usize>,
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
    /// Returns the stored columns that a scan of the shown ones reads, rule included.
    pub(crate) fn stored_columns(
        rules: &ScanRules,
        shown: &Schema,
        rule: &[Expr],
    ) -> Result<BTreeSet<String>, ScanFault> {
        let mut needed = needed_after_rule(rules, shown)?;
        for part in rule {
            needed.extend(part.column_refs().into_iter().map(|column| column.name.clone()));
        }
        Ok(needed)
    }

    /// Binds the rules to the inner scan's schema.
    pub(crate) fn compile(
        rules: &ScanRules,
        shown: &SchemaRef,
        rule: &[Expr],
        inner: &Schema,
        trusted: &SessionState,
    ) -> Result<Self, ScanFault> {
        let predicate = match conjunction(rule.to_vec()) {
            None => None,
            Some(rule) => {
                let schema = DFSchema::try_from(inner.clone()).map_err(|_| ScanFault::Rule)?;
                Some(trusted.create_physical_expr(rule, &schema).map_err(|_| ScanFault::Rule)?)
            }
        };
        let mut keep = Vec::new();
        let mut kept_names = Vec::new();
        for name in needed_after_rule(rules, shown)? {
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
        Ok(Self { predicate, keep, subject: place(SUBJECT_COLUMN), outputs, schema: Arc::clone(shown) })
    }

    /// The program of a scan without rows.
    pub(crate) fn nothing(shown: &SchemaRef) -> Self {
        Self {
            predicate: None,
            keep: Vec::new(),
            subject: None,
            outputs: Vec::new(),
            schema: Arc::clone(shown),
        }
    }

    /// Turns a batch of the inner scan into a batch that may be shown.
    pub(crate) async fn run(&self, batch: RecordBatch, opener: &Opener) -> Result<RecordBatch, ScanFault> {
        let batch = self.keep_rows(&batch)?;
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(RecordBatch::new_empty(Arc::clone(&self.schema)));
        }
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
                        mask::of_values(&shown.rule, column(&batch, input)?, self.predicate.is_some())
                    }
                    (Source::Token, Some(input)) => mask::of_tokens(&shown.rule, column(&batch, input)?),
                    (Source::Value | Source::Token, None) => Err(ScanFault::Shape),
                },
            })
            .collect::<Result<Vec<ArrayRef>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }

    /// Applies the row rule to the originals. NULL hides the row.
    fn keep_rows(&self, batch: &RecordBatch) -> Result<RecordBatch, ScanFault> {
        let kept = batch.project(&self.keep)?;
        let Some(predicate) = &self.predicate else { return Ok(kept) };
        let verdict = predicate
            .evaluate(batch)
            .and_then(|value| value.into_array(batch.num_rows()))
            .map_err(|_| ScanFault::Rule)?;
        let verdict: &BooleanArray = verdict.as_boolean_opt().ok_or(ScanFault::Rule)?;
        let filter = FilterBuilder::new(verdict).optimize().build();
        Ok(filter.filter_record_batch(&kept)?)
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

fn needed_after_rule(rules: &ScanRules, shown: &Schema) -> Result<BTreeSet<String>, ScanFault> {
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
