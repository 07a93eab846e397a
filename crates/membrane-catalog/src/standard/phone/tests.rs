//! Numbers of many countries, many spellings of one.

use proptest::prelude::*;

use super::super::tests::{check, part, standard};
use super::*;

#[test]
fn phones() {
    check(
        "phone(CN)",
        &[
            ("13800138000", "+8613800138000"),
            ("138 0013 8000", "+8613800138000"),
            ("138-0013-8000", "+8613800138000"),
            ("１３８００１３８０００", "+8613800138000"),
            ("+86 138 0013 8000", "+8613800138000"),
            ("＋86 138–0013–8000", "+8613800138000"),
            ("(+86)13800138000", "+8613800138000"),
            ("0086-13800138000", "+8613800138000"),
            ("8613800138000", "+8613800138000"),
            ("tel:+8613800138000", "+8613800138000"),
            ("010-65529988", "+861065529988"),
            ("(010) 6552-9988 转 801", "+861065529988;ext=801"),
            ("01065529988 ext. 801", "+861065529988;ext=801"),
            ("010-65529988#801", "+861065529988;ext=801"),
            ("0571 8888 9999", "+8657188889999"),
            ("400-810-6666", "+864008106666"),
            ("+1 650-253-0000", "+16502530000"),
            ("001 650 253 0000", "+16502530000"),
            ("+44 (0)20 7031 3000", "+442070313000"),
            ("٠١٠٦٥٥٢٩٩٨٨", "+861065529988"),
        ],
        &[
            "65529988",
            "1380013800",
            "138001380000000",
            "phone",
            "138/139",
            "13800138000 13900139000",
            "+999123456789",
            "+",
            "110",
            "138a0138000",
        ],
    );
    assert_eq!(part("phone(CN)", Part::Country, "138 0013 8000").as_deref(), Some("CN"));
    assert_eq!(part("phone(CN)", Part::Country, "+1 613 782 7274").as_deref(), Some("CA"));
    assert_eq!(part("phone(CN)", Part::Country, "+1 650 253 0000").as_deref(), Some("US"));
    assert_eq!(part("phone(CN)", Part::Country, "+800 1234 0000"), None);
}

/// From the tests of libphonenumber itself (`PhoneNumberUtilTest`, numbers that the published metadata know as well).
#[test]
fn phones_of_other_countries() {
    for (region, text, expected) in [
        ("NZ", "033316005", "+6433316005"),
        ("NZ", "33316005", "+6433316005"),
        ("NZ", "03-331 6005", "+6433316005"),
        ("NZ", "03 331 6005", "+6433316005"),
        ("NZ", "0064 3 331 6005", "+6433316005"),
        ("US", "01164 3 331 6005", "+6433316005"),
        ("US", "+64 3 331 6005", "+6433316005"),
        ("US", "+01164 3 331 6005", "+6433316005"),
        ("NZ", "+0064 3 331 6005", "+6433316005"),
        ("NZ", "+ 00 64 3 331 6005", "+6433316005"),
        ("DE", "301/23456", "+4930123456"),
        ("US", "(650) 253-0000", "+16502530000"),
        ("US", "1 (650) 253-0000", "+16502530000"),
        ("US", "1-650-253-0000", "+16502530000"),
        ("US", "01-1-650-253-0000", "+6502530000"),
        ("US", "+1 (650) 333-6000", "+16503336000"),
        ("US", "(800) 901-3355 x 7246433", "+18009013355;ext=7246433"),
        ("US", "(800) 901-3355 ,ext 7246433", "+18009013355;ext=7246433"),
        ("AR", "011 8765-4321", "+541187654321"),
        ("AR", "0343 15 555 1212", "+5493435551212"),
        ("AR", "0343 15-555-1212", "+5493435551212"),
        ("AR", "+54 9 343 555 1212", "+5493435551212"),
        ("AR", "011 4567-8901", "+541145678901"),
        ("AR", "+541187654321", "+541187654321"),
        ("IT", "02-36618 300", "+390236618300"),
        ("IT", "+39 02-36618 300", "+390236618300"),
        ("IT", "345 678 901", "+39345678901"),
        ("GB", "020 7031 3000", "+442070313000"),
        ("GB", "07912 345678", "+447912345678"),
        ("BR", "0 31 85 2222 2222", "+558522222222"),
        ("RU", "8 (495) 123-45-67", "+74951234567"),
        ("RU", "+7 495 123 45 67", "+74951234567"),
        ("JP", "03-3224-9999", "+81332249999"),
        ("SG", "6521 8000", "+6565218000"),
        ("HK", "2345 6789", "+85223456789"),
        ("AU", "0236618300", "+61236618300"),
        ("KR", "02-2123-4567", "+82221234567"),
    ] {
        let of = format!("phone({region})");
        assert_eq!(standard(&of, text).unwrap_or_default(), expected, "{of} {text:?}");
        if !expected.is_empty() {
            assert_eq!(standard(&of, expected).as_deref(), Some(expected), "{of} {expected:?} again");
        }
    }
}

/// Every region's own example of each kind of number is read, dialled abroad.
#[test]
fn examples_of_every_region_are_standard() {
    use phonenumber::metadata::DATABASE;
    let mut count = 0;
    for metadata in DATABASE.iter().filter(|metadata| metadata.id() != "001") {
        let kinds = metadata.descriptors();
        for kind in
            [kinds.fixed_line(), kinds.mobile(), kinds.toll_free(), kinds.voip()].into_iter().flatten()
        {
            let Some(example) = kind.example() else { continue };
            let number = format!("+{}{example}", metadata.country_code());
            let home = format!("phone({})", metadata.id());
            assert_eq!(standard("phone(CN)", &number).as_deref(), Some(number.as_str()), "{home}");
            let at_home = standard(&home, example);
            assert!(at_home.is_some(), "{home} {example}");
            count += 1;
        }
    }
    assert!(count > 500, "{count}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_spelling_of_a_mobile_is_one(number in "1[3-9][0-9]{9}", front in "(\\+86|0086|86|)[ -]?", cuts in proptest::collection::vec(0_usize..11, 0..3)) {
        let mut written = number.clone();
        let mut cuts = cuts;
        cuts.sort_unstable();
        for cut in cuts.into_iter().rev() {
            written.insert(cut, ' ');
        }
        let written = format!("{front}{written}");
        prop_assert_eq!(standard("phone(CN)", &written), Some(format!("+86{number}")), "{}", written);
    }
}
