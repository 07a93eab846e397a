use super::*;

fn messages(all: &[&[u8]]) -> Messages {
    let mut messages = Messages::default();
    all.iter().for_each(|message| messages.push(message));
    messages
}

#[test]
fn messages_are_told_apart() {
    let all = messages(&[b"one", b"", b"three"]);
    assert_eq!((all.len(), all.bytes(), all.is_empty()), (3, 8, false));
    assert_eq!([all.get(0), all.get(1), all.get(2), all.get(3)], [&b"one"[..], b"", b"three", b""]);
    assert_eq!(format!("{all:?}"), "Messages(3 in 8 bytes)");
}

#[test]
fn each_message_of_json_is_one_line() {
    let all = messages(&[b"{\"a\":\n1}", b"\xef\xbb\xbf{}", b"\xff\xfe"]);
    let told = MessageForm::Json.deliver(&all, 0..3).unwrap();
    assert_eq!(told, b"\n{\"a\": 1}\n{}\n\xff\xfe\n");
    assert_eq!(MessageForm::Json.deliver(&messages(&[b"{}", b" \n"]), 0..2), None, "one is nothing");
}

#[test]
fn numbers_are_written_as_avro_does() {
    let check = |number: i64, expected: &[u8]| {
        let mut out = Vec::new();
        put_long(&mut out, number);
        assert_eq!(out, expected, "{number}");
    };
    check(0, &[0]);
    check(-1, &[1]);
    check(1, &[2]);
    check(63, &[0x7e]);
    check(64, &[0x80, 1]);
    check(8192, &[0x80, 0x80, 1]);
    check(i64::MAX, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
}

#[test]
fn the_number_of_the_schema_is_the_one_that_is_wanted() {
    let avro = |schema_id| MessageForm::Avro { schema: Arc::from("{}"), schema_id };
    let all = messages(&[b"\0\0\0\0\x07x", b"\0\0\0\0\x08x", b"\x01\0\0\0\x07x", b"\0"]);
    assert!(avro(Some(7)).deliver(&all, 0..1).unwrap().ends_with(b"\x02\x02xmembrane-message"));
    for other in 1..4 {
        assert_eq!(avro(Some(7)).deliver(&all, other..other + 1), None, "message {other}");
    }
    assert!(avro(None).deliver(&all, 0..4).is_some());
}
