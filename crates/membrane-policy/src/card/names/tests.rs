use crate::PolicyError;
use crate::fixture::{MEMBERS, catalog, load_cards, told};

fn check(lines: &str, expected: &[&str]) {
    let cards = format!("cards:\n  - id: a\n    because: b\n{lines}");
    let Err(PolicyError::Faults(faults)) = load_cards(&catalog(&MEMBERS), "", &cards) else {
        panic!("{lines}")
    };
    assert_eq!(told(&faults), expected, "{lines}");
}

#[test]
fn names_that_name_nothing_are_told_where_they_stand() {
    check(
        "    who: { kind: analyst, groups: [marketing, marketting] }
    purposes: [service, marketng]
    may: see
    as: clear
    classes:
      - geo
      - pii.phon
    datasets: [stores, membrs]
",
        &[
            "4:47: card `a`: there is no group `marketting` in `principals.json`, did you mean `marketing`?",
            "5:25: card `a`: there is no purpose `marketng` in `purposes.yaml`, did you mean `marketing`?",
            "10:9: card `a`: there is no class `pii.phon` in `classes.yaml`, did you mean `pii.phone`?",
            "11:24: card `a`: there is no dataset `membrs` in the catalog, did you mean `members`?",
        ],
    );
    check(
        "    who: { principals: analyst:anna }
    purposes: marketing
    may: see
    as: clear
    columns: [members.phnoe, membrs.phone, members.region]
",
        &[
            "4:24: card `a`: there is no principal `analyst:anna` in `principals.json`, did you mean `analyst:ana`?",
            "8:15: card `a`: there is no column `phnoe` in `members`, did you mean `phone`?",
            "8:30: card `a`: there is no dataset `membrs` in the catalog, did you mean `members`?",
        ],
    );
    check(
        "    who: { kind: analyst }\n    purposes: marketing\n    may: use\n    datasets: nothing_like_it\n",
        &["7:15: card `a`: there is no dataset `nothing_like_it` in the catalog"],
    );
}
