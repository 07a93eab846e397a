//! Writes a contract: the Open Data Contract Standard v3 as people write it, with the reasons as comments.

use std::fmt::Write as _;

use membrane_catalog::OnTruncated;
use membrane_model::LogicalType;

use super::draft::Draft;
use super::head::Head;

/// The width at which comments are cut into lines.
const WIDTH: usize = 110;

/// What a contract says of the table as a whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) version: String,
    pub(crate) subject: Option<String>,
    pub(crate) event_time: Option<String>,
    pub(crate) privacy: Option<(u32, u32)>,
    pub(crate) on_truncated: OnTruncated,
    /// What stands at the top, one line each.
    pub(crate) remarks: Vec<String>,
}

/// Writes a contract.
pub(crate) fn write(head: &Head, table: &Table, columns: &[Draft]) -> String {
    let mut text = String::new();
    comment(&mut text, 0, &table.remarks);
    let mut line = |text_line: String| {
        text.push_str(&text_line);
        text.push('\n');
    };
    line("apiVersion: v3.0.2".to_owned());
    line("kind: DataContract".to_owned());
    line(format!("id: {}", quoted(&head.id)));
    line(format!("name: {}", quoted(&head.name)));
    line(format!("version: {}", table.version));
    line(format!("status: {}", quoted(&head.status)));
    if let Some(owner) = &head.owner {
        line("team:".to_owned());
        line(format!("  - username: {}", quoted(owner)));
        line("    role: owner".to_owned());
    }
    line("schema:".to_owned());
    line(format!("  - name: {}", quoted(&table.name)));
    line("    physicalType: table".to_owned());
    if !table.description.is_empty() {
        line(format!("    description: {}", quoted(&table.description)));
    }
    let mut settings: Vec<(&str, String)> = Vec::new();
    settings.extend(table.subject.iter().map(|name| ("membrane.subject", quoted(name))));
    settings.extend(table.event_time.iter().map(|name| ("membrane.eventTime", quoted(name))));
    if table.on_truncated != OnTruncated::default() {
        settings.push(("membrane.onTruncated", table.on_truncated.as_str().to_owned()));
    }
    if let Some((groups, rows)) = table.privacy {
        settings.push(("membrane.privacy.groupsMax", groups.to_string()));
        settings.push(("membrane.privacy.rowsMax", rows.to_string()));
    }
    if !settings.is_empty() {
        custom(&mut text, 4, &settings);
    }
    text.push_str("    properties:\n");
    for column in columns {
        property(&mut text, column);
    }
    text
}

fn property(text: &mut String, draft: &Draft) {
    let mut remarks = Vec::new();
    if !draft.evidence.is_empty() {
        remarks.push(format!("{}: {}", draft.sureness.as_str(), draft.evidence.join("; ")));
    }
    remarks.extend(draft.remarks.iter().cloned());
    comment(text, 6, &remarks);
    let _ = writeln!(text, "      - name: {}", quoted(draft.name.as_str()));
    let mut line = |text_line: String| {
        text.push_str("        ");
        text.push_str(&text_line);
        text.push('\n');
    };
    let (logical, physical) = types(draft.logical_type);
    if !draft.description.is_empty() {
        line(format!("description: {}", quoted(&draft.description)));
    }
    line(format!("logicalType: {logical}"));
    if let Some(physical) = physical {
        line(format!("physicalType: {physical}"));
    }
    let options = options(draft);
    if !options.is_empty() {
        line(format!("logicalTypeOptions: {{ {} }}", options.join(", ")));
    }
    if draft.required {
        line("required: true".to_owned());
    }
    if draft.unique {
        line("unique: true".to_owned());
    }
    if let Some(place) = draft.key {
        line("primaryKey: true".to_owned());
        line(format!("primaryKeyPosition: {place}"));
    }
    line(format!("classification: {}", draft.class));
    custom(text, 8, &settings(draft));
}

fn types(logical: LogicalType) -> (&'static str, Option<String>) {
    match logical {
        LogicalType::String => ("string", None),
        LogicalType::Integer => ("integer", None),
        LogicalType::Number => ("number", None),
        LogicalType::Decimal { precision, scale } => {
            ("number", Some(format!("decimal({precision},{scale})")))
        }
        LogicalType::Boolean => ("boolean", None),
        LogicalType::Date => ("date", None),
        LogicalType::Timestamp => ("date", Some("timestamp".to_owned())),
    }
}

fn options(draft: &Draft) -> Vec<String> {
    let mut options = Vec::new();
    options.extend(draft.minimum.map(|minimum| format!("minimum: {minimum}")));
    options.extend(draft.above_minimum.then(|| "exclusiveMinimum: true".to_owned()));
    options.extend(draft.maximum.map(|maximum| format!("maximum: {maximum}")));
    options.extend(draft.below_maximum.then(|| "exclusiveMaximum: true".to_owned()));
    options.extend(draft.multiple_of.map(|multiple| format!("multipleOf: {multiple}")));
    options.extend(draft.length_min.map(|length| format!("minLength: {length}")));
    options.extend(draft.length_max.map(|length| format!("maxLength: {length}")));
    options.extend(draft.pattern.as_ref().map(|pattern| format!("pattern: {}", always_quoted(pattern))));
    options
}

fn settings(draft: &Draft) -> Vec<(&'static str, String)> {
    let mut settings = vec![("membrane.protection", draft.protection.to_string())];
    settings.extend(draft.identity.iter().map(|kind| ("membrane.identity", quoted(kind))));
    settings.extend(draft.standard.map(|standard| ("membrane.standard", standard.to_string())));
    settings.extend(draft.keeps_original.then(|| ("membrane.original", "sealed".to_owned())));
    settings.extend(draft.from.as_ref().map(|from| {
        ("membrane.from", format!("{{ column: {}, part: {} }}", quoted(from.column.as_str()), from.part))
    }));
    settings.extend(draft.check.map(|check| ("membrane.check", check.to_string())));
    settings.extend(draft.waiver.iter().map(|waiver| ("membrane.notPersonal", always_quoted(waiver))));
    if let Some(values) = &draft.enumeration {
        let value = |value: &String| match draft.logical_type {
            LogicalType::Integer | LogicalType::Boolean => value.clone(),
            _ => always_quoted(value),
        };
        let values: Vec<String> = values.iter().map(value).collect();
        settings.push(("membrane.enumeration", format!("[{}]", values.join(", "))));
    }
    if draft.public_keys {
        settings.push(("membrane.privacy.publicKeys", "true".to_owned()));
    }
    settings.extend(
        draft.bounds.map(|(lower, upper)| ("membrane.privacy.bounds", format!("[{lower}, {upper}]"))),
    );
    if !draft.consents.is_empty() {
        let purposes: Vec<String> = draft.consents.iter().map(|purpose| quoted(purpose)).collect();
        settings.push(("membrane.consentFor", format!("[{}]", purposes.join(", "))));
    }
    settings.extend(draft.attribute.iter().map(|name| ("membrane.attribute", quoted(name))));
    settings
}

fn custom(text: &mut String, indent: usize, settings: &[(&str, String)]) {
    let pad = " ".repeat(indent);
    let _ = writeln!(text, "{pad}customProperties:");
    for (property, value) in settings {
        let _ = writeln!(text, "{pad}  - {{ property: {property}, value: {value} }}");
    }
}

/// Writes remarks as comments, cut into lines.
fn comment(text: &mut String, indent: usize, remarks: &[String]) {
    let pad = " ".repeat(indent);
    for remark in remarks {
        let mut line = String::new();
        for word in remark.split_whitespace() {
            if !line.is_empty() && line.chars().count() + word.chars().count() >= WIDTH - indent {
                let _ = writeln!(text, "{pad}# {line}");
                line = String::from("  ");
            }
            if !line.trim().is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        let _ = writeln!(text, "{pad}# {}", line.trim_end());
    }
}

/// Words that YAML, or a reader of its older editions, takes for something else than text.
const TAKEN: [&str; 12] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "none"];

/// Writes a text, in quotes where YAML would read it as something else.
fn quoted(text: &str) -> String {
    let plain = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|letter| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '_' | '.')
        })
        && !TAKEN.contains(&text);
    if plain { text.to_owned() } else { always_quoted(text) }
}

/// Writes a text in quotes: what JSON writes is YAML.
fn always_quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
