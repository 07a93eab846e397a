//! What a statement itself writes into its answer: the names of columns, and labels in keys, as `'small'` of a CASE.
//!
//! PRIVACY: the answer is stored. A statement's words are stored nowhere else, as somebody may type a member's number in the
//! wrong place; so what comes into the answer must not look like one.

use super::bounds::made_of;
use super::cell::texts;
use super::question::{Function, Question, Scalar};
use super::refusal::refuse;
use super::scalar::{arrow_type, typed_scalar};
use crate::QueryError;
use crate::plain_name::has_few_digits;

const LENGTH_MAX: usize = 64;
const PLAIN: &str =
    "use 64 characters at most, without `@` and without five digits in a row: it is stored with the answer";

/// Refuses names and labels that could be somebody's value.
pub(super) fn check(question: &Question) -> Result<(), QueryError> {
    if !question.outputs.iter().all(|output| is_plain_text(&output.name)) {
        return Err(refuse("a name of a column that could be somebody's value", PLAIN));
    }
    if !question.keys.iter().all(|key| is_plain(question, key)) {
        return Err(refuse("a label in a key that could be somebody's value", PLAIN));
    }
    Ok(())
}

fn is_plain(question: &Question, scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Constant(literal, logical) => {
            let array = typed_scalar(literal, &arrow_type(*logical))
                .and_then(|value| value.to_array().map_err(|_| QueryError::Failed));
            let text =
                array.and_then(|array| texts(array.as_ref())).ok().and_then(|mut texts| texts.pop()?);
            text.is_some_and(|text| is_plain_text(&text))
        }
        Scalar::Case { arms, otherwise } => {
            arms.iter().all(|(_, value)| is_plain(question, value)) && is_plain(question, otherwise)
        }
        Scalar::Call(
            Function::Concat
            | Function::Cast
            | Function::Lower
            | Function::Upper
            | Function::Trim
            | Function::Substring(..),
            arguments,
            _,
        ) => arguments.iter().all(|argument| is_plain(question, argument)),
        Scalar::Column(column) => {
            let made = question.tables.get(column.table).and_then(|table| made_of(table, column));
            made.is_none_or(|made| made.iter().all(|one| is_plain(question, one)))
        }
        _ => true,
    }
}

fn is_plain_text(text: &str) -> bool {
    has_few_digits(text) && !text.contains('@') && text.chars().count() <= LENGTH_MAX
}
