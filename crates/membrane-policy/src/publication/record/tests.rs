use super::*;

/// What was signed is read for as long as the ledger is kept: when this text changes, the form needs another name.
#[test]
fn the_stored_form_is_golden() {
    let record = Record {
        format: FORMAT.to_owned(),
        number: 2,
        previous: Some("aa".repeat(32)),
        version: "bb".repeat(32),
        published: "2026-11-28T09:00:00.000Z".to_owned(),
        principal: "operator:omar".to_owned(),
        policies: 31,
        cases: 14,
        solver: "cvc5 version 1.0.3".to_owned(),
        claims: vec![VerdictRecord {
            claim: "no-policy-errs".to_owned(),
            words: "No policy errs.".to_owned(),
            proved: true,
        }],
        weaknesses: vec!["members.vip is shown as a token: 2 values".to_owned()],
        files: vec![FileRecord { path: "policies/floor.cedar".to_owned(), sha256: "cc".repeat(32) }],
    };
    let text = record.text().unwrap();
    assert_eq!(text, include_str!("golden.json").trim_end());
    assert_eq!(Record::parse(&text), Some(record));
    assert_eq!(Record::parse(&text.replace("publication/1", "publication/9")), None);
    assert_eq!(Record::parse(&text.replace("\"cases\"", "\"case\"")), None);
}
