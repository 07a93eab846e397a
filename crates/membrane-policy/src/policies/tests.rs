//! Loading: good folders, and every kind of bad one.

mod repository;

use crate::fixture::{MEMBERS, PEOPLE, SCHEMA, catalog, folder, load};
use crate::{Policies, PolicyError};

const GOOD: &str = r#"
@id("ana.read")
permit (principal == Analyst::"ana", action == Action::"read", resource);
"#;

/// Loads the policies and compares `line: message` of every fault, as far as `expected` gives it.
fn check(policies: &str, expected: &[(usize, &str)]) {
    check_all(SCHEMA, PEOPLE, policies, "test.cedar", expected);
}

fn check_all(schema: &str, people: &str, policies: &str, file: &str, expected: &[(usize, &str)]) {
    let dir = folder(schema, people, policies);
    let faults = Policies::check(dir.path(), &catalog(&MEMBERS));
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), expected.len(), "{shown:#?}");
    for (fault, (line, message)) in faults.iter().zip(expected) {
        assert!(fault.file.ends_with(file), "{shown:#?}");
        assert_eq!(fault.line, *line, "{shown:#?}");
        assert!(fault.message.contains(message), "{message} is not in {shown:#?}");
    }
}

#[test]
fn good_policies_load() {
    let policies = load(&catalog(&MEMBERS), GOOD).unwrap();
    assert_eq!(policies.count(), 1);
    let names: Vec<String> = policies.principals().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["analyst:ana", "partner:acme", "compliance:olga", "operator:omar"]);
    assert_eq!(policies.groups_of(&"analyst:ana".parse().unwrap()), ["marketing"]);
    assert!(policies.schema_text().contains("\"city\"?: String"));
    let [listed] = policies.listed() else { panic!("{:?}", policies.listed()) };
    assert_eq!((listed.id.as_str(), listed.effect, listed.line), ("ana.read", "permit", 2));
    assert_eq!((listed.file.as_str(), listed.actions.join(" ").as_str()), ("test.cedar", "read"));
    assert!(listed.shows.is_empty());
    assert_eq!(listed.words, None);
}

#[test]
fn what_an_author_says_of_a_policy_goes_with_it() {
    let second = GOOD.replace("ana.read", "ana.again");
    let policies = format!("// Of the file,\n// in two lines.\n\n{}\n// Of this one.{second}", GOOD.trim());
    let policies = load(&catalog(&MEMBERS), &policies).unwrap();
    let words = policies.listed().iter().map(|listed| (listed.id.as_str(), listed.words.as_deref()));
    let expected = [("ana.again", Some("Of this one.")), ("ana.read", Some("Of the file, in two lines."))];
    assert_eq!(words.collect::<Vec<_>>(), expected);
}

#[test]
fn the_version_follows_policies_and_catalog() {
    let members = catalog(&MEMBERS);
    let version = |policies: &str| load(&members, policies).unwrap().version().to_owned();
    assert_eq!(version(GOOD), version(GOOD));
    assert_eq!(version(GOOD).len(), 64);
    assert_ne!(version(GOOD), version(&format!("{GOOD}\n")));
    let fewer = [(MEMBERS[0].0, MEMBERS[0].1, &MEMBERS[0].2[..9]), MEMBERS[1]];
    assert_ne!(version(GOOD), load(&catalog(&fewer), GOOD).unwrap().version());
}

#[test]
fn faults_of_all_policies_come_at_once_with_their_lines() {
    check(
        r#"permit (principal, action == Action::"read", resource);
@id("Shout")
permit (principal, action == Action::"read", resource);
@id("twice")
permit (principal, action == Action::"read", resource);
@id("twice")
permit (principal, action == Action::"read", resource);
@id("noted") @because("it is so")
permit (principal, action == Action::"read", resource);
@id("open")
permit (principal, action, resource);
@id("mask") @partial("stars")
permit (principal, action == Action::"readPartial", resource);
@id("useless") @partial("partial(3,4)")
permit (principal, action == Action::"readClear", resource);
@id("denies") @generalise("year")
forbid (principal, action == Action::"readGeneralised", resource);
"#,
        &[
            (1, "policy without `@id"),
            (2, "`@id`: an id is"),
            (6, "policy `twice`: the id is taken in"),
            (8, "unknown annotation `@because`"),
            (10, "policy `open`: it can permit `readGeneralised` and must say how"),
            (10, "policy `open`: it can permit `readPartial` and must say how"),
            (12, "`@partial`: not a partial mask"),
            (14, "policy `useless`: `@partial` has no meaning here"),
            (16, "policy `denies`: `@generalise` has no meaning here"),
        ],
    );
}

#[test]
fn a_file_that_does_not_parse_says_where() {
    check("\n\npermit (principal, action, resource when {};\n", &[(3, "unexpected token")]);
    check(
        "@id(\"t\")\npermit (principal == ?principal, action == Action::\"read\", resource);\n",
        &[(1, "templates are not used here")],
    );
}

#[test]
fn the_strict_validator_speaks() {
    check(
        r#"
@id("typo")
permit (principal, action == Action::"raed", resource);
@id("optional")
permit (principal, action == Action::"readRow", resource is Row::members)
when { resource.city == "Shanghai" };
@id("sealed")
permit (principal, action == Action::"readRow", resource is Row::members)
when { resource.phone == "x" };
@id("mixed")
permit (principal, action == Action::"readRow", resource is Row::members)
when { resource.points == "many" };
@id("never")
forbid (principal is Partner, action == Action::"ingest", resource);
"#,
        &[
            (3, "policy `typo`: unrecognized action"),
            (6, "policy `optional`"),
            (9, "policy `sealed`"),
            (12, "policy `mixed`"),
            (13, "policy `never`: policy is impossible"),
            (13, "policy `never`: unable to find an applicable action"),
        ],
    );
}

#[test]
fn names_that_name_nothing_are_faults() {
    check(
        r#"
@id("class")
forbid (principal, action == Action::"readClear", resource in Class::"pii.phon");
@id("group")
permit (principal is Analyst in Group::"sales", action == Action::"read", resource);
@id("person")
permit (principal == Analyst::"bob", action == Action::"read", resource);
@id("dataset")
permit (principal, action == Action::"read", resource == Dataset::"member");
@id("column")
permit (principal, action == Action::"readNull", resource == Column::"members.fone");
@id("row")
permit (principal, action == Action::"readRow", resource == Row::members::"7");
@id("purpose")
permit (principal, action == Action::"read", resource)
when { context.purpose == "marketting" };
@id("purposes")
permit (principal, action == Action::"read", resource)
unless { ["marketing", "sales"].contains(context.purpose) };
"#,
        &[
            (2, "there is no `Class::\"pii.phon\"` in `classes.yaml`"),
            (4, "there is no `Group::\"sales\"` in `principals.json`"),
            (6, "there is no `Analyst::\"bob\"`"),
            (8, "there is no `Dataset::\"member\"`"),
            (10, "there is no `Column::\"members.fone\"`"),
            (12, "a single row has no name; write `resource is Row::members`"),
            (14, "there is no purpose `marketting`"),
            (17, "there is no purpose `sales`"),
        ],
    );
}

#[test]
fn people_are_checked_with_their_lines() {
    let people = r#"[
  { "uid": { "type": "Group", "id": "marketing" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Analyst", "id": "ana" }, "attrs": { "regions": "SH", "clearance": 1 }, "parents": [] },
  { "uid": { "type": "Analyst", "id": "li li" }, "attrs": { "regions": [], "clearance": 1 }, "parents": [] },
  { "uid": { "type": "Partner", "id": "acme" }, "attrs": {}, "parents": [{ "type": "Group", "id": "no" }] },
  { "uid": { "type": "Partner", "id": "acme" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Class", "id": "pii" }, "attrs": {}, "parents": [] },
  { "uid": { "type": "Robot", "id": "r2" }, "attrs": {}, "parents": [] }
]"#;
    check_all(
        SCHEMA,
        people,
        "",
        "principals.json",
        &[
            (3, "regions"),
            (4, "not a principal"),
            (5, "there is no `Group::\"no\"` in this file"),
            (6, "`Partner::\"acme\"` is here twice"),
            (7, "only principals and groups stand in this file"),
            (8, "Robot"),
        ],
    );
    check_all(SCHEMA, "[\n{]", "", "principals.json", &[(2, "not a JSON array of Cedar entities")]);
}

#[test]
fn the_schema_must_have_what_the_hub_asks() {
    let without = SCHEMA.replace("action erase", "action erased");
    let expected = "must have an action `erase` that applies to `Hub`";
    check_all(&without, PEOPLE, "", "membrane.cedarschema", &[(1, expected)]);
    let broken = SCHEMA.replace("entity Hub;", "entity Hub");
    let line = SCHEMA.lines().position(|line| line == "entity Hub;").unwrap();
    let dir = folder(&broken, PEOPLE, "");
    let faults = Policies::check(dir.path(), &catalog(&MEMBERS));
    assert!(faults.iter().all(|fault| (line + 1..line + 5).contains(&fault.line)), "{faults:?}");
    let other = SCHEMA.replace("  private: Bool,\n", "  private: Long,\n");
    let dir = folder(&other, PEOPLE, "");
    let faults = Policies::check(dir.path(), &catalog(&MEMBERS));
    assert!(faults.iter().all(|fault| fault.message.contains("for the catalog")), "{faults:?}");
    assert_eq!(faults.len(), 2);
}

#[test]
fn groups_of_actions_are_refused() {
    let grouped =
        SCHEMA.replace("action audit appliesTo", "action watch;\naction audit in [watch] appliesTo");
    check_all(&grouped, PEOPLE, "", "membrane.cedarschema", &[(1, "groups of actions are not used here")]);
}

#[test]
fn a_folder_without_policies_is_a_mistake() {
    let dir = folder(SCHEMA, PEOPLE, "");
    std::fs::remove_file(dir.path().join("test.cedar")).unwrap();
    let faults = Policies::check(dir.path(), &catalog(&MEMBERS));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].message.contains("no `*.cedar` file"));
}

#[test]
fn a_folder_that_is_not_there_is_one_clear_error() {
    let dir = tempfile::TempDir::new().unwrap();
    let missing = dir.path().join("nowhere");
    let error = Policies::load(&missing, &catalog(&MEMBERS)).unwrap_err();
    assert!(matches!(error, PolicyError::Read { .. }));
    assert!(error.to_string().contains("nowhere"));
    assert_eq!(Policies::check(&missing, &catalog(&MEMBERS)).len(), 1);
}

/// Each kind of file of the folder, with a good text.
const FILES: [(&str, &str); 7] = [
    ("membrane.cedarschema", SCHEMA),
    ("principals.json", PEOPLE),
    ("test.cedar", GOOD),
    ("cards/a.yaml", "cards: []\n"),
    ("claims/a.cedar", "// A.\npermit (principal, action, resource);\n"),
    ("cases/a.yaml", "cases: []\n"),
    ("waivers.yaml", "waivers: []\n"),
];

/// Puts something in the place of one file after another, and compares what is told of it.
fn check_file(put: impl Fn(&std::path::Path, &str), expected: &str) {
    let members = catalog(&MEMBERS);
    for (name, text) in FILES {
        let dir = folder(SCHEMA, PEOPLE, GOOD);
        for below in ["cards", "claims", "cases"] {
            std::fs::create_dir(dir.path().join(below)).unwrap();
        }
        let path = dir.path().join(name);
        if path.exists() {
            std::fs::remove_file(&path).unwrap();
        }
        put(&path, text);
        let told: Vec<String> =
            Policies::check(dir.path(), &members).iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1, "{name}: {told:?}");
        assert!(told[0].ends_with(&format!("{name}:1:1: {expected}")), "{told:?}");
        let bundled = crate::publication::Bundle::read(dir.path(), dir.path()).unwrap_err().to_string();
        assert_eq!(bundled, told[0]);
    }
}

#[test]
fn only_regular_files_are_read() {
    use std::os::unix::net::UnixListener;
    let pipe = |path: &std::path::Path, _: &str| {
        let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    };
    check_file(pipe, "not a regular file");
    check_file(|path, _| drop(UnixListener::bind(path).unwrap()), "not a regular file");
    check_file(|path, _| std::os::unix::fs::symlink("/dev/zero", path).unwrap(), "not a regular file");
    check_file(|path, _| std::fs::create_dir(path).unwrap(), "not a regular file");
}

#[test]
fn a_file_has_a_size() {
    let members = catalog(&MEMBERS);
    for (name, text) in FILES {
        let dir = folder(SCHEMA, PEOPLE, GOOD);
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        let mib = if name == "principals.json" { 16 } else { 1 };
        std::fs::File::options().write(true).open(&path).unwrap().set_len((mib << 20) + 1).unwrap();
        let told = Policies::load(dir.path(), &members).unwrap_err().to_string();
        assert!(told.ends_with(&format!("{name}:1:1: larger than {mib} MiB")), "{told}");
    }
}

#[test]
fn a_folder_has_a_number_of_files() {
    let members = catalog(&MEMBERS);
    let dir = folder(SCHEMA, PEOPLE, GOOD);
    for number in 1..2_000 {
        std::fs::write(dir.path().join(format!("more-{number}.cedar")), "").unwrap();
    }
    assert!(Policies::load(dir.path(), &members).is_ok());
    std::fs::write(dir.path().join("one-more.cedar"), "").unwrap();
    let told = Policies::load(dir.path(), &members).unwrap_err().to_string();
    assert!(told.ends_with(":1:1: more than 2000 files in one folder"), "{told}");
}

#[test]
fn claims_and_cards_are_not_deeper_than_policies() {
    let members = catalog(&MEMBERS);
    let dir = folder(SCHEMA, PEOPLE, GOOD);
    std::fs::create_dir(dir.path().join("claims")).unwrap();
    let deep = format!("// A.\nforbid (principal, action, resource) when {{ {} }};", "(".repeat(1_200));
    std::fs::write(dir.path().join("claims/deep.cedar"), deep).unwrap();
    let told: Vec<String> = Policies::check(dir.path(), &members).iter().map(ToString::to_string).collect();
    assert!(told.len() == 1 && told[0].contains("claims/deep.cedar:2:"), "{told:?}");
    let where_ = "      - { column: city, is: Shanghai }\n".repeat(300);
    let cards = format!(
        "cards:\n  - id: many\n    because: So.\n    who: {{ kind: analyst }}\n    purposes: marketing_analysis\n    \
         may: see-rows\n    where:\n{where_}"
    );
    let told = crate::fixture::load_cards(&members, GOOD, &cards).unwrap_err().to_string();
    assert!(told.contains("test.yaml:2:") && told.contains("more than 200 operators"), "{told}");
}
