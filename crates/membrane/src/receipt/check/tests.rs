use membrane_vault::{RootKey, Signer, Vault};
use serde_json::{Value, json};

use super::*;

fn signer(hub: &str) -> Signer {
    Vault::new(&RootKey::from_hex(&"5a".repeat(32)).expect("a root key")).receipt_signer(hub)
}

/// What a hub would answer.
fn answer() -> Value {
    json!({
        "run": "r2",
        "price": { "epsilon": 0.5, "rho": 0.0155 },
        "budgets": [{ "left": 1 }],
        "more_like_this": 3,
        "mechanism": { "groups_max": 8, "aggregates": [{ "name": "n", "sigma": 1.25 }, { "name": "s", "sigma": 0.1 }] },
        "datasets": [{ "dataset": "pos_orders", "version": 7 }],
        "columns": [{ "name": "region", "role": "key" }, { "name": "n", "role": "value" }],
        "rows": [{ "region": "SH", "n": 12.5 }, { "region": "BJ", "n": 9 }],
        "row_count": 2,
    })
}

/// The answer with a receipt of a body that was changed before it was signed.
fn signed(change: impl FnOnce(&mut Value)) -> Value {
    let mut file = answer();
    let text = |value: &Value| Json::parse(&value.to_string()).expect("JSON");
    let hash = result::hash(&text(&file["columns"]), &text(&file["rows"])).expect("a hash");
    let mut said = file.clone();
    for name in ["budgets", "more_like_this", "rows", "row_count"] {
        said.as_object_mut().expect("an object").remove(name);
    }
    let mut body = json!({ "format": FORMAT, "query": "SELECT 1", "answer": said, "result_sha256": hash });
    change(&mut body);
    let body = body.to_string();
    let signer = signer("a");
    file["receipt"] = json!({ "signature": signer.sign(&body), "key": signer.public_key(), "body": body });
    file
}

/// The faults of a file, under the key of hub `a`.
fn faults(file: &str) -> Vec<String> {
    let report = check(file, &signer("a").public_key());
    assert_eq!(report.holds(), report.checks.iter().all(|one| one.faults.is_empty()), "{report:?}");
    assert_eq!(report.said(&["query"]).is_some(), report.holds());
    report.checks.into_iter().flat_map(|one| one.faults).collect()
}

#[test]
fn what_was_signed_holds() {
    let file = signed(|_| ());
    let report = check(&file.to_string(), &signer("a").public_key());
    assert!(report.holds(), "{report:?}");
    assert_eq!(report.checks.len(), 5);
    assert_eq!(report.unsaid, ["budgets", "more_like_this"]);
    assert_eq!(report.said(&["query"]).as_deref(), Some("SELECT 1"));
    assert_eq!(report.said(&["answer", "price", "rho"]).as_deref(), Some("0.0155"));
    assert_eq!(report.datasets(), [("pos_orders".to_owned(), Some("7".to_owned()))]);
    // Written anew by another program, and without what nobody else need see.
    let mut shorter = file;
    shorter.as_object_mut().expect("an object").remove("budgets");
    assert!(faults(&serde_json::to_string_pretty(&shorter).expect("text")).is_empty());
}

#[test]
fn a_change_to_the_answer_is_named_by_its_place() {
    for (pointer, value, fault) in [
        ("/price/rho", json!(0.015), "`price.rho` is not what the receipt says"),
        (
            "/mechanism/aggregates/1/sigma",
            json!(0.2),
            "`mechanism.aggregates[1].sigma` is not what the receipt says",
        ),
        ("/mechanism/aggregates", json!([]), "`mechanism.aggregates` is not what the receipt says"),
        ("/mechanism/groups_max", json!("8"), "`mechanism.groups_max` is not what the receipt says"),
        ("/datasets/0/version", json!(8), "`datasets[0].version` is not what the receipt says"),
        ("/run", json!("r3"), "`run` is not what the receipt says"),
        ("/columns/1/name", json!("m"), "`columns[1].name` is not what the receipt says"),
        ("/rows/0/n", json!(12.6), "a cell, a column, or the order or the number of rows is another"),
        ("/rows/1/region", json!("GD"), "a cell, a column, or the order or the number of rows is another"),
        ("/rows/1", json!({ "region": "BJ" }), "row 2 has other columns than those listed"),
        ("/rows", Value::Null, "`rows` is no list"),
        ("/row_count", json!(3), "`row_count` is not how many there are"),
    ] {
        let mut file = signed(|_| ());
        *file.pointer_mut(pointer).expect(pointer) = value;
        assert_eq!(faults(&file.to_string()), [fault], "{pointer}");
    }
    let mut file = signed(|_| ());
    file["rows"].as_array_mut().expect("rows").reverse();
    assert_eq!(
        faults(&file.to_string()),
        ["a cell, a column, or the order or the number of rows is another"]
    );
    let mut file = signed(|_| ());
    file.as_object_mut().expect("an object").remove("price");
    file["promise"] = json!("exact");
    file["13800138777"] = json!(1);
    assert_eq!(
        faults(&file.to_string()),
        [
            "`price` is not there",
            "a member is there, and the receipt says nothing of it",
            "`promise` is there, and the receipt says nothing of it"
        ]
    );
}

#[test]
fn what_is_not_signed_is_not_looked_at() {
    let other_key = "it is signed with another key than the one that you named";
    let no_signature = "the signature is not one of this body by this key";
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut file = signed(|_| ());
        change(&mut file["receipt"]);
        faults(&file.to_string())
    };
    let replaced = |name: &str, from: &str, to: &str| {
        changed(&|receipt| {
            receipt[name] = json!(receipt[name].as_str().expect("a text").replacen(from, to, 1))
        })
    };
    assert_eq!(replaced("body", "SELECT 1", "SELECT 2"), [no_signature]);
    assert_eq!(replaced("body", "{", "{ "), [no_signature]);
    assert_eq!(changed(&|receipt| receipt["signature"] = json!("00".repeat(64))), [no_signature]);
    assert_eq!(changed(&|receipt| receipt["signature"] = json!("")), [no_signature]);
    let upper = |receipt: &mut Value| {
        receipt["signature"] = json!(receipt["signature"].as_str().expect("a text").to_uppercase());
    };
    assert_eq!(changed(&upper), [no_signature]);
    // Signed anew by whoever changed it.
    let forged = |receipt: &mut Value| {
        let body = receipt["body"].as_str().expect("a text").replace("SELECT 1", "SELECT 2");
        let signer = signer("b");
        *receipt = json!({ "signature": signer.sign(&body), "key": signer.public_key(), "body": body });
    };
    assert_eq!(changed(&forged), [other_key]);
    // And under the name of the key that is trusted.
    let claimed = |receipt: &mut Value| {
        forged(receipt);
        receipt["key"] = json!(signer("a").public_key());
    };
    assert_eq!(changed(&claimed), [no_signature]);
    assert_eq!(changed(&|receipt| receipt["body"] = json!(1)), ["`receipt` has no text `body`"]);
    assert_eq!(changed(&|receipt| *receipt = Value::Null), ["`receipt` has no text `key`"]);
    let more = |receipt: &mut Value| receipt["note"] = json!("x");
    assert_eq!(changed(&more), ["`receipt` has more than `body`, `key` and `signature`"]);
    assert_eq!(faults(&answer().to_string()), ["it has no `receipt`"]);
    let file = signed(|_| ()).to_string();
    assert_eq!(faults(file.split_at(40).0), ["the file breaks off at line 1, column 40"]);
    assert!(!check(&file, &signer("b").public_key()).holds());
    assert!(!check(&file, "").holds());
}

#[test]
fn a_body_of_another_form_is_not_guessed_at() {
    let later = signed(|body| body["format"] = json!("membrane-receipt/2")).to_string();
    assert_eq!(faults(&later), ["its `format` is not `membrane-receipt/1`: a later program may know it"]);
    let bare = signed(|body| body["answer"] = Value::Null).to_string();
    assert_eq!(faults(&bare), ["its body lacks `answer` or `result_sha256`"]);
}

/// What a hub signed once is checked for ever: this answer was saved when there first were receipts.
#[test]
fn an_answer_of_then_holds() {
    let key = "021ac60acd4a620439a9319badc5a74ffd33cefc20e05d6ec488d10aaf835c54";
    let file = include_str!("../golden.json");
    let report = check(file, key);
    assert!(report.holds(), "{report:?}");
    assert_eq!(report.said(&["log", "leaf"]).as_deref(), Some("1"));
    assert!(!check(&file.replacen("\"lines\":215,", "\"lines\":216,", 1), key).holds());
}
