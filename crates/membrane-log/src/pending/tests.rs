//! Tests: the stored form.

use super::*;

const STORED: &[u8] = b"membrane-log/pending@v1\nold 7\ncheckpoint 5\nnote\n\x00\x02ab\x00\x00";

#[test]
fn stored_form() {
    let entries = vec![b"ab".to_vec(), Vec::new()];
    let pending = Pending { old_size: 7, checkpoint: b"note\n".to_vec(), entries };
    assert_eq!(pending.encode().unwrap(), STORED);
    assert_eq!(Pending::parse(STORED).unwrap(), pending);
}

#[test]
fn cut_or_altered_is_refused_or_differs() {
    for end in 0..STORED.len() {
        let cut = Pending::parse(&STORED[..end]).ok();
        assert!(cut.is_none_or(|cut| cut != Pending::parse(STORED).unwrap()), "{end}");
    }
    for body in
        ["membrane-log/pending@v2\nold 7\ncheckpoint 0\n", "membrane-log/pending@v1\nold 07\ncheckpoint 0\n"]
    {
        assert!(Pending::parse(body.as_bytes()).is_err(), "{body}");
    }
}
