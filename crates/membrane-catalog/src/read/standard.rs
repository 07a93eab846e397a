//! Standards of columns, and columns that are made of others.

use membrane_model::{ColumnName, LogicalType, Protection};

use super::column::{Draft, parse};
use super::custom::Settings;
use super::fields::Fields;
use super::schema::Schema;
use super::suggest::did_you_mean;
use super::{At, Mark, Report};
use crate::column::is_pii;
use crate::{Column, ColumnPolicy, ColumnPrivacy, ColumnRules, Derived, Part, Standard, Standardised};

const STANDARD: &str = "membrane.standard";
const ORIGINAL: &str = "membrane.original";
const FROM: &str = "membrane.from";
/// The one word of `membrane.original`.
const SEALED: &str = "sealed";

/// What a contract says of the spelling of a column.
#[derive(Debug, Default)]
pub(super) struct StandardDraft {
    pub(super) standard: Option<At<Standard>>,
    /// Whether it is stated at all, readable or not.
    stated: bool,
    /// Where it is said that the original is kept.
    pub(super) original: Option<Mark>,
    pub(super) from: Option<At<Derived>>,
    from_stated: Option<Mark>,
}

impl StandardDraft {
    pub(super) fn value(&self) -> Option<Standard> {
        self.standard.map(|standard| standard.value)
    }
}

/// Reads what a column says.
pub(super) fn read_standard(settings: &Settings<'_>, what: &str, report: &mut Report) -> StandardDraft {
    let standard = settings
        .text(STANDARD, report)
        .and_then(|text| parse(text, &format!("`{STANDARD}` of {what}"), report));
    let original = settings.text(ORIGINAL, report).and_then(|text| {
        if text.value == SEALED {
            return settings.mark(ORIGINAL);
        }
        report.fault(text.mark, format!("`{ORIGINAL}` of {what} is `{SEALED}` or left out"));
        None
    });
    StandardDraft {
        standard,
        stated: settings.get(STANDARD).is_some(),
        original,
        from: read_from(settings, what, report),
        from_stated: settings.mark(FROM),
    }
}

fn read_from(settings: &Settings<'_>, what: &str, report: &mut Report) -> Option<At<Derived>> {
    let node = settings.get(FROM)?;
    let of = format!("`{FROM}` of {what}");
    let fields = Fields::read(node, &of, &["column", "part"], report)?;
    let column = fields.required_text("column", &of, report);
    let part = fields.required_text("part", &of, report);
    let column: At<ColumnName> = parse(column?, &format!("`column` in {of}"), report)?;
    let part: At<Part> = parse(part?, &format!("`part` in {of}"), report)?;
    Some(node.at(Derived { column: column.value, part: part.value }))
}

/// Returns the column that keeps what was delivered; none if there is no such name.
pub(super) fn original_of(column: &Column) -> Option<Column> {
    Some(Column {
        name: original_name(&column.name)?,
        description: format!("`{}` as it was delivered", column.name),
        logical_type: LogicalType::String,
        class: column.class.clone(),
        protection: Protection::Sealed,
        identity: None,
        required: column.required,
        unique: false,
        standard: None,
        from: Some(Derived { column: column.name.clone(), part: Part::Original }),
        rules: ColumnRules::default(),
        privacy: ColumnPrivacy::default(),
        waiver: column.waiver.clone(),
        policy: ColumnPolicy::default(),
    })
}

fn original_name(column: &ColumnName) -> Option<ColumnName> {
    format!("{column}_original").parse().ok()
}

/// Checks the standards of all columns, and what is made of them.
pub(super) fn check_standards(schema: &Schema, report: &mut Report) {
    for column in &schema.columns {
        check_standard(column, report);
        check_original(column, schema, report);
        check_from(column, schema, report);
    }
}

fn check_standard(column: &Draft, report: &mut Report) {
    let (what, Some(At { value: standard, mark })) = (&column.what, column.standard.standard) else { return };
    if let Some(logical) = column.logical() {
        let fits = match standard {
            Standard::Date(_) => matches!(logical, LogicalType::Date | LogicalType::String),
            _ => logical == LogicalType::String,
        };
        if !fits {
            let fault = format!(
                "{what}: `{STANDARD}` is for strings, and `date(..)` for dates too; the column is {logical}"
            );
            report.fault(mark, fault);
        }
    }
    let stays = |text: &String| standard.apply(text) == Standardised::Text(text.as_str().into());
    // PRIVACY: the value is not repeated: its place is.
    let other = column.rules.enumeration.iter().flatten().position(|text| !stays(text));
    if let Some(place) = other {
        let fault =
            format!("{what}: value {} of the enumeration is not standard, so that no row has it", place + 1);
        report.fault(mark, fault);
    }
}

fn check_original(column: &Draft, schema: &Schema, report: &mut Report) {
    let (what, Some(mark)) = (&column.what, column.standard.original) else { return };
    if !column.standard.stated {
        report.fault(mark, format!("{what} has no `{STANDARD}`: what is stored is the original"));
    }
    if !schema.has_subject {
        let fault = format!(
            "the original of {what} cannot be sealed: the schema object has no `membrane.subject`, so there is no key for it"
        );
        report.fault(mark, fault);
    }
    if column.protection.as_ref().is_some_and(|at| at.value == Protection::Drop) {
        report.fault(mark, format!("{what} is dropped, so its original is not kept"));
    }
    let Some(name) = &column.name else { return };
    match original_name(&name.value) {
        None => report.fault(mark, format!("{what}: its name is too long for a column of its originals")),
        Some(original) => {
            let taken = |other: &Draft| other.name.as_ref().is_some_and(|name| name.value == original);
            if schema.columns.iter().any(taken) {
                report.fault(
                    mark,
                    format!("{what}: its originals become the column `{original}`, which is there already"),
                );
            }
        }
    }
}

fn check_from(column: &Draft, schema: &Schema, report: &mut Report) {
    let what = &column.what;
    if let Some(mark) = column.standard.from_stated {
        if column.standard.stated || column.standard.original.is_some() {
            report.fault(mark, format!("{what} is made of another column, which has the standard"));
        }
        let is_subject =
            |subject: &At<ColumnName>| column.name.as_ref().is_some_and(|name| name.value == subject.value);
        if schema.subject.as_ref().is_some_and(is_subject) {
            report.fault(
                mark,
                format!("{what} is the subject and must be delivered, not made of another column"),
            );
        }
    }
    let Some(At { value: from, mark }) = &column.standard.from else { return };
    let named = |other: &&Draft| other.name.as_ref().is_some_and(|name| name.value == from.column);
    let Some(source) = schema.columns.iter().find(named) else {
        let names = schema.columns.iter().filter_map(|column| column.name.as_ref());
        let hint = did_you_mean(from.column.as_str(), names.map(|name| name.value.as_str()));
        report.fault(*mark, format!("{what}: `{FROM}` names no column: there is no `{}`{hint}", from.column));
        return;
    };
    let Some(standard) = source.standard.value() else {
        if !source.standard.stated {
            report.fault(*mark, format!("{what}: {} has no `{STANDARD}`, so it has no parts", source.what));
        }
        return;
    };
    if !standard.parts().contains(&from.part) {
        let parts: Vec<&str> = standard.parts().iter().map(|part| part.as_str()).collect();
        let fault = format!("{what}: the parts of {standard} are {}, not {}", parts.join(", "), from.part);
        report.fault(*mark, fault);
    }
    check_type_and_class(column, source, from.part, *mark, report);
}

fn check_type_and_class(column: &Draft, source: &Draft, part: Part, mark: Mark, report: &mut Report) {
    let what = &column.what;
    if let Some(logical) = column.logical()
        && !(logical == LogicalType::String || logical == LogicalType::Date && part == Part::BirthDate)
    {
        let types = if part == Part::BirthDate { "string or date" } else { "string" };
        report.fault(mark, format!("{what}: the {part} of a column is {types}, not {logical}"));
    }
    // PRIVACY: a part that few people share is as good as the whole.
    if let Some(class) = &column.class
        && source.is_identifying()
        && !part.is_coarse()
        && !is_pii(&class.value)
    {
        let fault = format!(
            "{what} is of class `{}`, but the {part} of {} identifies as much as the whole: give it a class in `pii`",
            class.value, source.what
        );
        report.fault(class.mark, fault);
    }
}

#[cfg(test)]
mod tests;
