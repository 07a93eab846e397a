//! One change to a valid contract, one fault: generalisations, privacy settings, keys.

use super::*;

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
        &[
            "column `note`: `generalise(width(1))` keeps an identifier nearly as it is: the width is 10 at least",
        ],
    );
}

/// Gives a column this type, rules, class and protection, and expects this about its generalisation.
fn check_kept(logical: &str, rules: &str, class: &str, how: &str, expected: Option<&str>) {
    let column = format!(
        "      - name: extra\n        logicalType: {logical}\n        {rules}\n        classification: {class}\n        \
         customProperties:\n          - {{property: membrane.protection, value: {how}}}\n"
    );
    let contract = format!("{ORDERS}{column}");
    let dir = write_contracts(&[("orders.yaml", &contract)]);
    let found: Vec<_> = match Catalog::load(dir.path()) {
        Ok(_) => Vec::new(),
        Err(error) => error.faults().iter().map(|fault| fault.message.clone()).collect(),
    };
    let expected: Vec<_> = expected.iter().map(|fault| format!("column `extra`: `{how}` {fault}")).collect();
    assert_eq!(found, expected, "{logical} {rules} {class} {how}");
}

/// PRIVACY: the review's example, `pii.phone` under `generalise(prefix(20))`, stored the whole number.
#[test]
fn at_most_half_of_an_identifier_is_kept() {
    let unknown = Some("of an identifier needs `maxLength`, so that it is known what is left out");
    let check = |rules: &str, how: &str, expected| check_kept("string", rules, "pii", how, expected);
    check("required: true", "generalise(prefix(1))", unknown);
    check("logicalTypeOptions: {maxLength: 6}", "generalise(prefix(3))", None);
    let half = |most| format!("keeps more than half of an identifier of at most {most} characters");
    let half_of_six = half(6);
    check("logicalTypeOptions: {maxLength: 6}", "generalise(prefix(4))", Some(&half_of_six));
    check("logicalTypeOptions: {maxLength: 6}", "generalise(prefix(20))", Some(&half_of_six));
    check_kept("string", "required: true", "business", "generalise(prefix(5))", None);

    let phone = "customProperties:\n          - {property: membrane.protection, value: sealed+token}\n          \
                 - {property: membrane.identity, value: phone}\n";
    for (how, expected) in
        [("prefix(7)", None), ("prefix(8)", Some(half(14))), ("prefix(20)", Some(half(14)))]
    {
        let generalised = format!(
            "customProperties:\n          - {{property: membrane.protection, value: generalise({how})}}\n"
        );
        let fault = expected.map(|fault| format!("column `phone`: `generalise({how})` {fault}"));
        check_setting("phone", phone, &generalised, &fault.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn bands_of_identifying_numbers_are_few_and_wide() {
    let range = "logicalTypeOptions: {minimum: 0, maximum: 120}";
    for logical in ["integer", "number", "number\n        physicalType: decimal(12,2)"] {
        let check = |rules: &str, how: &str, expected| check_kept(logical, rules, "pii", how, expected);
        let narrow = Some("keeps an identifier nearly as it is: the width is 10 at least");
        check(range, "generalise(width(1))", narrow);
        check(range, "generalise(width(9))", narrow);
        check(range, "generalise(width(10))", None);
        let unknown = "of an identifier needs `minimum` and `maximum`, so that it is known what is left out";
        check("required: true", "generalise(width(10))", Some(unknown));
        check("logicalTypeOptions: {minimum: 0}", "generalise(width(10))", Some(unknown));
        // A telephone number as a number: cutting its last digit off hides nobody.
        let phones = "logicalTypeOptions: {minimum: 1000000000, maximum: 1999999999}";
        let many = "leaves an identifier more than 1000 values: choose wider bands";
        check(phones, "generalise(width(10))", Some(many));
        check(phones, "generalise(width(100000000))", None);
    }
    let whole = "keeps every whole value as it is";
    check_kept("integer", range, "business", "generalise(width(1))", Some("keeps every value as it is"));
    check_kept("number", range, "business", "generalise(width(1))", Some(whole));
    check_kept(
        "number\n        physicalType: decimal(12,2)",
        range,
        "business",
        "generalise(width(1))",
        Some(whole),
    );
    check_kept("number", range, "business", "generalise(width(2))", None);
}

#[test]
fn a_prefix_must_leave_something_out() {
    let all = "keeps every value as it is";
    for (length, fault) in [(3, None), (2, Some(all)), (1, Some(all))] {
        let rules = format!("logicalTypeOptions: {{maxLength: {length}}}");
        check_kept("string", &rules, "business", "generalise(prefix(2))", fault);
    }
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
        "membrane.eventTime, value: ordered_at",
        "membrane.onTruncated, value: keep",
        &["17: `membrane.onTruncated` is `stop` or `save`, not `keep`"],
    );
    check("membrane.eventTime, value: ordered_at", "membrane.onTruncated, value: save", &[]);
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
