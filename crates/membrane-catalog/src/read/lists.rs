//! `classes.yaml` and `purposes.yaml`: a list of names with a description each.

use std::collections::{BTreeMap, BTreeSet};

use membrane_model::{ClassName, NameError};

use super::column::parse;
use super::fields::{Fields, choice};
use super::yaml::Document;
use super::{At, Report};
use crate::{PurposeEntry, Sensitivity};

/// The classes that there are.
#[derive(Debug)]
pub(crate) struct ClassList {
    /// Their names.
    pub(crate) names: BTreeSet<ClassName>,
    /// How sensitive those are of which it is said.
    pub(crate) rated: BTreeMap<ClassName, Sensitivity>,
}

/// Reads `classes.yaml`. Every class above a listed one is listed too, and none is less sensitive than one above it.
pub(crate) fn read_classes(text: &str, report: &mut Report) -> Option<ClassList> {
    let rating = |entry: &Fields<'_>, report: &mut Report| {
        choice(entry, "sensitivity", Sensitivity::ALL, Sensitivity::as_str, report)
    };
    let entries = read_list::<ClassName, _>(text, ("classes", "class"), &["sensitivity"], rating, report)?;
    let names: BTreeSet<_> = entries.iter().map(|entry| entry.name.value.clone()).collect();
    let rated: BTreeMap<_, _> = entries
        .iter()
        .filter_map(|entry| Some((entry.name.value.clone(), entry.more.as_ref()?.value)))
        .collect();
    for Entry { name, more, .. } in &entries {
        if let Some(wider) = name.value.ancestry().nth(1)
            && !names.contains(&wider)
        {
            report.fault(
                name.mark,
                format!("class `{}` lies below `{wider}`, which is not listed", name.value),
            );
        }
        let rated = name.value.ancestry().skip(1).find_map(|wider| rated.get(&wider).copied());
        if let (Some(own), Some(wider)) = (more, name.value.ancestry().nth(1))
            && let rating = rated.unwrap_or(Sensitivity::Personal)
            && own.value < rating
        {
            report.fault(
                own.mark,
                format!(
                    "class `{}` lies below `{wider}`, which is `{}`: it is no less",
                    name.value,
                    rating.as_str()
                ),
            );
        }
    }
    Some(ClassList { names, rated })
}

/// Reads `purposes.yaml`, sorted by name.
pub(crate) fn read_purposes(text: &str, report: &mut Report) -> Option<Vec<PurposeEntry>> {
    let entries = read_list(text, ("purposes", "purpose"), &[], |_, _| (), report)?.into_iter();
    let mut purposes: Vec<_> = entries
        .map(|Entry { name, description, .. }| PurposeEntry { name: name.value, description })
        .collect();
    purposes.sort_by(|left, right| left.name.cmp(&right.name));
    Some(purposes)
}

/// One of a list.
struct Entry<T, M> {
    name: At<T>,
    description: String,
    /// What else is said of it.
    more: M,
}

/// Reads `key: [{name, description, ..}, ..]`.
fn read_list<T, M>(
    text: &str,
    (key, noun): (&str, &str),
    more: &[&str],
    read_more: impl Fn(&Fields<'_>, &mut Report) -> M,
    report: &mut Report,
) -> Option<Vec<Entry<T, M>>>
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
    let known: Vec<&str> = ["name", "description"].iter().chain(more).copied().collect();
    let mut entries: Vec<Entry<T, M>> = Vec::new();
    for item in items.value {
        let what = format!("a {noun}");
        let Some(entry) = Fields::read(item, &what, &known, report) else {
            continue;
        };
        let description = entry.required_text("description", &what, report);
        let name = entry.required_text("name", &what, report);
        let Some(name) = name.and_then(|name| parse::<T>(name, "`name`", report)) else {
            continue;
        };
        let more = read_more(&entry, report);
        if entries.iter().any(|known| known.name.value == name.value) {
            report.fault(name.mark, format!("{noun} `{}` is listed twice", name.value));
            continue;
        }
        let description = description.map_or_else(String::new, |text| text.value.to_owned());
        entries.push(Entry { name, description, more });
    }
    Some(entries)
}
