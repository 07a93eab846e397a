//! `sources/NAME.yaml`: where the rows of a dataset come from.

mod table;
mod topic;
mod webhook;

use std::collections::BTreeMap;
use std::path::PathBuf;

use membrane_model::{ColumnName, SourceName};

use super::column::parse;
use super::fields::{Fields, number, text, whole};
use super::suggest::{did_you_mean, shown};
use super::yaml::{Document, Node, Value};
use super::{At, Mark, Report};
use crate::source::{
    Database, FilesSource, OnDifference, OnFault, Reads, SOURCE_ENDINGS, SOURCE_FORMATS, SOURCE_PACKINGS,
    Secret, Source,
};

use table::read_table;
use topic::read_topic;
use webhook::read_webhook;

/// Keys of every source.
const KEYS: [&str; 4] = ["description", "dataset", "principal", "kind"];
/// Keys of those that are looked at, and have deliveries.
const LOOKED_AT: [&str; 4] = ["every_seconds", "bad_share_max", "on_fault", "on_difference"];
/// Keys of those that read files.
const FILES: [&str; 11] = [
    "folder",
    "pattern",
    "format",
    "encoding",
    "sheet",
    "settle_seconds",
    "columns",
    "control_suffix",
    "control_wait_seconds",
    "storage",
    "credentials",
];
/// Keys of those that read a database.
const TABLE: [&str; 7] = ["url", "table", "columns", "take", "cursor", "settle_seconds", "control_sums"];
/// Keys of those that follow a topic.
const TOPIC: [&str; 9] =
    ["brokers", "topic", "group", "format", "schema", "schema_id", "start", "tls", "sasl"];
/// Keys of those that services send to.
const WEBHOOK: [&str; 11] = [
    "signature",
    "secret",
    "header",
    "prefix",
    "encoding",
    "id_header",
    "token",
    "aes_key",
    "app_id",
    "corp_id",
    "events",
];

/// Some of the encodings that are read.
const ENCODINGS: [&str; 6] = ["utf-8", "gb18030", "gbk", "big5", "utf-16le", "latin1"];
const KINDS: [&str; 5] = ["files", "postgresql", "mysql", "kafka", "webhook"];
const FAULTS: [OnFault; 2] = [OnFault::GoOn, OnFault::Stop];

/// A file lies untouched for so long before it is read, when nothing else is stated.
const SETTLE_SECONDS: u32 = 10;
/// Control totals may come so much later than their file, when nothing else is stated.
const CONTROL_WAIT_SECONDS: u32 = 3_600;
/// A day: whoever waits longer has mistaken what the number means.
const SECONDS_MAX: u32 = 86_400;

/// Reads a source. `stem` is the name of its file.
pub(crate) fn read_source(text: &str, stem: &str, report: &mut Report) -> Option<Source> {
    let document = Document::parse(text, report)?;
    let what = "the source";
    let name = match stem.parse::<SourceName>() {
        Ok(name) => Some(name),
        Err(error) => {
            report.fault(Mark::START, format!("the name of the file is {error}"));
            None
        }
    };
    let kind = kind_of(document.root(), report)?;
    let (looked_at, own): (&[&str], &[&str]) = match kind {
        "files" => (&LOOKED_AT, &FILES),
        "kafka" => (&[], &TOPIC),
        "webhook" => (&["columns"], &WEBHOOK),
        _ => (&LOOKED_AT, &TABLE),
    };
    let known: Vec<&str> = KEYS.iter().chain(looked_at).chain(own).copied().collect();
    let fields = Fields::read(document.root(), what, &known, report)?;
    let description = fields.required_text("description", what, report);
    let dataset = fields.required_text("dataset", what, report);
    let dataset = dataset.and_then(|dataset| parse(dataset, "`dataset`", report));
    let principal = fields.text("principal", report);
    let principal = principal.map(|principal| parse(principal, "`principal`", report));
    let every_seconds = seconds(&fields, "every_seconds", 1, report);
    let bad_share_max = fields.get("bad_share_max").and_then(|node| read_share(node, report));
    let on_fault = one_of(&fields, "on_fault", &FAULTS.map(OnFault::as_str), report);
    let on_difference =
        one_of(&fields, "on_difference", &OnDifference::ALL.map(OnDifference::as_str), report);
    let reads = match kind {
        "files" => read_files(&fields, report).map(Reads::Files),
        "kafka" => read_topic(&fields, name.as_ref(), report).map(Reads::Topic),
        "webhook" => read_webhook(&fields, report).map(Reads::Webhook),
        "postgresql" => read_table(&fields, Database::PostgreSql, report).map(Reads::Table),
        _ => read_table(&fields, Database::MySql, report).map(Reads::Table),
    };
    if on_difference.is_some()
        && fields.get("control_suffix").is_none()
        && fields.get("control_sums").is_none()
    {
        let control = if kind == "files" { "control_suffix" } else { "control_sums" };
        report.fault(
            fields.mark(),
            format!("`on_difference` is for a source with control totals: state `{control}`"),
        );
    }
    Some(Source {
        name: name?,
        description: description?.value.to_owned(),
        dataset: dataset?.value,
        principal: match principal {
            None => None,
            Some(read) => Some(read?.value),
        },
        reads: reads?,
        every_seconds,
        bad_share_max,
        on_fault: on_fault
            .and_then(|word| FAULTS.into_iter().find(|fault| fault.as_str() == word))
            .unwrap_or_default(),
        on_difference: on_difference
            .and_then(|word| OnDifference::ALL.into_iter().find(|rule| rule.as_str() == word))
            .unwrap_or_default(),
    })
}

/// Finds out what kind of source it is: what else may stand there follows from it.
fn kind_of(root: Node<'_>, report: &mut Report) -> Option<&'static str> {
    let Value::Map(pairs) = root.value() else {
        report.fault(root.mark(), "the source must be a mapping of keys");
        return None;
    };
    let mut stated = pairs.into_iter().filter(|(key, _)| matches!(key.value(), Value::Text("kind")));
    let Some((_, node)) = stated.next() else {
        report.fault(root.mark(), format!("the source has no `kind`: {}", KINDS.join(", ")));
        return None;
    };
    word(node, "kind", &KINDS, report)
}

/// Reads one of some words, when the key is there.
fn one_of(
    fields: &Fields<'_>,
    key: &str,
    known: &[&'static str],
    report: &mut Report,
) -> Option<&'static str> {
    word(fields.get(key)?, key, known, report)
}

fn word(node: Node<'_>, key: &str, known: &[&'static str], report: &mut Report) -> Option<&'static str> {
    let stated = text(node, &format!("`{key}`"), report)?;
    let found = known.iter().copied().find(|known| *known == stated.value);
    if found.is_none() {
        let hint = did_you_mean(stated.value, known.iter().copied());
        report.fault(stated.mark, format!("`{key}` is one of {}{hint}", known.join(", ")));
    }
    found
}

fn seconds(fields: &Fields<'_>, key: &str, least: u32, report: &mut Report) -> Option<u32> {
    let found = whole(fields.get(key)?, &format!("`{key}`"), least, report)?;
    if found.value > SECONDS_MAX {
        report.fault(found.mark, format!("`{key}` is more than a day, {SECONDS_MAX}"));
    }
    Some(found.value)
}

fn read_share(node: Node<'_>, report: &mut Report) -> Option<f64> {
    let share = number(node, "`bad_share_max`", report)?;
    if !(0.0..=1.0).contains(&share.value) {
        report.fault(share.mark, "`bad_share_max` is a share, from 0 to 1");
    }
    Some(share.value)
}

fn read_files(fields: &Fields<'_>, report: &mut Report) -> Option<FilesSource> {
    let folder = fields.required_text("folder", "the source", report);
    let fault = folder.as_ref().and_then(|folder| Some((folder.mark, fault_of_folder(folder.value)?)));
    if let Some((mark, fault)) = fault {
        report.fault(mark, fault);
    }
    let pattern = fields.text("pattern", report);
    if let Some(pattern) = &pattern
        && (pattern.value.starts_with('/') || pattern.value.split('/').any(|part| part == ".."))
    {
        report.fault(pattern.mark, "`pattern` names files below `folder`");
    }
    let format = one_of(fields, "format", &SOURCE_FORMATS, report);
    let credentials =
        fields.get("credentials").map_or_else(BTreeMap::new, |node| read_credentials(node, report));
    let storage = fields.get("storage").map_or_else(BTreeMap::new, |node| read_storage(node, report));
    let control_suffix = fields.text("control_suffix", report).and_then(|text| read_suffix(text, report));
    if let Some(pattern) = &pattern
        && let Some(fault) = fault_of_pattern(pattern.value, format, control_suffix.as_deref())
    {
        report.fault(pattern.mark, fault);
    }
    let is_local = fault.is_none() && folder.as_ref().is_some_and(|folder| !is_bucket(folder.value));
    if !(credentials.is_empty() && storage.is_empty()) && is_local {
        report.fault(fields.mark(), "`storage` and `credentials` are for object storage: `folder` is none");
    }
    let control_wait = seconds(fields, "control_wait_seconds", 1, report);
    if control_wait.is_some() && fields.get("control_suffix").is_none() {
        report.fault(
            fields.mark(),
            "`control_wait_seconds` is for files with control totals: state `control_suffix`",
        );
    }
    Some(FilesSource {
        folder: folder?.value.to_owned(),
        pattern: pattern.map_or_else(|| "*".to_owned(), |pattern| pattern.value.to_owned()),
        format,
        encoding: fields.text("encoding", report).and_then(|text| read_encoding(text, report)),
        sheet: fields.text("sheet", report).map(|text| text.value.to_owned()),
        settle_seconds: seconds(fields, "settle_seconds", 0, report).unwrap_or(SETTLE_SECONDS),
        columns: fields.get("columns").map_or_else(BTreeMap::new, |node| read_names(node, report)),
        control_suffix,
        control_wait_seconds: control_wait.unwrap_or(CONTROL_WAIT_SECONDS),
        storage,
        credentials,
    })
}

/// Reads which columns files call otherwise.
fn read_names(node: Node<'_>, report: &mut Report) -> BTreeMap<ColumnName, String> {
    let Value::Map(pairs) = node.value() else {
        report.fault(
            node.mark(),
            "`columns` must be a mapping of columns of the contract to what files call them",
        );
        return BTreeMap::new();
    };
    let mut found: BTreeMap<ColumnName, String> = BTreeMap::new();
    for (name, value) in pairs {
        let name = text(name, "a column", report);
        let name = name.and_then(|name| parse::<ColumnName>(name, "a column", report));
        let called = text(value, "what files call a column", report);
        let (Some(name), Some(called)) = (name, called) else { continue };
        if found.values().any(|other| other == called.value) {
            report.fault(called.mark, "two columns of the contract are called the same in files");
        }
        found.insert(name.value, called.value.to_owned());
    }
    found
}

fn read_suffix(suffix: At<&str>, report: &mut Report) -> Option<String> {
    let fits = suffix.value.starts_with('.') && !suffix.value.contains('/');
    if !fits {
        report.fault(
            suffix.mark,
            "`control_suffix` is what the name of a file is followed by: `.control.json`",
        );
    }
    fits.then(|| suffix.value.to_owned())
}

/// Reads the name of an encoding, by the labels of the WHATWG Encoding Standard.
fn read_encoding(label: At<&str>, report: &mut Report) -> Option<String> {
    let known = encoding_rs::Encoding::for_label_no_replacement(label.value.as_bytes());
    if known.is_none() {
        let hint = did_you_mean(label.value, ENCODINGS);
        report.fault(
            label.mark,
            format!(
                "`encoding` is a label of the WHATWG Encoding Standard: {}, ...{hint}",
                ENCODINGS.join(", ")
            ),
        );
    }
    known.map(|_| label.value.to_owned())
}

/// Says why no file of a pattern would ever be taken in.
fn fault_of_pattern(pattern: &str, format: Option<&str>, control: Option<&str>) -> Option<String> {
    let mut parts = pattern.split('/');
    // What leads out of the folder is told of already.
    if parts.clone().any(|part| part == "..") || pattern.starts_with('/') {
        return None;
    }
    if parts.clone().any(|part| part.starts_with('.') || part.starts_with('_')) {
        return Some("`pattern` names only what is never read: names that begin with `.` or `_`".to_owned());
    }
    if parts.clone().any(str::is_empty) {
        return Some("`pattern` has an empty name between or after its `/`: no file is called so".to_owned());
    }
    let name = parts.next_back().unwrap_or_default();
    if name == "**" {
        return Some("`pattern` ends in folders: write `**/*` for what is in them".to_owned());
    }
    if control.is_some_and(|suffix| name.ends_with(suffix)) {
        return Some(
            "`pattern` names only files of `control_suffix`, which are not taken in themselves".to_owned(),
        );
    }
    // What stands behind the last point, unless it could be anything.
    let mut ending = name.rsplit_once('.').map(|(_, ending)| ending)?;
    if SOURCE_PACKINGS.contains(&ending) {
        ending = name.rsplit('.').nth(1)?;
    }
    let is_open =
        ending.contains(['*', '?']) || SOURCE_ENDINGS.contains(&ending.to_ascii_lowercase().as_str());
    (format.is_none() && !is_open).then(|| {
        format!(
            "`pattern` names files whose ending says no form: state `format`, one of {}",
            SOURCE_FORMATS.join(", ")
        )
    })
}

fn is_bucket(folder: &str) -> bool {
    folder.starts_with("s3://") || folder.starts_with("s3a://")
}

fn fault_of_folder(folder: &str) -> Option<&'static str> {
    let (scheme, rest) = folder.split_once("://")?;
    if !is_bucket(folder) && scheme != "file" {
        return Some("`folder` is a path, `file:///...` or `s3://bucket/prefix`");
    }
    // PRIVACY: what stands before the `@` of a URL is a credential.
    rest.contains('@').then_some("`folder` has a credential in it: name where it is found in `credentials`")
}

/// Parts of settings that hold secrets.
const SECRETS: [&str; 4] = ["key", "secret", "token", "password"];

/// Reads settings that are no secret; one that is belongs to `credentials`, and is not repeated.
fn read_storage(node: Node<'_>, report: &mut Report) -> BTreeMap<String, String> {
    let Value::Map(pairs) = node.value() else {
        report.fault(node.mark(), "`storage` must be a mapping of settings of the storage");
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for (name, value) in pairs {
        let Some(name) = text(name, "a setting of the storage", report) else { continue };
        let setting = name.value.to_ascii_lowercase();
        if SECRETS.iter().any(|secret| setting.contains(secret)) {
            let shown = shown(name.value);
            report.fault(name.mark, format!("{shown} is a secret: name where it is found in `credentials`"));
        } else if let Some(value) = text(value, "a setting of the storage", report) {
            found.insert(setting, value.value.to_owned());
        }
    }
    found
}

fn read_credentials(node: Node<'_>, report: &mut Report) -> BTreeMap<String, Secret> {
    let Value::Map(pairs) = node.value() else {
        report.fault(node.mark(), "`credentials` must be a mapping of settings of the storage");
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for (name, value) in pairs {
        let Some(name) = text(name, "a setting of the storage", report) else { continue };
        if let Some(secret) = read_secret(value, &shown(name.value), report) {
            found.insert(name.value.to_ascii_lowercase(), secret);
        }
    }
    found
}

/// Reads where something is found: `{ env: NAME }` or `{ file: PATH }`. What is secret itself is refused, and not repeated.
fn read_secret(node: Node<'_>, what: &str, report: &mut Report) -> Option<Secret> {
    const FORM: &str = "says where it is found: `{ env: NAME }` or `{ file: PATH }`, never the secret itself";
    if !matches!(node.value(), Value::Map(_)) {
        report.fault(node.mark(), format!("{what} {FORM}"));
        return None;
    }
    let fields = Fields::read(node, what, &["env", "file"], report)?;
    match (fields.text("env", report), fields.text("file", report)) {
        (Some(At { value, mark }), None) => {
            if !is_variable(value) {
                report.fault(mark, format!("{what}: `env` is the name of a variable of the environment"));
                return None;
            }
            Some(Secret::Env(value.to_owned()))
        }
        (None, Some(file)) => Some(Secret::File(PathBuf::from(file.value))),
        _ => {
            report.fault(node.mark(), format!("{what} {FORM}"));
            None
        }
    }
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests;
