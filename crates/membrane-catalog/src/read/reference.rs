//! References of columns to other datasets: `relationships` of version 3.1 of the standard.

use membrane_model::{ColumnName, DatasetName, LogicalType, Protection};

use super::column::{Draft, parse};
use super::custom::Settings;
use super::fields::{Fields, list};
use super::suggest::{did_you_mean, shown};
use super::{At, Edition, Mark, Report};
use crate::{Dataset, OnOrphan, Reference, Standard};

const ON_ORPHAN: &str = "membrane.onOrphan";
/// Keys of a relationship in the standard.
const KEYS: [&str; 6] = ["type", "from", "to", "id", "description", "customProperties"];
/// The one type of a relationship.
const FOREIGN_KEY: &str = "foreignKey";

/// A reference, its column, and the place that faults point at.
#[derive(Debug)]
pub(crate) struct Referring {
    pub(crate) what: String,
    pub(crate) reference: Reference,
    pub(crate) logical: LogicalType,
    pub(crate) standard: Option<Standard>,
    pub(crate) mark: Mark,
}

/// Reads what a column refers to. `what` names it in faults.
pub(super) fn read_reference(
    fields: &Fields<'_>,
    settings: &Settings<'_>,
    (what, edition): (&str, Edition),
    report: &mut Report,
) -> Option<At<Reference>> {
    let on_orphan = settings.text(ON_ORPHAN, report).map(|text| {
        let found = OnOrphan::ALL.into_iter().find(|rule| rule.as_str() == text.value);
        found.unwrap_or_else(|| {
            let fault = format!("`{ON_ORPHAN}` is `quarantine` or `count`, not {}", shown(text.value));
            report.fault(text.mark, fault);
            OnOrphan::default()
        })
    });
    let Some(node) = fields.get("relationships") else {
        if let Some(mark) = settings.mark(ON_ORPHAN) {
            report.fault(
                mark,
                format!("{what}: `{ON_ORPHAN}` needs `relationships`: what the column refers to"),
            );
        }
        return None;
    };
    if edition == Edition::V30 {
        let fault = "version 3.0 of the standard has no `relationships`: write `apiVersion: v3.1.0`";
        report.fault(node.mark(), format!("{what}: {fault}"));
        return None;
    }
    let items = list(node, "`relationships`", report)?;
    let &[item] = items.value.as_slice() else {
        report.fault(
            items.mark,
            format!("{what} has {} `relationships`: it can refer to one column", items.value.len()),
        );
        return None;
    };
    let fields = Fields::read(item, "a relationship", &KEYS, report)?;
    if let Some(kind) = fields.text("type", report)
        && kind.value != FOREIGN_KEY
    {
        report.fault(kind.mark, format!("the `type` of a relationship is `{FOREIGN_KEY}`"));
    }
    if let Some(from) = fields.get("from") {
        report.fault(from.mark(), format!("{what}: a relationship of a column has no `from`"));
    }
    let to = fields.required_text("to", "a relationship", report)?;
    let Some((dataset, column)) = to.value.split_once('.').filter(|(_, column)| !column.contains('.')) else {
        report.fault(to.mark, format!("{what}: `to` is `DATASET.COLUMN`"));
        return None;
    };
    let part = |text| At { value: text, mark: to.mark };
    let dataset: At<DatasetName> = parse(part(dataset), "the dataset in `to`", report)?;
    let column: At<ColumnName> = parse(part(column), "the column in `to`", report)?;
    let on_orphan = on_orphan.unwrap_or_default();
    Some(to.map(|_| Reference { dataset: dataset.value, column: column.value, on_orphan }))
}

/// Checks what a column that refers must be itself.
pub(super) fn check_reference(column: &Draft, report: &mut Report) {
    let (what, Some(reference)) = (&column.what, &column.reference) else { return };
    // PRIVACY: of a value that may not lie in clear nobody is told whether it is known.
    if column.protection.as_ref().is_some_and(|stored| stored.value != Protection::Clear) {
        report.fault(
            reference.mark,
            format!("{what} refers to another dataset and needs the protection `clear`"),
        );
    }
    if column.logical() == Some(LogicalType::Number) {
        report.fault(
            reference.mark,
            format!("{what} refers to another dataset and cannot be a `number` that is not exact"),
        );
    }
}

/// Says what is wrong with a reference, given what it refers to.
pub(crate) fn reference_fault<'a>(
    referring: &Referring,
    own: Option<&DatasetName>,
    target: Option<&Dataset>,
    known: impl Iterator<Item = &'a str>,
) -> Option<String> {
    let Referring { what, reference, logical, standard, .. } = referring;
    let Reference { dataset, column: name, .. } = reference;
    if own == Some(dataset) {
        return Some(format!("{what} refers to its own dataset"));
    }
    let Some(target) = target else {
        let hint = did_you_mean(dataset.as_str(), known);
        return Some(format!("{what} refers to `{dataset}`, which has no contract{hint}"));
    };
    // PRIVACY: whoever brings rows in would learn which members there are.
    if target.is_private() {
        return Some(format!(
            "{what} refers to `{dataset}`, which is about members: only datasets about things are looked up"
        ));
    }
    let Some(column) = target.column(name) else {
        let hint = did_you_mean(name.as_str(), target.columns.iter().map(|column| column.name.as_str()));
        return Some(format!("{what} refers to `{dataset}.{name}`, which is no column{hint}"));
    };
    if column.protection != Protection::Clear {
        return Some(format!("{what} refers to `{dataset}.{name}`, which is not stored `clear`"));
    }
    let other = column.logical_type;
    if other != *logical {
        return Some(format!(
            "{what} is {logical}, and `{dataset}.{name}`, to which it refers, is {other}: give both one type"
        ));
    }
    // Both are compared as they are stored, which is what their standards made of them.
    (column.standard != *standard).then(|| {
        let shown = |standard: &Option<Standard>| {
            standard.map_or_else(|| "no standard".to_owned(), |standard| format!("the standard {standard}"))
        };
        format!(
            "{what} has {}, and `{dataset}.{name}`, to which it refers, has {}: their values would not meet, give both one",
            shown(standard),
            shown(&column.standard)
        )
    })
}
