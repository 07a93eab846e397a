//! Columns that say of themselves that they identify somebody, and whose class does not.
//!
//! What is proved about policies is proved about classes: that nobody sees `pii` in clear says nothing of a telephone
//! number that a contract calls `business`. So a column of a dataset about members that speaks of a person, by its name, by
//! its check, its standard or its identity kind, is `pii` or below, or somebody has put a name to why it is not.

mod words;

use membrane_model::LogicalType;

use super::Report;
use super::column::Draft;
use super::custom::Settings;
use crate::column::is_pii;

pub use words::{PersonalKind, PersonalWord};

/// The waiver: why a column identifies nobody, and who says so.
pub(super) const SETTING: &str = "membrane.notPersonal";

/// Reads the waiver, when it is there.
///
/// PRIVACY: faults do not repeat it.
pub(super) fn read_waiver(settings: &Settings<'_>, what: &str, report: &mut Report) -> Option<String> {
    let text = settings.text(SETTING, report)?;
    let (why, who) = text.value.rsplit_once(';').unwrap_or_default();
    if why.trim().is_empty() || who.trim().is_empty() {
        let fault = format!("`{SETTING}` of {what} says why and who: `WHY; WHO, WHEN`");
        report.fault(text.mark, fault);
        return None;
    }
    Some(text.value.to_owned())
}

/// Checks that a column which speaks of a person has a class that does, and that a waiver waives something.
pub(super) fn check_personal(column: &Draft, is_private: bool, report: &mut Report) {
    let (what, Some(class)) = (&column.what, &column.class) else {
        return;
    };
    let spoke = if is_private { witnesses(column) } else { Vec::new() };
    let needs = !spoke.is_empty() && !is_pii(&class.value);
    match column.not_personal {
        None if needs => {
            let fault = format!(
                "{what} is of class `{}`, but {}: give it a class in `pii`, or say in `{SETTING}` why it identifies \
                 nobody, and who says so",
                class.value,
                listed(&spoke)
            );
            report.fault(class.mark, fault);
        }
        Some(mark) if !needs => {
            let why = if is_pii(&class.value) {
                format!("its class is `{}`", class.value)
            } else if is_private {
                "nothing says that it identifies anybody".to_owned()
            } else {
                "the dataset is not about members".to_owned()
            };
            report.fault(mark, format!("{what} needs no `{SETTING}`: {why}"));
        }
        None | Some(_) => {}
    }
}

/// Returns what says that a column identifies somebody. Of `true` and `false` nobody is identified, whatever they are
/// called: `email_confirmed`.
fn witnesses(column: &Draft) -> Vec<String> {
    let logical = column.logical();
    if logical == Some(LogicalType::Boolean) {
        return Vec::new();
    }
    let name = column.name.as_ref().and_then(|name| words::find(name.value.as_str()));
    let name = name.map(|word| format!("its name has `{}` ({})", word.written, word.kind.means()));
    // A check of a column that is no string is a fault of its own.
    let check = column.rules.check.filter(|_| logical.is_none_or(|it| it == LogicalType::String));
    let check = check.map(|check| format!("its check is `{check}`"));
    let standard = column.standard.value().filter(|standard| standard.is_identifying());
    let standard = standard.map(|standard| format!("its standard is `{standard}`"));
    let identity = column.identity_stated.then(|| "it has a `membrane.identity`".to_owned());
    [name, check, standard, identity].into_iter().flatten().collect()
}

/// Joins as a sentence does: `a, b and c`.
fn listed(words: &[String]) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
