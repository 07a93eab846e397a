//! Checks that look at more than one statement of a contract.

use std::collections::HashMap;

use membrane_model::{ColumnName, LogicalType, Protection};

use super::column::Draft;
use super::generalisation::check_generalisation;
use super::personal::check_personal;
use super::policy::check_policy;
use super::reference::check_reference;
use super::schema::Schema;
use super::service::Promises;
use super::standard::check_standards;
use super::suggest::did_you_mean;
use super::{At, Report};
use crate::column::{is_numeric, is_pii};

/// Checks a table as a whole and each of its columns.
pub(super) fn check(schema: &Schema, report: &mut Report) {
    check_names(schema, report);
    for column in &schema.columns {
        check_personal(column, schema.has_subject, report);
        check_protection(column, schema, report);
        check_generalisation(column, report);
        check_identity(column, report);
        check_rules(column, report);
        check_reference(column, report);
        check_privacy(column, schema.has_subject, report);
    }
    check_subject(schema, report);
    check_event_time(schema, report);
    check_primary_key(schema, report);
    check_contributions(schema, report);
    check_policy(schema, report);
    check_standards(schema, report);
}

/// Checks what needs to know when a row happened.
pub(super) fn check_promises(promises: &Promises, schema: &Schema, report: &mut Report) {
    let Some(event_time) = &schema.event_time else {
        let needs =
            |what: &str| format!("{what} needs to know when a row happened: state `membrane.eventTime`");
        for about in &promises.about_times {
            report.fault(about.mark, needs(&format!("the service level `{}`", about.value)));
        }
        if let Some(ahead) = &schema.ahead_max {
            report.fault(ahead.mark, needs("`membrane.aheadSecondsMax`"));
        }
        return;
    };
    for element in promises.elements.iter().filter(|element| element.value != event_time.value) {
        let fault = format!(
            "latency is measured by the event time, `{}`, and not by another column",
            event_time.value
        );
        report.fault(element.mark, fault);
    }
}

fn check_names(schema: &Schema, report: &mut Report) {
    let mut lines: HashMap<&ColumnName, usize> = HashMap::new();
    for name in schema.columns.iter().filter_map(|column| column.name.as_ref()) {
        if let Some(line) = lines.get(&name.value) {
            report.fault(name.mark, format!("column `{}` is there already, in line {line}", name.value));
        } else {
            lines.insert(&name.value, name.mark.line);
        }
    }
}

fn check_protection(column: &Draft, schema: &Schema, report: &mut Report) {
    let (what, Some(protection)) = (&column.what, &column.protection) else {
        return;
    };
    // PRIVACY: direct identifiers never lie in clear. This is where a contract would say so.
    if protection.value == Protection::Clear
        && let Some(why) = why_not_clear(column)
    {
        let fault = format!(
            "{what} {why} and must not be `clear`: use token, sealed, sealed+token, generalise(..) or drop"
        );
        report.fault(protection.mark, fault);
    }
    if protection.value.has_sealed() && !schema.has_subject {
        let fault = format!(
            "{what} cannot be sealed: the schema object has no `membrane.subject`, so there is no key for it"
        );
        report.fault(protection.mark, fault);
    }
}

/// Says why a column's values are direct identifiers, when they are: by their class or by their form.
fn why_not_clear(column: &Draft) -> Option<String> {
    if let Some(class) = &column.class
        && is_pii(&class.value)
    {
        return Some(format!("is of class `{}`", class.value));
    }
    // A check of a column that is no string is a fault of its own.
    let is_text = column.logical().is_none_or(|it| it == LogicalType::String);
    if let Some(standard) = column.standard.value().filter(|standard| is_text && standard.is_identifying()) {
        return Some(format!("has identifiers (`membrane.standard`, {standard})"));
    }
    let check = column.rules.check.filter(|_| is_text)?;
    Some(format!("has identifiers (`membrane.check`, {check})"))
}

fn check_identity(column: &Draft, report: &mut Report) {
    let (what, Some(identity)) = (&column.what, &column.identity) else {
        return;
    };
    if let Some(protection) = &column.protection
        && matches!(protection.value, Protection::Clear | Protection::Generalise(_))
    {
        let fault = format!(
            "{what} holds identifiers (`membrane.identity`) and must not be `{}`: use token, sealed, sealed+token or drop",
            protection.value
        );
        report.fault(protection.mark, fault);
    }
    if let Some(logical) = column.logical()
        && !matches!(logical, LogicalType::String | LogicalType::Integer)
    {
        report.fault(identity.mark, format!("{what}: an identifier is string or integer, not {logical}"));
    }
}

fn check_rules(column: &Draft, report: &mut Report) {
    if let (Some(mark), Some(logical)) = (column.check, column.logical())
        && logical != LogicalType::String
    {
        report.fault(
            mark,
            format!("{}: `membrane.check` is for strings, the column is {logical}", column.what),
        );
    }
}

fn check_privacy(column: &Draft, about_members: bool, report: &mut Report) {
    let what = &column.what;
    let protection = column.protection.as_ref().map(|protection| protection.value);
    let readable =
        protection.is_none_or(|stored| matches!(stored, Protection::Clear | Protection::Generalise(_)));
    if let Some(mark) = column.public_keys {
        const SETTING: &str = "`membrane.privacy.publicKeys`";
        // PRIVACY: what stands in rows about members is theirs.
        if about_members && column.rules.enumeration.is_none() && !column.enumeration_stated {
            report
                .fault(mark, format!("{what}: {SETTING} needs `membrane.enumeration`: the keys themselves"));
        }
        if protection.is_some_and(|stored| stored != Protection::Clear) {
            report.fault(mark, format!("{what}: {SETTING} needs the protection `clear`"));
        }
        // PRIVACY: otherwise the group of rows without a key would tell that there are such rows.
        if !column.required {
            report.fault(mark, format!("{what}: {SETTING} needs `required: true`"));
        }
    }
    if let Some(bounds) = &column.bounds {
        const SETTING: &str = "`membrane.privacy.bounds`";
        if let Some(logical) = column.logical()
            && !is_numeric(logical)
        {
            report.fault(bounds.mark, format!("{what}: {SETTING} is for numbers, the column is {logical}"));
        }
        if !readable {
            report.fault(
                bounds.mark,
                format!("{what}: {SETTING} needs a stored value: clear or generalise(..)"),
            );
        }
    }
}

/// Finds the column that a setting names.
fn find<'a>(
    schema: &'a Schema,
    name: &At<ColumnName>,
    setting: &str,
    report: &mut Report,
) -> Option<&'a Draft> {
    let named = |column: &&Draft| column.name.as_ref().is_some_and(|known| known.value == name.value);
    let found = schema.columns.iter().find(named);
    if found.is_none() {
        let names = schema.columns.iter().filter_map(|column| column.name.as_ref());
        let hint = did_you_mean(name.value.as_str(), names.map(|name| name.value.as_str()));
        report.fault(name.mark, format!("`{setting}` names no column: there is no `{}`{hint}", name.value));
    }
    found
}

fn check_subject(schema: &Schema, report: &mut Report) {
    let Some(name) = &schema.subject else {
        return;
    };
    let Some(column) = find(schema, name, "membrane.subject", report) else {
        return;
    };
    let what = &column.what;
    if column.identity.is_none() && !column.identity_stated {
        report.fault(name.mark, format!("{what} is the subject and has no `membrane.identity`"));
    }
    if !column.required {
        report.fault(name.mark, format!("{what} is the subject and must be `required: true`"));
    }
}

fn check_event_time(schema: &Schema, report: &mut Report) {
    let Some(name) = &schema.event_time else {
        return;
    };
    let Some(column) = find(schema, name, "membrane.eventTime", report) else {
        return;
    };
    let what = &column.what;
    if let Some(logical) = column.logical()
        && logical != LogicalType::Timestamp
    {
        report.fault(name.mark, format!("{what} is the event time and must be a timestamp, not {logical}"));
    }
    if let Some(protection) = &column.protection
        && !matches!(protection.value, Protection::Clear | Protection::Generalise(_))
    {
        report.fault(
            name.mark,
            format!("{what} is the event time and must be stored: clear or generalise(..)"),
        );
    }
}

fn check_primary_key(schema: &Schema, report: &mut Report) {
    let keys: Vec<_> =
        schema.columns.iter().filter_map(|column| Some((column, column.primary.as_ref()?))).collect();
    let stated = keys.iter().filter(|(_, key)| key.value.is_some()).count();
    let mut positions = HashMap::new();
    for (column, key) in &keys {
        let what = &column.what;
        if !column.required {
            report.fault(key.mark, format!("{what} is in the primary key and must be `required: true`"));
        }
        if let Some(Protection::Drop | Protection::Generalise(_)) =
            column.protection.as_ref().map(|at| at.value)
        {
            report.fault(key.mark, format!("{what} is in the primary key, which its protection destroys"));
        }
        match key.value {
            None if stated > 0 => {
                report.fault(key.mark, format!("{what} has no `primaryKeyPosition`, and others have"));
            }
            Some(position) if position as usize > keys.len() => {
                let fault =
                    format!("{what}: `primaryKeyPosition` is past the {} columns of the key", keys.len());
                report.fault(key.mark, fault);
            }
            Some(position) => {
                if let Some(other) = positions.insert(position, what) {
                    report.fault(key.mark, format!("{what} has the `primaryKeyPosition` of {other}"));
                }
            }
            None => {}
        }
    }
}

fn check_contributions(schema: &Schema, report: &mut Report) {
    if let Some(mark) = schema.lone_bound {
        let fault = "`membrane.privacy.groupsMax` and `membrane.privacy.rowsMax` belong together: state both";
        report.fault(mark, fault);
    }
    if let Some(bound) = schema.groups_max.as_ref().or(schema.rows_max.as_ref())
        && !schema.has_subject
    {
        report.fault(bound.mark, "contribution bounds count per member, and there is no `membrane.subject`");
    }
}
