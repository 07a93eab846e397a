//! What a valid contract becomes.

use membrane_model::{ColumnName, Generalisation, Protection};

use super::*;
use crate::{Column, FormatCheck};

fn orders() -> Arc<Dataset> {
    Arc::clone(load(ORDERS).datasets().next().unwrap())
}

fn column<'a>(dataset: &'a Dataset, name: &str) -> &'a Column {
    dataset.column(&name.parse::<ColumnName>().unwrap()).unwrap()
}

#[test]
fn the_dataset() {
    let dataset = orders();
    assert_eq!(dataset.version, "1.0.0");
    assert_eq!(dataset.description, "What members bought.");
    assert_eq!(dataset.owner.as_deref(), Some("ana"));
    let subject = dataset.subject.as_ref().unwrap();
    assert_eq!((subject.column.as_str(), subject.kind.as_str()), ("member_no", "member_no"));
    let key: Vec<_> = dataset.primary_key.iter().map(ColumnName::as_str).collect();
    assert_eq!(key, ["order_id", "line_no"]);
    assert_eq!(dataset.event_time.as_ref().map(ColumnName::as_str), Some("ordered_at"));
    assert_eq!(dataset.on_truncated, crate::OnTruncated::Stop, "unless the contract says otherwise");
    let privacy = dataset.privacy.unwrap();
    assert_eq!((privacy.groups_max, privacy.rows_max), (12, 40));
    assert_eq!(dataset.source_columns().count(), 10);
    assert!(dataset.is_private() && dataset.column(&"nothing".parse().unwrap()).is_none());
}

#[test]
fn the_columns() {
    let dataset = orders();
    let member = column(&dataset, "member_no");
    assert!(member.required && !member.unique && member.rules.length_max == Some(9));
    let pattern = member.rules.pattern.as_ref().unwrap();
    assert!(pattern.is_match("M00000001") && !pattern.is_match("xM00000001"));
    let phone = column(&dataset, "phone");
    assert_eq!(phone.protection, Protection::SealedToken);
    assert_eq!((phone.rules.check, phone.token_domain().as_str()), (Some(FormatCheck::MobileChina), "phone"));
    let region = column(&dataset, "region");
    assert_eq!(region.rules.enumeration.as_deref().unwrap(), ["SH", "BJ", "GD"]);
    assert!(region.privacy.public_keys);
    let amount = column(&dataset, "amount");
    assert_eq!(amount.logical_type, LogicalType::Decimal { precision: 12, scale: 2 });
    assert_eq!(amount.privacy.bounds, Some((0.0, 5000.5)));
    assert_eq!(amount.description, "What was paid.");
    let line = column(&dataset, "line_no");
    assert_eq!((line.rules.minimum, line.rules.maximum), (Some(1.0), Some(500.0)));
    let born = column(&dataset, "born_on");
    assert_eq!(born.protection, Protection::Generalise(Generalisation::Year));
    assert_eq!(column(&dataset, "note").protection, Protection::Drop);
}

#[test]
fn positions_order_the_primary_key() {
    let swapped = ORDERS.replacen("Position: 1", "Position: 9", 1).replacen("Position: 2", "Position: 1", 1);
    let dataset =
        Arc::clone(load(&swapped.replacen("Position: 9", "Position: 2", 1)).datasets().next().unwrap());
    let key: Vec<_> = dataset.primary_key.iter().map(ColumnName::as_str).collect();
    assert_eq!(key, ["line_no", "order_id"]);
}

#[test]
fn a_team_of_version_3_1_has_members() {
    let team = ORDERS.replace(
        "team:\n  - username: ana\n    role: Owner\n",
        "team:\n  name: data\n  members:\n    - {username: bo, role: steward}\n    - {username: eva, role: owner}\n",
    );
    assert_eq!(load(&team).datasets().next().unwrap().owner.as_deref(), Some("eva"));
}

#[test]
fn a_description_of_the_schema_object_comes_first() {
    let text = ORDERS.replace("    physicalType: table\n", "    description: Order lines.\n");
    assert_eq!(load(&text).datasets().next().unwrap().description, "Order lines.");
}

#[test]
fn it_can_be_said_in_words() {
    let words = orders().describe();
    assert_eq!(words.subject.as_deref(), Some("member_no (identity member_no)"));
    assert_eq!(words.privacy.as_deref(), Some("12 groups per member, 40 rows per group"));
    let of = |name: &str| words.columns.iter().find(|column| column.name == name).unwrap();
    assert_eq!(of("phone").stored, ["phone__token", "phone__sealed"]);
    assert_eq!(of("phone").rules, ["check mobile_china"]);
    assert_eq!(of("region").rules, ["required", "one of 3 values, public"]);
    assert_eq!(of("region").public_values.as_ref().map(Vec::len), Some(3));
    assert_eq!(of("amount").public_values, None);
    assert_eq!(of("amount").rules, ["summed within 0 and 5000.5"]);
    assert_eq!(of("line_no").rules, ["required", "at least 1", "at most 500"]);
    assert_eq!(of("member_no").rules, ["required", "at most 9 characters", "pattern"]);
    assert!(of("note").stored.is_empty());
}

#[test]
fn line_ends_of_windows_change_nothing_but_the_hash() {
    let windows = load(&ORDERS.replace('\n', "\r\n"));
    assert_eq!(windows.datasets().next().unwrap().describe(), orders().describe());
    let wrong = ORDERS.replace("status: active", "stauts: active").replace('\n', "\r\n");
    let dir = write_contracts(&[("orders.yaml", &wrong)]);
    let expected =
        "contracts/orders.yaml:6:1: the contract has an unknown key `stauts`, did you mean `status`?";
    assert!(faults(dir.path()).iter().any(|fault| fault == expected), "{:?}", faults(dir.path()));
}
