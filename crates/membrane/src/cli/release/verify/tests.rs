use super::*;

const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

#[test]
fn a_key_may_lie_in_a_file_alone_or_as_the_hub_answers() {
    for text in [
        format!("{KEY}\n"),
        format!("{{\"format\":\"membrane-receipt/1\",\"algorithm\":\"Ed25519\",\"key\":\"{KEY}\"}}"),
    ] {
        assert_eq!(key_of(&text).trim(), KEY);
    }
}

#[test]
fn what_is_no_key_is_wrong_usage() {
    for key in ["", "00", &format!("{KEY}00"), &KEY.replace('d', "x")] {
        let args = VerifyArgs {
            file: "nowhere.json".into(),
            key: Some(key.to_owned()),
            key_file: None,
            json: false,
        };
        let told = format!("{:?}", run(&args).expect_err(key));
        assert!(told.contains("code: 2") && told.contains("64 hexadecimal digits"), "{told}");
    }
}

#[test]
fn what_somebody_typed_cannot_pass_for_our_words() {
    let typed = "SELECT 1 --\nholds  all of it\r\u{1b}[1A\t\u{202e}x";
    assert_eq!(plain(typed), "SELECT 1 --\n         holds  all of it\\u{d}\\u{1b}[1A \\u{202e}x");
    assert_eq!(plain("SELECT '上海'"), "SELECT '上海'");
}
