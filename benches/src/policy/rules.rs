//! The rules that the bench of policy decides by: made in code, the same each time.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The data set of 200 columns.
pub(super) const WIDE: &str = "members";
const DATASETS: [(&str, usize); 4] = [(WIDE, 200), ("visits", 30), ("orders", 20), ("stores", 10)];
const POLICIES: usize = 500;
const GROUPS: usize = 10;
/// Class, type and protection of columns, in turn.
const COLUMNS: [(&str, &str, &str); 10] = [
    ("pii.phone", "string", "sealed+token"),
    ("pii.email", "string", "sealed+token"),
    ("pii.name", "string", "sealed"),
    ("demographic", "string", "clear"),
    ("geo", "string", "clear"),
    ("behaviour", "integer", "clear"),
    ("transaction", "integer", "clear"),
    ("business", "string", "clear"),
    ("pii.device", "string", "token"),
    ("pii.birth_date", "date", "sealed"),
];
const OPEN: [&str; 5] = ["demographic", "geo", "behaviour", "transaction", "business"];
const PERSONAL: [&str; 6] = ["phone", "email", "name", "device", "birth_date", "identifier"];
const PURPOSES: [&str; 3] = ["marketing", "service", "reporting"];
const SCHEMA: &str = include_str!("../../../policies/membrane.cedarschema");

/// What holds whatever the others say; the claims are about it, and an analyst sees the wide data set by it.
const FLOOR: &str = r#"
@id("floor.clear") forbid (principal, action == Action::"readClear", resource in Class::"pii")
unless { context has breakGlass && context.breakGlass.contains(resource) };
@id("floor.partners") forbid (principal is Partner, action in [Action::"readClear", Action::"readPartial",
  Action::"readGeneralised"], resource in Class::"pii");
@id("floor.rows") forbid (principal is Partner, action == Action::"readRow", resource is Row::members);
@id("analysts.read") permit (principal is Analyst in Group::"analysts", action == Action::"read", resource);
@id("analysts.hidden") permit (principal is Analyst, action == Action::"readNull", resource);
@id("analysts.rows") permit (principal is Analyst, action == Action::"readRow", resource is Row::members)
when { context.purpose == "marketing" && resource has c014 && principal.regions.contains(resource.c014) };
@id("desk") permit (principal is Analyst in Group::"g1", action == Action::"lookUp", resource);
@id("audit") permit (principal is Compliance, action == Action::"audit", resource);
@id("operators") permit (principal is Operator, action in [Action::"ingest", Action::"administer"], resource in Hub::"hub");
"#;

const CLAIMS: [(&str, &str); 5] = [
    (
        "identifiers-never-clear",
        r#"forbid (principal, action == Action::"readClear", resource in Class::"pii")
unless { context has breakGlass && context.breakGlass.contains(resource) };"#,
    ),
    (
        "partners-no-personal-data",
        r#"forbid (principal is Partner, action in [Action::"readClear", Action::"readPartial",
  Action::"readGeneralised"], resource in Class::"pii");"#,
    ),
    (
        "partners-no-members",
        r#"forbid (principal is Partner, action == Action::"readRow", resource is Row::members);"#,
    ),
    (
        "operators-no-data",
        r#"forbid (principal is Operator, action in [Action::"read", Action::"readClear", Action::"readPartial",
  Action::"readGeneralised", Action::"readToken", Action::"readNull", Action::"readRow"], resource);"#,
    ),
    (
        "the-desk-looks-up",
        r#"forbid (principal, action == Action::"lookUp", resource) unless { principal in Group::"g1" };"#,
    ),
];

/// Writes the folders `catalog` and `policies`.
pub(super) fn write(dir: &Path) -> Result<()> {
    for (name, text) in catalog().into_iter().chain(policies()) {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().context("a file stands in a folder")?)?;
        fs::write(path, text)?;
    }
    Ok(())
}

fn catalog() -> Vec<(String, String)> {
    let list = |key: &str, names: &[String]| {
        let entries: String =
            names.iter().map(|name| format!("  - {{ name: {name}, description: x }}\n")).collect();
        format!("{key}:\n{entries}")
    };
    let mut classes: Vec<String> = OPEN.iter().map(|name| (*name).to_owned()).collect();
    classes.push("pii".to_owned());
    classes.extend(PERSONAL.iter().map(|name| format!("pii.{name}")));
    let purposes: Vec<String> = PURPOSES.iter().map(|name| (*name).to_owned()).collect();
    let mut files = vec![
        ("catalog/classes.yaml".to_owned(), list("classes", &classes)),
        ("catalog/purposes.yaml".to_owned(), list("purposes", &purposes)),
    ];
    let contracts = DATASETS
        .iter()
        .map(|(name, columns)| (format!("catalog/contracts/{name}.yaml"), contract(name, *columns)));
    files.extend(contracts);
    files
}

fn contract(name: &str, columns: usize) -> String {
    let mut text = format!(
        "apiVersion: v3.0.2\nkind: DataContract\nid: {name}\nname: {name}\nversion: 1.0.0\nstatus: active\n\
         schema:\n  - name: {name}\n    physicalType: table\n    customProperties:\n      \
         - {{ property: membrane.subject, value: c000 }}\n    properties:\n"
    );
    for number in 0..columns {
        let (class, kind, protection) = match COLUMNS.get(number % COLUMNS.len()) {
            Some(column) if number > 0 => *column,
            _ => ("pii.identifier", "string", "sealed+token"),
        };
        let subject =
            if number == 0 { "          - { property: membrane.identity, value: c000 }\n" } else { "" };
        let required = if number == 0 { "        required: true\n" } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "      - name: c{number:03}\n        logicalType: {kind}\n        physicalType: any\n        \
             classification: {class}\n{required}        customProperties:\n          \
             - {{ property: membrane.protection, value: \"{protection}\" }}\n{subject}"
        );
    }
    text
}

fn policies() -> Vec<(String, String)> {
    let floor = FLOOR.matches("@id(").count();
    let made: String = (0..POLICIES - floor).map(policy).collect();
    let mut files = vec![
        ("policies/membrane.cedarschema".to_owned(), SCHEMA.to_owned()),
        ("policies/floor.cedar".to_owned(), FLOOR.to_owned()),
        ("policies/made.cedar".to_owned(), made),
        ("policies/principals.json".to_owned(), people()),
    ];
    files.extend(CLAIMS.iter().map(|(name, forbids)| {
        let text = format!("// Claim {name}.\npermit (principal, action, resource);\n{forbids}\n");
        (format!("policies/claims/{name}.cedar"), text)
    }));
    files
}

fn people() -> String {
    let mut people = vec![
        r#"{"uid":{"type":"Group","id":"analysts"},"attrs":{},"parents":[]}"#.to_owned(),
        r#"{"uid":{"type":"Group","id":"brands"},"attrs":{},"parents":[]}"#.to_owned(),
    ];
    people.extend((0..GROUPS).map(|group| {
        format!(
            r#"{{"uid":{{"type":"Group","id":"g{group}"}},"attrs":{{}},"parents":[{{"type":"Group","id":"analysts"}}]}}"#
        )
    }));
    people.extend((0..14).map(|number| {
        format!(
            r#"{{"uid":{{"type":"Analyst","id":"a{number}"}},"attrs":{{"regions":["SH","R{number}"],"clearance":{}}},"parents":[{{"type":"Group","id":"g{}"}}]}}"#,
            number % 3,
            number % GROUPS
        )
    }));
    let others = [
        ("Partner", "p0", true),
        ("Partner", "p1", true),
        ("Compliance", "c0", false),
        ("Operator", "o0", false),
        ("Operator", "o1", false),
        ("Service", "s0", false),
    ];
    people.extend(others.map(|(kind, name, brand)| {
        let parents = if brand { r#"{"type":"Group","id":"brands"}"# } else { "" };
        format!(r#"{{"uid":{{"type":"{kind}","id":"{name}"}},"attrs":{{}},"parents":[{parents}]}}"#)
    }));
    format!("[\n{}\n]\n", people.join(",\n"))
}

/// One policy: of twelve kinds in turn.
fn policy(number: usize) -> String {
    let id = format!("@id(\"made.{number:03}\")");
    let group = format!("Group::\"g{}\"", number / 7 % GROUPS);
    let purpose = pick(&PURPOSES, number);
    let (open, personal) = (pick(&OPEN, number / 3), pick(&PERSONAL, number / 5));
    let column = format!("Column::\"members.c{:03}\"", number * 7 % 200);
    let (dataset, _) = DATASETS.get(number / 2 % DATASETS.len()).copied().unwrap_or((WIDE, 0));
    let (month, day) = (number % 11 + 1, number % 27 + 1);
    let analyst = |effect: &str, action: &str, resource: &str, when: &str| {
        format!(
            "{id} {effect} (principal is Analyst in {group}, action == Action::\"{action}\", {resource})\n\
             when {{ {when} }};\n"
        )
    };
    let for_purpose = format!("context.purpose == \"{purpose}\"");
    match number % 12 {
        0 => analyst("permit", "readClear", &format!("resource in Class::\"{open}\""), &for_purpose),
        1 => format!(
            "@partial(\"partial(3,4)\") {}",
            analyst("permit", "readPartial", &format!("resource in Class::\"pii.{personal}\""), &for_purpose)
        ),
        2 => analyst("permit", "read", &format!("resource == Dataset::\"{dataset}\""), &for_purpose),
        3 => analyst("permit", "readClear", &format!("resource == {column}"), &for_purpose),
        4 => analyst("permit", "readToken", &format!("resource == {column}"), &for_purpose),
        5 => analyst("forbid", "readClear", &format!("resource == {column}"), "principal.clearance < 1"),
        6 => analyst(
            "permit",
            "readClear",
            &format!("resource in Class::\"{open}\""),
            &format!(
                "context.time >= datetime(\"2026-{month:02}-{day:02}\") && \
                 context.time < datetime(\"2027-{month:02}-{day:02}T18:00:00Z\")"
            ),
        ),
        7 => analyst(
            "permit",
            "readRow",
            &format!("resource is Row::{dataset}"),
            &format!("{for_purpose} && resource has c004 && resource.c004 == \"R{number}\""),
        ),
        8 => analyst(
            "forbid",
            "readRow",
            &format!("resource is Row::{dataset}"),
            &format!(
                "context.time > datetime(\"2029-{month:02}-{day:02}\") && resource has c005 && \
                 resource.c005 > {number}"
            ),
        ),
        9 => analyst(
            "permit",
            "readClear",
            &format!("resource in Class::\"pii.{personal}\""),
            "context has breakGlass && context.breakGlass.contains(resource) && principal.clearance >= 2",
        ),
        10 => format!(
            "{id} permit (principal is Partner in Group::\"brands\", action == Action::\"release\", \
             resource in Dataset::\"{dataset}\")\nwhen {{ {for_purpose} }};\n"
        ),
        _ => analyst(
            "permit",
            "readToken",
            &format!("resource in Class::\"pii.{personal}\""),
            &format!("{for_purpose} && resource in Dataset::\"{dataset}\""),
        ),
    }
}

fn pick<'a>(among: &[&'a str], number: usize) -> &'a str {
    among.get(number % among.len()).copied().unwrap_or_default()
}
