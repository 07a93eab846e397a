//! `tags/ID.yaml`: a tag.

mod beside;
mod cases;
mod parts;
mod rules;
mod source;
mod table;
mod timing;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use membrane_model::{DatasetName, IdentityKind, Purpose, TagId};

use self::cases::{Cases, read_cases};
use self::parts::{TagPrivacy, read_owner, read_privacy, read_quality, read_value};
use self::source::{Statement, read_source};
use self::timing::{read_as_of, read_refresh};
use self::words::{day, required_choice, seconds};
use super::column::parse;
use super::fields::{Fields, choice, list, text, whole};
use super::yaml::{Document, Node, Value};
use super::{At, Mark, Report};
use crate::{
    AsOf, ConsentRule, NullPolicy, Refresh, Sensitivity, TAG_TABLE, Tag, TagKind, TagOwner, TagQuality,
    TagStatus, TagTest, TagValue,
};

pub(crate) use self::beside::{Beside, check_beside};

/// Keys of a tag.
const KEYS: [&str; 23] = [
    "id",
    "name",
    "description",
    "kind",
    "entity",
    "table",
    "value",
    "version",
    "status",
    "owner",
    "purposes",
    "sensitivity",
    "source",
    "as_of",
    "refresh",
    "freshness_slo",
    "null_policy",
    "history",
    "consent_missing",
    "quality",
    "tests",
    "privacy",
    "change_note",
];
/// Keys of the end of a tag.
const END: [&str; 2] = ["replaced_by", "sunset"];
/// Kinds of tags that other hubs have.
const KINDS_TO_COME: [&str; 3] = ["model", "manual", "imported"];
/// Ten years of days.
const HISTORY_DAYS_MAX: u32 = 3_660;
const SECONDS_OF_A_DAY: u32 = 86_400;
/// As many purposes and used tags as anybody can review.
const LISTED_MAX: usize = 32;

/// The files beside tags, by the names that tags give them: `active_30d.sql`, `fixtures/active_30d.csv`. One that cannot be
/// read has no text; that was told of already.
pub(crate) type TagFiles = BTreeMap<String, Option<String>>;

/// A tag as far as it could be read, with the places that later checks point at.
#[derive(Debug)]
pub(crate) struct TagDraft {
    pub(crate) entity: Option<At<IdentityKind>>,
    pub(crate) table: Option<At<DatasetName>>,
    pub(crate) purposes: Vec<At<Purpose>>,
    pub(crate) uses: Vec<At<TagId>>,
    pub(crate) replaced_by: Option<At<TagId>>,
    pub(crate) given: Vec<At<Given>>,
    /// The files beside it that it names.
    pub(crate) files: BTreeSet<String>,
    /// The tag; none where something is wrong with what it must have.
    pub(crate) tag: Option<Tag>,
}

/// The rows of a dataset in a test.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) dataset: DatasetName,
    pub(crate) file: String,
    /// The names of its columns.
    pub(crate) header: Vec<String>,
}

/// What a tag is called.
#[derive(Debug)]
struct Naming {
    id: Option<At<TagId>>,
    names: Option<(String, String)>,
    description: Option<String>,
    kind: Option<TagKind>,
}

/// Where a tag is in its life, and who answers for it.
#[derive(Debug)]
struct Life {
    version: Option<At<u32>>,
    status: Option<At<TagStatus>>,
    owner: Option<TagOwner>,
    sensitivity: Option<At<Sensitivity>>,
    replaced_by: Option<At<TagId>>,
    sunset: Option<NaiveDate>,
    change_note: Option<String>,
}

/// For when a tag is computed, and how long its values stay.
#[derive(Debug)]
struct Times {
    as_of: AsOf,
    refresh: Option<Refresh>,
    freshness: Option<At<u32>>,
    nulls: Option<At<NullPolicy>>,
    history: Option<u32>,
    consent: Option<At<ConsentRule>>,
}

/// Reads a tag. `stem` is the name of its file, `files` are those beside it.
pub(crate) fn read_tag(text: &str, stem: &str, files: &TagFiles, report: &mut Report) -> Option<TagDraft> {
    let document = Document::parse(text, report)?;
    let what = "the tag";
    let known: Vec<&str> = KEYS.into_iter().chain(END).collect();
    let fields = Fields::read(document.root(), what, &known, report)?;
    let naming = read_naming(&fields, stem, report);
    let entity = fields.required_text("entity", what, report);
    let entity: Option<At<IdentityKind>> = entity.and_then(|entity| parse(entity, "`entity`", report));
    let table = fields.text("table", report).unwrap_or(At { value: TAG_TABLE, mark: fields.mark() });
    let table: Option<At<DatasetName>> = parse(table, "`table`", report);
    let value = required(&fields, "value", report).and_then(|node| read_value(node, report));
    let life = read_life(&fields, report);
    let purposes = read_purposes(&fields, report);
    let mut used_files = BTreeSet::new();
    let statement = required(&fields, "source", report)
        .and_then(|node| read_source(node, files, &mut used_files, report));
    let times = read_times(&fields, report);
    let quality = fields
        .get("quality")
        .map(|node| read_quality(node, value.as_ref().map(|value| &value.value), report))
        .unwrap_or_default();
    let privacy = fields.get("privacy").map(|node| read_privacy(node, report)).unwrap_or_default();
    let mut cases = Cases { files, used: &mut used_files, as_of: &times.as_of, given: Vec::new() };
    let about = entity.as_ref().zip(value.as_ref()).map(|(entity, value)| (&entity.value, &value.value));
    let tests =
        fields.get("tests").map(|node| read_cases(node, about, &mut cases, report)).unwrap_or_default();
    let mut draft = TagDraft {
        given: cases.given,
        entity,
        table,
        purposes,
        uses: statement.as_ref().map_or_else(Vec::new, |statement| statement.uses.clone()),
        replaced_by: life.replaced_by.clone(),
        files: used_files,
        tag: None,
    };
    let mark = statement.as_ref().map_or(fields.mark(), |statement| statement.mark);
    let rest = Rest { statement, value: value.map(|value| value.value), quality, privacy, tests };
    draft.tag = assemble(naming, life, times, rest, &draft);
    if let Some(tag) = &draft.tag {
        rules::check(tag, &fields, mark, report);
    }
    Some(draft)
}

/// What else a tag says.
#[derive(Debug)]
struct Rest {
    statement: Option<Statement>,
    value: Option<TagValue>,
    quality: TagQuality,
    privacy: TagPrivacy,
    tests: Vec<TagTest>,
}

/// Puts a tag together; nothing where it lacks what it must have, which was told of.
fn assemble(naming: Naming, life: Life, times: Times, rest: Rest, draft: &TagDraft) -> Option<Tag> {
    let (name_en, name_zh) = naming.names?;
    let Statement { sql, file, place, column, .. } = rest.statement?;
    Some(Tag {
        id: naming.id?.value,
        name_en,
        name_zh,
        description: naming.description.unwrap_or_default(),
        kind: naming.kind?,
        entity: draft.entity.as_ref()?.value.clone(),
        table: draft.table.as_ref()?.value.clone(),
        value: rest.value?,
        version: life.version?.value,
        status: life.status?.value,
        owner: life.owner?,
        purposes: draft.purposes.iter().map(|purpose| purpose.value.clone()).collect(),
        sensitivity: life.sensitivity?.value,
        sensitivity_place: life.sensitivity.map(|at| (at.mark.line, at.mark.column))?,
        sql,
        sql_file: file,
        sql_place: place,
        column,
        uses: draft.uses.iter().map(|tag| tag.value.clone()).collect(),
        as_of: times.as_of,
        refresh: times.refresh?,
        freshness_slo_seconds: times.freshness.map(|seconds| seconds.value),
        nulls: times.nulls.map(|nulls| nulls.value).unwrap_or_default(),
        history_days: times.history,
        consent: times.consent.map(|consent| consent.value).unwrap_or_default(),
        quality: rest.quality,
        tests: rest.tests,
        min_group: rest.privacy.min_group,
        partner_shareable: rest.privacy.partner_shareable,
        replaced_by: life.replaced_by.map(|tag| tag.value),
        sunset: life.sunset,
        change_note: life.change_note.unwrap_or_default(),
    })
}

fn read_naming(fields: &Fields<'_>, stem: &str, report: &mut Report) -> Naming {
    Naming {
        id: read_id(fields, stem, report),
        names: read_names(fields, report),
        description: fields.text("description", report).map(|text| text.value.to_owned()),
        kind: read_kind(fields, report),
    }
}

fn read_life(fields: &Fields<'_>, report: &mut Report) -> Life {
    let replaced_by = fields.text("replaced_by", report);
    Life {
        version: required(fields, "version", report).and_then(|node| whole(node, "`version`", 1, report)),
        status: required_choice(fields, "status", TagStatus::ALL, TagStatus::as_str, report),
        owner: required(fields, "owner", report).and_then(|node| read_owner(node, report)),
        sensitivity: required_choice(fields, "sensitivity", Sensitivity::ALL, Sensitivity::as_str, report),
        replaced_by: replaced_by.and_then(|tag| parse::<TagId>(tag, "`replaced_by`", report)),
        sunset: fields.text("sunset", report).and_then(|text| day(text, "`sunset`", report)),
        change_note: fields.text("change_note", report).map(|text| text.value.to_owned()),
    }
}

fn read_times(fields: &Fields<'_>, report: &mut Report) -> Times {
    Times {
        as_of: fields.get("as_of").map(|node| read_as_of(node, report)).unwrap_or_default(),
        refresh: fields.get("refresh").map_or(Some(Refresh::Manual), |node| read_refresh(node, report)),
        freshness: fields.get("freshness_slo").and_then(|node| seconds(node, "`freshness_slo`", report)),
        nulls: choice(fields, "null_policy", NullPolicy::ALL, NullPolicy::as_str, report),
        history: fields.get("history").and_then(|node| read_history(node, report)),
        consent: choice(fields, "consent_missing", ConsentRule::ALL, ConsentRule::as_str, report),
    }
}

/// Reads what it may be used for.
fn read_purposes(fields: &Fields<'_>, report: &mut Report) -> Vec<At<Purpose>> {
    let Some(node) = required(fields, "purposes", report) else { return Vec::new() };
    if matches!(node.value(), Value::List(items) if items.is_empty()) {
        report.fault(node.mark(), "`purposes` names none: a tag is built for a purpose");
    }
    read_listed::<Purpose>(Some(node), "`purposes`", report)
}

/// Finds a key that must be there.
fn required<'a>(fields: &Fields<'a>, key: &str, report: &mut Report) -> Option<Node<'a>> {
    let found = fields.get(key);
    if found.is_none() {
        report.fault(fields.mark(), format!("the tag has no `{key}`"));
    }
    found
}

fn read_id(fields: &Fields<'_>, stem: &str, report: &mut Report) -> Option<At<TagId>> {
    let id = fields.required_text("id", "the tag", report)?;
    let id = parse::<TagId>(id, "`id`", report)?;
    if id.value.as_str() != stem {
        report.fault(id.mark, format!("`id` is `{}`: its file must be `{}.yaml`", id.value, id.value));
        return None;
    }
    Some(id)
}

/// Reads what people call it: in English, in Chinese.
fn read_names(fields: &Fields<'_>, report: &mut Report) -> Option<(String, String)> {
    let node = required(fields, "name", report)?;
    let fields = Fields::read(node, "`name`", &["en", "zh"], report)?;
    let english = fields.required_text("en", "`name`", report);
    let chinese = fields.required_text("zh", "`name`", report);
    Some((english?.value.to_owned(), chinese?.value.to_owned()))
}

fn read_kind(fields: &Fields<'_>, report: &mut Report) -> Option<TagKind> {
    let node = required(fields, "kind", report)?;
    let stated = text(node, "`kind`", report)?;
    if let Some(kind) = KINDS_TO_COME.into_iter().find(|kind| *kind == stated.value) {
        report.fault(stated.mark, format!("tags of kind `{kind}` are not built by the hub yet"));
        return None;
    }
    Some(choice(fields, "kind", TagKind::ALL, TagKind::as_str, report)?.value)
}

/// Reads a list of names, none of them twice.
fn read_listed<T>(node: Option<Node<'_>>, what: &str, report: &mut Report) -> Vec<At<T>>
where
    T: std::str::FromStr<Err = membrane_model::NameError> + PartialEq + std::fmt::Display,
{
    let items = node.and_then(|node| list(node, what, report));
    let Some(items) = items else { return Vec::new() };
    if items.value.len() > LISTED_MAX {
        report.fault(items.mark, format!("{what} lists more than {LISTED_MAX}"));
    }
    let mut found: Vec<At<T>> = Vec::new();
    for item in items.value.into_iter().take(LISTED_MAX) {
        let item = text(item, &format!("an item of {what}"), report);
        let item = item.and_then(|item| parse::<T>(item, &format!("an item of {what}"), report));
        let Some(item) = item else { continue };
        if found.iter().any(|known| known.value == item.value) {
            report.fault(item.mark, format!("{what} lists `{}` twice", item.value));
        } else {
            found.push(item);
        }
    }
    found
}

/// Reads whole days.
fn read_history(node: Node<'_>, report: &mut Report) -> Option<u32> {
    let history = seconds(node, "`history`", report)?;
    let days = history.value / SECONDS_OF_A_DAY;
    if history.value % SECONDS_OF_A_DAY != 0 || days > HISTORY_DAYS_MAX {
        report.fault(history.mark, format!("`history` is whole days, from `1d` to `{HISTORY_DAYS_MAX}d`"));
        return None;
    }
    Some(days)
}

/// The place of a key, or that of the tag where it is not there.
fn mark_of(fields: &Fields<'_>, key: &str) -> Mark {
    fields.get(key).map_or(fields.mark(), Node::mark)
}

#[cfg(test)]
mod tests;
