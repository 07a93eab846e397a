//! `classes.yaml` and `purposes.yaml`: a list of names with a description each.

use std::collections::BTreeSet;

use membrane_model::{ClassName, NameError};

use super::column::parse;
use super::fields::Fields;
use super::yaml::Document;
use super::{At, Report};
use crate::PurposeEntry;

/// Reads `classes.yaml`. Every class above a listed one is listed too.
pub(crate) fn read_classes(text: &str, report: &mut Report) -> Option<BTreeSet<ClassName>> {
    let entries = read_list::<ClassName>(text, "classes", "class", report)?;
    let classes: BTreeSet<_> = entries.iter().map(|(name, _)| name.value.clone()).collect();
    for (name, _) in &entries {
        if let Some(wider) = name.value.ancestry().nth(1)
            && !classes.contains(&wider)
        {
            report.fault(
                name.mark,
                format!("class `{}` lies below `{wider}`, which is not listed", name.value),
            );
        }
    }
    Some(classes)
}

/// Reads `purposes.yaml`, sorted by name.
pub(crate) fn read_purposes(text: &str, report: &mut Report) -> Option<Vec<PurposeEntry>> {
    let entries = read_list(text, "purposes", "purpose", report)?.into_iter();
    let mut purposes: Vec<_> =
        entries.map(|(name, description)| PurposeEntry { name: name.value, description }).collect();
    purposes.sort_by(|left, right| left.name.cmp(&right.name));
    Some(purposes)
}

/// Reads `key: [{name, description}, ..]`.
fn read_list<T>(text: &str, key: &str, noun: &str, report: &mut Report) -> Option<Vec<(At<T>, String)>>
where
    T: std::str::FromStr<Err = NameError> + PartialEq + std::fmt::Display,
{
    let document = Document::parse(text, report)?;
    let fields = Fields::read(document.root(), "the file", &[key], report)?;
    if fields.get(key).is_none() {
        report.fault(fields.mark(), format!("the file has no `{key}`"));
    }
    let items = fields.list(key, report)?;
    if items.value.is_empty() {
        report.fault(items.mark, format!("`{key}` lists no {noun}"));
    }
    let mut entries: Vec<(At<T>, String)> = Vec::new();
    for item in items.value {
        let what = format!("a {noun}");
        let Some(entry) = Fields::read(item, &what, &["name", "description"], report) else {
            continue;
        };
        let description = entry.required_text("description", &what, report);
        let name = entry.required_text("name", &what, report);
        let Some(name) = name.and_then(|name| parse::<T>(name, "`name`", report)) else {
            continue;
        };
        if entries.iter().any(|(known, _)| known.value == name.value) {
            report.fault(name.mark, format!("{noun} `{}` is listed twice", name.value));
            continue;
        }
        entries.push((name, description.map_or_else(String::new, |text| text.value.to_owned())));
    }
    Some(entries)
}
