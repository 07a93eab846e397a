//! What tells one definition of a tag from another.

use super::*;

/// What changes the values changes the definition, and nothing else does.
#[test]
fn another_definition_is_another_version() {
    let definition = |text: &str| {
        let (found, faults) = read(text);
        found.unwrap_or_else(|| panic!("{faults:?}")).definition()
    };
    let first = definition(WHOLE);
    // Written down with the values: it must not change with this code.
    assert_eq!(first, "1a4a7f8d5ca1bdf8b4f4e2cb2320d0bc0b8aa12fa8c380a259b04d502570cb6d");
    for (from, to, same) in [
        ("Active in", "Busy in", true),
        ("version: 2", "version: 3", true),
        ("status: active", "status: draft", true),
        ("every: 1d", "every: 12h", true),
        ("history: 400d", "history: 30d", true),
        ("min: 0.6", "min: 0.7", true),
        (", customer_service]", "]", true),
        ("column: level", "column: member_no", false),
        ("[high, low, none]", "[high, none, low]", false),
        ("none] }", "none], nullable: true }", false),
        ("excludes_base_day: true", "excludes_base_day: false", false),
        ("+08:00", "+09:00", false),
        ("keep_last", "recompute", false),
        ("ignore", "exclude", false),
        ("[marketing_analysis, customer_service]", "[customer_service, marketing_analysis]", false),
        ("entity: member_no", "entity: member_no\ntable: other_tags", false),
        ("column: level", "column: level, uses: [member.other]", false),
        (SOURCE, QUERY, false),
    ] {
        assert!(WHOLE.contains(from), "{from}");
        assert_eq!(definition(&WHOLE.replacen(from, to, 1)) == first, same, "{from} to {to}");
    }
}
