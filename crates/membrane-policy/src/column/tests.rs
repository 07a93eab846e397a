use membrane_model::{Action, Shown, TokenForm};

use crate::fixture::Hub;

/// Ana may use `members`; the rest is each test's.
const READ: &str = r#"
@id("read")
permit (principal is Analyst, action == Action::"read", resource);
"#;

/// Loads policies and compares `column level parameter by factors` of what Ana gets of `members`.
fn check(policies: &str, expected: &[&str]) {
    let hub = Hub::new(&format!("{READ}{policies}"));
    let granted = hub.ask("analyst:ana", Action::Read, "marketing", "members");
    let columns = granted.map(|granted| granted.columns).unwrap_or_default();
    let shown: Vec<String> = columns
        .iter()
        .map(|column| {
            let parameter = match column.shown {
                Shown::Partial(mask) => format!(" {mask}"),
                Shown::Generalised(how) => format!(" {how}"),
                Shown::Token(TokenForm::Ff1) => " ff1".to_owned(),
                Shown::Clear | Shown::Token(_) | Shown::Null => String::new(),
            };
            format!("{} {}{parameter} by {}", column.column, column.level(), column.factors.join(","))
        })
        .collect();
    assert_eq!(shown, expected);
}

#[test]
fn nothing_permitted_is_no_column() {
    check("", &[]);
    check(
        r#"@id("one") permit (principal, action == Action::"readNull", resource == Column::"members.name");"#,
        &["name null by one"],
    );
}

#[test]
fn the_highest_permitted_level_is_shown() {
    check(
        r#"
@id("null") permit (principal, action == Action::"readNull", resource in Class::"pii.phone");
@id("token") permit (principal, action == Action::"readToken", resource)
when { resource in [Class::"pii.phone", Class::"pii.identifier"] };
@id("part") @partial("partial(3,4)")
permit (principal, action == Action::"readPartial", resource in Class::"pii.phone");
"#,
        &["member_no token by token", "phone partial partial(3,4) by part", "device token by token"],
    );
}

#[test]
fn a_forbid_wins_at_its_level_only() {
    check(
        r#"
@id("clear") permit (principal, action == Action::"readClear", resource in Class::"pii.phone");
@id("token") permit (principal, action == Action::"readToken", resource in Class::"pii.phone");
@id("floor") forbid (principal, action == Action::"readClear", resource in Class::"pii");
"#,
        &["phone token by token"],
    );
}

#[test]
fn the_stored_form_limits_the_level() {
    let clear = r#"
@id("clear") permit (principal, action == Action::"readClear", resource in Class::"pii");
@id("business") permit (principal, action == Action::"readClear", resource == Column::"members.note");
"#;
    let expected = [
        "member_no clear by clear",
        "name clear by clear",
        "phone clear by clear",
        "device token by clear",
        "born clear by clear",
        // The coarse value that is stored; and `note` is dropped, so it is not here.
        "born_month clear by clear",
    ];
    check(clear, &expected);
    let tokens = r#"
@id("token") permit (principal, action == Action::"readToken", resource in Class::"pii.name");
"#;
    check(tokens, &["name null by token"]);
}

#[test]
fn lowering_stops_at_a_forbid() {
    check(
        r#"
@id("clear") permit (principal, action == Action::"readClear", resource == Column::"members.device");
@id("floor") forbid (principal, action == Action::"readToken", resource in Class::"pii");
"#,
        &["device null by clear"],
    );
}

#[test]
fn the_policy_that_shows_least_gives_the_parameters() {
    check(
        r#"
@id("a") @partial("partial(3,4)")
permit (principal, action == Action::"readPartial", resource == Column::"members.phone");
@id("b") @partial("partial(3,0)")
permit (principal is Analyst, action == Action::"readPartial", resource in Class::"pii.phone");
@id("c") @generalise("month")
permit (principal, action == Action::"readGeneralised", resource == Column::"members.born");
@id("d") @generalise("year")
permit (principal is Analyst, action == Action::"readGeneralised", resource == Column::"members.born");
"#,
        &["phone partial partial(3,0) by a,b", "born generalised year by c,d"],
    );
}

#[test]
fn parameters_that_do_not_fit_the_type_lower_the_level() {
    check(
        r#"
@id("part") @partial("partial(1,0)")
permit (principal, action == Action::"readPartial", resource == Column::"members.born");
@id("band") @generalise("width(10)")
permit (principal, action == Action::"readGeneralised", resource == Column::"members.born_month");
"#,
        &["born null by part", "born_month token by band"],
    );
}

#[test]
fn an_erring_policy_hides_the_column_whether_it_permits_or_forbids() {
    let both = r#"
@id("clear") permit (principal, action == Action::"readClear", resource in Class::"geo");
@id("token") permit (principal, action == Action::"readToken", resource in Class::"geo");
@id("errs") EFFECT (principal is Analyst, action == Action::"readClear", resource == Column::"members.city")
when { principal.clearance + 9223372036854775807 > 0 };
"#;
    for effect in ["permit", "forbid"] {
        check(&both.replace("EFFECT", effect), &["region clear by clear"]);
    }
}

/// `@token` says how a token looks; without it, a token is opaque, and so it is where policies do not agree.
#[test]
fn a_policy_says_how_a_token_looks() {
    let digits = r#"
@id("digits") @token("ff1")
permit (principal, action == Action::"readToken", resource in Class::"pii.phone");
"#;
    check(digits, &["phone token ff1 by digits"]);
    let other =
        r#"@id("plain") permit (principal, action == Action::"readToken", resource in Class::"pii.phone");"#;
    check(&format!("{digits}{other}"), &["phone token by digits,plain"]);
}
