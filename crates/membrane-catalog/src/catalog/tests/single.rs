//! One change to a valid contract, one fault: the contract, its names, its subject.

use super::*;

#[test]
fn the_contract_itself() {
    check("v3.0.2", "v3.1.0", &[]);
    check("v3.0.2", "v2.2.2", &["1: this `apiVersion` is not read here: write `v3.0.2`"]);
    check("kind: DataContract\n", "", &["1: the contract has no `kind`"]);
    check("id: 0e6f1f5c-orders\n", "id:\n", &["3: `id` is empty"]);
    check("1.0.0", "1.0", &["5: `version` must be text, YAML reads it as a number: put it in quotes"]);
    check("1.0.0", "v1", &["5: `version` must be MAJOR.MINOR.PATCH, like `1.0.0`"]);
    check(
        "schema:",
        "schemas:",
        &[
            "1: the contract has no `schema`",
            "12: the contract has an unknown key `schemas`, did you mean `schema`?",
        ],
    );
    check(
        "schema:\n",
        "schema: []\nroles:\n",
        &["12: a contract has one schema object, here are 0: write a file for each"],
    );
    check(
        "schema:\n",
        "schema:\n  - {name: orders}\n",
        &["13: a contract has one schema object, here are 2: write a file for each"],
    );
}

#[test]
fn keys_of_the_standard_that_are_not_used_are_accepted() {
    check(
        "schema:\n",
        "servers: [{server: s, type: local, anything: 1}]\nsupport: []\nprice: {}\nroles: []\ntags: [a]\n\
         slaProperties: []\nslaDefaultElement: x\nauthoritativeDefinitions: []\ntenant: t\ndomain: d\n\
         dataProduct: p\ncontractCreatedTs: 2026-01-01T00:00:00Z\nschema:\n",
        &[],
    );
    check(
        "        primaryKeyPosition: 1\n",
        "        primaryKeyPosition: 1\n        quality: [{type: text, description: d}]\n        tags: [a]\n        \
         examples: [x]\n        businessName: b\n        criticalDataElement: true\n        partitioned: false\n        \
         partitionKeyPosition: -1\n        encryptedName: e\n        transformLogic: l\n        physicalName: n\n",
        &[],
    );
    check(
        "    physicalType: table\n",
        "    physicalType: table\n    logicalType: object\n    quality: []\n",
        &[],
    );
    check(
        "    physicalType: table\n",
        "    logicalType: table\n",
        &["14: the `logicalType` of the schema object is `object`"],
    );
}

#[test]
fn names() {
    check(
        "- name: orders",
        "- name: sales",
        &["13: dataset `sales` stands in the file `orders`: name both alike"],
    );
    check(
        "- name: orders",
        "- name: Orders",
        &[
            "13: `name` is not a dataset name: expected lower-case letters, digits and `_`, a letter first, 63 at most",
        ],
    );
    check("- name: region", "- name: line_no", &["53: column `line_no` is there already, in line 29"]);
    check(
        "- name: region",
        "- name: region__token",
        &[
            "53: `name` is not a column name: expected lower-case letters, digits and single `_`, a letter first, 63 at most",
        ],
    );
    check("- name: region", "- description: x", &["53: column 5 has no `name`"]);
    for reserved in ["public", "quarantine", "pg_orders", "information_schema"] {
        let contract = ORDERS.replace("- name: orders", &format!("- name: {reserved}"));
        let dir = write_contracts(&[(&format!("{reserved}.yaml"), &contract)]);
        assert_eq!(
            faults(dir.path()),
            [format!("contracts/{reserved}.yaml:13:11: `{reserved}` is reserved, choose another name")]
        );
    }
}

#[test]
fn class_and_protection_are_never_guessed() {
    check_setting(
        "region",
        "        classification: business\n",
        "",
        &["column `region` has no `classification`"],
    );
    check_setting(
        "region",
        "          - {property: membrane.protection, value: clear}\n",
        "",
        &["column `region` has no `membrane.protection`"],
    );
    check_setting("note", "drop", "", &["`membrane.protection` is empty"]);
    check_setting(
        "region",
        "classification: business",
        "classification: bussiness",
        &["column `region`: class `bussiness` is not in `classes.yaml`, did you mean `business`?"],
    );
    check_setting(
        "region",
        "classification: business",
        "classification: Confidential!",
        &[
            "`classification` of column `region` is not a class: expected names joined by dots, like `pii.phone`",
        ],
    );
}

#[test]
fn direct_identifiers_never_lie_in_clear() {
    for class in ["pii", "pii.phone"] {
        check_setting(
            "region",
            "classification: business",
            &format!("classification: {class}"),
            &[&format!(
                "column `region` is of class `{class}` and must not be `clear`: use token, sealed, sealed+token, generalise(..) or drop"
            )],
        );
    }
    check_setting(
        "member_no",
        "value: token",
        "value: generalise(prefix(3))",
        &[
            "column `member_no` holds identifiers (`membrane.identity`) and must not be `generalise(prefix(3))`: \
         use token, sealed, sealed+token or drop",
        ],
    );
}

/// What a check accepts says who somebody is, whatever the class says.
#[test]
fn what_has_the_form_of_an_identifier_never_lies_in_clear() {
    for check in crate::FormatCheck::ALL {
        check_setting(
            "region",
            "{property: membrane.enumeration, value: [SH, BJ, GD]}\n          - {property: membrane.privacy.publicKeys, value: true}",
            &format!("{{property: membrane.check, value: {check}}}"),
            &[
                &format!(
                    "column `region` is of class `business`, but its check is `{check}`: give it a class in `pii`, or \
                     say in `membrane.notPersonal` why it identifies nobody, and who says so"
                ),
                &format!(
                    "column `region` has identifiers (`membrane.check`, {check}) and must not be `clear`: use token, sealed, sealed+token, generalise(..) or drop"
                ),
            ],
        );
    }
}

#[test]
fn sealing_needs_a_subject() {
    check(
        "      - {property: membrane.subject, value: member_no}\n",
        "",
        &[
            "17: contribution bounds count per member, and there is no `membrane.subject`",
            "49: column `phone` cannot be sealed: the schema object has no `membrane.subject`, so there is no key for it",
        ],
    );
}

#[test]
fn the_subject_must_be_there_and_an_identifier() {
    check(
        "membrane.subject, value: member_no",
        "membrane.subject, value: member_nr",
        &["16: `membrane.subject` names no column: there is no `member_nr`, did you mean `member_no`?"],
    );
    check(
        "membrane.subject, value: member_no",
        "membrane.subject, value: order_id",
        &["16: column `order_id` is the subject and has no `membrane.identity`"],
    );
    check(
        "membrane.subject, value: member_no",
        "membrane.subject, value: phone",
        &["16: column `phone` is the subject and must be `required: true`"],
    );
    check(
        "membrane.subject, value: member_no",
        "membrane.subject, value: Member No",
        &[
            "16: `membrane.subject` is not a column name: expected lower-case letters, digits and single `_`, a letter first, 63 at most",
        ],
    );
    check_setting(
        "member_no",
        "logicalType: string",
        "logicalType: boolean",
        &[
            "`pattern` is a rule for texts, column `member_no` is boolean",
            "`maxLength` is a rule for texts, column `member_no` is boolean",
            "column `member_no`: an identifier is string or integer, not boolean",
        ],
    );
}

#[test]
fn the_event_time_must_be_a_stored_timestamp() {
    check(
        "membrane.eventTime, value: ordered_at",
        "membrane.eventTime, value: region",
        &["17: column `region` is the event time and must be a timestamp, not string"],
    );
    check(
        "membrane.eventTime, value: ordered_at",
        "membrane.eventTime, value: at",
        &["17: `membrane.eventTime` names no column: there is no `at`"],
    );
    check_setting(
        "ordered_at",
        "value: clear",
        "value: token",
        &["column `ordered_at` is the event time and must be stored: clear or generalise(..)"],
    );
    check_setting("ordered_at", "value: clear", "value: generalise(month)", &[]);
}

#[test]
fn a_table_has_columns_but_not_too_many() {
    let (head, _) = ORDERS.split_once("    customProperties").unwrap();
    let table = |count: usize| {
        let column = |index| {
            format!(
                "      - {{name: c{index}, logicalType: string, classification: business, \
                 customProperties: [{{property: membrane.protection, value: clear}}]}}\n"
            )
        };
        format!("{head}    properties:\n{}", (0..count).map(column).collect::<String>())
    };
    assert_eq!(load(&table(2_000)).datasets().next().unwrap().columns.len(), 2_000);
    let dir = write_contracts(&[("orders.yaml", &table(2_001))]);
    assert_eq!(
        faults(dir.path()),
        ["contracts/orders.yaml:16:7: a table has 1 to 2000 columns, here are 2001"]
    );
    let dir = write_contracts(&[("orders.yaml", &format!("{head}    properties: []\n"))]);
    assert_eq!(
        faults(dir.path()),
        ["contracts/orders.yaml:15:17: a table has 1 to 2000 columns, here are 0"]
    );
    let dir = write_contracts(&[("orders.yaml", head)]);
    assert_eq!(
        faults(dir.path()),
        ["contracts/orders.yaml:13:5: the schema object has no `properties`: these are the columns"]
    );
}
