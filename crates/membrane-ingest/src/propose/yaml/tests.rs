use super::*;

#[test]
fn texts_are_quoted_where_yaml_would_read_something_else() {
    for (text, expected) in [
        ("member_no", "member_no"),
        ("no", "\"no\""),
        ("null", "\"null\""),
        ("A b", "\"A b\""),
        ("1", "\"1\""),
        ("a: b # \"c\"\n", "\"a: b # \\\"c\\\"\\n\""),
    ] {
        assert_eq!(quoted(text), expected);
    }
    assert_eq!(always_quoted("gold"), "\"gold\"");
}

#[test]
fn comments_are_cut_into_lines() {
    let mut text = String::new();
    comment(&mut text, 6, &["word ".repeat(60)]);
    assert!(text.lines().count() > 2, "{text}");
    assert!(text.lines().all(|line| line.starts_with("      # ") && line.len() <= WIDTH + 10), "{text}");
}
