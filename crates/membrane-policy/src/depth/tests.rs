//! Texts at the limits can be read on the smallest stack, and those beyond are not given to the parser.

use membrane_model::FileLimits;

use super::{Kind, too_deep};
use crate::fixture::{MEMBERS, SCHEMA, catalog, load};

/// The smallest stack on which policies are read: that of a worker of the HTTP server.
const STACK_BYTES: usize = 2 << 20;

fn policy(condition: &str) -> String {
    format!("@id(\"a\")\npermit (principal, action == Action::\"read\", resource)\nwhen {{ {condition} }};\n")
}

/// Brackets around a condition of a policy: those of the `when` are one more.
fn nested(open: &str, close: &str, depth: usize) -> String {
    policy(&format!("{}true{}", open.repeat(depth - 1), close.repeat(depth - 1)))
}

/// Reads a text, with the catalog of the fixtures, on a small stack. It does not matter whether it is a good policy.
fn check(text: String, beyond: Option<&str>) {
    let read =
        move || load(&catalog(&MEMBERS), &text).map_or_else(|error| error.to_string(), |_| String::new());
    let told = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(read).unwrap().join().unwrap();
    match beyond {
        Some(message) => assert!(told.contains("test.cedar:3:") && told.ends_with(message), "{told}"),
        None => assert!(!told.contains("nested deeper") && !told.contains("operators in one"), "{told}"),
    }
}

#[test]
fn brackets_are_counted() {
    let max = FileLimits::FIXED.nesting_max;
    for (open, close) in [("(", ")"), ("[", "]"), ("{a: ", "}"), ("!(", ")"), ("decimal(", ")")] {
        check(nested(open, close, max), None);
        check(nested(open, close, max + 1), Some("nested deeper than 48"));
        check(nested(open, close, 100_000), Some("nested deeper than 48"));
    }
    check(policy(&"(".repeat(1_200)), Some("nested deeper than 48"));
}

#[test]
fn what_hangs_on_one_another_is_counted() {
    let max = FileLimits::FIXED.joined_max;
    let message = "more than 200 operators in one policy: write a set, or several policies";
    // The `when` is one.
    let chains: [fn(usize) -> String; 6] = [
        |times| policy(&vec!["principal is Analyst"; times].join(" && ")),
        |times| policy(&vec!["principal is Analyst"; times].join("||")),
        |times| policy(&format!("1 < {}", vec!["1"; times].join("+"))),
        |times| policy(&format!("{}true", "if true then true else ".repeat(times - 1))),
        |times| policy(&format!("context{}", ".a".repeat(times - 1))),
        |times| policy(&format!("true {}", "} when { true".repeat(times - 1))),
    ];
    for chain in chains {
        check(chain(max), None);
        check(chain(max + 1), Some(message));
        check(chain(20_000), Some(message));
    }
}

#[test]
fn both_at_once_fit_on_the_stack() {
    let FileLimits { nesting_max, joined_max, .. } = FileLimits::FIXED;
    let each = joined_max / nesting_max;
    for (open, close) in [("true && (", ")"), ("if true then true else [", "]"), ("1 + {a: ", "}")] {
        let open = open.replacen("true", &vec!["true"; each].join(" && "), 1);
        check(nested(&open, close, nesting_max), None);
    }
}

#[test]
fn what_stands_side_by_side_is_not_deep() {
    let items = vec!["context.purpose"; 5_000].join(", ");
    assert_eq!(too_deep(&policy(&format!("[{items}].contains(\"a\")")), Kind::Policies), None);
    assert_eq!(too_deep(&policy("a && b").repeat(5_000), Kind::Policies), None);
}

#[test]
fn comments_and_strings_are_passed_over() {
    let many = "(".repeat(500);
    assert_eq!(too_deep(&policy(&format!("\"\\\"{many}\" == \"\\\\\" // \"{many}\n")), Kind::Policies), None);
    let behind = policy(&format!("\"\\\\\" == {many}"));
    assert!(too_deep(&behind, Kind::Policies).is_some());
    assert!(too_deep(&format!("// \"\n{behind}"), Kind::Policies).is_some());
}

#[test]
fn a_schema_is_measured_as_well() {
    assert_eq!(too_deep(SCHEMA, Kind::Schema), None);
    let sets =
        |depth: usize| format!("entity A = {{ a: {}Long{} }};", "Set<".repeat(depth), ">".repeat(depth));
    assert_eq!(too_deep(&sets(47), Kind::Schema), None);
    let told = too_deep(&sets(48), Kind::Schema).map(|(_, message)| message);
    assert_eq!(told.as_deref(), Some("nested deeper than 48"));
}
