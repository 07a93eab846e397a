use super::*;
use crate::fixture::{Hub, noon};

const OLD: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource == Dataset::"members");
@id("clear") permit (principal is Analyst, action == Action::"readClear", resource in Class::"geo");
@id("part") @partial("partial(3,4)")
permit (principal is Analyst, action == Action::"readPartial", resource in Class::"pii.phone");
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource);
"#;

fn used(column: &str, runs: u64) -> ColumnUse {
    ColumnUse {
        principal: "analyst:ana".parse().unwrap(),
        action: Action::Read,
        purpose: Some("marketing".parse().unwrap()),
        dataset: "members".parse().unwrap(),
        column: column.parse().unwrap(),
        runs,
        latest: noon(),
    }
}

/// Lines as `column: before -> after, runs`.
fn replayed(new: &str, uses: &[ColumnUse]) -> Vec<String> {
    let (old, new) = (Hub::new(OLD), Hub::new(new));
    let found = new.policies.replay(&new.catalog, (&old.policies, &old.catalog), uses, noon());
    let line = |one: &Replayed| {
        let what = one.column.as_ref().map_or("rows".to_owned(), ToString::to_string);
        format!("{what}: {} -> {}, {}", one.before, one.after, one.runs)
    };
    found.iter().map(line).collect()
}

#[test]
fn what_was_read_and_is_shown_otherwise_is_told() {
    let uses = [used("phone", 12), used("region", 3)];
    assert_eq!(replayed(OLD, &uses), Vec::<String>::new());
    let less = OLD.replace("(3,4)", "(1,0)");
    assert_eq!(replayed(&less, &uses), ["phone: partial(3,4) -> partial(1,0), 12"]);
    // Nobody read the phone.
    assert_eq!(replayed(&less, &uses[1..]), Vec::<String>::new());
    let rows = OLD.replace(
        "readRow\", resource);",
        "readRow\", resource is Row::members) when { resource.region == \"SH\" };",
    );
    assert_eq!(replayed(&rows, &uses), ["rows: all -> where (region = `SH` and region is there), 12"]);
    let none = OLD.replace("action == Action::\"read\"", "action == Action::\"ingest\"").replace(
        "principal is Analyst, action == Action::\"ingest\"",
        "principal is Service, action == Action::\"ingest\"",
    );
    assert_eq!(
        replayed(&none, &uses),
        ["phone: partial(3,4) -> refused, 12", "region: clear -> refused, 3", "rows: all -> refused, 12"]
    );
}
