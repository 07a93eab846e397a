//! Between which moments the policies cannot change their answer.
//!
//! A policy that asks for the time nearly always compares it with a constant, from when until when it holds. All policies
//! answer alike at two moments that stand alike to every such constant. So time falls into stretches: before the first
//! constant, at it, between it and the next, and so on.
//!
//! ```text
//! context.time >= datetime("2026-03-01") && context.time < datetime("2026-09-01")
//!
//! ------ 0 ------|------ 2 ------|------ 4 ------
//!                1               3
//! ```
//!
//! A constant is a stretch of its own, whichever way it is compared. Where a policy uses the time in any other way, no two
//! moments are known to be alike. Neither are they where the context is passed on as a whole.

use std::collections::{BTreeSet, HashMap};

use cedar_policy::pst::{BinaryOp, Clause, Expr, Literal, UnaryOp, Var};
use cedar_policy::{Context, Entities, EvalResult, Expression, PolicySet, Request, eval_expression};
use chrono::{DateTime, Utc};
use membrane_model::{Action, RevealLevel};

use crate::schema::READ_ROW;
use crate::world::World;

/// The constants that the time is compared with when a dataset is decided about, in milliseconds since 1970 and sorted; for
/// the actions of which all policies use the time in no other way.
#[derive(Debug)]
pub(crate) struct Moments(HashMap<Action, Vec<i64>>);

impl Moments {
    /// Finds the constants in the policies of each action.
    pub(super) fn of(by_action: &HashMap<&'static str, PolicySet>, world: &World) -> Self {
        let of_action = |action: Action| {
            let sets = asked(action).into_iter().map(|asked| by_action.get(asked));
            let mut constants = BTreeSet::new();
            for set in sets {
                for text in times(set?)? {
                    constants.insert(milliseconds(&text, world)?);
                }
            }
            Some((action, constants.into_iter().collect()))
        };
        Self([Action::Read, Action::Release, Action::Ingest].into_iter().filter_map(of_action).collect())
    }

    /// Returns the number of the stretch that a moment is in. None: every moment may be another matter.
    pub(crate) fn stretch(&self, action: Action, now: DateTime<Utc>) -> Option<usize> {
        // Cedar is told the whole millisecond, rounded down as here.
        let found = self.0.get(&action)?.binary_search(&now.timestamp_millis());
        Some(found.map_or_else(|after| after * 2, |at| at * 2 + 1))
    }
}

impl Moments {
    /// Returns the constants after a moment, in their order.
    pub(crate) fn after(&self, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let later = self.0.values().flatten().filter(|moment| **moment > now.timestamp_millis());
        let later: BTreeSet<i64> = later.copied().collect();
        later.into_iter().filter_map(DateTime::from_timestamp_millis).collect()
    }
}

/// Lists what Cedar is asked to decide about one dataset.
fn asked(action: Action) -> Vec<&'static str> {
    let mut asked = vec![action.as_str()];
    if action != Action::Ingest {
        asked.extend(RevealLevel::HIGHEST_FIRST.into_iter().map(RevealLevel::cedar_action));
        asked.push(READ_ROW);
    }
    asked
}

/// Returns the constants that the time is compared with, as they are written. None: it is used otherwise too.
fn times(policies: &PolicySet) -> Option<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for policy in policies.policies() {
        let tree = policy.to_pst().ok()?;
        for clause in tree.body().clauses() {
            let (Clause::When(expr) | Clause::Unless(expr)) = clause;
            all.extend(expr.reduce(&uses, &both, Some(BTreeSet::new()))?);
        }
    }
    Some(all)
}

type Times = Option<BTreeSet<String>>;

fn both(left: Times, right: Times) -> Times {
    let (mut left, right) = (left?, right?);
    left.extend(right);
    Some(left)
}

/// Says how one part of a policy uses the time. Nothing: its own parts say so.
fn uses(expr: &Expr) -> Option<Times> {
    match expr {
        Expr::BinaryOp {
            op:
                BinaryOp::Eq
                | BinaryOp::NotEq
                | BinaryOp::Less
                | BinaryOp::LessEq
                | BinaryOp::Greater
                | BinaryOp::GreaterEq,
            left,
            right,
        } => {
            let constant = match (is_time(left), is_time(right)) {
                (true, false) => constant(right)?,
                (false, true) => constant(left)?,
                _ => return None,
            };
            Some(Some(BTreeSet::from([constant.to_owned()])))
        }
        Expr::GetAttr { expr, attr } if is_context(expr) => Some((attr != "time").then(BTreeSet::new)),
        // That there is a time does not depend on which it is.
        Expr::HasAttr { expr, attrs } if is_context(expr) && attrs.tail.is_empty() => {
            Some(Some(BTreeSet::new()))
        }
        Expr::Var(Var::Context) | Expr::Slot(_) | Expr::Unknown { .. } | Expr::ResidualError => Some(None),
        _ => None,
    }
}

fn is_context(expr: &Expr) -> bool {
    matches!(expr, Expr::Var(Var::Context))
}

fn is_time(expr: &Expr) -> bool {
    matches!(expr, Expr::GetAttr { expr, attr } if attr == "time" && is_context(expr))
}

fn constant(expr: &Expr) -> Option<&str> {
    let Expr::UnaryOp { op: UnaryOp::Datetime, expr } = expr else { return None };
    let Expr::Literal(Literal::String(text)) = expr.as_ref() else { return None };
    Some(text)
}

/// Asks Cedar which moment a constant is: nobody else knows every way of writing it.
fn milliseconds(text: &str, world: &World) -> Option<i64> {
    let plain = text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-+:.".contains(letter));
    if !plain {
        return None;
    }
    let since = format!("datetime(\"{text}\").durationSince(datetime(\"1970-01-01\")).toMilliseconds()");
    let expression: Expression = since.parse().ok()?;
    let action = world.actions.get(READ_ROW)?.clone();
    let request = Request::new(world.hub.clone(), action, world.hub.clone(), Context::empty(), None).ok()?;
    match eval_expression(&request, &Entities::empty(), &expression) {
        Ok(EvalResult::Long(milliseconds)) => Some(milliseconds),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
