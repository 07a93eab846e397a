//! What each standardiser makes of texts, and what holds for all of them.

use proptest::prelude::*;

use super::*;

/// Returns the standard text; none for what cannot be read and what is blank.
pub(super) fn standard(of: &str, text: &str) -> Option<String> {
    match of.parse::<Standard>().unwrap().apply(text) {
        Standardised::Text(text) => Some(text.into_owned()),
        Standardised::Blank | Standardised::Unreadable => None,
    }
}

/// Texts that become another one, and texts that cannot be read.
pub(super) fn check(of: &str, read: &[(&str, &str)], unreadable: &[&str]) {
    for (text, expected) in read {
        assert_eq!(standard(of, text).as_deref(), Some(*expected), "{of} {text:?}");
        assert_eq!(standard(of, expected).as_deref(), Some(*expected), "{of} {expected:?} again");
    }
    for text in unreadable {
        let standard = of.parse::<Standard>().unwrap().apply(text);
        assert_eq!(standard, Standardised::Unreadable, "{of} {text:?}");
    }
}

pub(super) fn part(of: &str, part: Part, text: &str) -> Option<String> {
    let standard: Standard = of.parse().unwrap();
    assert!(standard.parts().contains(&part), "{of} {part}");
    let Standardised::Text(text) = standard.apply(text) else { return None };
    standard.part(part, &text).map(Cow::into_owned)
}

const ALL: [&str; 16] = [
    "phone(CN)",
    "phone(US)",
    "phone(AR)",
    "phone(IT)",
    "phone(BR)",
    "email",
    "chinese_identity_number",
    "card_number",
    "name",
    "address(CN)",
    "text",
    "text(lower)",
    "text(upper)",
    "date(ymd)",
    "date(dmy)",
    "date(mdy)",
];

#[test]
fn every_standard_reads_back() {
    for text in ALL {
        assert_eq!(text.parse::<Standard>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "phone",
        "phone()",
        "phone(cn)",
        "phone(XX)",
        "phone(CN",
        "email()",
        "address",
        "text(x)",
        "date",
        "Email",
    ] {
        assert!(text.parse::<Standard>().is_err(), "{text}");
    }
    for part in Part::ALL {
        assert_eq!(part.as_str().parse::<Part>().unwrap(), part);
    }
}

#[test]
fn emails() {
    check(
        "email",
        &[
            ("li.wei@example.cn", "li.wei@example.cn"),
            (" Li.Wei@Example.CN ", "li.wei@example.cn"),
            ("ｌｉ．ｗｅｉ＠ｅｘａｍｐｌｅ．ｃｎ", "li.wei@example.cn"),
            ("mailto:a@b.cn", "a@b.cn"),
            ("a@例子.中国", "a@xn--fsqu00a.xn--fiqs8s"),
            ("a@例子。中国", "a@xn--fsqu00a.xn--fiqs8s"),
            ("a@XN--FSQU00A.cn", "a@xn--fsqu00a.cn"),
            ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
            ("a@b.cn.", "a@b.cn"),
            ("\u{200B}a@b.cn\u{FEFF}", "a@b.cn"),
            ("李雷@例子.cn", "李雷@xn--fsqu00a.cn"),
        ],
        &[
            "nobody",
            "a@",
            "@b.cn",
            "a@b",
            "a b@c.cn",
            "a@b@c.cn",
            "a@-b.cn",
            "<a@b.cn>",
            "a@b..cn",
            "a@xn--zzzzzz.cn",
        ],
    );
    assert_eq!(part("email", Part::Domain, "A@例子.cn").as_deref(), Some("xn--fsqu00a.cn"));
}

#[test]
fn identity_numbers() {
    check(
        "chinese_identity_number",
        &[
            ("11010519491231002X", "11010519491231002X"),
            ("11010519491231002x", "11010519491231002X"),
            ("110105 19491231 002x", "11010519491231002X"),
            ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
            // The same number as it was before 1999.
            ("110105491231002", "11010519491231002X"),
            ("440524-800101-001", "440524198001010013"),
            // Kept for people of a hundred years.
            ("110105800101999", "110105188001019994"),
        ],
        &[
            "110105194912310021",
            "110105491331002",
            "1101054912310021",
            "11010549123100a",
            "X",
            "010105491231002",
        ],
    );
    let of = |of: Part| part("chinese_identity_number", of, "110105491231002");
    assert_eq!(of(Part::BirthDate).as_deref(), Some("1949-12-31"));
    assert_eq!(of(Part::Sex).as_deref(), Some("female"));
    assert_eq!(of(Part::Province).as_deref(), Some("北京市"));
    assert_eq!(of(Part::Code).as_deref(), Some("110105"));
    assert_eq!(part("chinese_identity_number", Part::Sex, "440524188001010014").as_deref(), Some("male"));
}

#[test]
fn card_numbers() {
    check(
        "card_number",
        &[
            ("4111111111111111", "4111111111111111"),
            ("4111 1111 1111 1111", "4111111111111111"),
            (" 4111-1111-1111-1111", "4111111111111111"),
            ("６２２２０２１２３４５６７８９０１２８", "6222021234567890128"),
            ("3782–822463–10005", "378282246310005"),
        ],
        &["4111111111111112", "4111", "4111x111", "card"],
    );
}

#[test]
fn names() {
    check(
        "name",
        &[
            ("张伟", "张伟"),
            (" 张　伟 ", "张伟"),
            ("欧阳 修 文", "欧阳修文"),
            ("迪丽热巴•迪力木拉提", "迪丽热巴·迪力木拉提"),
            ("迪丽热巴・迪力木拉提", "迪丽热巴·迪力木拉提"),
            ("迪丽热巴･迪力木拉提", "迪丽热巴·迪力木拉提"),
            ("迪丽热巴 · 迪力木拉提", "迪丽热巴·迪力木拉提"),
            ("迪丽热巴.迪力木拉提", "迪丽热巴·迪力木拉提"),
            ("迪丽热巴．迪力木拉提·", "迪丽热巴·迪力木拉提"),
            ("Li  Wei", "LI WEI"),
            ("ｌｉ ｗｅｉ", "LI WEI"),
            ("J. K. Rowling", "J. K. ROWLING"),
            ("O’Neil", "O'NEIL"),
            ("Jean–Luc", "JEAN-LUC"),
            ("王小明 (Tom)", "王小明 (TOM)"),
            ("e\u{301}tienne", "ÉTIENNE"),
        ],
        &["123", "··", "***", "-"],
    );
}

#[test]
fn texts() {
    check(
        "text",
        &[("ＡＢＣ　１２３", "ABC 123"), (" a  b ", "a b"), ("a\tb\n", "a b"), ("①", "1"), ("ﾃｽﾄ", "テスト")],
        &[],
    );
    check("text(lower)", &[("ＡＢＣ", "abc"), ("Straße", "straße")], &[]);
    check("text(upper)", &[("ａbc", "ABC"), ("Straße", "STRASSE")], &[]);
    for of in ALL {
        for blank in ["", " ", "　", "\u{200B}", "\t\r\n"] {
            assert_eq!(of.parse::<Standard>().unwrap().apply(blank), Standardised::Blank, "{of} {blank:?}");
        }
    }
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    for of in ALL {
        assert_eq!(of.parse::<Standard>().unwrap().apply(&long), Standardised::Unreadable, "{of}");
    }
}

#[test]
fn dates() {
    check(
        "date(ymd)",
        &[
            ("2026-03-01", "2026-03-01"),
            ("2026/3/1", "2026-03-01"),
            ("2026.03.1", "2026-03-01"),
            ("20260301", "2026-03-01"),
            ("2026年3月1日", "2026-03-01"),
            ("２０２６年３月１日", "2026-03-01"),
            ("2026 年 3 月 1 日", "2026-03-01"),
            ("2026-03-01 00:00:00", "2026-03-01"),
            ("2026-03-01T00:00:00.000", "2026-03-01"),
        ],
        &[
            "2026-02-30",
            "26-3-1",
            "1/3/2026",
            "2026-03-01 12:00:00",
            "2026-3",
            "20260230",
            "0000-01-01",
            "２０26",
            "date",
        ],
    );
    check(
        "date(dmy)",
        &[("1/3/2026", "2026-03-01"), ("01.03.2026", "2026-03-01"), ("2026-03-01", "2026-03-01")],
        &["3/13/2026"],
    );
    check("date(mdy)", &[("3/1/2026", "2026-03-01"), ("03-13-2026", "2026-03-13")], &["13/3/2026"]);
}

#[test]
fn addresses() {
    check(
        "address(CN)",
        &[
            ("浙江省杭州市西湖区文三路478号", "浙江省|杭州市|西湖区|文三路478号"),
            ("浙江杭州西湖区文三路 ４７８ 号", "浙江省|杭州市|西湖区|文三路478号"),
            ("浙江省 杭州市 西湖区 文三路478号 3 栋", "浙江省|杭州市|西湖区|文三路478号3栋"),
            ("中国浙江省-杭州市-西湖区-文三路478号", "浙江省|杭州市|西湖区|文三路478号"),
            ("杭州西湖区文三路1号", "浙江省|杭州市|西湖区|文三路1号"),
            ("义乌市稠州北路1号", "浙江省|金华市|义乌市|稠州北路1号"),
            ("浙江省义乌市稠州北路1号", "浙江省|金华市|义乌市|稠州北路1号"),
            ("北京市朝阳区建国路1号a座", "北京市|北京市|朝阳区|建国路1号A座"),
            ("北京朝阳区建国路1号", "北京市|北京市|朝阳区|建国路1号"),
            ("北京市北京市朝阳区建国路1号", "北京市|北京市|朝阳区|建国路1号"),
            ("上海市浦东新区世纪大道1号", "上海市|上海市|浦东新区|世纪大道1号"),
            ("重庆市城口县北大街1号", "重庆市|重庆市|城口县|北大街1号"),
            ("湖北省仙桃市沔阳大道1号", "湖北省|仙桃市||沔阳大道1号"),
            ("济南市中区经四路1号", "山东省|济南市|市中区|经四路1号"),
            ("吉林市船营区北京路1号", "吉林省|吉林市|船营区|北京路1号"),
            ("吉林省吉林市船营区北京路1号", "吉林省|吉林市|船营区|北京路1号"),
            ("重庆市石柱县万安街1号", "重庆市|重庆市|石柱土家族自治县|万安街1号"),
            ("湖北恩施恩施市东风大道1号", "湖北省|恩施土家族苗族自治州|恩施市|东风大道1号"),
            ("青海省海南藏族自治州共和县城北路1号", "青海省|海南藏族自治州|共和县|城北路1号"),
            ("内蒙古呼和浩特市新城区", "内蒙古自治区|呼和浩特市|新城区|"),
            ("香港特别行政区九龙弥敦道1号", "香港特别行政区|||九龙弥敦道1号"),
            // Of these nothing can be told.
            ("西湖区文三路1号", "|||西湖区文三路1号"),
            ("中山北路1号", "|||中山北路1号"),
            ("幸福小区3栋", "|||幸福小区3栋"),
            ("1 Wensan Road, Hangzhou", "|||1 WENSAN ROAD, HANGZHOU"),
            ("浙江省|杭州市|西湖区|文三路1号", "浙江省|杭州市|西湖区|文三路1号"),
        ],
        &["---", "|||"],
    );
}

#[test]
fn parts_of_addresses() {
    let of = |of: Part, text: &str| part("address(CN)", of, text);
    let text = "浙江杭州西湖区文三路1号";
    assert_eq!(of(Part::Province, text).as_deref(), Some("浙江省"));
    assert_eq!(of(Part::City, text).as_deref(), Some("杭州市"));
    assert_eq!(of(Part::District, text).as_deref(), Some("西湖区"));
    assert_eq!(of(Part::Rest, text).as_deref(), Some("文三路1号"));
    assert_eq!(of(Part::Code, text).as_deref(), Some("330106"));
    assert_eq!(of(Part::Code, "湖北省仙桃市沔阳大道1号").as_deref(), Some("429004"));
    assert_eq!(of(Part::Code, "重庆市城口县").as_deref(), Some("500229"));
    assert_eq!(of(Part::Code, "浙江省").as_deref(), Some("330000"));
    assert_eq!(of(Part::City, "幸福小区3栋"), None);
    assert_eq!(of(Part::Code, "幸福小区3栋"), None);
    assert_eq!(of(Part::Rest, "浙江省"), None);
}

#[test]
fn every_division_is_found_by_its_full_name() {
    let table = include_str!("address/divisions.tsv");
    let mut names = std::collections::BTreeMap::new();
    let mut count = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let (code, name) = line.split_once('\t').unwrap();
        names.insert(code.to_owned(), name);
        let above = [format!("{}0000", code.get(..2).unwrap()), format!("{}00", code.get(..4).unwrap())];
        let above: String =
            above.iter().filter(|it| *it != code).filter_map(|it| names.get(it)).copied().collect();
        let text = format!("{above}{name}某路1号");
        let found = part("address(CN)", Part::Code, &text);
        // A municipality is the province and the prefecture.
        let same = found.as_deref() == Some(code)
            || code.ends_with("0000") && found.as_deref().is_some_and(|it| it.ends_with("0100"));
        assert!(same, "{text} is {found:?}, not {code}");
        count += 1;
    }
    assert_eq!(count, 3215);
}

/// Texts made of what standardisers look at, and of anything.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,40}",
        "[+0-9０-９ ()./#x转;=ext-]{0,24}",
        "(\\+|00|011)?[0-9]{2,18}",
        "[a-zA-Z0-9.@ ＠。例子xn-]{0,30}",
        "[浙江省杭州市西湖区海南藏族自治县吉林北京重庆中山路号|0-9 -]{0,20}",
        "[张伟·•・.． a-zA-Zßﬀİ'’ſ-]{0,12}",
        "[0-9]{1,4}[-/.年月 ]?[0-9]{0,2}[-/.月日 ]?[0-9]{0,4}( 00:00:00)?",
        "[0-9]{15}",
        "[0-9]{17}[0-9xX]",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_standard_stays(text in any_text()) {
        for of in ALL {
            let standard: Standard = of.parse().unwrap();
            if let Standardised::Text(once) = standard.apply(&text) {
                prop_assert_eq!(standard.apply(&once), Standardised::Text(once.clone()), "{} {:?}", of, text);
                // Even if nothing were taken at a glance.
                prop_assert_eq!(standard.settle(&once), Some(once.clone().into_owned()), "{} {:?}", of, text);
                for part in standard.parts() {
                    let _ = standard.part(*part, &once);
                }
                if let Some(most) = standard.length_max() {
                    prop_assert!(once.chars().count() <= most, "{} {:?}", of, once);
                }
            }
            for part in Part::ALL {
                let _ = standard.part(part, &text);
            }
        }
    }

    #[test]
    fn a_number_of_15_digits_is_that_of_18(region in 110_000_u32..660_000, days in 0_i64..36_000, serial in 0_u32..996) {
        let first = chrono::NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();
        let day = first + chrono::Days::new(days.unsigned_abs());
        let short = format!("{region:06}{}{serial:03}", day.format("%y%m%d"));
        let long = standard("chinese_identity_number", &short).unwrap();
        prop_assert!(crate::FormatCheck::ChineseIdentityNumber.accepts(&long));
        let (region, rest) = (long.get(..6).unwrap(), long.get(8..17).unwrap());
        prop_assert_eq!(format!("{region}{rest}"), short);
        prop_assert_eq!(long.get(6..8), Some("19"));
    }
}
