//! Columns that speak of a person and whose class does not, and waivers.

use super::*;

/// What to do, as every fault ends.
const DO: &str =
    "give it a class in `pii`, or say in `membrane.notPersonal` why it identifies nobody, and who says so";

const WAIVER: &str = "{property: membrane.notPersonal, value: \"the shop's own; olga, 2026-11\"}";

/// Adds a setting to a column whose protection is `clear`.
fn with_setting(setting: &str) -> String {
    format!("value: clear}}\n          - {setting}")
}

#[test]
fn a_name_speaks() {
    check(
        "- name: region",
        "- name: home_phone",
        &[&format!(
            "56: column `home_phone` is of class `business`, but its name has `phone` (a telephone number): {DO}"
        )],
    );
    check(
        "- name: region",
        "- name: phone_is_known",
        &[&format!(
            "56: column `phone_is_known` is of class `business`, but its name has `phone` (a telephone number): {DO}"
        )],
    );
}

#[test]
fn name_check_and_identity_are_named() {
    check(
        "classification: pii.phone",
        "classification: business",
        &[&format!(
            "48: column `phone` is of class `business`, but its name has `phone` (a telephone number), its check is \
             `mobile_china` and it has a `membrane.identity`: {DO}"
        )],
    );
    check(
        "classification: pii.identifier",
        "classification: business",
        &[&format!("41: column `member_no` is of class `business`, but it has a `membrane.identity`: {DO}")],
    );
}

/// What is coarser than an identifier is of its class: a year of birth does not become `business` by being one.
#[test]
fn a_generalised_identifier_stays_personal() {
    check_setting(
        "born_on",
        "classification: pii",
        "classification: business",
        &[&format!(
            "column `born_on` is of class `business`, but its name has `born` (a day of birth): {DO}"
        )],
    );
}

#[test]
fn true_and_false_identify_nobody() {
    let name = "- name: amount\n        logicalType: number\n        physicalType: decimal(12,2)\n";
    let bounds = "          - {property: membrane.privacy.bounds, value: [0, 5000.5]}\n";
    assert!(ORDERS.contains(name) && ORDERS.contains(bounds));
    let with = |logical: &str| {
        let renamed = format!("- name: email_confirmed\n        logicalType: {logical}\n");
        let dir =
            write_contracts(&[("orders.yaml", &ORDERS.replacen(name, &renamed, 1).replacen(bounds, "", 1))]);
        Catalog::load(dir.path()).is_ok()
    };
    assert!(with("boolean") && !with("string"));
}

#[test]
fn a_waiver_is_kept() {
    let renamed = ORDERS.replacen("- name: region", "- name: shop_phone", 1);
    let (before, after) = renamed.split_at(renamed.find("- name: shop_phone").unwrap());
    let catalog = load(&format!("{before}{}", after.replacen("value: clear}", &with_setting(WAIVER), 1)));
    let dataset = catalog.datasets().next().unwrap();
    let waivers: Vec<_> = dataset.columns.iter().filter_map(|column| column.waiver.as_deref()).collect();
    assert_eq!(waivers, ["the shop's own; olga, 2026-11"]);
}

#[test]
fn a_waiver_says_why_and_who() {
    for wrong in ["it is fine", "; olga", "it is fine;", " ; "] {
        let setting = WAIVER.replace("the shop's own; olga, 2026-11", wrong);
        check_setting(
            "phone",
            "          - {property: membrane.check",
            &format!("          - {setting}\n          - {{property: membrane.check"),
            &[
                "column `phone` needs no `membrane.notPersonal`: its class is `pii.phone`",
                "`membrane.notPersonal` of column `phone` says why and who: `WHY; WHO, WHEN`",
            ],
        );
    }
    check_setting(
        "region",
        "value: clear}",
        &with_setting("{property: membrane.notPersonal, value: ''}"),
        &[
            "column `region` needs no `membrane.notPersonal`: nothing says that it identifies anybody",
            "`membrane.notPersonal` is empty",
        ],
    );
}

#[test]
fn a_waiver_that_waives_nothing_is_a_fault() {
    check_setting(
        "region",
        "value: clear}",
        &with_setting(WAIVER),
        &["column `region` needs no `membrane.notPersonal`: nothing says that it identifies anybody"],
    );
    check_setting(
        "phone",
        "value: sealed+token}",
        &with_setting(WAIVER).replacen("clear", "sealed+token", 1),
        &["column `phone` needs no `membrane.notPersonal`: its class is `pii.phone`"],
    );
}

/// A waiver takes the class away and not what the check asks for.
#[test]
fn what_is_waived_and_has_a_check_is_not_stored_in_clear() {
    check_setting(
        "region",
        "{property: membrane.enumeration, value: [SH, BJ, GD]}\n          - {property: membrane.privacy.publicKeys, value: true}",
        &format!("{{property: membrane.check, value: e164}}\n          - {WAIVER}"),
        &[
            "column `region` has identifiers (`membrane.check`, e164) and must not be `clear`: use token, sealed, \
           sealed+token, generalise(..) or drop",
        ],
    );
}

#[test]
fn data_about_things_may_have_telephones() {
    let (head, _) = ORDERS.split_once("    customProperties").unwrap();
    let shops = |more: &str| {
        format!(
            "{head}    properties:\n      - name: phone\n        logicalType: string\n        \
             classification: business\n        customProperties:\n          - {{property: membrane.protection, value: clear}}\n{more}"
        )
    };
    load(&shops(""));
    let dir = write_contracts(&[("orders.yaml", &shops(&format!("          - {WAIVER}\n")))]);
    assert_eq!(
        faults(dir.path()),
        [
            "contracts/orders.yaml:21:24: column `phone` needs no `membrane.notPersonal`: the dataset is not about members"
        ]
    );
}
