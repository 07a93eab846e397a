//! What a governed scan does with each batch: row rule on originals, masks, clean arrays.
//!
//! In two steps, because rows are counted and put together between them: [`Program::keep`] says which may be seen, and
//! [`Program::show`] makes of them what is shown.

mod route;

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::filter;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::execution::SessionState;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::PhysicalExpr;
use membrane_policy::RowExpr;
use membrane_vault::ColumnContext;

use crate::fault::ScanFault;
use crate::mask;
use crate::open::{Cells, Opener, SealedColumn, open_batch, subjects_of};
use crate::predicate::Predicate;
use crate::rebuild;
use crate::row_filter;
use crate::rules::{ColumnRule, Mask, SUBJECT_COLUMN, ScanRules, Source, Way};
use route::{Route, join};

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
    /// The conditions of conditional masks, over the inner scan's columns. None: without any condition, for every row.
    cases: Vec<Option<Predicate>>,
    /// The kept columns, and behind them a truth value for each of the cases.
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
    /// A column of the contract, from kept columns or from none.
    Column(Box<ShownColumn>),
}

struct ShownColumn {
    shown_type: DataType,
    context: ColumnContext,
    /// The ways for some rows, and last the one for all others.
    ways: Vec<BoundWay>,
}

/// A way of showing cells, bound to kept columns.
struct BoundWay {
    way: Way,
    /// The stored cells.
    input: Option<usize>,
    /// The truth value that says for which rows. None: for all that no other way is for.
    when: Option<usize>,
}

impl Program {
    /// Returns the stored columns that a scan of the shown ones reads, the conditions' included.
    pub(crate) fn stored_columns(
        rules: &ScanRules,
        shown: &Schema,
        conditions: &Conditions,
    ) -> Result<BTreeSet<String>, ScanFault> {
        let mut needed = needed_after(rules, shown)?;
        for condition in cases(rules, shown) {
            needed.extend(condition.columns().iter().map(ToString::to_string));
        }
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
        let mut fields = inner.project(&keep)?.fields().to_vec();
        let mut bound_cases = Vec::new();
        for condition in cases(rules, shown) {
            // Conditions read originals, and are bound here, out of reach of the names of any statement.
            let conjuncts = row_filter::conjuncts(condition, inner)?;
            bound_cases.push(Predicate::bind(&conjuncts, inner, trusted)?);
            fields.push(Arc::new(Field::new(
                format!("case {}", bound_cases.len()),
                DataType::Boolean,
                false,
            )));
        }
        let mut whens = kept_names.len()..;
        let mut outputs = Vec::new();
        for field in shown.fields() {
            if is_unit_column(rules, field.name()) {
                outputs.push(Output::Subject);
                continue;
            }
            let rule = rules.column(field.name()).ok_or(ScanFault::Shape)?;
            let bind = |way: &Way, when| {
                let input =
                    rule.stored_name(way).map(|name| place(&name).ok_or(ScanFault::Shape)).transpose()?;
                Ok::<_, ScanFault>(BoundWay { way: way.clone(), input, when })
            };
            let mut ways = Vec::with_capacity(rule.cases.len() + 1);
            for case in &rule.cases {
                ways.push(bind(&case.way, whens.next())?);
            }
            ways.push(bind(&rule.otherwise, None)?);
            let context = ColumnContext::new(&rules.dataset, &rule.name);
            outputs.push(Output::Column(Box::new(ShownColumn {
                shown_type: rule.shown_type(),
                context,
                ways,
            })));
        }
        Ok(Self {
            predicate,
            hides_rows: !conditions.rule.is_empty(),
            kept: Arc::new(Schema::new(fields)),
            keep,
            cases: bound_cases,
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
            cases: Vec::new(),
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

    /// Tells whether sealed cells are opened.
    pub(crate) fn opens_cells(&self) -> bool {
        self.sealed().next().is_some()
    }

    /// Returns the ways that open sealed cells, each with its column and its place among that one's ways.
    fn sealed(&self) -> impl Iterator<Item = (usize, &ShownColumn, usize, &BoundWay)> {
        self.outputs.iter().enumerate().flat_map(|(output, shown)| {
            let column = match shown {
                Output::Column(column) => Some(column.as_ref()),
                Output::Subject => None,
            };
            column
                .into_iter()
                .flat_map(|column| {
                    column.ways.iter().enumerate().map(move |(place, way)| (column, place, way))
                })
                .filter(|(_, _, bound)| bound.way.source == Source::Sealed)
                .map(move |(column, place, bound)| (output, column, place, bound))
        })
    }

    /// Applies the row rule, and the statement's leakproof conditions, to the originals. NULL hides the row. Returns
    /// the columns that are needed further on, and which of their rows are kept, if not all.
    pub(crate) fn keep(&self, batch: &RecordBatch) -> Result<(RecordBatch, Option<BooleanArray>), ScanFault> {
        let verdict = self.predicate.as_ref().map(|predicate| predicate.verdict(batch)).transpose()?;
        let kept = batch.project(&self.keep)?;
        if self.cases.is_empty() {
            return Ok((kept, verdict));
        }
        let mut columns = kept.columns().to_vec();
        for case in &self.cases {
            let holds = match case {
                Some(condition) => condition.verdict(batch)?,
                None => BooleanArray::from(vec![true; batch.num_rows()]),
            };
            columns.push(Arc::new(holds));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok((RecordBatch::try_new_with_options(Arc::clone(&self.kept), columns, &options)?, verdict))
    }

    /// Turns rows that may be seen into rows as they are shown.
    pub(crate) async fn show(&self, batch: RecordBatch, opener: &Opener) -> Result<RecordBatch, ScanFault> {
        let rows = batch.num_rows();
        let routes = self
            .outputs
            .iter()
            .map(|output| match output {
                Output::Column(column) if column.ways.len() > 1 => {
                    let whens = column.ways.iter().filter_map(|bound| bound.when);
                    Route::new(&batch, whens).map(Some)
                }
                Output::Column(_) | Output::Subject => Ok(None),
            })
            .collect::<Result<Vec<Option<Route>>, ScanFault>>()?;
        let mut opened = self.open(&batch, &routes, opener).await?.into_iter();
        let columns =
            self.outputs
                .iter()
                .zip(&routes)
                .map(|(output, route)| match (output, route) {
                    (Output::Subject, _) => rebuild::subjects(self.subject_column(&batch)?),
                    (Output::Column(shown), None) => {
                        let bound = shown.ways.first().ok_or(ScanFault::Shape)?;
                        self.cells(shown, bound, &batch, None, &mut opened)
                    }
                    (Output::Column(shown), Some(route)) => {
                        let parts =
                            shown.ways.iter().zip(route.parts()).map(|(bound, rows)| {
                                self.cells(shown, bound, &batch, Some(rows), &mut opened)
                            });
                        join(route, &parts.collect::<Result<Vec<_>, _>>()?)
                    }
                })
                .collect::<Result<Vec<ArrayRef>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }

    /// Shows the cells of a column in one way, of all rows or of some.
    fn cells(
        &self,
        shown: &ShownColumn,
        bound: &BoundWay,
        batch: &RecordBatch,
        rows: Option<&BooleanBuffer>,
        opened: &mut impl Iterator<Item = ArrayRef>,
    ) -> Result<ArrayRef, ScanFault> {
        let stored = || -> Result<ArrayRef, ScanFault> {
            let array = column(batch, bound.input.ok_or(ScanFault::Shape)?)?;
            match rows {
                None => Ok(Arc::clone(array)),
                Some(rows) => Ok(filter(array, &BooleanArray::new(rows.clone(), None))?),
            }
        };
        match bound.way.source {
            Source::Nothing => {
                let count = rows.map_or(batch.num_rows(), BooleanBuffer::count_set_bits);
                Ok(mask::nulls(&shown.shown_type, count))
            }
            Source::Sealed => opened.next().ok_or(ScanFault::Shape),
            // PRIVACY: what is shown in clear in some rows only lies in buffers with what is not.
            Source::Value => mask::of_values(&bound.way, &stored()?, self.hides_rows || rows.is_some()),
            Source::Token if matches!(bound.way.mask, Mask::Key) => {
                let subjects = self.subject_column(batch)?;
                match rows {
                    None => mask::key::keys(&stored()?, subjects),
                    Some(rows) => {
                        let subjects = filter(subjects, &BooleanArray::new(rows.clone(), None))?;
                        mask::key::keys(&stored()?, &subjects)
                    }
                }
            }
            Source::Token => mask::of_tokens(&bound.way, &stored()?),
        }
    }

    /// Opens the sealed columns of a batch of rows that may be seen, and masks them on the way.
    async fn open(
        &self,
        batch: &RecordBatch,
        routes: &[Option<Route>],
        opener: &Opener,
    ) -> Result<Vec<ArrayRef>, ScanFault> {
        if !self.opens_cells() {
            return Ok(Vec::new());
        }
        let (subjects, distinct) = subjects_of(self.subject_column(batch)?)?;
        let keys = opener.data_keys(&distinct).await?;
        let mut columns = Vec::new();
        for (output, shown, place, bound) in self.sealed() {
            let cells = Cells::of(column(batch, bound.input.ok_or(ScanFault::Shape)?)?)?;
            let route = routes.get(output).and_then(Option::as_ref);
            let rows = route.and_then(|route| route.parts().get(place));
            let sink =
                mask::Sink::new(&bound.way, rows.map_or(subjects.len(), BooleanBuffer::count_set_bits))?;
            columns.push(SealedColumn { cells, context: &shown.context, rows, sink });
        }
        // Before anything of it goes on.
        opener.count(open_batch(&subjects, &keys, &mut columns)?);
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
        for way in rule.ways() {
            if way.source == Source::Sealed || matches!(way.mask, Mask::Key) {
                needed.insert(SUBJECT_COLUMN.to_owned());
            }
            needed.extend(rule.stored_name(way));
        }
    }
    Ok(needed)
}

/// Returns the conditions of the conditional masks of the shown columns, in their order.
fn cases<'a>(rules: &'a ScanRules, shown: &'a Schema) -> impl Iterator<Item = &'a RowExpr> {
    let columns = shown.fields().iter().filter_map(|field| rules.column(field.name()));
    columns.flat_map(|rule: &ColumnRule| &rule.cases).map(|case| &case.condition)
}

#[cfg(test)]
mod tests;
