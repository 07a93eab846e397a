//! Tests.

use proptest::prelude::*;

use super::*;
use crate::testing::{column, every_block, hostile, slug};
use crate::visible::is_hidden;
use crate::{Block, ColumnKind, Level, Table};

/// Returns what stands in `<...>`, in its order.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()).collect()
}

#[test]
fn golden() {
    let html = to_html(&every_block(str::to_owned), &Limits::default());
    assert_eq!(html.replace(STYLE, "(style)\n"), include_str!("golden.html"));
}

#[test]
fn nothing_is_loaded_or_run() {
    let html = to_html(&every_block(str::to_owned), &Limits::default());
    for part in ["<script", "<link", "<img", "@import", "url(", "http", " on", " style="] {
        let found =
            tags(&html).iter().any(|tag| format!("<{tag}").contains(part) && !tag.contains("http-equiv"));
        assert!(!found, "{part}");
        assert!(part == " on" || part == "http" || !STYLE.contains(part), "{part}");
    }
    assert!(html.contains(POLICY));
}

#[test]
fn rows_beyond_the_limit_are_counted() {
    let mut table = Table::new(slug("t"), vec![column("a", "A", ColumnKind::Number)]).unwrap();
    for number in 0..5_u64 {
        table.push_row(vec![(1_000 + number).into()]).unwrap();
    }
    let mut document = Document::new("Title", "id");
    let mut section = Section::new(slug("s"), Level::One, "A section");
    section.blocks.push(Block::Table(table));
    document.push_section(section).unwrap();
    let html = to_html(&document, &Limits { rows_max: 3 });
    assert!(html.contains(">1002<") && !html.contains(">1003<"));
    assert!(html.contains("2 more rows are in the JSON form."));
    assert!(to_html(&document, &Limits { rows_max: 4 }).contains("1 more row is in the JSON form."));
    assert!(!to_html(&document, &Limits { rows_max: 5 }).contains("JSON form"));
}

proptest! {
    #[test]
    fn no_text_makes_or_ends_a_tag(text in prop_oneof![hostile(), any::<String>()]) {
        let benign = to_html(&every_block(str::to_owned), &Limits::default());
        let html = to_html(&every_block(|benign| format!("{text}{benign}{text}")), &Limits::default());
        // Cells with long words have a class more.
        let html = html.replace(" class=\"long\"", "").replace(" long\"", "\"");
        prop_assert_eq!(tags(&html), tags(&benign));
        prop_assert!(html.chars().all(|c| c == '\n' || !is_hidden(c)));
    }
}
