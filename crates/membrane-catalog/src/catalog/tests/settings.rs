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
        &["column `note`: `generalise(width(1))` keeps every value as it is"],
    );
}

#[test]
fn a_prefix_must_leave_something_out() {
    let to = |length| format!("{{ maxLength: {length} }}\n        customProperties:");
    for (length, faults) in [(3, 0), (2, 1), (1, 1)] {
        let change = format!("logicalTypeOptions: {}", to(length));
        let fault: &[&str] = &["column `postcode`: `generalise(prefix(2))` keeps every value as it is"];
        check_setting("postcode", "customProperties:", &change, &fault[..faults]);
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
