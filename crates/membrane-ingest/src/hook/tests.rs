use super::*;

fn shape(events: Option<&str>, columns: &[(&str, &str, Option<UnixUnit>)]) -> WebhookSource {
    let field = |(name, at, unix): &(&str, &str, Option<UnixUnit>)| {
        (
            name.parse().expect("a name"),
            HookField { at: (*at).to_owned(), unix: *unix, text: name.ends_with("_text") },
        )
    };
    WebhookSource {
        signature: membrane_catalog::Signature::Standard {
            secret: membrane_catalog::Secret::Env("S".into()),
        },
        events: events.map(str::to_owned),
        columns: columns.iter().map(field).collect(),
    }
}

fn made(webhook: &WebhookSource, body: &str) -> Vec<String> {
    let messages = hook_messages(webhook, body.as_bytes());
    messages.iter().map(|message| String::from_utf8(message.to_vec()).expect("text")).collect()
}

#[test]
fn a_body_is_an_event_or_several() {
    let plain = shape(None, &[]);
    assert_eq!(made(&plain, r#"{"id": 1}"#), [r#"{"id": 1}"#]);
    assert_eq!(made(&plain, r#"[{"id": 1}, {"id": 2}]"#), [r#"{"id": 1}"#, r#"{"id": 2}"#]);
    assert_eq!(made(&plain, "[]"), [""; 0]);
    let within = shape(Some("/data/items"), &[]);
    assert_eq!(made(&within, r#"{"data": {"items": [{"a": 1}, 7]}}"#), [r#"{"a": 1}"#, "7"]);
    assert_eq!(made(&shape(Some("/a~1b/0"), &[]), r#"{"a/b": [{"c": 1}]}"#), [r#"{"c": 1}"#]);
}

#[test]
fn what_has_no_events_is_kept_as_it_came() {
    let within = shape(Some("/data"), &[]);
    for body in [r#"{"ping": true}"#, "no json", "", "{", "\u{feff}{}", "<a>", "[1,"] {
        assert_eq!(made(&within, body), [body]);
    }
}

#[test]
fn columns_are_found_and_keep_their_digits() {
    let seconds = Some(UnixUnit::Seconds);
    let webhook = shape(
        None,
        &[
            ("event_id", "id", None),
            ("amount", "/order/total", None),
            ("occurred_at", "created", seconds),
            ("first", "/lines/0/sku", None),
            ("gone", "/no/where", None),
        ],
    );
    let body = r#"{"id": "e1", "created": 1700000000, "kind": "x", "gone": 3,
        "order": {"total": 12345678901234567890.10}, "lines": [{"sku": "a\nb"}]}"#;
    let [event] = made(&webhook, body).try_into().expect("one event");
    assert!(event.contains(r#""amount":12345678901234567890.10"#), "{event}");
    assert!(event.contains(r#""occurred_at":"2023-11-14T22:13:20Z""#), "{event}");
    assert!(event.contains(r#""first":"a\nb""#) && event.contains(r#""kind":"x""#), "{event}");
    assert!(event.contains(r#""event_id":"e1""#) && !event.contains("gone"), "{event}");
}

#[test]
fn instants_that_are_none_stay_as_they_are() {
    let webhook = shape(None, &[("at", "t", Some(UnixUnit::Milliseconds))]);
    let at = |t: &str| made(&webhook, &format!(r#"{{"t": {t}}}"#)).remove(0);
    assert!(at("1700000000123").contains(r#""at":"2023-11-14T22:13:20.123Z""#));
    assert!(at(r#""1700000000123""#).contains(r#""at":"2023-11-14T22:13:20.123Z""#));
    assert!(at(r#""yesterday""#).contains(r#""at":"yesterday""#));
    assert!(at("9223372036854775807").contains(r#""at":9223372036854775807"#));
    assert!(at("null").contains(r#""at":null"#));
}

#[test]
fn numbers_become_texts_where_that_is_said() {
    let webhook = shape(None, &[("id_text", "id", None)]);
    let of = |id: &str| made(&webhook, &format!(r#"{{"id": {id}}}"#)).remove(0);
    assert!(of("24512345678901234567").contains(r#""id_text":"24512345678901234567""#));
    assert!(of(r#""a""#).contains(r#""id_text":"a""#) && of("null").contains(r#""id_text":null"#));
    assert!(of("true").contains(r#""id_text":true"#), "the contract says what that is");
}

#[test]
fn xml_is_read_as_json() {
    let plain = shape(None, &[("open_id", "FromUserName", None), ("list", "/Items/Item/1", None)]);
    let body = "<?xml version='1.0'?><xml><FromUserName><![CDATA[o1 & <]]></FromUserName>\n<Content>a &amp; &#20013;</Content>\
        <Empty/><Items><Item>1</Item><Item>2</Item></Items></xml>";
    let [event] = made(&plain, body).try_into().expect("one event");
    let event: serde_json::Value = serde_json::from_str(&event).expect("JSON");
    assert_eq!(event["open_id"], "o1 & <");
    assert_eq!(event["Content"], "a & 中");
    assert_eq!((&event["Empty"], &event["list"]), (&"".into(), &"2".into()));
}

#[test]
fn xml_that_could_do_harm_is_not_read() {
    let plain = shape(None, &[]);
    let deep = "<a>".repeat(40) + &"</a>".repeat(40);
    let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><x>&a;</x>";
    for body in [deep.as_str(), bomb, "<a>&unknown;</a>", "<a></b>", "<a", "<a/><a/>", "<a></a>x"] {
        assert_eq!(made(&plain, body), [body]);
    }
}

#[test]
fn an_envelope_tells_what_is_in_it() {
    let text = |body: &str| hook_text(body.as_bytes(), "Encrypt");
    assert_eq!(text("<xml><Encrypt><![CDATA[abc=]]></Encrypt></xml>").as_deref(), Some("abc="));
    assert_eq!(text(r#"{"Encrypt": "abc=", "ToUserName": "x"}"#).as_deref(), Some("abc="));
    for body in ["{}", "<xml/>", "[]", "x", r#"{"Encrypt": 1}"#] {
        assert_eq!(text(body), None);
    }
}

proptest::proptest! {
    #[test]
    fn no_body_panics(body in r#"[<>a/"{}\[\]:,&;!-]{0,60}"#) {
        let webhook = shape(Some("/a"), &[("b", "/a/0", None)]);
        proptest::prop_assert_eq!(hook_messages(&webhook, body.as_bytes()).len() <= 60, true);
        let _ = hook_text(body.as_bytes(), "a");
    }
}
