//! The conditions of a scan, bound to the inner scan's columns: which of its rows are kept.
//!
//! Most row rules say that a short text is one of a few (`region IN ('SH', 'BJ')`). Arrow keeps a text of up to twelve
//! bytes in its view, a word of 128 bits; so such a condition is a comparison of words, many times as fast as one of
//! texts. All others are DataFusion's expressions.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, make_view};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::execution::SessionState;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, Operator};
use datafusion::physical_plan::PhysicalExpr;

use crate::fault::ScanFault;

/// Longest text that lies in its view (Arrow's format).
const INLINE_BYTES_MAX: usize = 12;
/// Words that are compared one after the other.
const WORDS_MAX: usize = 16;

/// Which rows are kept: those for which every condition is true. NULL is not true.
pub(crate) struct Predicate {
    words: Vec<Words>,
    rest: Option<Arc<dyn PhysicalExpr>>,
    whole: Arc<dyn PhysicalExpr>,
}

/// A text column is one of a few short texts.
struct Words {
    column: usize,
    words: Vec<u128>,
}

impl Predicate {
    /// Binds conditions. None: there are none.
    ///
    /// # Errors
    /// [`ScanFault::Rule`] when a condition does not fit the columns.
    pub(crate) fn bind(
        conditions: &[Expr],
        inner: &Schema,
        trusted: &SessionState,
    ) -> Result<Option<Self>, ScanFault> {
        let schema = DFSchema::try_from(inner.clone()).map_err(|_| ScanFault::Rule)?;
        let physical = |conditions: Vec<Expr>| {
            let all = conjunction(conditions);
            all.map(|all| trusted.create_physical_expr(all, &schema).map_err(|_| ScanFault::Rule)).transpose()
        };
        let Some(whole) = physical(conditions.to_vec())? else { return Ok(None) };
        let (mut words, mut rest) = (Vec::new(), Vec::new());
        for condition in conditions {
            match short_texts(condition, inner) {
                Some(found) => words.push(found),
                None => rest.push(condition.clone()),
            }
        }
        Ok(Some(Self { words, rest: physical(rest)?, whole }))
    }

    /// Returns the conditions as one expression, for whoever can read less by it.
    pub(crate) const fn whole(&self) -> &Arc<dyn PhysicalExpr> {
        &self.whole
    }

    /// Tells which rows are kept.
    pub(crate) fn verdict(&self, batch: &RecordBatch) -> Result<BooleanArray, ScanFault> {
        let mut kept: Option<BooleanBuffer> = None;
        let mut and = |next: BooleanBuffer| {
            kept = Some(match kept.take() {
                Some(before) => &before & &next,
                None => next,
            });
        };
        for words in &self.words {
            and(words.verdict(batch.columns().get(words.column).ok_or(ScanFault::Shape)?)?);
        }
        if let Some(rest) = &self.rest {
            let verdict = rest
                .evaluate(batch)
                .and_then(|value| value.into_array(batch.num_rows()))
                .map_err(|_| ScanFault::Rule)?;
            let verdict = verdict.as_boolean_opt().ok_or(ScanFault::Rule)?;
            and(match verdict.nulls() {
                Some(nulls) => verdict.values() & nulls.inner(),
                None => verdict.values().clone(),
            });
        }
        let kept = kept.unwrap_or_else(|| BooleanBuffer::new_set(batch.num_rows()));
        Ok(BooleanArray::new(kept, None))
    }
}

impl Words {
    fn verdict(&self, array: &ArrayRef) -> Result<BooleanBuffer, ScanFault> {
        let array = array.as_string_view_opt().ok_or(ScanFault::Shape)?;
        let found = match self.words.as_slice() {
            [one] => among(array.views(), |view| view == *one),
            [one, two] => among(array.views(), |view| (view == *one) | (view == *two)),
            [one, two, three] => {
                among(array.views(), |view| (view == *one) | (view == *two) | (view == *three))
            }
            words => among(array.views(), |view| words.contains(&view)),
        };
        // A view under a null is no value.
        Ok(match array.nulls() {
            Some(nulls) => &found & nulls.inner(),
            None => found,
        })
    }
}

/// Tells which views pass a test. One or two words are all compared with each view, without a branch: of which one a
/// view is nobody knows beforehand.
fn among(views: &[u128], passes: impl Fn(u128) -> bool) -> BooleanBuffer {
    BooleanBuffer::collect_bool(views.len(), |place| views.get(place).is_some_and(|view| passes(*view)))
}

/// Reads `column = 'short'` and `column IN ('short', ..)`.
fn short_texts(condition: &Expr, inner: &Schema) -> Option<Words> {
    let (column, constants) = match condition {
        Expr::InList(list) if !list.negated => (list.expr.as_ref(), list.list.iter().collect()),
        Expr::BinaryExpr(binary) if binary.op == Operator::Eq => {
            (binary.left.as_ref(), vec![binary.right.as_ref()])
        }
        _ => return None,
    };
    let Expr::Column(column) = column else { return None };
    let column = inner.index_of(&column.name).ok()?;
    if *inner.fields().get(column)?.data_type() != DataType::Utf8View || constants.len() > WORDS_MAX {
        return None;
    }
    let word = |constant: &Expr| match constant {
        Expr::Literal(ScalarValue::Utf8View(Some(text)), _) if text.len() <= INLINE_BYTES_MAX => {
            Some(make_view(text.as_bytes(), 0, 0))
        }
        _ => None,
    };
    Some(Words { column, words: constants.into_iter().map(word).collect::<Option<_>>()? })
}

#[cfg(test)]
mod tests;
