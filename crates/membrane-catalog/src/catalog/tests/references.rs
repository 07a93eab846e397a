//! References of columns to other datasets.

use super::*;

const SHOPS: &str = "\
apiVersion: v3.1.0
kind: DataContract
id: shops
version: 1.0.0
status: active
schema:
- name: shops
  properties:
  - {name: shop_id, logicalType: string, classification: business, customProperties: [{property: membrane.protection, value: clear}]}
  - {name: floor, logicalType: integer, classification: business, customProperties: [{property: membrane.protection, value: clear}]}
  - {name: label, logicalType: string, classification: business, customProperties: [{property: membrane.protection, value: clear}, {property: membrane.standard, value: text(upper)}]}
  - {name: owner_code, logicalType: string, classification: business, customProperties: [{property: membrane.protection, value: token}]}
";

/// Lets `region` of the orders refer to something, and expects these faults.
fn check(column: &str, lines: &str, expected: &[&str]) {
    let orders = ORDERS.replacen("v3.0.2", "v3.1.0", 1);
    check_in(&orders, column, lines, expected);
}

fn check_in(orders: &str, column: &str, lines: &str, expected: &[&str]) {
    let start = orders.find(&format!("- name: {column}\n")).unwrap();
    let (before, after) = orders.split_at(start);
    let changed = format!(
        "{before}{}",
        after.replacen("        customProperties:\n", &format!("{lines}        customProperties:\n"), 1)
    );
    let dir = write_contracts(&[("orders.yaml", &changed), ("shops.yaml", SHOPS)]);
    let found: Vec<_> = match Catalog::load(dir.path()) {
        Ok(_) => Vec::new(),
        Err(error) => error.faults().iter().map(|fault| fault.message.clone()).collect(),
    };
    assert_eq!(found, expected, "{lines}");
}

fn to(target: &str) -> String {
    format!("        relationships:\n          - {{to: {target}}}\n")
}

#[test]
fn a_column_refers_to_one_of_a_dataset_about_things() {
    check("region", &to("shops.shop_id"), &[]);
    check("region", "        relationships: [{type: foreignKey, to: shops.shop_id}]\n", &[]);
    let orders = ORDERS.replacen("v3.0.2", "v3.1.0", 1);
    let start = orders.find("- name: region\n").unwrap();
    let (before, after) = orders.split_at(start);
    let lines = format!(
        "{}        customProperties:\n          - {{property: membrane.onOrphan, value: count}}\n",
        to("shops.shop_id")
    );
    let text = format!("{before}{}", after.replacen("        customProperties:\n", &lines, 1));
    let dir = write_contracts(&[("orders.yaml", &text), ("shops.yaml", SHOPS)]);
    let catalog = Catalog::load(dir.path()).unwrap();
    let orders = catalog.dataset(&"orders".parse().unwrap()).unwrap();
    let reference = orders.column(&"region".parse().unwrap()).unwrap().rules.reference.clone().unwrap();
    assert_eq!((reference.dataset.as_str(), reference.column.as_str()), ("shops", "shop_id"));
    assert_eq!(reference.on_orphan, crate::OnOrphan::Count);
    assert!(
        orders
            .describe()
            .columns
            .iter()
            .any(|column| column.rules.contains(&"one of `shops.shop_id`".to_owned()))
    );
}

#[test]
fn what_cannot_be_looked_up_is_a_fault() {
    check(
        "region",
        &to("shop.shop_id"),
        &["column `region` refers to `shop`, which has no contract, did you mean `shops`?"],
    );
    check("region", &to("shops.shop"), &["column `region` refers to `shops.shop`, which is no column"]);
    check(
        "region",
        &to("shops.floor"),
        &["column `region` is string, and `shops.floor`, to which it refers, is integer: give both one type"],
    );
    check(
        "region",
        &to("shops.owner_code"),
        &["column `region` refers to `shops.owner_code`, which is not stored `clear`"],
    );
    check("region", &to("orders.order_id"), &["column `region` refers to its own dataset"]);
    check(
        "region",
        &to("shops.label"),
        &[
            "column `region` has no standard, and `shops.label`, to which it refers, has the standard text(upper): their values would not meet, give both one",
        ],
    );
    check("region", &to("shops"), &["column `region`: `to` is `DATASET.COLUMN`"]);
    check("region", &to("schema/shops/properties/shop_id"), &["column `region`: `to` is `DATASET.COLUMN`"]);
    check(
        "phone",
        &to("shops.shop_id"),
        &["column `phone` refers to another dataset and needs the protection `clear`"],
    );
    check(
        "region",
        "        relationships: [{to: shops.shop_id}, {to: shops.floor}]\n",
        &["column `region` has 2 `relationships`: it can refer to one column"],
    );
    check(
        "region",
        "        relationships: [{type: parent, to: shops.shop_id}]\n",
        &["the `type` of a relationship is `foreignKey`"],
    );
    check_in(
        ORDERS,
        "region",
        &to("shops.shop_id"),
        &["column `region`: version 3.0 of the standard has no `relationships`: write `apiVersion: v3.1.0`"],
    );
    super::check(
        "{property: membrane.check, value: mobile_china}",
        "{property: membrane.onOrphan, value: count}",
        &["52: column `phone`: `membrane.onOrphan` needs `relationships`: what the column refers to"],
    );
}

/// PRIVACY: whoever brings rows in would learn who is a member.
#[test]
fn nobody_looks_members_up() {
    let second = ORDERS
        .replacen("v3.0.2", "v3.1.0", 1)
        .replacen("0e6f1f5c-orders", "other", 1)
        .replacen("- name: orders", "- name: sales", 1)
        .replacen(
            "        classification: business\n",
            "        classification: business\n        relationships: [{to: orders.order_id}]\n",
            1,
        );
    let dir = write_contracts(&[("orders.yaml", ORDERS), ("sales.yaml", &second)]);
    let found = faults(dir.path());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("column `order_id` refers to `orders`, which is about members: only datasets about things are looked up"), "{found:?}");
}
