use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::ALL;
use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::value::Value;

fn recogniser(kind: Kind) -> &'static Recogniser {
    ALL.iter().find(|recogniser| recogniser.kind == kind).unwrap()
}

/// Looks at values that match, and at values that do not.
fn check(kind: Kind, matches: &[&str], others: &[&str]) {
    let look = |text: &str| (recogniser(kind).look)(&Value::new(text));
    for text in matches {
        assert_eq!(look(text), Look::Match, "{} {text}", kind.as_str());
    }
    for text in others {
        assert_ne!(look(text), Look::Match, "{} {text}", kind.as_str());
    }
}

#[test]
fn each_kind_is_there_once_and_its_rule_makes_sense() {
    let mut kinds: Vec<Kind> = ALL.iter().map(|recogniser| recogniser.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), ALL.len());
    for recogniser in &ALL {
        let name = recogniser.kind.as_str();
        assert!(recogniser.chance > 0.0 && recogniser.chance < 1.0, "{name}");
        assert!(recogniser.share_hinted_min < recogniser.share_min, "{name}");
    }
}

#[test]
fn papers() {
    check(
        Kind::CnIdentity,
        &["11010519491231002X", "11010519491231002x"],
        &["110105194912310021", "01010519491231002X", "990105194912310020", "11010519491331002X", "", "x"],
    );
    check(
        Kind::CnIdentityOld,
        &["110105491231002"],
        &["990105491231002", "110105491331002", "1101054912310021"],
    );
    check(
        Kind::HkIdentity,
        &["A123456(3)", "A1234563", "AB987654(3)"],
        &["A123456(4)", "1123456(3)", "A12345(3)"],
    );
    check(Kind::TwIdentity, &["A123456789"], &["A123456788", "A323456789", "1123456789", "A12345678"]);
    check(
        Kind::CnPassport,
        &["E12345678", "EA1234567", "G12345678"],
        &["A12345678", "EI1234567", "E1234567"],
    );
    check(
        Kind::UsSsn,
        &["078-05-1120", "123 45 6789"],
        &["000-12-3456", "666-12-3456", "900-12-3456", "123456789"],
    );
    check(Kind::UkNhs, &["401 023 2137", "4010232137"], &["4010232138", "9434765919", "40102321"]);
    check(Kind::EsDni, &["12345678Z", "X1234567L", "12345678-z"], &["12345678A", "123456789", "ZZ345678Z"]);
    check(Kind::SgNric, &["S1234567D", "T1234567J", "F1234567N", "G1234567X"], &["S1234567A", "A1234567D"]);
    check(Kind::PlPesel, &["44051401359", "02070803628"], &["44051401358", "44131401359", "4405140135"]);
    check(Kind::BrCpf, &["529.982.247-25", "52998224725"], &["52998224724", "11111111111"]);
    check(
        Kind::KrRrn,
        &["800101-1234567", "051231-3234567"],
        &["8001011234567", "801301-1234567", "800101-0234567"],
    );
    check(Kind::FrNir, &["255081416802538", "2 55 08 14 168 025 38"], &["255081416802539"]);
}

#[test]
fn telephones_and_addresses_of_mail() {
    check(
        Kind::CnMobile,
        &[
            "13800138000",
            "+86 138 0013 8000",
            "8613800138000",
            "008613800138000",
            "138-0013-8000",
            "１３８００１３８０００",
        ],
        &["12800138000", "1380013800", "23800138000", "15400138000", "+1 3800138000"],
    );
    check(
        Kind::CnLandline,
        &[
            "010-62770334",
            "(0571)87951111",
            "02162770334",
            "0755-8888888",
            "+86 21 62770334",
            "010-62770334转801",
        ],
        &["62770334", "010-12770334", "0171-62770334", "13800138000"],
    );
    check(
        Kind::E164,
        &["+14155552671", "+44 7911 123456", "0049 151 12345678", "+85291234567"],
        &["14155552671", "+0123456789", "+999123456789", "+123"],
    );
    check(
        Kind::Email,
        &["a.b@example.com", " x+y@mail.example.org "],
        &["a@b", "@example.com", "a b@example.com", "3@2"],
    );
}

#[test]
fn accounts_and_businesses() {
    check(
        Kind::BankCard,
        &["4111111111111111", "4111 1111 1111 1111", "378282246310005"],
        &["4111111111111112", "9111111111111117"],
    );
    check(
        Kind::Iban,
        &["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000"],
        &["GB82WEST12345698765433", "XX82WEST12345698765432", "DE8937040044053201300"],
    );
    check(
        Kind::CreditCode,
        &["91350100M000100Y43"],
        &["91350100M000100Y44", "9135010OM000100Y43", "91350100M000100Y4"],
    );
    check(
        Kind::Plate,
        &["京A12345", "粤B·D12345", "沪A1234学"],
        &["京112345", "囧A12345", "京A1234", "AB12345"],
    );
}

#[test]
fn networks_and_devices() {
    check(Kind::Ipv4, &["192.168.0.1", "8.8.8.8", "10.0.0.1:8080"], &["256.1.1.1", "1.2.3", "1.2.3.4.5"]);
    check(Kind::Ipv6, &["2001:db8::1", "::1", "fe80::1%eth0", "[2001:db8::1]"], &["12:30:00", "a:b"]);
    check(
        Kind::Mac,
        &["00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e"],
        &["00:1A:2B:3C:4D", "0g:1A:2B:3C:4D:5E"],
    );
    check(Kind::Imei, &["490154203237518", "35-209900-176148-1"], &["490154203237519", "210154203237515"]);
    check(Kind::Imsi, &["460001234567890"], &["310150123456789"]);
    check(
        Kind::WechatId,
        &["oGZUI0egBJY1zhBYw2KhdUfwVJJE"],
        &["xGZUI0egBJY1zhBYw2KhdUfwVJJE", "oGZUI0egBJY1zhBYw2KhdUfwVJJ"],
    );
    check(Kind::Uuid, &["123e4567-e89b-12d3-a456-426614174000"], &["123e4567e89b12d3a456426614174000"]);
    check(
        Kind::Digest,
        &["d41d8cd98f00b204e9800998ecf8427e"],
        &["12345678901234567890123456789012", "d41d8cd9"],
    );
}

#[test]
fn people() {
    check(
        Kind::NameCn,
        &["王小明", "李雷", "欧阳娜娜", "张**", "司马 光"],
        &["红烧牛肉面", "上海", "黄浦区", "张家口市", "王", "牛奶500"],
    );
    check(
        Kind::NameLatin,
        &["John Smith", "MARIA GARCIA", "O'Neil, Patrick", "Wang Xiaoming"],
        &["Red Cotton Shirt", "A1", "Bottle"],
    );
    check(
        Kind::AddressCn,
        &["上海市浦东新区世纪大道100号", "朝阳区建国路88号院3号楼", "江苏省昆山市玉山镇同心村"],
        &["上海市", "恒通科技有限公司", "红烧牛肉面礼盒装"],
    );
    check(
        Kind::AddressLatin,
        &["221B Baker Street, London", "12 Hauptstraße, Berlin", "350 Fifth Ave New York"],
        &["Baker Street", "Red Cotton Shirt 12", "12 apples"],
    );
    check(
        Kind::BirthDate,
        &[
            "1990-05-17",
            "1990/5/17",
            "19900517",
            "1990年5月17日",
            "17.05.1990",
            "05/17/1990",
            "1990-05-17 00:00:00",
        ],
        &["1990-13-17", "1990-05-17T12:30:00Z", "90-5-17", "12.5"],
    );
}

/// Draws so many of some letters.
type Draw<'a> = &'a mut dyn FnMut(&str, usize) -> String;

/// What each base rate says of random values of the form is not less than what happens.
#[test]
fn base_rates_are_not_understated() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut of = |letters: &str, count: usize| -> String {
        let letters: Vec<char> = letters.chars().collect();
        (0..count).map(|_| letters[rng.random_range(0..letters.len())]).collect()
    };
    let (digits, capitals) = ("0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    let base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let codes = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let mut measure = |kind: Kind, make: &mut dyn FnMut(Draw<'_>) -> String| {
        let (mut trials, mut matches) = (0_u32, 0_u32);
        for _ in 0..60_000 {
            match (recogniser(kind).look)(&Value::new(&make(&mut of))) {
                Look::Match => {
                    matches += 1;
                    trials += 1;
                }
                Look::Form => trials += 1,
                Look::Other => {}
            }
        }
        let (rate, chance) = (f64::from(matches) / f64::from(trials.max(1)), recogniser(kind).chance);
        let noise = 4.0 * (chance / f64::from(trials.max(1))).sqrt();
        assert!(rate <= chance * 1.05 + noise, "{}: {rate} of {trials}, said {chance}", kind.as_str());
    };
    for (kind, count) in [
        (Kind::CnIdentity, 18),
        (Kind::CnIdentityOld, 15),
        (Kind::CnMobile, 11),
        (Kind::UkNhs, 10),
        (Kind::PlPesel, 11),
        (Kind::BrCpf, 11),
        (Kind::FrNir, 15),
        (Kind::BankCard, 16),
        (Kind::BankCard, 19),
        (Kind::Imei, 15),
        (Kind::Imsi, 15),
    ] {
        measure(kind, &mut |of| of(digits, count));
    }
    measure(Kind::HkIdentity, &mut |of| format!("{}{}", of(capitals, 1), of(digits, 7)));
    measure(Kind::TwIdentity, &mut |of| format!("{}{}", of(capitals, 1), of(digits, 9)));
    measure(Kind::CnPassport, &mut |of| format!("{}{}", of(capitals, 1), of(digits, 8)));
    measure(Kind::EsDni, &mut |of| format!("{}{}", of(digits, 8), of(capitals, 1)));
    measure(Kind::SgNric, &mut |of| format!("{}{}{}", of("STFGM", 1), of(digits, 7), of(capitals, 1)));
    measure(Kind::KrRrn, &mut |of| format!("{}-{}", of(digits, 6), of(digits, 7)));
    measure(Kind::CreditCode, &mut |of| format!("{}{}{}", of(codes, 2), of(digits, 6), of(codes, 10)));
    measure(Kind::WechatId, &mut |of| of(base64, 28));
    measure(Kind::Iban, &mut |of| format!("DE{}", of(digits, 20)));
    measure(Kind::CnLandline, &mut |of| format!("0{}", of(digits, 10)));
}

/// The page says of each recogniser what it asks for.
#[test]
fn the_page_lists_every_recogniser() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/detection.md");
    let page = std::fs::read_to_string(page).unwrap();
    let line = |recogniser: &Recogniser| {
        let percent = |share: f64| format!("{}", (share * 1e6).round() / 1e4);
        format!(
            "| `{}` | {} | {} % | {} % | {} % |",
            recogniser.kind.as_str(),
            recogniser.kind.in_words(),
            percent(recogniser.chance),
            percent(recogniser.share_min),
            percent(recogniser.share_hinted_min)
        )
    };
    let missing: Vec<String> = ALL.iter().map(line).filter(|line| !page.contains(line.as_str())).collect();
    assert!(missing.is_empty(), "docs/detection.md lacks:\n{}", missing.join("\n"));
}
