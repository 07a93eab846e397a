use super::*;

#[test]
fn values_are_seen_in_plain_forms() {
    let value = Value::new(" ＋８６ 138-0013-8000 ");
    assert_eq!((value.digits.as_deref(), value.has_plus), (Some("8613800138000"), true));
    assert_eq!(value.national(), None);
    assert_eq!(Value::new("gb82 west").bare, "GB82WEST");
    assert_eq!(Value::new("12a").digits, None);
    for text in ["", "N/A", "null", "无", "--", "0000", "unknown"] {
        assert!(Value::new(text).is_placeholder(), "{text}");
    }
    assert!(!Value::new("1").is_placeholder());
    assert_eq!(format!("{value:?}"), "Value(17 bytes)");
}
