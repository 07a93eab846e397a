use membrane_catalog::Catalog;

use crate::fixture::{MEMBERS, PEOPLE, SCHEMA, catalog, folder, noon};
use crate::{Policies, PolicyError};

const POLICIES: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource == Dataset::"members")
when { context.purpose == "marketing" };
@id("phone") @partial("partial(3,4)")
permit (principal is Analyst, action == Action::"readPartial", resource in Class::"pii.phone");
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource)
when { resource has region && principal.regions.contains(resource.region) && context.time < datetime("2027-01-01") };
"#;

fn load(policies: &str, cases: &str) -> (Catalog, Result<Policies, PolicyError>) {
    let folder = folder(SCHEMA, PEOPLE, policies);
    std::fs::create_dir(folder.path().join("cases")).unwrap();
    std::fs::write(folder.path().join("cases/test.yaml"), cases).unwrap();
    let catalog = catalog(&MEMBERS);
    let policies = Policies::load(folder.path(), &catalog);
    (catalog, policies)
}

fn check(lines: &str, expected: &[&str]) {
    check_of(POLICIES, lines, expected);
}

fn check_of(policies: &str, lines: &str, expected: &[&str]) {
    let case = format!(
        "cases:\n  - name: test\n    who: analyst:ana\n    purpose: marketing\n    dataset: members\n{lines}"
    );
    let (catalog, policies) = load(policies, &case);
    let outcomes = policies.unwrap_or_else(|error| panic!("{error}")).test(&catalog, noon());
    let [outcome] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!(outcome.differences, expected, "{lines}");
    assert!(outcome.place.ends_with("cases/test.yaml:2"), "{}", outcome.place);
}

#[test]
fn what_is_as_expected_has_no_differences() {
    check("    columns: { phone: \"partial(3,4)\", name: hidden }\n    rows: some\n", &[]);
    check("    columns: { phone: { as: \"partial(3,4)\", by: phone } }\n", &[]);
    check("    at: 2027-01-02T00:00:00Z\n    rows: none\n", &[]);
    check("    action: release\n    refused: true\n", &[]);
}

#[test]
fn differences_are_told() {
    check(
        "    columns: { phone: clear, name: \"null\" }\n    rows: all\n",
        &[
            "column `name` is hidden and should be null",
            "column `phone` is partial(3,4) and should be clear",
            "some rows may be seen and should be all",
        ],
    );
    check(
        "    columns: { phone: { as: \"partial(3,4)\", by: [a, b] } }\n",
        &["column `phone` is decided by phone and should be by a, b"],
    );
    check("    refused: true\n", &["it is granted and should be refused"]);
    check("    action: release\n    rows: all\n", &["it is refused (not permitted) and should be granted"]);
}

#[test]
fn look_ups_are_expected_or_not() {
    const LOOK_UP: &str = r#"
@id("token") permit (principal is Analyst, action == Action::"readToken", resource in Class::"pii.identifier");
@id("look-up") permit (principal is Analyst, action == Action::"lookUp", resource in Class::"pii");
"#;
    let check = |lines: &str, expected: &[&str]| check_of(&format!("{POLICIES}{LOOK_UP}"), lines, expected);
    check("    look-up: member_no\n    no-look-up: [phone, name]\n", &[]);
    check(
        "    look-up: [phone]\n    no-look-up: [member_no]\n",
        &[
            "values of column `member_no` can be looked up, and it should be that they cannot",
            "values of column `phone` cannot be looked up, and it should be that they can",
        ],
    );
}

#[test]
fn faults_say_what_to_write() {
    let check = |lines: &str, expected: &str| {
        let case = format!("cases:\n  - name: test\n{lines}");
        let policies = load(POLICIES, &case).1.unwrap_or_else(|error| panic!("{error}"));
        let told: Vec<String> = policies.review_faults().iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|fault| fault.contains(expected)), "{lines}\n{told:?}");
    };
    let head = "    who: analyst:ana\n    purpose: marketing\n    dataset: members\n";
    check("    who: analyst:ana\n", "case `test` has no `purpose`");
    check(head, "expects nothing");
    check(&format!("{head}    refused: true\n    rows: all\n"), "expects a refusal, and columns or rows too");
    check(
        &format!("{head}    columns: {{ phnoe: hidden }}\n"),
        "case `test`: `members` has no column `phnoe`",
    );
    let wrong = |from: &str, to: &str| format!("{}    refused: true\n", head.replace(from, to));
    check(&wrong("analyst:ana", "analyst:anna"), "there is no `analyst:anna` in `principals.json`");
    check(&wrong("marketing", "marketting"), "there is no purpose `marketting`");
    check(&wrong("members", "membres"), "there is no dataset `membres`");
    check(&format!("{head}    look-up: phnoe\n"), "`members` has no column `phnoe`");
    check(&format!("{head}    look-up: phone\n    no-look-up: phone\n"), "names a column a second time");
    check(&format!("{head}    look-up: phone\n    refused: true\n"), "expects a refusal");
    check(&format!("{head}    action: release\n    look-up: phone\n"), "values are looked up in SQL");
    check(&format!("{head}    rows: many\n"), "`rows` is one of `all`, `some`, `none`");
    check(&format!("{head}    columns: {{ phone: partly }}\n"), "how a column is shown (or `hidden`)");
    check(&format!("{head}    rows: all\n    at: noon\n"), "`at` is a moment");
    check(&format!("{head}    rows: all\n    action: ingest\n"), "`read` or `release`");
}
