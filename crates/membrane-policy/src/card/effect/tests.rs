use crate::fixture::{Contract, MEMBERS, catalog, load_cards, told};

const SHOPS: [Contract<'_>; 3] = [
    MEMBERS[0],
    MEMBERS[1],
    (
        "shops",
        None,
        &["shop_id string business clear required", "kind string geo clear values=\"01\",\"02\""],
    ),
];

/// Checks what is told of a card of analysts, which can be served in any case.
fn check(lines: &str, expected: &[&str]) {
    let cards = format!(
        "cards:\n  - id: a\n    because: b\n    who: {{ kind: analyst }}\n    purposes: marketing\n{lines}"
    );
    let policies = load_cards(&catalog(&SHOPS), "", &cards).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(told(policies.review_faults()), expected, "{lines}");
}

#[test]
fn classes_without_a_column_are_told() {
    check("    may: see\n    as: partial(3,4)\n    classes: pii.phone\n    datasets: members\n", &[]);
    check(
        "    may: see\n    as: partial(3,4)\n    classes: pii.phone\n    datasets: [shops, stores]\n",
        &["8:14: card `a`: it has no effect: there is no column of class pii.phone in shops or stores"],
    );
    check(
        "    may: look-up\n    classes: pii\n    datasets: shops\n",
        &["7:14: card `a`: it has no effect: there is no column of class pii in shops"],
    );
    // What must not be may be meant for columns to come.
    check("    must-not: see\n    classes: pii\n    datasets: shops\n", &[]);
}

#[test]
fn a_way_that_fits_no_column_is_told() {
    check(
        "    may: see\n    as: month\n    classes: pii.phone\n",
        &[
            "7:9: card `a`: none of its columns can be shown as month: the column is of the type string, and `month` \
           is for dates, as with `members.phone`",
        ],
    );
    // One column that it fits is enough.
    check("    may: see\n    as: month\n    classes: pii\n", &[]);
    check(
        "    may: see\n    as: email\n    columns: [members.born, members.born_month]\n",
        &[
            "7:9: card `a`: none of its columns can be shown as email: the column is of the type date, and `email` is \
           for text, as with `members.born`, and so with 1 more",
        ],
    );
    check(
        "    may: see\n    as: token\n    classes: pii.name\n",
        &[
            "7:9: card `a`: none of its columns can be shown as token: the column is kept sealed without a token \
           (`sealed`), as with `members.name`",
        ],
    );
    check(
        "    may: see\n    as: clear\n    columns: members.device\n",
        &["7:9: card `a`: none of its columns can be shown as clear: the column is kept as less than that \
           (`token`), as with `members.device`"],
    );
    check(
        "    may: see\n    as: width(1)\n    columns: members.points\n",
        &[
            "7:9: card `a`: none of its columns can be shown as width(1): `width(1)` would leave every value whole, \
           as with `members.points`",
        ],
    );
}

#[test]
fn values_that_the_contract_does_not_list_are_told_and_not_shown() {
    let rows = "    may: see-rows\n    datasets: shops\n    where:\n";
    check(&format!("{rows}      - {{ column: kind, one-of: [\"01\", \"02\"] }}\n"), &[]);
    check(
        &format!("{rows}      - {{ column: kind, one-of: [\"01\", \"03\"] }}\n"),
        &[
            "9:40: card `a`: `kind` never has this value: the contract's `membrane.enumeration` does not list it",
        ],
    );
    check(
        &format!("{rows}      - {{ column: kind, is: \"1\" }}\n"),
        &[
            "9:29: card `a`: `kind` never has this value: the contract's `membrane.enumeration` does not list it",
        ],
    );
    // `region` of `members` can have any value.
    check(
        "    may: see-rows\n    datasets: members\n    where:\n      - { column: region, is: \"1\" }\n",
        &[],
    );
}

#[test]
fn a_condition_on_what_a_dataset_does_not_have_is_told() {
    check(
        "    may: see-rows\n    datasets: [members, shops]\n    where:\n      - { column: region, among: regions }\n",
        &[
            "9:19: card `a`: its condition on `region` is true of no row of shops, where there is no such column",
        ],
    );
    // Of all datasets those are meant that have it.
    check("    may: see-rows\n    where:\n      - { column: region, among: regions }\n", &[]);
}
