//! The set of purposes that a row consents to, as the boolean columns that it is made of.
//!
//! A purpose is in the set when the column that is the consent for it is there and true. That is never NULL, as
//! the set is never missing. A purpose without such a column is in no row's set.

use cedar_policy::pst::{BinaryOp, Expr, Literal};
use membrane_catalog::Dataset;

use super::is_row;
use crate::RowExpr;

/// Tells whether an attribute is the set of consents.
pub(super) fn is_set(attribute: &str, dataset: &Dataset) -> bool {
    attribute == Dataset::CONSENTS && dataset.has_consents()
}

/// Tells whether one side is the row's consents.
pub(super) fn are_in(left: &Expr, right: &Expr, dataset: &Dataset) -> bool {
    is_consents(left, dataset) || is_consents(right, dataset)
}

/// Translates a question about the consents, where the other side is constant.
pub(super) fn condition(op: BinaryOp, left: &Expr, right: &Expr, dataset: &Dataset) -> Option<RowExpr> {
    match op {
        BinaryOp::Contains if is_consents(left, dataset) => consent(right, dataset),
        BinaryOp::ContainsAll if is_consents(left, dataset) => Some(RowExpr::all(each(right, dataset)?)),
        // Which side is which makes no difference: both ask whether the two have something in common.
        BinaryOp::ContainsAny if is_consents(left, dataset) => Some(RowExpr::any(each(right, dataset)?)),
        BinaryOp::ContainsAny => Some(RowExpr::any(each(left, dataset)?)),
        _ => None,
    }
}

fn is_consents(expr: &Expr, dataset: &Dataset) -> bool {
    matches!(expr, Expr::GetAttr { expr, attr } if is_row(expr, dataset) && is_set(attr, dataset))
}

fn each(purposes: &Expr, dataset: &Dataset) -> Option<Vec<RowExpr>> {
    let Expr::Set(purposes) = purposes else { return None };
    purposes.iter().map(|purpose| consent(purpose, dataset)).collect()
}

fn consent(purpose: &Expr, dataset: &Dataset) -> Option<RowExpr> {
    let Expr::Literal(Literal::String(purpose)) = purpose else { return None };
    let Some(column) = purpose.parse().ok().and_then(|purpose| dataset.consent_for(&purpose)) else {
        return Some(RowExpr::Constant(false));
    };
    Some(RowExpr::all([RowExpr::Has(column.name.clone()), RowExpr::IsTrue(column.name.clone())]))
}
