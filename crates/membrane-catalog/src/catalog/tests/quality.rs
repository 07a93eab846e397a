//! Quality rules of the standard: those that are held, and those that are told of as they would not be.

use super::*;

const SHOPS: &str = "\
apiVersion: v3.1.0
kind: DataContract
id: shops
version: 1.0.0
status: active
schema:
- name: shops
  quality: [SCHEMA]
  properties:
  - {name: shop_id, logicalType: string, primaryKey: true, required: true, classification: business, customProperties: [{property: membrane.protection, value: clear}], quality: [COLUMN]}
  - {name: town, logicalType: string, primaryKey: true, required: true, classification: business, customProperties: [{property: membrane.protection, value: clear}]}
";

fn read(schema: &str, column: &str, edition: &str) -> Result<Catalog, Vec<String>> {
    let text = SHOPS.replace("SCHEMA", schema).replace("COLUMN", column).replace("v3.1.0", edition);
    let dir = write_contracts(&[("shops.yaml", &text)]);
    Catalog::load(dir.path())
        .map_err(|error| error.faults().iter().map(|fault| fault.message.clone()).collect())
}

fn column(rules: &str) -> Column {
    let catalog = read("", rules, "v3.1.0").unwrap();
    let shops = catalog.dataset(&"shops".parse().unwrap()).unwrap();
    shops.column(&"shop_id".parse().unwrap()).unwrap().clone()
}

fn refused(schema: &str, column: &str, expected: &str) {
    let faults = read(schema, column, "v3.1.0").map(|_| ()).unwrap_err();
    assert_eq!(faults.len(), 1, "{schema} {column}: {faults:?}");
    assert!(faults[0].contains(expected), "{schema} {column}: {faults:?}");
}

#[test]
fn rules_that_no_row_may_break_are_held() {
    for rules in [
        "{metric: nullValues, mustBe: 0}",
        "{type: library, metric: nullValues, mustBeLessThan: 1, unit: rows}",
        "{metric: nullValues, mustBeLessOrEqualTo: 0, unit: percent}",
        "{metric: missingValues, mustBe: 0, arguments: {missingValues: [null, '']}}",
    ] {
        assert!(column(rules).required, "{rules}");
    }
    assert!(!column("").unique);
    assert!(column("{metric: duplicateValues, mustBe: 0, dimension: uniqueness}").unique);
    let listed = column("{metric: invalidValues, mustBe: 0, arguments: {validValues: [S1, S2]}}");
    assert_eq!(listed.rules.enumeration.as_deref(), Some(["S1".to_owned(), "S2".to_owned()].as_slice()));
    let formed = column("{metric: invalidValues, mustBe: 0, arguments: {pattern: '^S\\d$'}}");
    let pattern = formed.rules.pattern.unwrap();
    assert!(pattern.is_match("S1") && !pattern.is_match("S12"));

    let catalog = read("{metric: duplicateValues, mustBe: 0, arguments: {properties: [town]}}", "", "v3.1.0");
    let catalog = catalog.unwrap();
    let shops = catalog.dataset(&"shops".parse().unwrap()).unwrap();
    assert!(shops.column(&"town".parse().unwrap()).unwrap().unique);
    assert!(
        read("{metric: duplicateValues, mustBe: 0, arguments: {properties: [town, shop_id]}}", "", "v3.1.0")
            .is_ok()
    );
}

/// A contract that is held says the same in either spelling: its rows are of one revision.
#[test]
fn a_rule_is_the_same_in_either_spelling() {
    let of = |column: &str, options: &str| {
        let text = SHOPS.replace("SCHEMA", "").replace("COLUMN", column).replacen(
            "logicalType: string",
            &format!("logicalType: string{options}"),
            1,
        );
        let dir = write_contracts(&[("shops.yaml", &text)]);
        Catalog::load(dir.path()).unwrap().dataset(&"shops".parse().unwrap()).unwrap().revision()
    };
    let rule = "{metric: duplicateValues, mustBe: 0}, {metric: invalidValues, mustBe: 0, arguments: {pattern: 'S.*'}}";
    assert_eq!(of(rule, ""), of("", ", unique: true, logicalTypeOptions: {pattern: 'S.*'}"));
    assert_ne!(of(rule, ""), of("", ""));
}

#[test]
fn rules_for_others_are_left_to_them() {
    let rules = "{type: text, description: good}, {type: custom, engine: soda, implementation: 'x: 1', schedule: '0 1 * * *', scheduler: cron}";
    assert!(read(rules, rules, "v3.1.0").is_ok());
    assert!(read(rules, rules, "v3.0.2").is_ok());
}

#[test]
fn rules_that_would_not_be_held_are_faults() {
    let alone = "is held as `mustBe: 0` alone";
    refused("", "{metric: nullValues, mustBeLessThan: 5}", alone);
    refused("", "{metric: nullValues, mustBeLessThan: 1, unit: percent}", alone);
    refused("", "{metric: nullValues}", alone);
    refused("", "{metric: nullValues, mustBe: 0, mustNotBe: 3}", alone);
    refused("", "{metric: nullValues, mustBe: none}", alone);
    refused("", "{metric: duplicateValues, mustBeBetween: [0, 1]}", alone);
    refused("", "{type: sql, query: 'SELECT 1', mustBe: 0}", "a quality rule in SQL is not held by this hub");
    refused("{metric: rowCount, mustBeBetween: [1, 9]}", "", "write `membrane.rowsPerDay`");
    refused("", "{metric: rowCount, mustBe: 9}", "write `membrane.rowsPerDay`");
    refused("{metric: nullValues, mustBe: 0}", "", "`nullValues` stands with the column that it is about");
    refused("", "{metric: freshness, mustBe: 0}", "the `metric` of a quality rule is nullValues");
    refused("", "{mustBe: 0}", "has no `metric`");
    refused("", "{type: magic, metric: nullValues, mustBe: 0}", "the `type` of a quality rule is library");
    refused("", "{metric: nullValues, mustBe: 0, metrik: 1}", "unknown key `metrik`");
    refused("", "{rule: nullCheck, mustBe: 0}", "are read as `metric` of version 3.1");
    refused("", "{metric: invalidValues, mustBe: 0}", "needs `arguments`");
    refused("", "{metric: invalidValues, mustBe: 0, arguments: {pattern: '(?=a)'}}", "does not compile");
    let secret = "{metric: missingValues, mustBe: 0, arguments: {missingValues: [13800138000x]}}";
    refused("", secret, "what is missing here is null and empty text");
    assert!(!read("", secret, "v3.1.0").map(|_| ()).unwrap_err()[0].contains("1380"));
    let of =
        |names: &str| format!("{{metric: duplicateValues, mustBe: 0, arguments: {{properties: [{names}]}}}}");
    refused(&of("town, shop_ids"), "", "name no column, did you mean `shop_id`?");
    refused(&of(""), "", "is held for the primary key");
    let old = read("", "{metric: nullValues, mustBe: 0}", "v3.0.2").map(|_| ()).unwrap_err();
    assert!(old[0].contains("write `apiVersion: v3.1.0`"), "{old:?}");
}
