use std::fs;
use std::path::Path;

use membrane_catalog::Catalog;
use tempfile::TempDir;

use super::*;

fn repository() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The repository's policies, without those of some files, and with one more.
fn broken(without: &str, more: &str) -> Policies {
    claiming(without, more, None)
}

/// And with one more claim.
fn claiming(without: &str, more: &str, claim: Option<&str>) -> Policies {
    let copy = TempDir::new().unwrap();
    for folder in ["", "cards", "claims"] {
        let (from, to) = (repository().join("policies").join(folder), copy.path().join(folder));
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file()
                && !without.split(' ').any(|name| entry.file_name() == name)
            {
                fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    }
    fs::write(copy.path().join("broken.cedar"), more).unwrap();
    if let Some(text) = claim {
        fs::remove_dir_all(copy.path().join("claims")).unwrap();
        fs::create_dir(copy.path().join("claims")).unwrap();
        fs::write(copy.path().join("claims/one-more.cedar"), text).unwrap();
    }
    let catalog = Catalog::load(&repository().join("catalog")).unwrap();
    Policies::load(copy.path(), &catalog).unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn the_claims_of_the_repository_hold() {
    let proof = broken("", "").prove("cvc5").await.unwrap();
    for verdict in &proof.verdicts {
        assert!(
            verdict.counter_example.is_none(),
            "{}: {}",
            verdict.claim,
            verdict.counter_example.as_ref().unwrap()
        );
    }
    assert!(proof.holds());
    assert!(proof.verdicts.len() >= 7, "{proof:?}");
    assert!(proof.solver.contains("cvc5"), "{}", proof.solver);
}

/// What breaks a claim: the claim, a policy more, and the policies that are found.
const BROKEN: [(&str, &str, &str); 13] = [
    (
        "partners-get-no-personal-data",
        r#"@id("broken") @partial("partial(3,4)")
           permit (principal is Partner, action == Action::"readPartial", resource in Class::"pii");"#,
        "broken partner.columns",
    ),
    (
        "partners-get-no-members",
        r#"@id("broken") permit (principal is Partner, action == Action::"readRow", resource is Row::crm_members);"#,
        "broken",
    ),
    ("minors-stay-here", "", "partner.rows"),
    (
        "identifiers-are-never-in-clear",
        r#"@id("broken") permit (principal is Analyst, action == Action::"readClear", resource in Class::"pii");"#,
        "broken partner.columns analyst.not-personal",
    ),
    (
        "marketing-sees-its-own-regions",
        r#"@id("broken") permit (principal is Analyst, action == Action::"readRow", resource is Row::crm_members)
           when { resource.region == "SH" };"#,
        "broken",
    ),
    ("marketing-needs-consent", "", "marketing.own-regions"),
    (
        "identity-numbers-need-clearance",
        r#"@id("broken") @partial("show-last-4")
           permit (principal is Analyst, action == Action::"readPartial", resource in Class::"pii.identity_number");"#,
        "broken",
    ),
    (
        "the-service-desk-looks-up",
        r#"@id("broken") permit (principal is Analyst, action == Action::"lookUp", resource in Class::"pii.phone");"#,
        "broken",
    ),
    (
        "nobody-agrees-to-their-own-break-glass",
        r#"@id("broken") permit (principal is Analyst, action == Action::"approveBreakGlass", resource)
           when { resource.purpose == "customer_service" };"#,
        "broken",
    ),
    (
        "nothing-is-handed-on-to-partners-or-oneself",
        r#"@id("broken") permit (principal is Analyst, action == Action::"delegate", resource)
           when { context.to has analyst };"#,
        "broken",
    ),
    (
        "nothing-is-handed-on-to-partners-or-oneself",
        r#"@id("broken") permit (principal is Analyst, action == Action::"delegate", resource)
           when { context.to has partner };"#,
        "broken",
    ),
    (
        "what-takes-clearance-is-not-handed-down",
        r#"@id("broken") permit (principal is Analyst in Group::"insight", action == Action::"delegate", resource)
           when { context.to has analyst && context.to.analyst in Group::"analysts" };"#,
        "broken",
    ),
    (
        "those-who-run-the-hub-see-no-data",
        r#"@id("broken") permit (principal is Operator, action == Action::"readNull", resource);"#,
        "broken",
    ),
];

/// Each claim is refuted by a set of policies that breaks it, and by the policy that does.
#[tokio::test]
async fn a_broken_set_has_a_counter_example() {
    for (name, more, by) in BROKEN {
        let policies = broken("floor.cedar break-glass.cedar delegation.cedar", more);
        let mut prover = Prover::start(&policies, "cvc5").unwrap();
        let claim = policies.claims.iter().find(|claim| claim.name() == name).unwrap();
        let found = prover.implies(claim).await.unwrap().unwrap_or_else(|| panic!("{name} holds"));
        assert!(found.policies.iter().any(|policy| by.split(' ').any(|by| by == policy)), "{name}: {found}");
        assert!(!found.asked.contains('?') && !found.world.is_empty(), "{name}: {found}");
        // The example is one of many; how it is told is the same for all.
        let (who, by) = found.sentence.split_once(" would ").unwrap_or_else(|| panic!("{name}: {found}"));
        assert!(who.starts_with("an ") || who.starts_with("a "), "{name}: {found}");
        assert!(
            who.contains(", for ") || name == "nobody-agrees-to-their-own-break-glass",
            "{name}: {found}"
        );
        assert!(by.contains(": permitted by `"), "{name}: {found}");
        assert!(!name.contains("handed") || by.starts_with("hand on "), "{name}: {found}");
        assert!(found.to_string().starts_with(&found.sentence), "{name}: {found}");
        assert!(found.world.lines().count() < 40, "{name}: {found}");
    }
}

#[tokio::test]
async fn a_policy_that_can_err_is_found() {
    let policies = broken(
        "",
        r#"@id("broken") forbid (principal is Analyst, action == Action::"readRow", resource) when { principal.clearance + 1 > 5 };"#,
    );
    let found = Prover::start(&policies, "cvc5").unwrap().never_errs().await.unwrap().unwrap();
    assert_eq!(found.policies, ["broken"]);
    assert!(found.sentence.starts_with("an analyst with clearance "), "{found}");
    assert!(found.sentence.contains(" would ask to see a row of "), "{found}");
    assert!(found.sentence.ends_with(": `broken` would err"), "{found}");
}

/// A claim about what there cannot be holds of all policies, and says nothing of them.
#[tokio::test]
async fn a_claim_that_can_never_apply_is_told() {
    let all = "// More.\npermit (principal, action, resource);\n";
    let live =
        "forbid (principal is Partner, action == Action::\"readRow\", resource is Row::crm_members);\n";
    let region = |condition: &str| {
        format!(
            "forbid (principal, action == Action::\"readRow\", resource is Row::crm_members)\nwhen {{ {condition} }};\n"
        )
    };
    let nothing = Some("it can never apply: it holds of nothing");
    let cases = [
        (live.to_owned(), None),
        (region("resource has region && resource.region == \"SH\""), None),
        (region("resource has region && resource.region == \"SH\" && resource.region == \"BJ\""), nothing),
        (
            region("context.time < datetime(\"2026-01-01\") && context.time > datetime(\"2026-02-01\")"),
            nothing,
        ),
        // No world that there can be has a phone that is an address, or a column of two datasets.
        (
            "forbid (principal, action == Action::\"readClear\", resource in Class::\"pii.phone\")\n\
             when { resource in Class::\"pii.email\" };\n"
                .to_owned(),
            nothing,
        ),
        (
            "forbid (principal, action == Action::\"readClear\", resource in Dataset::\"crm_members\")\n\
             when { resource in Dataset::\"pos_orders\" };\n"
                .to_owned(),
            nothing,
        ),
        (
            format!(
                "{live}{}",
                region("principal is Analyst && principal.clearance > 3 && principal.clearance < 2")
            ),
            Some("its `forbid` of line 4 can never apply: it holds of nothing"),
        ),
    ];
    for (text, expected) in cases {
        let policies = claiming("", "", Some(&format!("{all}{text}")));
        let proof = policies.prove("cvc5").await.unwrap();
        let verdict = &proof.verdicts[0];
        assert_eq!(verdict.never_applies.as_deref(), expected, "{text}");
        assert_eq!(proof.holds(), expected.is_none() && verdict.counter_example.is_none(), "{text}");
    }
}

/// A program that answers every question with what is hoped for.
#[tokio::test]
async fn a_program_that_proves_everything_proves_nothing() {
    let dir = TempDir::new().unwrap();
    let fake = dir.path().join("fake");
    fs::write(&fake, "#!/bin/sh\nwhile read line; do case \"$line\" in *check-sat*) echo unsat;; *get-*) echo '()';; *exit*) exit;; esac; done\n").unwrap();
    fs::set_permissions(&fake, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert!(broken("", "").prove(fake.to_str().unwrap()).await.is_err());
}

#[tokio::test]
async fn without_a_solver_nothing_is_proved() {
    let error = broken("", "").prove("no-such-solver").await.unwrap_err();
    assert!(error.to_string().contains("apt-get install cvc5"), "{error}");
}

#[tokio::test]
async fn two_versions_are_compared() {
    let same = broken("", "");
    assert!(same.differences(&broken("", ""), "cvc5").await.unwrap().is_empty());
    let more = broken(
        "",
        r#"@id("more") permit (principal is Service, action == Action::"read", resource == Dataset::"dim_stores")
           when { context.purpose == "operations" };"#,
    );
    let found = more.differences(&same, "cvc5").await.unwrap();
    let [gained] = found.as_slice() else { panic!("{found:?}") };
    assert!(gained.gained && gained.example.policies == ["more"], "{gained:?}");
    assert!(gained.example.asked.starts_with("Service::"), "{gained:?}");
    assert_eq!(
        gained.example.sentence,
        "a service, for operations, would use the dataset dim_stores in SQL: permitted by `more`"
    );
    let found = same.differences(&more, "cvc5").await.unwrap();
    assert!(matches!(found.as_slice(), [lost] if !lost.gained), "{found:?}");
}
