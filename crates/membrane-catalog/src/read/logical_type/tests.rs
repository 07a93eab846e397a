use super::super::yaml::Document;
use super::*;

/// Reads a property of 3.1 with this type and returns the type, or else the fault.
fn check(yaml: &str, expected: &str) {
    check_in(Edition::V31, yaml, expected);
}

fn check_in(edition: Edition, yaml: &str, expected: &str) {
    let mut report = Report::new("x.yaml".as_ref());
    let document = Document::parse(yaml, &mut report).unwrap();
    let fields = Fields::read(document.root(), "it", &["logicalType", "physicalType"], &mut report).unwrap();
    let found = read_logical_type(&fields, "it", edition, &mut report);
    let faults: Vec<_> = report.into_faults().into_iter().map(|fault| fault.message).collect();
    let found = found.map(|found| found.value.to_string()).filter(|_| faults.is_empty());
    assert_eq!(found.unwrap_or_else(|| faults.join("; ")), expected, "{yaml}");
}

#[test]
fn types_that_are_known() {
    check("logicalType: string", "string");
    check("{logicalType: string, physicalType: varchar(20)}", "string");
    check("logicalType: integer", "integer");
    check("logicalType: boolean", "boolean");
    check("logicalType: date", "date");
    check("{logicalType: date, physicalType: DATE}", "date");
    check("{logicalType: date, physicalType: timestamp with time zone}", "timestamp");
    check("logicalType: timestamp", "timestamp");
    check("logicalType: number", "number");
    check("{logicalType: number, physicalType: double}", "number");
}

#[test]
fn decimals() {
    check("{logicalType: number, physicalType: 'decimal(12,2)'}", "decimal(12,2)");
    check("{logicalType: number, physicalType: 'NUMERIC(38, 38)'}", "decimal(38,38)");
    check("{logicalType: number, physicalType: decimal(5)}", "decimal(5,0)");
    let form = "it: an exact number is written `physicalType: decimal(PRECISION,SCALE)`";
    for wrong in ["decimal", "decimal()", "'decimal(a,b)'", "'decimal(12,2'", "'decimal(12,2,3)'"] {
        check(&format!("{{logicalType: number, physicalType: {wrong}}}"), form);
    }
    for wrong in ["decimal(0)", "'decimal(39,2)'"] {
        check(
            &format!("{{logicalType: number, physicalType: {wrong}}}"),
            "it: the precision of a decimal is 1 to 38",
        );
    }
    for wrong in ["'decimal(5,6)'", "'decimal(5,-1)'"] {
        check(
            &format!("{{logicalType: number, physicalType: {wrong}}}"),
            "it: the scale of a decimal is 0 to its precision",
        );
    }
}

#[test]
fn types_that_are_not() {
    check("physicalType: text", "it has no `logicalType`");
    check("logicalType: 5", "`logicalType` must be text, YAML reads it as a number: put it in quotes");
    check("logicalType: bigint", "it: unknown `logicalType` `bigint`, write `integer`");
    check(
        "logicalType: decimal",
        "it: unknown `logicalType` `decimal`, write `number` with `physicalType: decimal(12,2)`",
    );
    check("logicalType: timestmp", "it: unknown `logicalType` `timestmp`, did you mean `timestamp`?");
    check(
        "logicalType: array",
        "it: `logicalType: array` is not supported; a column is one of string, integer, number, boolean, date, timestamp",
    );
}

/// The JSON schema of 3.0 knows no `timestamp`: other tools would refuse such a contract.
#[test]
fn timestamps_are_written_as_the_edition_has_them() {
    let fault = "it: version 3.0 of the standard has no `logicalType: timestamp`: write `date` with \
                 `physicalType: timestamp`, or `apiVersion: v3.1.0`";
    check_in(Edition::V30, "logicalType: timestamp", fault);
    check_in(Edition::V30, "{logicalType: timestamp, physicalType: timestamp}", fault);
    check_in(Edition::V30, "{logicalType: date, physicalType: timestamp}", "timestamp");
    check_in(Edition::V31, "{logicalType: date, physicalType: timestamp}", "timestamp");
    check(
        "logicalType: datetime",
        "it: unknown `logicalType` `datetime`, write `date` with `physicalType: timestamp`",
    );
}
