//! Reads the calls of `member_token` off a statement: they are decided on before anything is planned.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value,
};
use membrane_policy::Lookup;

use super::parameter;
use crate::error::QueryError;
use crate::functions::member_token::NAME;

/// How it is written.
const FORM: &str = "member_token with other arguments than two texts; write member_token('COLUMN', 'VALUE')";

/// A call: the column, and which parameter has the value, when it is none of the statement's texts.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) lookup: Lookup,
    pub(super) parameter: Option<usize>,
}

/// The error of a value that is no text.
pub(super) const fn no_text() -> QueryError {
    QueryError::Unsupported { what: FORM, position: None }
}

/// Reads a call whose arguments are two texts, the first of which names a column.
///
/// # Errors
/// [`QueryError::Unsupported`]: anything else. A value that comes from a row is none that the asker knew.
pub(super) fn read(call: &Function) -> Result<Call, QueryError> {
    let form = no_text;
    let bare = call.filter.is_none()
        && call.over.is_none()
        && call.within_group.is_empty()
        && call.null_treatment.is_none()
        && matches!(call.parameters, FunctionArguments::None);
    let FunctionArguments::List(list) = &call.args else { return Err(form()) };
    if !bare || !list.clauses.is_empty() || list.duplicate_treatment.is_some() {
        return Err(form());
    }
    let [column, value] = list.args.as_slice() else { return Err(form()) };
    let Some(column) = text(column) else { return Err(form()) };
    let parameter = match text(value) {
        Some(_) => None,
        None => Some(parameter_of(value).ok_or_else(form)?),
    };
    let (dataset, column) = match column.split_once('.') {
        Some((dataset, column)) => (Some(dataset.parse().map_err(|_| form())?), column),
        None => (None, column),
    };
    Ok(Call { lookup: Lookup { dataset, column: column.parse().map_err(|_| form())? }, parameter })
}

/// Tells whether a function is the one that looks values up.
pub(super) fn is_lookup(call: &Function) -> bool {
    let name = match call.name.0.as_slice() {
        [one] => one.as_ident(),
        _ => None,
    };
    name.is_some_and(|name| match name.quote_style {
        Some(_) => name.value == NAME,
        None => name.value.eq_ignore_ascii_case(NAME),
    })
}

fn parameter_of(argument: &FunctionArg) -> Option<usize> {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) = argument else { return None };
    match &value.value {
        Value::Placeholder(name) => parameter::place(name),
        _ => None,
    }
}

fn text(argument: &FunctionArg) -> Option<&str> {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) = argument else { return None };
    match &value.value {
        Value::SingleQuotedString(text) => Some(text),
        _ => None,
    }
}
