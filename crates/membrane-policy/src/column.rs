//! At which level a column is shown.
//!
//! Each level is a Cedar question of its own, asked from the highest down. The first level that is
//! permitted is the most that the principal may see. Whether the stored form of the column can give it is
//! another matter: then the next lower level is tried that the stored form can give and that no policy
//! forbids. A permission reaches downward: who may see the value may see its token. But the levels
//! `partial` and `generalised` need a policy of their own, since only a policy says how they look.
//!
//! | stored | gives |
//! | --- | --- |
//! | `clear` | every level |
//! | `sealed+token` | every level |
//! | `sealed` | clear, partial and generalised by opening; null; no token |
//! | `token` | token, null |
//! | `generalise` | every level; clear is the coarse value that is stored |
//! | `drop` | nothing: the column does not exist |
//!
//! `partial` is a form of text: a column of another type does not give it. A generalisation must fit the
//! column's type, and must not keep every value as it is.

mod hindrance;

use membrane_catalog::Column;
use membrane_model::{LogicalType, Protection, RevealLevel, Shown, TokenForm};

use crate::ask::{Asker, Outcome};
use crate::parameters::{Parameters, coarsest, least_form, least_mask};
use crate::permit::GrantedColumn;

pub(crate) use hindrance::hindrance;

/// What was decided about one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnVerdict {
    /// How it is shown, or nothing: the column does not exist.
    pub(crate) granted: Option<GrantedColumn>,
    /// The policies that decided; when it is hidden, those that forbade or erred.
    pub(crate) factors: Vec<String>,
}

/// Decides about one column.
pub(crate) fn decide_column(
    asker: &Asker<'_>,
    column: &Column,
    resource: &cedar_policy::EntityUid,
) -> ColumnVerdict {
    let mut permitted_by: Option<Vec<String>> = None;
    let mut against = Vec::new();
    for level in RevealLevel::HIGHEST_FIRST {
        let answer = asker.ask(level.cedar_action(), resource);
        let explicit = answer.outcome == Outcome::Permitted;
        match answer.outcome {
            // An erring policy could be the forbid that hides the column.
            Outcome::Faulty => return ColumnVerdict { granted: None, factors: answer.factors },
            Outcome::Forbidden => {
                against.extend(answer.factors);
                continue;
            }
            Outcome::Unmentioned if permitted_by.is_none() => continue,
            Outcome::Unmentioned => {}
            Outcome::Permitted => {}
        }
        let factors = if explicit { &answer.factors } else { permitted_by.as_ref().unwrap_or(&against) };
        if let Some(granted) = shown_at(asker, column, level, explicit, factors) {
            let factors = granted.factors.clone();
            return ColumnVerdict { granted: Some(granted), factors };
        }
        if explicit && permitted_by.is_none() {
            permitted_by = Some(answer.factors);
        }
    }
    against.sort();
    against.dedup();
    ColumnVerdict { granted: None, factors: against }
}

fn shown_at(
    asker: &Asker<'_>,
    column: &Column,
    level: RevealLevel,
    explicit: bool,
    factors: &[String],
) -> Option<GrantedColumn> {
    if !gives(column.protection, level) {
        return None;
    }
    let parameters = || factors.iter().filter_map(|id| parameters_of(asker, id));
    let text = matches!(column.logical_type, LogicalType::String);
    let shown = match level {
        RevealLevel::Clear => Shown::Clear,
        RevealLevel::Partial if explicit && text => {
            Shown::Partial(least_mask(parameters().filter_map(|found| found.partial))?)
        }
        RevealLevel::Generalised if explicit => {
            Shown::Generalised(coarsest(parameters().filter_map(|found| found.generalise), column)?)
        }
        RevealLevel::Partial | RevealLevel::Generalised => return None,
        // Of a token that is stored alone there are no digits to encrypt.
        RevealLevel::Token if explicit && text && column.protection != Protection::Token => {
            Shown::Token(least_form(parameters().map(|found| found.token)))
        }
        RevealLevel::Token => Shown::Token(TokenForm::Opaque),
        RevealLevel::Null => Shown::Null,
    };
    Some(GrantedColumn {
        column: column.name.clone(),
        shown,
        when: Vec::new(),
        look_up: false,
        factors: factors.to_vec(),
    })
}

fn parameters_of(asker: &Asker<'_>, id: &str) -> Option<Parameters> {
    asker.policies.parameters.get(&cedar_policy::PolicyId::new(id)).copied()
}

const fn gives(protection: Protection, level: RevealLevel) -> bool {
    match protection {
        Protection::Clear | Protection::SealedToken | Protection::Generalise(_) => true,
        Protection::Sealed => !matches!(level, RevealLevel::Token),
        Protection::Token => matches!(level, RevealLevel::Token | RevealLevel::Null),
        Protection::Drop => false,
    }
}

#[cfg(test)]
mod tests;
