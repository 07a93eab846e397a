//! `docs/tags.md` says what the code does.

use super::*;

const PAGE: &str = include_str!("../../../../../../docs/tags.md");

#[test]
fn the_page_names_every_key_and_word() {
    for key in KEYS.into_iter().chain(END) {
        assert!(PAGE.contains(&format!("| `{key}` |")), "{key}");
    }
    let kinds = TagKind::ALL.map(TagKind::as_str).into_iter().chain(KINDS_TO_COME);
    let words = kinds
        .chain(TagStatus::ALL.map(TagStatus::as_str))
        .chain(Sensitivity::ALL.map(Sensitivity::as_str))
        .chain(NullPolicy::ALL.map(NullPolicy::as_str))
        .chain(ConsentRule::ALL.map(ConsentRule::as_str))
        .chain(TagType::ALL.map(TagType::as_str))
        .chain(AsOfParam::ALL.map(AsOfParam::as_str))
        .chain(Refresh::ALL);
    for word in words {
        assert!(PAGE.contains(&format!("`{word}`")) || PAGE.contains(&format!("mode: {word}")), "{word}");
    }
}

#[test]
fn the_example_of_the_page_is_valid() {
    let (_, rest) = PAGE.split_once("```yaml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let rows = |header: &str| Some(format!("{header}\nM00000001,low\n"));
    let files: TagFiles = [
        (
            "active_30d.sql",
            Some("SELECT member_no, value FROM crm_members, pos_orders WHERE :as_of > day".to_owned()),
        ),
        ("fixtures/active_30d_members.csv", rows("member_no,tier")),
        ("fixtures/active_30d_orders.csv", rows("member_no,region")),
        ("fixtures/active_30d_expected.csv", rows("member_no,value")),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into();
    let mut report = Report::new(Path::new("member.active_30d.yaml"));
    let draft = read_tag(text, "member.active_30d", &files, &mut report);
    assert_eq!(report.into_faults(), Vec::<Fault>::new());
    assert!(draft.is_some_and(|draft| draft.tag.is_some() && draft.files.len() == files.len()));
}
