use crate::PolicyError;
use crate::fixture::{MEMBERS, catalog, load_cards, told};

/// Checks what is wrong with a condition of analysts on rows of `members`.
fn check(condition: &str, expected: &[&str]) {
    check_of("{ kind: analyst }", "datasets: members", condition, expected);
}

fn check_of(who: &str, datasets: &str, condition: &str, expected: &[&str]) {
    let cards = format!(
        "cards:\n  - id: a\n    because: b\n    who: {who}\n    purposes: marketing\n    may: see-rows\n    {datasets}\n    \
         where:\n      - {condition}\n"
    );
    let found = match load_cards(&catalog(&MEMBERS), "", &cards) {
        Ok(policies) => told(policies.review_faults()),
        Err(PolicyError::Faults(faults)) => told(&faults),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(found, expected, "{condition}");
}

#[test]
fn conditions_that_no_row_can_be_asked_are_told_in_the_words_of_the_card() {
    check("{ column: region, among: regions }", &[]);
    check(
        "{ column: regoin, is: SH }",
        &["9:19: card `a`: `members` has no column `regoin`, did you mean `region`?"],
    );
    check(
        "{ column: phone, is: x }",
        &[
            "9:19: card `a`: `phone` of `members` is kept as `sealed+token`, so that no condition can ask for it",
        ],
    );
    check(
        "{ column: points, one-of: [1, many] }",
        &["9:39: card `a`: `points` of `members` is a whole number, and is compared with a text"],
    );
    check(
        "{ column: consent, is-not: 1 }",
        &["9:36: card `a`: `consent` of `members` is a truth value, and is compared with a whole number"],
    );
    check(
        "{ column: city, at-least: 3 }",
        &["9:35: card `a`: `city` of `members` is a text, and is compared with a whole number"],
    );
    check("{ column: joined, at-least: 2026-01-01 }", &[]);
    check("{ column: born_month, at-most: 2007-12-31 }", &[]);
    check(
        "{ column: joined, at-least: 2026 }",
        &["9:37: card `a`: `joined` of `members` is a date, and is compared with a whole number"],
    );
    check(
        "{ column: points, at-most: 2026-01-01 }",
        &["9:36: card `a`: `points` of `members` is a whole number, and is compared with a date"],
    );
    check(
        "{ column: joined, is: 2026-01-01 }",
        &["9:31: card `a`: `joined` of `members` is a date, and is compared with a text"],
    );
    for none in ["2026-02-30", "soon", "9999-12-31", "+12026-01-01", "true"] {
        check(
            &format!("{{ column: joined, at-least: {none} }}"),
            &["9:37: `at-least` is a whole number, or a day such as 2026-12-31"],
        );
    }
    check_of(
        "{ kind: analyst }",
        "from: 2026-01-01",
        "{ column: nothing, is: 1 }",
        &["9:19: card `a`: no dataset of the card has a column `nothing`"],
    );
}

#[test]
fn sets_are_those_that_principals_have() {
    check(
        "{ column: region, among: region }",
        &["9:34: card `a`: analysts have no set `region`, did you mean `regions`?"],
    );
    check(
        "{ column: points, among: regions }",
        &["9:34: card `a`: `points` of `members` is a whole number, and what is in `regions` is a text"],
    );
    check_of(
        "{ groups: marketing }",
        "datasets: members",
        "{ column: region, among: regions }",
        &["9:34: card `a`: only some have the set `regions`: add `kind: analyst`"],
    );
    check_of("{ principals: analyst:ana }", "datasets: members", "{ column: region, among: regions }", &[]);
}

/// Policies know the column by another name, which may even be the name of another column: cards have no words for that.
#[test]
fn a_column_of_another_name_in_policies_is_not_asked() {
    let contract = [
        "member_no string pii.identifier sealed+token required",
        "region string geo clear attribute=home",
        "store_region string geo clear attribute=region",
    ];
    let catalog = catalog(&[("members", Some("member_no"), &contract)]);
    let cards = "cards:\n  - id: a\n    because: b\n    who: { kind: analyst }\n    purposes: marketing\n    may: see-rows\n    \
                 where:\n      - { column: region, among: regions }\n";
    let Err(PolicyError::Faults(faults)) = load_cards(&catalog, "", cards) else { panic!("loaded") };
    let words = "`region` of `members` is called `home` in policies: that has no words in cards";
    assert_eq!(told(&faults), [format!("8:19: card `a`: {words}")]);
}
