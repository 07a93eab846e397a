//! Policies as compliance works with them: cards, cases, the golden matrix, proofs and explanations, on the command line.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::program::Program;
use crate::world::repository;

/// A folder of this repository's policies, to be changed.
struct Changed(Program);

impl Changed {
    fn new() -> Self {
        let program = Program::new();
        copy(&repository().join("policies"), &program.path("policies"));
        Self(program)
    }

    fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.0.path("policies").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    fn run(&self, words: &[&str]) -> Output {
        let catalog = repository().join("catalog");
        let mut command = self.0.bare();
        command.args(["policy"]).args(words).arg("--catalog").arg(catalog).args(["--policies", "policies"]);
        command.output().unwrap()
    }

    /// Runs a command that must end with a code; returns all that it said.
    fn ends(&self, words: &[&str], code: i32) -> String {
        let output = self.run(words);
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8(told).unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {told}");
        told
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// What is in the repository: no fault, every case as expected, who sees what as reviewed, every claim proved.
#[test]
fn the_policies_of_this_repository_are_what_they_say() {
    let program = Program::new();
    program.ok(&["policy", "check"]);
    let cases = program.ok(&["policy", "test"]);
    assert!(cases.ends_with("17 of 17 cases are as expected\n"), "{cases}");
    program.ok(&["policy", "matrix", "--check"]);
    let weak = program.json(&["policy", "lint"]);
    let refused = |one: &Value| one["refused"] == Value::Bool(true);
    assert!(!weak["weaknesses"].as_array().unwrap().iter().any(refused), "{weak}");
    let proof = program.json(&["policy", "prove"]);
    let claims = proof["claims"].as_array().unwrap();
    assert!(claims.len() >= 9 && claims.iter().all(|claim| claim["holds"] == Value::Bool(true)), "{proof}");
    let cards = program.json(&["policy", "cards"]);
    assert_eq!(cards.as_array().unwrap().len(), 16, "{cards}");
}

/// The example is published when it is shown, and so it has to be fit for that.
#[test]
fn the_policies_of_the_example_are_what_they_say() {
    let example = repository().join("examples/completejourney");
    let program = Program::new();
    for words in [&["matrix", "--check"][..], &["prove"], &["lint"], &["check"]] {
        let mut command = program.bare();
        command.arg("policy").args(words);
        command.arg("--catalog").arg(example.join("catalog")).arg("--policies").arg(example.join("policies"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

/// One line of a card is changed: the case, the matrix and the claim that it breaks say so, each in its own way.
#[test]
fn a_card_that_shows_too_much_is_found() {
    let changed = Changed::new();
    changed.change("cards/marketing.yaml", "as: partial(3,4)", "as: clear");
    changed.change(
        "floor.cedar",
        "forbid (principal, action == Action::\"readClear\", resource in Class::\"pii\")",
        "forbid (principal, action == Action::\"readClear\", resource in Class::\"pii.name\")",
    );
    changed.ends(&["check"], 0);
    let told = changed.ends(&["test"], 1);
    assert!(told.contains("column `phone` is clear and should be partial(3,4)"), "{told}");
    assert!(told.contains("policies/cases/analysts.yaml:"), "{told}");
    let told = changed.ends(&["matrix", "--check"], 1);
    assert!(told.contains("pii.phone clear: crm_members | token: app_events, mini_program_events"), "{told}");
    let told = changed.ends(&["prove"], 1);
    assert!(told.contains("REFUTED  identifiers-are-never-in-clear"), "{told}");
    assert!(
        told.contains("\n  For example, an analyst") && told.contains("at readClear: permitted by `"),
        "{told}"
    );
    assert!(told.contains("proved   partners-get-no-personal-data"), "{told}");
    assert!(told.contains("1 of 13 claims do not hold"), "{told}");
    // What is meant is written down, for whoever reviews the change.
    changed.ends(&["matrix", "--write"], 0);
    changed.ends(&["matrix", "--check"], 0);
}

/// What is shown as a token and has three values needs somebody who takes that on.
#[test]
fn a_token_of_few_values_is_found() {
    let changed = Changed::new();
    changed.change(
        "floor.cedar",
        "// Partners receive",
        "@id(\"floor.gender\")\nforbid (principal, action == Action::\"readClear\", resource == Column::\"crm_members.gender\");\n\n\
         // Partners receive",
    );
    changed.change("analysts.cedar", "Class::\"pii.ip\"", "Class::\"pii.ip\", Class::\"demographic\"");
    let told = changed.ends(&["lint"], 1);
    let words = "REFUSED  crm_members.gender is shown as a token to";
    assert!(told.contains(words) && told.contains("knows which is which"), "{told}");
    let waive = |column: &str| {
        let text = format!("waivers:\n  - {{ column: {column}, because: It is published., by: olga }}\n");
        fs::write(changed.0.path("policies/waivers.yaml"), text).unwrap();
    };
    waive("crm_members.gender");
    let told = changed.ends(&["lint"], 0);
    assert!(told.contains("waived by olga: It is published."), "{told}");
    waive("crm_members.tier");
    let told = changed.ends(&["lint"], 1);
    assert!(
        told.contains("policies/waivers.yaml:2:5: the waiver of `crm_members.tier` waives nothing"),
        "{told}"
    );
    waive("crm_members.phone");
    changed.ends(&["check"], 2);
    changed.ends(&["lint"], 2);
}

#[test]
fn faults_of_cards_cases_and_claims_have_their_lines() {
    let changed = Changed::new();
    changed.change("cards/service.yaml", "may: look-up", "may: look-upp");
    fs::write(changed.0.path("policies/cards/more.yml"), "cards: []").unwrap();
    let told = changed.ends(&["check"], 2);
    assert!(
        told.contains("policies/cards/more.yml:1:1: not read: here are files that end in `.yaml`"),
        "{told}"
    );
    for part in [
        "policies/cards/service.yaml:21:10: `may` of card `service.look-up` is one of",
        "did you mean `look-up`?",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // What reviews policies does not keep them from being served.
    let changed = Changed::new();
    changed.change("cases/others.yaml", "refused: true", "refused: maybe");
    changed.change("claims/partners-get-no-members.cedar", "Row::crm_members", "Row::crm_member");
    changed.ends(&["principals"], 0);
    changed.ends(&["prove"], 2);
    let told = changed.ends(&["check"], 2);
    for part in
        ["policies/cases/others.yaml:7:", "policies/claims/partners-get-no-members.cedar:", "crm_member"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
}

/// What would end the process, or never end, is a fault like any other.
#[test]
fn what_no_parser_can_take_is_refused() {
    let changed = Changed::new();
    let deep = changed.0.path("policies/deep.cedar");
    let condition = format!("{}true{}", "(".repeat(1_200), ")".repeat(1_200));
    fs::write(&deep, format!("permit (principal, action, resource)\nwhen {{ {condition} }};\n")).unwrap();
    for command in ["check", "prove", "lint", "principals"] {
        let told = changed.ends(&[command], 2);
        assert!(told.contains("policies/deep.cedar:2:55: nested deeper than 48"), "{told}");
    }
    fs::remove_file(&deep).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&deep).status().unwrap().success());
    let told = changed.ends(&["check"], 2);
    assert!(told.contains("policies/deep.cedar:1:1: not a regular file"), "{told}");
}

#[test]
fn a_level_is_explained() {
    let program = Program::new();
    let explain = |who: &str, column: &str, purpose: &str| {
        program.ok(&["policy", "explain", who, column, "--purpose", purpose])
    };
    let told = explain("analyst:ana", "app_events.phone", "marketing_analysis");
    assert!(
        told.contains(
            "analyst:ana sees app_events.phone as token, for marketing_analysis, by analyst.tokens"
        ),
        "{told}"
    );
    assert!(told.contains("in the group insight with clearance 2: partial(3,4), by insight.phone"), "{told}");
    let told = explain("analyst:kim", "crm_members.tier", "marketing_analysis");
    assert!(told.contains("does not see crm_members.tier"), "{told}");
    assert!(told.contains("for the purpose customer_service: clear, by analyst.not-personal"), "{told}");
    assert!(told.contains("in the group marketing: clear"), "{told}");
    let told = explain("analyst:ana", "crm_members.id_number", "marketing_analysis");
    assert!(told.contains("analyst:ana sees crm_members.id_number as null"), "{told}");
    let refused = |who: &str, purpose: &str| {
        let words = ["policy", "explain", who, "crm_members.tier", "--purpose", purpose];
        let output = program.run(&words);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    refused("analyst:nobody", "marketing_analysis");
    let told = refused("analyst:ana", "marketing_analyses");
    assert!(
        told.contains("the purposes are ") && told.contains("did you mean `marketing_analysis`?"),
        "{told}"
    );
}

/// A grant that has ended is explained as of when it was there, and refused where policies are reviewed.
#[test]
fn a_card_without_effect_is_refused_and_served() {
    let changed = Changed::new();
    changed.change("cards/marketing.yaml", "    may: see\n", "    until: 2020-01-31\n    may: see\n");
    for command in ["check", "test", "prove"] {
        let told = changed.ends(&[command], 2);
        assert!(told.contains("card `marketing.phone`: it gives nothing any more"), "{told}");
    }
    let told = changed.ends(&["cards", "marketing.phone"], 0);
    assert!(told.contains("until 2020-01-31") && !told.contains("marketing.email"), "{told}");
    changed.ends(&["cards", "marketing.fone"], 2);
    let explain = ["explain", "analyst:ana", "crm_members.phone", "--purpose", "marketing_analysis"];
    assert!(changed.ends(&explain, 0).contains("as token"));
    let then = [&explain[..], &["--at", "2020-01-31T23:59:59Z"]].concat();
    assert!(changed.ends(&then, 0).contains("as partial(3,4)"));
}

/// Who gains and who loses what, of those that there are and of all that there could be.
#[test]
fn two_versions_are_compared() {
    let changed = Changed::new();
    let before = repository().join("policies").display().to_string();
    let told = changed.ends(&["diff", &before], 0);
    assert!(told.contains("proved: both permit the same"), "{told}");
    changed.change(
        "cards/service.yaml",
        "purposes: customer_service",
        "purposes: [customer_service, operations]",
    );
    let told = changed.ends(&["diff", &before], 0);
    assert!(told.contains("permitted now     an analyst in the group"), "{told}");
    assert!(told.contains(", for operations, would use "), "{told}");
    assert!(
        told.contains("Action::\"read\" Dataset::") && told.contains("permitted by `service.read`"),
        "{told}"
    );
    assert!(told.contains("operations") && !told.contains("permitted before"), "{told}");
}
