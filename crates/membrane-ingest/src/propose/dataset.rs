//! What hangs on all columns together: whose row it is, how each column is protected, what names a row, when it happened.

use std::collections::BTreeMap;

use membrane_catalog::Catalog;
use membrane_model::{ColumnName, DatasetName, LogicalType, Protection};

use super::draft::{Draft, Sureness};
use super::profile::Profile;
use crate::detect::{Family, Verdict, is_identifier};

/// The share of rows that may lack a subject: they are set aside.
const SUBJECT_MISSING_MAX: f64 = 0.01;
/// The share of rows that may repeat a key: they are set aside.
const KEY_REPEATED_MAX: f64 = 0.005;
/// Rows from which a column without a repeated value may name rows.
const KEY_ROWS_MIN: u64 = 20;

/// A column in the making: what is proposed, and what it rests on.
#[derive(Debug)]
pub(crate) struct Making {
    pub(crate) draft: Draft,
    pub(crate) verdict: Verdict,
    pub(crate) profile: Profile,
}

impl Making {
    fn name(&self) -> &str {
        self.draft.name.as_str()
    }
}

/// Finds the column that says whose row it is, and makes it fit.
pub(crate) fn choose_subject(columns: &mut [Making]) -> Option<ColumnName> {
    let ranked = columns.iter().enumerate().filter_map(|(place, column)| Some((rank(column)?, place)));
    let (_, place) = ranked.max_by_key(|(rank, place)| (*rank, usize::MAX - *place))?;
    let column = columns.get_mut(place)?;
    let missing = column.profile.missing();
    column.draft.required = true;
    if missing > 0 {
        column
            .draft
            .remarks
            .push(format!("{missing} rows say nothing of whose they are and would be set aside"));
    }
    Some(column.draft.name.clone())
}

/// Says how well a column tells whose row it is; none when it does not.
fn rank(column: &Making) -> Option<u32> {
    let Making { draft, verdict, profile } = column;
    let missing = profile.missing();
    let few = super::profile::float(missing) <= SUBJECT_MISSING_MAX * super::profile::float(profile.rows);
    if !draft.is_personal() || !draft.can_identify() || !few || profile.values == 0 {
        return None;
    }
    let name = column.name();
    let by_name = is_identifier(name);
    let weak = ["cookie", "visitor", "contact", "staff", "employee"].iter().any(|word| name.contains(word));
    Some(match verdict.family {
        _ if by_name && weak => 45,
        _ if by_name => 100,
        Some(Family::Channel) if name.contains("union") => 95,
        Some(Family::Channel) => 90,
        Some(Family::Telephone) => 70,
        Some(Family::Email) => 65,
        Some(Family::Identity) => 60,
        Some(Family::Account) => 50,
        Some(Family::Device) if draft.sureness == Sureness::Sure => 40,
        _ => return None,
    })
}

/// Takes back what was called personal for want of anything better, in a dataset that is about nobody.
pub(crate) fn leave_things_alone(columns: &mut [Making]) {
    for column in columns.iter_mut() {
        let only_prose = column.draft.class == "pii" && column.verdict.kind.is_none();
        if only_prose && column.verdict.because.iter().any(|because| because.starts_with("it is free text")) {
            column.draft.class = "business".to_owned();
            column.draft.sureness = Sureness::Nobody;
            column
                .draft
                .remarks
                .push("free text in a dataset about things: see that nobody is named in it".to_owned());
        }
    }
}

/// Protects each column as its class asks.
pub(crate) fn protect(
    columns: &mut [Making],
    has_subject: bool,
    dataset: &DatasetName,
    catalog: Option<&Catalog>,
) {
    let kinds = kinds_in_use(dataset, catalog);
    for column in columns.iter_mut().filter(|column| column.draft.is_personal()) {
        let joins = matches!(
            column.draft.class.as_str(),
            "pii.phone" | "pii.email" | "pii.identifier" | "pii.account" | "pii.device"
        );
        let draft = &mut column.draft;
        draft.protection = match (has_subject, joins && draft.can_identify()) {
            (true, true) => Protection::SealedToken,
            (true, false) => Protection::Sealed,
            (false, _) => Protection::Token,
        };
        if !has_subject {
            draft.remarks.push(
                "sealed, if the dataset gets a subject: no column says in every row whose it is".to_owned(),
            );
        }
        if draft.class == "pii.birth_date" && draft.logical_type == LogicalType::Date {
            draft.remarks.push("generalise(year) keeps the age for analysts".to_owned());
        }
        if joins && draft.can_identify() {
            let wanted = kind_of(draft.name.as_str(), column.verdict.family);
            identify(draft, &wanted, dataset, &kinds, catalog);
        }
    }
}

/// Gives a column an identity kind that fits those of the other contracts.
fn identify(
    draft: &mut Draft,
    wanted: &str,
    dataset: &DatasetName,
    kinds: &BTreeMap<String, LogicalType>,
    catalog: Option<&Catalog>,
) {
    let own = [wanted.to_owned(), format!("{dataset}_{}", draft.name)];
    let fits = |kind: &&String| {
        let is_class =
            catalog.is_some_and(|catalog| catalog.classes().any(|class| class.as_str() == kind.as_str()));
        !is_class && kinds.get(*kind).is_none_or(|logical| *logical == draft.logical_type)
    };
    let found = own.iter().find(fits).filter(|kind| kind.len() <= 63).cloned();
    if found.as_deref() != Some(wanted)
        && let Some(other) = kinds.get(wanted)
    {
        draft.remarks.push(format!(
            "identity kind `{wanted}` is {other} in other contracts: deliver it so, and they join"
        ));
    }
    draft.identity = found;
}

/// The identity kinds of all other contracts, with their types.
fn kinds_in_use(dataset: &DatasetName, catalog: Option<&Catalog>) -> BTreeMap<String, LogicalType> {
    let others = catalog.into_iter().flat_map(Catalog::datasets).filter(|other| other.name != *dataset);
    let columns = others.flat_map(|other| &other.columns);
    columns.filter_map(|column| Some((column.identity.as_ref()?.to_string(), column.logical_type))).collect()
}

/// Chooses the word under which identifiers of a kind join.
fn kind_of(name: &str, family: Option<Family>) -> String {
    match family {
        Some(Family::Telephone) => "phone".to_owned(),
        Some(Family::Email) => "email".to_owned(),
        Some(Family::Channel) if name.contains("union") => "unionid".to_owned(),
        Some(Family::Channel) => "openid".to_owned(),
        _ => name.to_owned(),
    }
}

/// Finds the columns that name a row: one of them, if there is one.
pub(crate) fn choose_key(columns: &mut [Making], subject: Option<&ColumnName>) -> bool {
    let can = |column: &Making| {
        column.draft.required
            && column.draft.can_identify()
            && column.profile.values >= KEY_ROWS_MIN
            && repeated(column) <= KEY_REPEATED_MAX
    };
    let rank = |column: &Making| {
        let is_subject = subject == Some(&column.draft.name);
        match (is_row_number(column.name()), column.draft.is_personal(), is_subject) {
            (true, false, _) => 3,
            (_, _, true) => 2,
            (true, true, false) => 1,
            _ => 0,
        }
    };
    for column in columns.iter_mut().filter(|column| can(column) && rank(column) > 0) {
        column.draft.unique = true;
        let remark = match column.profile.values - column.profile.different() {
            0 => format!("no value occurs twice in {} rows", column.profile.rows),
            repeated => {
                format!("{repeated} of {} rows repeat a value and would be set aside", column.profile.rows)
            }
        };
        column.draft.remarks.push(remark);
    }
    // Of several that are as good, the first.
    let all = columns.iter_mut().rev();
    let found = all.filter(|column| can(column) && rank(column) > 0).max_by_key(|column| rank(column));
    if let Some(column) = found {
        column.draft.key = Some(1);
        return true;
    }
    false
}

/// Returns the share of rows that repeat a value.
fn repeated(column: &Making) -> f64 {
    column.profile.share(column.profile.values - column.profile.different())
}

/// Tells whether a name speaks of what numbers something.
pub(crate) fn is_row_number(name: &str) -> bool {
    const WORDS: [&str; 12] =
        ["id", "no", "number", "num", "key", "code", "uuid", "guid", "sku", "seq", "line", "openid"];
    name.split('_').any(|part| WORDS.contains(&part.trim_end_matches(|digit: char| digit.is_ascii_digit())))
}

/// Finds the column that says when it happened.
pub(crate) fn choose_event_time(columns: &[Making]) -> Option<ColumnName> {
    const WORDS: [&str; 12] = [
        "event",
        "occurred",
        "happened",
        "ordered",
        "paid",
        "visited",
        "time",
        "timestamp",
        "ts",
        "at",
        "created",
        "date",
    ];
    let rank = |column: &Making| {
        let parts: Vec<&str> = column.name().split('_').collect();
        WORDS.iter().position(|word| parts.contains(word)).map_or(0, |place| WORDS.len() - place)
    };
    let times = columns.iter().filter(|column| {
        column.draft.logical_type == LogicalType::Timestamp
            && !column.draft.is_personal()
            && column.profile.values > 0
    });
    let best = times.max_by_key(|column| (column.draft.required, rank(column)))?;
    Some(best.draft.name.clone())
}
