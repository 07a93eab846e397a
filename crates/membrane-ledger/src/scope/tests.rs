use super::*;

#[test]
fn scopes_survive_their_text() {
    for text in ["partner:acme", "partner:acme/dataset:pos_orders", "dataset:pos_orders", "analyst:ana"] {
        assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
    }
    for wrong in
        ["", "acme", "dataset:", "dataset:Pos", "partner:acme/dataset:", "partner:acme/x", "/dataset:a"]
    {
        assert!(wrong.parse::<Scope>().is_err(), "{wrong}");
    }
}

#[test]
fn scopes_are_ordered_by_text() {
    let mut scopes: Vec<Scope> = ["partner:b", "dataset:z", "partner:a/dataset:z", "partner:a"]
        .map(|text| text.parse().unwrap())
        .to_vec();
    scopes.sort();
    let texts: Vec<String> = scopes.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["dataset:z", "partner:a", "partner:a/dataset:z", "partner:b"]);
}
