use membrane_model::Action;

use super::*;
use crate::fixture::{Hub, noon};

const POLICIES: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource)
when { ["marketing", "service"].contains(context.purpose) };
@id("token") permit (principal is Analyst, action == Action::"readToken", resource in Class::"pii")
when { context.purpose == "marketing" };
@id("part") @partial("partial(3,4)")
permit (principal is Analyst, action == Action::"readPartial", resource in Class::"pii.phone")
when { principal.clearance >= 2 && context.purpose == "marketing" };
@id("desk") @partial("partial(0,4)")
permit (principal is Analyst in Group::"marketing", action == Action::"readPartial", resource in Class::"pii.phone")
when { context.purpose == "service" };
@id("floor") forbid (principal, action == Action::"readClear", resource in Class::"pii");
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource);
"#;

fn explain(hub: &Hub, who: &str, purpose: &str, column: &str) -> Explanation {
    explain_behind(hub, who, purpose, column, &[])
}

fn explain_behind(hub: &Hub, who: &str, purpose: &str, column: &str, broken: &[BrokenGlass]) -> Explanation {
    let (principal, purpose, dataset, column) =
        (who.parse().unwrap(), purpose.parse().unwrap(), "members".parse().unwrap(), column.parse().unwrap());
    let question = Question {
        principal: &principal,
        on_behalf_of: None,
        action: Action::Read,
        purpose: &purpose,
        dataset: &dataset,
        column: &column,
        now: noon(),
        broken,
    };
    hub.policies.explain(&hub.catalog, &question).unwrap()
}

fn changes(explanation: &Explanation) -> Vec<String> {
    let words =
        |change: &Change| format!("{}: {} by {}", change.what, change.shown, change.factors.join(", "));
    explanation.changes.iter().map(words).collect()
}

#[test]
fn a_level_is_explained_with_what_would_show_more() {
    let hub = Hub::new(POLICIES);
    let found = explain(&hub, "analyst:ana", "marketing", "phone");
    assert_eq!(found.shown.map(|shown| shown.to_string()).as_deref(), Some("token"));
    assert_eq!(found.factors, ["token"]);
    let asked: Vec<String> = found
        .asked
        .iter()
        .map(|asked| format!("{} {} {}", asked.action, asked.answer, asked.factors.join(" ")))
        .collect();
    assert_eq!(
        asked,
        [
            "read permitted read",
            "readClear forbidden by policy floor",
            "readPartial no policy permits it ",
            "readGeneralised no policy permits it ",
            "readToken permitted token",
            "readNull no policy permits it ",
        ]
    );
    assert_eq!(
        changes(&found),
        ["for the purpose service: partial(0,4) by desk", "with clearance 2: partial(3,4) by part",]
    );
}

#[test]
fn what_nobody_may_see_has_no_change() {
    let hub = Hub::new(POLICIES);
    let found = explain(&hub, "analyst:ana", "service", "name");
    assert_eq!((found.shown, found.factors.as_slice()), (None, ["floor".to_owned()].as_slice()));
    assert_eq!(changes(&found), ["for the purpose marketing: null by token"]);
    let found = explain(&hub, "operator:omar", "marketing", "phone");
    assert_eq!((found.shown, changes(&found)), (None, Vec::new()));
}

#[test]
fn two_things_are_tried_where_one_does_not_help() {
    let hub = Hub::new(
        r#"
@id("read") permit (principal is Analyst in Group::"other", action == Action::"read", resource)
when { context.purpose == "service" };
@id("clear") permit (principal is Analyst, action == Action::"readClear", resource);
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource);
"#,
    );
    let found = explain(&hub, "analyst:ana", "marketing", "region");
    assert_eq!(
        (found.shown, changes(&found)),
        (None, vec!["in the group other, for the purpose service: clear by clear".to_owned()])
    );
}

#[test]
fn a_group_and_clearance_are_tried_together_where_neither_helps() {
    let hub = Hub::new(
        r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource);
@id("token") permit (principal is Analyst, action == Action::"readToken", resource in Class::"pii.phone");
@id("part") @partial("partial(3,4)")
permit (principal is Analyst in Group::"other", action == Action::"readPartial", resource in Class::"pii.phone")
when { principal.clearance >= 3 };
@id("desk") @partial("partial(0,4)")
permit (principal is Analyst, action == Action::"readPartial", resource in Class::"pii.phone")
when { context.purpose == "service" };
"#,
    );
    let found = explain(&hub, "analyst:ana", "marketing", "phone");
    assert_eq!(
        changes(&found),
        [
            "for the purpose service: partial(0,4) by desk",
            "in the group other with clearance 3: partial(3,4) by part",
        ]
    );
}

/// A column that is kept as less than what is permitted: which level, by which policy, and what stands against it.
#[test]
fn what_the_stored_form_cannot_give_is_noted() {
    let hub = Hub::new(
        r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource);
@id("token") permit (principal is Analyst, action == Action::"readToken", resource in Class::"pii");
@id("month") @generalise("month")
permit (principal is Analyst, action == Action::"readGeneralised", resource in Class::"pii.phone");
@id("clear") permit (principal is Analyst, action == Action::"readClear", resource in Class::"business");
@id("device") permit (principal is Analyst, action == Action::"readClear", resource == Column::"members.device");
"#,
    );
    let check = |column: &str, shown: Option<&str>, notes: &[&str]| {
        let found = explain(&hub, "analyst:ana", "marketing", column);
        assert_eq!(found.shown.map(|shown| shown.to_string()).as_deref(), shown, "{column}");
        assert_eq!(found.notes, notes, "{column}");
    };
    check(
        "name",
        Some("null"),
        &[
            "readToken is permitted by token, but the column is kept sealed without a token (`sealed`): it shows as NULL",
        ],
    );
    check(
        "note",
        None,
        &["readClear is permitted by clear, but the column is not kept (`drop`): it is hidden"],
    );
    check(
        "device",
        Some("token"),
        &[
            "readClear is permitted by device, but the column is kept as less than that (`token`): it shows as token",
        ],
    );
    check(
        "phone",
        Some("token"),
        &[
            "readGeneralised is permitted by month, but the column is of the type string, and `month` is for dates: it \
           shows as token",
        ],
    );
    check("points", Some("clear"), &[]);
    check("region", None, &[]);
    assert!(explain(&hub, "operator:omar", "marketing", "name").notes.is_empty());
}

const GLASS: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource);
@id("token") permit (principal is Analyst, action == Action::"readToken", resource in Class::"pii");
@id("ask") permit (principal is Analyst, action == Action::"requestBreakGlass", resource in Class::"pii.phone")
when { context.purpose == "service" };
@id("see") permit (principal is Analyst, action == Action::"readClear", resource in Class::"pii")
when { context has breakGlass && context.breakGlass.contains(resource) };
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource);
"#;

#[test]
fn glass_that_is_broken_and_could_be_is_told() {
    let hub = Hub::new(GLASS);
    let asking =
        "for some hours with break-glass, once they ask for it and another agrees: clear by see, ask";
    let found = explain(&hub, "analyst:ana", "service", "phone");
    assert!(found.behind_glass);
    assert_eq!(changes(&found), [asking]);
    // Who may not ask for it is told of no grant that could be had.
    let found = explain(&hub, "analyst:ana", "marketing", "phone");
    assert!(
        found.behind_glass && !changes(&found).iter().any(|change| change.contains("break-glass")),
        "{found:?}"
    );
    let broken =
        BrokenGlass { grant: 3, columns: vec![("members".parse().unwrap(), "phone".parse().unwrap())] };
    let found = explain_behind(&hub, "analyst:ana", "service", "phone", &[broken]);
    assert_eq!(found.shown.map(|shown| shown.to_string()).as_deref(), Some("clear"));
    assert_eq!(found.factors, ["see"]);
    assert!(found.behind_glass && found.changes.is_empty(), "{found:?}");
    assert!(!explain(&Hub::new(POLICIES), "analyst:ana", "service", "phone").behind_glass);
}
