//! One change to a valid contract, one fault.

use super::*;

/// Changes the valid contract and expects these faults, as `line: message`.
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(ORDERS.contains(from), "{from}");
    let dir = write_contracts(&[("orders.yaml", &ORDERS.replacen(from, to, 1))]);
    let found: Vec<_> = match Catalog::load(dir.path()) {
        Ok(_) => Vec::new(),
        Err(error) => {
            error.faults().iter().map(|fault| format!("{}: {}", fault.line, fault.message)).collect()
        }
    };
    assert_eq!(found, expected, "{from} -> {to}");
}

/// Changes the settings of a column, whose line starts its `customProperties`.
fn check_setting(column: &str, from: &str, to: &str, expected: &[&str]) {
    let start = ORDERS.find(&format!("- name: {column}\n")).unwrap();
    let (before, after) = ORDERS.split_at(start);
    assert!(after.contains(from), "{from}");
    let changed = format!("{before}{}", after.replacen(from, to, 1));
    let dir = write_contracts(&[("orders.yaml", &changed)]);
    let found: Vec<_> = match Catalog::load(dir.path()) {
        Ok(_) => Vec::new(),
        Err(error) => error.faults().iter().map(|fault| fault.message.clone()).collect(),
    };
    assert_eq!(found, expected, "{column}: {from} -> {to}");
}

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
    check("- name: region", "- name: phone", &["53: column `phone` is there already, in line 46"]);
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
fn generalisations_fit_types() {
    let check_how = |column: &str, old: &str, how: &str, misfit: Option<(&str, &str)>| {
        let fault = misfit.map(|(types, logical)| {
            format!("column `{column}`: `generalise({how})` is for {types}, the column is {logical}")
        });
        let new = format!("value: generalise({how})}}");
        check_setting(column, old, &new, &fault.iter().map(String::as_str).collect::<Vec<_>>());
    };
    let (drop, year, clear) = ("value: drop}", "value: generalise(year)}", "value: clear}");
    check_how("note", drop, "prefix(5)", None);
    check_how("note", drop, "month", Some(("dates and timestamps", "string")));
    check_how("note", drop, "width(5)", Some(("numbers", "string")));
    check_how("born_on", year, "month", None);
    check_how("born_on", year, "prefix(2)", Some(("strings", "date")));
    check_how("born_on", year, "width(2)", Some(("numbers", "date")));
    check_how("amount", clear, "width(100)", None);
    check_how("amount", clear, "year", Some(("dates and timestamps", "decimal(12,2)")));
    check_setting("note", "logicalType: string", "logicalType: integer", &[]);
    check_setting(
        "note",
        "logicalType: string\n        classification: pii\n        customProperties:\n          - {property: membrane.protection, value: drop}",
        "logicalType: integer\n        classification: pii\n        customProperties:\n          - {property: membrane.protection, value: generalise(width(1))}",
        &["column `note`: `generalise(width(1))` keeps every integer as it is"],
    );
}

#[test]
fn public_keys_are_known_stored_and_always_there() {
    const SETTING: &str = "`membrane.privacy.publicKeys`";
    check_setting(
        "region",
        "          - {property: membrane.enumeration, value: [SH, BJ, GD]}\n",
        "",
        &[&format!("column `region`: {SETTING} needs `membrane.enumeration`: the keys themselves")],
    );
    check_setting(
        "region",
        "value: clear",
        "value: token",
        &[&format!("column `region`: {SETTING} needs the protection `clear`")],
    );
    check_setting(
        "region",
        "        required: true\n",
        "",
        &[&format!("column `region`: {SETTING} needs `required: true`")],
    );
    check_setting(
        "region",
        "publicKeys, value: true",
        "publicKeys, value: 1",
        &[&format!("{SETTING} must be `true` or `false`, here is a number")],
    );
    // A faulty enumeration is one fault.
    check_setting(
        "region",
        "[SH, BJ, GD]",
        "[SH, BJ, 1]",
        &["column `region`: value 3 of the enumeration is a number to YAML: put it in quotes"],
    );
}

#[test]
fn bounds_are_two_numbers_of_a_numeric_column() {
    const SETTING: &str = "`membrane.privacy.bounds`";
    check_setting("amount", "[0, 5000.5]", "[-5, -5]", &[]);
    check_setting(
        "amount",
        "[0, 5000.5]",
        "[9, 1]",
        &["column `amount`: the lower bound is above the upper bound"],
    );
    check_setting(
        "amount",
        "[0, 5000.5]",
        "[0, 0.001]",
        &["the upper bound is no value that decimal(12,2) can have"],
    );
    check_setting("amount", "[0, 5000.5]", "[0, .inf]", &["the upper bound must be finite"]);
    check_setting("amount", "[0, 5000.5]", "[0, x]", &["the upper bound must be a number, here is text"]);
    check_setting("amount", "[0, 5000.5]", "5000", &[&format!("{SETTING} must be a list, here is a number")]);
    check_setting(
        "amount",
        "[0, 5000.5]",
        "[1, 2, 3]",
        &[&format!("{SETTING} is a list of two numbers, `[LOWER, UPPER]`")],
    );
    check_setting(
        "amount",
        "value: clear",
        "value: sealed",
        &[&format!("column `amount`: {SETTING} needs a stored value: clear or generalise(..)")],
    );
    check_setting(
        "amount",
        "logicalType: number",
        "logicalType: string",
        &[&format!("column `amount`: {SETTING} is for numbers, the column is string")],
    );
}

#[test]
fn contribution_bounds_belong_together() {
    check(
        "      - {property: membrane.privacy.rowsMax, value: 40}\n",
        "",
        &["18: `membrane.privacy.groupsMax` and `membrane.privacy.rowsMax` belong together: state both"],
    );
    for wrong in ["0", "-1", "1.5", "'12'", "4294967296", "true"] {
        check(
            "value: 12",
            &format!("value: {wrong}"),
            &["18: `membrane.privacy.groupsMax` must be a whole number from 1 to 4294967295"],
        );
    }
}

#[test]
fn the_primary_key_is_complete() {
    check(
        "primaryKeyPosition: 2",
        "primaryKeyPosition: 1",
        &["32: column `line_no` has the `primaryKeyPosition` of column `order_id`"],
    );
    check(
        "primaryKeyPosition: 2",
        "primaryKeyPosition: 3",
        &["32: column `line_no`: `primaryKeyPosition` is past the 2 columns of the key"],
    );
    check(
        "primaryKeyPosition: 2",
        "primaryKeyPosition: 0",
        &[
            "32: column `line_no` has no `primaryKeyPosition`, and others have",
            "33: `primaryKeyPosition` must be a whole number from 1",
        ],
    );
    check(
        "        primaryKeyPosition: 2\n",
        "",
        &["32: column `line_no` has no `primaryKeyPosition`, and others have"],
    );
    check_setting(
        "line_no",
        "        primaryKey: true\n",
        "",
        &["column `line_no` has a `primaryKeyPosition` but no `primaryKey: true`"],
    );
    check_setting(
        "line_no",
        "        required: true\n",
        "",
        &["column `line_no` is in the primary key and must be `required: true`"],
    );
    check_setting(
        "line_no",
        "value: clear",
        "value: drop",
        &["column `line_no` is in the primary key, which its protection destroys"],
    );
}

#[test]
fn settings_stand_where_they_belong() {
    check(
        "schema:\n",
        "customProperties:\n  - {property: membrane.subject, value: x}\nschema:\n",
        &["13: `membrane.subject` belongs to the schema object"],
    );
    check("membrane.eventTime", "membrane.identity", &["17: `membrane.identity` belongs to a column"]);
    check(
        "membrane.eventTime",
        "membrane.event_time",
        &["17: unknown setting `membrane.event_time`, did you mean `membrane.eventTime`?"],
    );
    check(
        "membrane.eventTime",
        "membrne.eventTime",
        &["17: unknown setting `membrne.eventTime`, did you mean `membrane.eventTime`?"],
    );
    check("membrane.eventTime", "Membrane", &["17: unknown setting `Membrane`"]);
    check("membrane.eventTime", "somebody.elses", &[]);
    check(
        "property: membrane.eventTime, value: ordered_at",
        "property: membrane.eventTime",
        &["17: `membrane.eventTime` has no `value`"],
    );
    check(
        "membrane.eventTime, value: ordered_at",
        "membrane.subject, value: phone",
        &["17: `membrane.subject` is stated twice"],
    );
    check(
        "membrane.check, value: mobile_china",
        "membrane.check, value: [luhn]",
        &["52: `membrane.check` must be text, here is a list"],
    );
    check_setting(
        "amount",
        "{property: membrane.privacy.bounds, value: [0, 5000.5]}",
        "{property: membrane.check, value: luhn}",
        &["column `amount`: `membrane.check` is for strings, the column is decimal(12,2)"],
    );
}

#[test]
fn a_table_has_columns_but_not_too_many() {
    let head = &ORDERS[..ORDERS.find("    customProperties").unwrap()];
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
