//! Contracts that are valid alone and not with each other.

use super::*;

/// Changes a copy of the valid contract and puts it beside the original.
fn check(file: &str, changes: &[(&str, &str)], expected: &[&str]) {
    let mut second = ORDERS.to_owned();
    for (from, to) in changes {
        assert!(second.contains(from), "{from}");
        second = second.replacen(from, to, 1);
    }
    let dir = write_contracts(&[("orders.yaml", ORDERS), (file, &second)]);
    let found = match Catalog::load(dir.path()) {
        Ok(_) => Vec::new(),
        Err(_) => faults(dir.path()),
    };
    assert_eq!(found, expected);
}

const NAME: (&str, &str) = ("- name: orders", "- name: sales");
const ID: (&str, &str) = ("0e6f1f5c-orders", "other");

#[test]
fn two_different_contracts_live_together() {
    check("sales.yaml", &[NAME, ID], &[]);
}

#[test]
fn a_dataset_has_one_contract() {
    check(
        "sales.yaml",
        &[ID],
        &[
            "contracts/sales.yaml:13:11: dataset `orders` has a contract already, in `orders.yaml`",
            "contracts/sales.yaml:13:11: dataset `orders` stands in the file `sales`: name both alike",
        ],
    );
}

#[test]
fn ids_are_unique() {
    check(
        "sales.yaml",
        &[NAME],
        &["contracts/sales.yaml:3:5: the contract in `orders.yaml` has the same `id`"],
    );
}

#[test]
fn an_identity_kind_has_one_type() {
    let number = (
        "        logicalType: string\n        required: true\n        classification: pii.identifier\n        logicalTypeOptions: {pattern: 'M\\d{8}', maxLength: 9}\n",
        "        logicalType: integer\n        required: true\n        classification: pii.identifier\n",
    );
    check(
        "sales.yaml",
        &[NAME, ID, number],
        &[
            "contracts/sales.yaml:44:50: identity kind `member_no` is integer here and string in `orders.yaml`: give it one type",
        ],
    );
}

#[test]
fn an_identity_kind_is_not_named_like_a_class() {
    let kind = ("membrane.identity, value: phone", "membrane.identity, value: business");
    check(
        "sales.yaml",
        &[NAME, ID, kind],
        &[
            "contracts/sales.yaml:51:50: identity kind `business` is the name of a class: their tokens would mix",
        ],
    );
}

/// A key that stands twice in the list of classes would else hide all classes that contracts have wrong.
#[test]
fn a_doubled_key_hides_no_other_fault() {
    let dir = write(&[
        ("classes.yaml", &format!("{CLASSES}classes: []\n")),
        ("purposes.yaml", PURPOSES),
        (
            "contracts/orders.yaml",
            &ORDERS.replacen("classification: business", "classification: bussiness", 1),
        ),
        ("contracts/sales.yaml", &ORDERS.replace("- name: orders", "- name: sales\n    name: sales")),
    ]);
    assert_eq!(
        faults(dir.path()),
        [
            "classes.yaml:6:1: not YAML: duplicated key in mapping",
            "contracts/orders.yaml:26:25: column `order_id`: class `bussiness` is not in `classes.yaml`, did you mean `business`?",
            "contracts/sales.yaml:3:5: the contract in `orders.yaml` has the same `id`",
            "contracts/sales.yaml:14:5: not YAML: duplicated key in mapping",
        ]
    );
}

#[test]
fn a_broken_contract_does_not_hide_the_faults_of_others() {
    let dir = write_contracts(&[
        ("a.yaml", "a: [\n"),
        ("b.yaml", "a: b: c\n"),
        ("orders.yaml", &ORDERS.replace("status: active", "status:")),
    ]);
    let faults = faults(dir.path());
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults[0].starts_with("contracts/a.yaml:") && faults[1].starts_with("contracts/b.yaml:"));
    assert_eq!(faults[2], "contracts/orders.yaml:6:7: `status` is empty");
}

#[test]
fn a_contract_that_is_proposed_is_checked_beside_the_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog");
    let catalog = Catalog::load(&folder).unwrap();
    let name: DatasetName = "crm_members".parse().unwrap();
    let text = std::fs::read_to_string(folder.join("contracts/crm_members.yaml")).unwrap();
    assert_eq!(catalog.check_contract(&name, &text).unwrap().columns.len(), 13);
    let faults = |text: &str| {
        let error = catalog.check_contract(&name, text).unwrap_err();
        error.faults().iter().map(|fault| fault.message.clone()).collect::<Vec<_>>().join("\n")
    };
    let integer = text
        .replacen("logicalType: string", "logicalType: integer", 1)
        .replace("logicalTypeOptions: { pattern: '^M[0-9]{8}$' }", "logicalTypeOptions: { minimum: 0 }");
    let found = faults(&integer);
    assert!(found.contains("identity kind `member_no` is integer here and string in"), "{found}");
    assert!(faults(&text.replace("[marketing_analysis]", "[art]")).contains("purpose `art` is not in"));
    assert!(faults(&text.replace("classification: geo", "classification: gco")).contains("class `gco`"));
    assert!(
        faults(&text.replace("value: email }", "value: demographic }")).contains("is the name of a class")
    );
}
