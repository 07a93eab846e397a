//! Reads the calls of `member_token` off a statement: they are decided on before anything is planned.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value,
};
use membrane_policy::Lookup;

use crate::error::QueryError;
use crate::functions::member_token::NAME;

/// How it is written.
const FORM: &str = "member_token with other arguments than two texts; write member_token('COLUMN', 'VALUE')";

/// Returns the column of a call whose arguments are two texts, the first of which names a column.
///
/// # Errors
/// [`QueryError::Unsupported`]: anything else. A value that comes from a row is none that the asker knew.
pub(super) fn read(call: &Function) -> Result<Lookup, QueryError> {
    let form = || QueryError::Unsupported { what: FORM, position: None };
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
    let (Some(column), true) = (text(column), text(value).is_some() || is_parameter(value)) else {
        return Err(form());
    };
    let (dataset, column) = match column.split_once('.') {
        Some((dataset, column)) => (Some(dataset.parse().map_err(|_| form())?), column),
        None => (None, column),
    };
    Ok(Lookup { dataset, column: column.parse().map_err(|_| form())? })
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

fn is_parameter(argument: &FunctionArg) -> bool {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) = argument else { return false };
    matches!(value.value, Value::Placeholder(_))
}

fn text(argument: &FunctionArg) -> Option<&str> {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) = argument else { return None };
    match &value.value {
        Value::SingleQuotedString(text) => Some(text),
        _ => None,
    }
}
