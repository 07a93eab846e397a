use super::*;

/// Values that must pass and values that must not.
fn check(check: FormatCheck, good: &[&str], bad: &[&str]) {
    for value in good {
        assert!(check.accepts(value), "{check} refuses {value}");
    }
    for value in bad {
        assert!(!check.accepts(value), "{check} accepts {value}");
    }
}

/// The check character by the definition of ISO 7064 MOD 11-2: the sum of character times 2^place is 1
/// modulo 11. Written as a polynomial, without the weights of the code under test.
fn identity_check(first: &str) -> char {
    let total = first.bytes().fold(0_u32, |total, byte| (total + u32::from(byte - b'0')) * 2 % 11);
    match (12 - total) % 11 {
        10 => 'X',
        digit => char::from_digit(digit, 10).unwrap(),
    }
}

#[test]
fn identity_numbers() {
    // The first two are the published samples of the standard.
    check(
        FormatCheck::ChineseIdentityNumber,
        &["11010519491231002X", "440524188001010014", "11010519491231002x"],
        &[
            "",
            "110105194912310021",
            "11010519491231002",
            "11010519491231002X ",
            "01010519491231002X",
            "1101051949123100ＸX",
            "44052418800101001４",
            "4405241880010A0014",
            "44052418800101001Y",
        ],
    );
}

#[test]
fn an_identity_number_must_name_a_day() {
    let number = |day: &str| {
        let first = format!("310101{day}123");
        let check = identity_check(&first);
        format!("{first}{check}")
    };
    for day in ["20000229", "19960229", "19000228", "19871231", "20240630"] {
        assert!(FormatCheck::ChineseIdentityNumber.accepts(&number(day)), "{day}");
    }
    for day in
        ["19000229", "20010229", "19871301", "19870001", "19870431", "19870100", "19870132", "00010101"]
    {
        assert!(!FormatCheck::ChineseIdentityNumber.accepts(&number(day)), "{day}");
    }
}

#[test]
fn every_wrong_check_character_is_refused() {
    let first = "31010119900101123";
    let right = identity_check(first);
    let passing: Vec<char> = "0123456789X"
        .chars()
        .filter(|last| FormatCheck::ChineseIdentityNumber.accepts(&format!("{first}{last}")))
        .collect();
    assert_eq!(passing, [right]);
}

#[test]
fn luhn() {
    check(
        FormatCheck::Luhn,
        &["4111111111111111", "5500005555555559", "6222021234567890128", "378282246310005", "00000000"],
        &[
            "",
            "0",
            "4111111111111112",
            "4111 1111 1111 1111",
            "4111-1111",
            "411111111111111１",
            "41111111111111111111",
            "1234567",
        ],
    );
}

#[test]
fn luhn_sees_every_single_digit_error() {
    let right = b"4111111111111111";
    for place in 0..right.len() {
        for digit in b'0'..=b'9' {
            let mut wrong = *right;
            wrong[place] = digit;
            let text = std::str::from_utf8(&wrong).unwrap();
            assert_eq!(FormatCheck::Luhn.accepts(text), digit == right[place], "{text}");
        }
    }
}

#[test]
fn emails() {
    check(
        FormatCheck::Email,
        &[
            "a@b.cn",
            "li.wei+shop@mail.example.com",
            "o'neil_99@sub-domain.example.co.uk",
            "x@xn--fiq228c.xn--fiqs8s",
            &format!("{}@example.com", "a".repeat(64)),
        ],
        &[
            "",
            "@",
            "a@",
            "@b.cn",
            "a@b",
            "a@@b.cn",
            "a@b@c.cn",
            "a b@c.cn",
            " a@b.cn",
            "a@b.cn ",
            ".a@b.cn",
            "a.@b.cn",
            "a..b@c.cn",
            "a@.cn",
            "a@b..cn",
            "a@b.cn.",
            "a@-b.cn",
            "a@b-.cn",
            "a@b.c",
            "a@10.0.0.1",
            "a@[10.0.0.1]",
            "\"a\"@b.cn",
            "李@b.cn",
            "a@例子.cn",
            "a@b_c.cn",
            &format!("{}@example.com", "a".repeat(65)),
            &format!("a@{}.com", "b".repeat(64)),
            &format!("a@{}com", "bcdefghij.".repeat(26)),
        ],
    );
}

#[test]
fn chinese_mobiles() {
    check(
        FormatCheck::MobileChina,
        &["13800138000", "+8613800138000", "19912345678"],
        &[
            "",
            "12800138000",
            "10800138000",
            "1380013800",
            "138001380000",
            "8613800138000",
            "+86 13800138000",
            "+8713800138000",
            "+86+8613800138000",
            "1380013800a",
            "1380013800０",
            "23800138000",
        ],
    );
}

#[test]
fn international_numbers() {
    check(
        FormatCheck::E164,
        &["+8613800138000", "+442071838750", "+2901234", "+123456789012345"],
        &[
            "",
            "+",
            "8613800138000",
            "+0123456789",
            "+123456",
            "+1234567890123456",
            "+86 138",
            "+86138001380a0",
        ],
    );
}

#[test]
fn every_check_reads_back() {
    for check in FormatCheck::ALL {
        assert_eq!(check.as_str().parse::<FormatCheck>().unwrap(), check);
    }
    assert!("Luhn".parse::<FormatCheck>().is_err());
}

#[test]
fn no_value_is_longer_than_its_check_says() {
    for (check, longest) in [
        (FormatCheck::ChineseIdentityNumber, "11010519491231002X".to_owned()),
        (FormatCheck::Luhn, "0".repeat(19)),
        (FormatCheck::MobileChina, "+8613800138000".to_owned()),
        (FormatCheck::E164, format!("+1{}", "0".repeat(14))),
        (FormatCheck::Email, format!("{}@{}.com", "a".repeat(64), vec!["b".repeat(61); 3].join("."))),
    ] {
        assert!(check.accepts(&longest), "{check}");
        assert_eq!(longest.len(), check.length_max(), "{check}");
    }
}
