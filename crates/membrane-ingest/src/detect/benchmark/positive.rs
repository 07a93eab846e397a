//! Columns that identify somebody.

use fake::Fake as _;
use fake::faker::address::raw::{BuildingNumber, CityName, StreetName, ZipCode};
use fake::faker::internet::raw::FreeEmail;
use fake::faker::name::raw::{FirstName, LastName};
use fake::locales::{EN, FR_FR, ZH_CN};
use rand::RngExt as _;

use super::digits::{born, checked, letter, luhn, modulo, one, random, sum, with_luhn};
use super::{Kind, Maker, Rng};

const fn maker(
    what: &'static str,
    kind: Kind,
    names: &'static [&'static str],
    make: fn(&mut Rng, usize) -> String,
) -> Maker {
    Maker { what, kind: Some(kind), names, needs_name: false, make }
}

const fn only_named(maker: Maker) -> Maker {
    Maker { needs_name: true, ..maker }
}

const PHONES: &[&str] = &["phone", "mobile", "contact_phone", "tel"];
const PAPERS: &[&str] = &["id_number", "id_card_no", "national_id", "identity_no"];

pub(super) const ALL: [Maker; 38] = [
    maker("identity numbers", Kind::CnIdentity, PAPERS, |rng, _| identity(rng)),
    maker("old identity numbers", Kind::CnIdentityOld, PAPERS, |rng, _| old_identity(rng)),
    maker("identity numbers, some old", Kind::CnIdentity, PAPERS, |rng, _| {
        if rng.random_bool(0.2) { old_identity(rng) } else { identity(rng) }
    }),
    maker("Hong Kong", Kind::HkIdentity, PAPERS, |rng, _| hong_kong(rng)),
    maker("Taiwan", Kind::TwIdentity, PAPERS, |rng, _| taiwan(rng)),
    only_named(maker("passports", Kind::CnPassport, &["passport", "passport_no"], |rng, _| {
        if rng.random_bool(0.5) {
            format!("E{}", random(rng, 8))
        } else {
            format!("E{}{}", letter(rng, "ABCDEFGHJKLM"), random(rng, 7))
        }
    })),
    maker("SSN", Kind::UsSsn, &["ssn", "national_id"], |rng, _| {
        format!(
            "{:03}-{:02}-{:04}",
            rng.random_range(1..666),
            rng.random_range(1..99),
            rng.random_range(1..9999)
        )
    }),
    maker("NHS", Kind::UkNhs, &["id_number", "national_id"], |rng, _| nhs(rng)),
    maker("DNI", Kind::EsDni, PAPERS, |rng, _| {
        let body = random(rng, 8);
        let rest = body.parse::<usize>().unwrap() % 23;
        format!("{body}{}", &"TRWAGMYFPDXBNJZSQVHLCKE"[rest..=rest])
    }),
    maker("NRIC", Kind::SgNric, PAPERS, |rng, _| {
        let (first, letters, more) =
            if rng.random_bool(0.6) { ("S", "JZIHGFEDCBA", 0) } else { ("G", "XWUTRQPNMLK", 4) };
        let body = random(rng, 7);
        let rest = usize::try_from((sum(&body, &[2, 7, 6, 5, 4, 3, 2]) + more) % 11).unwrap();
        format!("{first}{body}{}", &letters[rest..=rest])
    }),
    maker("PESEL", Kind::PlPesel, PAPERS, |rng, _| {
        let (year, month, day) = born(rng);
        let month = if year >= 2000 { month + 20 } else { month };
        let body = format!("{:02}{month:02}{day:02}{}", year % 100, random(rng, 4));
        checked(&body, "0123456789", |text| sum(text, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 == 0)
    }),
    maker("CPF", Kind::BrCpf, PAPERS, |rng, _| cpf(rng)),
    maker("RRN", Kind::KrRrn, PAPERS, |rng, _| {
        let (year, month, day) = born(rng);
        let sex = rng.random_range(1..3) + if year >= 2000 { 2 } else { 0 };
        format!("{:02}{month:02}{day:02}-{sex}{}", year % 100, random(rng, 6))
    }),
    maker("NIR", Kind::FrNir, PAPERS, |rng, _| {
        let (year, month, _) = born(rng);
        let body = format!(
            "{}{:02}{month:02}{:02}{}",
            rng.random_range(1..3),
            year % 100,
            rng.random_range(1..96),
            random(rng, 6)
        );
        format!("{body}{:02}", 97 - modulo(&body, 97))
    }),
    maker("mobiles", Kind::CnMobile, PHONES, |rng, _| mobile(rng)),
    maker("mobiles as typed", Kind::CnMobile, PHONES, |rng, _| {
        let number = mobile(rng);
        match rng.random_range(0..5) {
            0 => format!("+86 {number}"),
            1 => format!("{} {} {}", &number[..3], &number[3..7], &number[7..]),
            2 => format!("86{number}"),
            3 => format!("{}-{}-{}", &number[..3], &number[3..7], &number[7..]),
            _ => number,
        }
    }),
    maker("mobiles, some landlines", Kind::CnMobile, PHONES, |rng, _| {
        if rng.random_bool(0.25) { landline(rng) } else { mobile(rng) }
    }),
    maker("landlines", Kind::CnLandline, PHONES, |rng, _| landline(rng)),
    maker("international", Kind::E164, PHONES, |rng, _| match rng.random_range(0..4) {
        0 => format!("+1{}{}", rng.random_range(2..10), random(rng, 9)),
        1 => format!("+44 7{} {}", random(rng, 3), random(rng, 6)),
        2 => format!("+49 {}{}", one(rng, &["151", "160", "171"]), random(rng, 8)),
        _ => format!("+33 {} {}", rng.random_range(6..8), random(rng, 8)),
    }),
    maker("e-mails", Kind::Email, &["email", "mail", "contact_email"], |rng, _| {
        FreeEmail(EN).fake_with_rng(rng)
    }),
    maker("UnionPay", Kind::BankCard, &["card_no", "bank_account"], |rng, _| {
        let start = one(rng, &["621700", "622202", "622848", "623058", "621661"]);
        with_luhn(&format!("{start}{}", random(rng, 12)))
    }),
    maker("cards", Kind::BankCard, &["card_no", "card_number"], |rng, _| {
        let (start, more) = [("4", 14), ("52", 13), ("37", 12), ("6011", 11)][rng.random_range(0..4)];
        let number = with_luhn(&format!("{start}{}", random(rng, more)));
        if rng.random_bool(0.3) {
            format!("{} {} {} {}", &number[..4], &number[4..8], &number[8..12], &number[12..])
        } else {
            number
        }
    }),
    maker("IBAN", Kind::Iban, &["iban", "bank_account"], |rng, _| {
        let (country, count) = [("DE", 18), ("NL", 0), ("ES", 20)][rng.random_range(0..3)];
        let body = if count == 0 { format!("INGB{}", random(rng, 10)) } else { random(rng, count) };
        format!("{country}{:02}{body}", 98 - modulo(&format!("{body}{country}00"), 97))
    }),
    maker("credit codes", Kind::CreditCode, &["credit_code", "uscc"], |rng, _| credit_code(rng)),
    maker("plates", Kind::Plate, &["plate", "plate_no"], |rng, _| {
        let letters = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789";
        let rest: String = (0..5).map(|_| letter(rng, letters)).collect();
        format!("{}{}{rest}", letter(rng, "京沪粤浙苏川鲁"), letter(rng, "ABCDE"))
    }),
    maker("IPv4", Kind::Ipv4, &["ip", "client_ip"], |rng, _| {
        let mut part = || rng.random_range(0..256);
        format!("{}.{}.{}.{}", part(), part(), part(), part())
    }),
    maker("IPv6", Kind::Ipv6, &["ip", "ipv6"], |rng, _| {
        let parts: Vec<String> = (0..6).map(|_| format!("{:x}", rng.random_range(0..0x10000))).collect();
        format!("2408:8456:{}", parts.join(":"))
    }),
    maker("MAC", Kind::Mac, &["mac_address", "device_id"], |rng, _| {
        let parts: Vec<String> = (0..6).map(|_| format!("{:02X}", rng.random_range(0..256))).collect();
        parts.join(if rng.random_bool(0.9) { ":" } else { "-" })
    }),
    maker("IMEI", Kind::Imei, &["imei", "device_id"], |rng, _| {
        let start = one(rng, &["35", "86", "01"]);
        with_luhn(&format!("{start}{}", random(rng, 12)))
    }),
    maker("IMSI", Kind::Imsi, &["imsi"], |rng, _| {
        format!("460{:02}{}", rng.random_range(0..12), random(rng, 10))
    }),
    maker("openids", Kind::WechatId, &["openid", "wechat_openid", "unionid"], |rng, _| {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let rest: String = (0..27).map(|_| letter(rng, letters)).collect();
        format!("o{rest}")
    }),
    only_named(maker("devices", Kind::Uuid, &["device_id", "idfa", "oaid"], |rng, _| uuid(rng))),
    only_named(maker("hashed devices", Kind::Digest, &["device_id", "imei"], |rng, _| {
        format!("{:032x}", rng.random::<u128>())
    })),
    maker("days of birth", Kind::BirthDate, &["birth_date", "birthday", "dob"], |rng, _| {
        let (year, month, day) = born(rng);
        match rng.random_range(0..8) {
            0 => format!("{year}/{month:02}/{day:02}"),
            1 => format!("{year}{month:02}{day:02}"),
            _ => format!("{year}-{month:02}-{day:02}"),
        }
    }),
    maker("Chinese names", Kind::NameCn, &["name", "full_name", "real_name"], |rng, _| chinese_name(rng)),
    maker("Latin names", Kind::NameLatin, &["name", "customer_name", "full_name"], |rng, row| {
        if row % 5 < 2 {
            // Two in five have a given name that is as frequent as it is among people.
            let given = one(
                rng,
                &[
                    "James", "Mary", "John", "Patricia", "Robert", "Jennifer", "Michael", "Linda", "David",
                    "Susan", "Thomas", "Sarah", "Daniel", "Karen", "Paul", "Emily", "Kevin", "Laura", "Anna",
                    "Peter",
                ],
            );
            format!("{given} {}", LastName(EN).fake_with_rng::<&str, _>(rng))
        } else if row % 5 == 2 {
            format!(
                "{} {}",
                FirstName(FR_FR).fake_with_rng::<&str, _>(rng),
                LastName(FR_FR).fake_with_rng::<&str, _>(rng)
            )
        } else {
            format!(
                "{} {}",
                FirstName(EN).fake_with_rng::<&str, _>(rng),
                LastName(EN).fake_with_rng::<&str, _>(rng)
            )
        }
    }),
    maker("Chinese addresses", Kind::AddressCn, &["address", "home_address"], |rng, _| chinese_address(rng)),
    maker("Latin addresses", Kind::AddressLatin, &["address", "street"], |rng, _| {
        let number: String = BuildingNumber(EN).fake_with_rng(rng);
        let street: String = StreetName(EN).fake_with_rng(rng);
        let city: String = CityName(EN).fake_with_rng(rng);
        let zip: String = ZipCode(EN).fake_with_rng(rng);
        format!("{number} {street}, {city} {zip}")
    }),
];

const PLACES: [&str; 12] = [
    "110105", "310115", "440305", "330106", "320102", "510107", "420106", "610113", "370203", "500112",
    "350203", "230103",
];

fn identity(rng: &mut Rng) -> String {
    let (year, month, day) = born(rng);
    let body = format!("{}{year}{month:02}{day:02}{}", one(rng, &PLACES), random(rng, 3));
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let rest = usize::try_from(sum(&body, &weights) % 11).unwrap();
    format!("{body}{}", &"10X98765432"[rest..=rest])
}

fn old_identity(rng: &mut Rng) -> String {
    let (_, month, day) = born(rng);
    format!("{}{:02}{month:02}{day:02}{}", one(rng, &PLACES), rng.random_range(40..85), random(rng, 3))
}

fn hong_kong(rng: &mut Rng) -> String {
    let (first, body) = (letter(rng, "ABCDEGHKMPRVWYZ"), random(rng, 6));
    let total = 36 * 9 + sum(&format!("{first}{body}"), &[8, 7, 6, 5, 4, 3, 2]);
    let check = match (11 - total % 11) % 11 {
        10 => "A".to_owned(),
        digit => digit.to_string(),
    };
    if rng.random_bool(0.7) { format!("{first}{body}({check})") } else { format!("{first}{body}{check}") }
}

fn taiwan(rng: &mut Rng) -> String {
    let first = letter(rng, "ABCDEFGHJKLMNPQRSTUVXYWZIO");
    let place = 10 + i64::try_from("ABCDEFGHJKLMNPQRSTUVXYWZIO".find(first).unwrap()).unwrap();
    let body = format!("{}{}", rng.random_range(1..3), random(rng, 7));
    let front = place / 10 + place % 10 * 9;
    let text =
        checked(&body, "0123456789", |text| (front + sum(text, &[8, 7, 6, 5, 4, 3, 2, 1, 1])) % 10 == 0);
    format!("{first}{text}")
}

fn nhs(rng: &mut Rng) -> String {
    loop {
        let body = format!("{}{}", one(rng, &["4", "6", "7"]), random(rng, 8));
        let check = (11 - sum(&body, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
        if check < 10 {
            let text = format!("{body}{check}");
            return if rng.random_bool(0.6) {
                format!("{} {} {}", &text[..3], &text[3..6], &text[6..])
            } else {
                text
            };
        }
    }
}

fn cpf(rng: &mut Rng) -> String {
    let mut text = random(rng, 9);
    for length in [9, 10] {
        let weights: Vec<i64> = (2..length + 2).rev().collect();
        let rest = sum(&text, &weights) % 11;
        text.push_str(&(if rest < 2 { 0 } else { 11 - rest }).to_string());
    }
    if rng.random_bool(0.5) {
        format!("{}.{}.{}-{}", &text[..3], &text[3..6], &text[6..9], &text[9..])
    } else {
        text
    }
}

fn mobile(rng: &mut Rng) -> String {
    let start = one(
        rng,
        &[
            "130", "131", "135", "136", "137", "138", "139", "147", "150", "152", "158", "166", "176", "180",
            "186", "188", "199",
        ],
    );
    format!("{start}{}", random(rng, 8))
}

fn landline(rng: &mut Rng) -> String {
    let (area, count) =
        [("010", 7), ("021", 7), ("0571", 7), ("0755", 7), ("0411", 7), ("0917", 6)][rng.random_range(0..6)];
    let number = format!("{}{}", rng.random_range(2..9), random(rng, count));
    match rng.random_range(0..4) {
        0 => format!("({area}){number}"),
        1 => format!("{area}{number}"),
        _ => format!("{area}-{number}"),
    }
}

fn credit_code(rng: &mut Rng) -> String {
    let letters = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let organisation: String = (0..9).map(|_| letter(rng, letters)).collect();
    let body = format!("91{}{organisation}", one(rng, &PLACES));
    let number = |letter: char| i64::try_from(letters.find(letter).unwrap()).unwrap();
    checked(&body, letters, |text| {
        let powers = (0..18_u32).map(|place| 3_i64.pow(place) % 31);
        let last = text.chars().last().map_or(0, number);
        let total: i64 =
            text.chars().take(17).zip(powers).map(|(letter, power)| number(letter) * power).sum();
        (total + last) % 31 == 0
    })
}

fn uuid(rng: &mut Rng) -> String {
    let hex = format!("{:032x}", rng.random::<u128>());
    let text = format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..]);
    if rng.random_bool(0.1) { text.to_uppercase() } else { text }
}

/// Three of five people in ten thousand steps have one of these, the others any of the list of `fake`.
fn chinese_name(rng: &mut Rng) -> String {
    let frequent = "王王王王李李李李张张张刘刘刘陈陈杨黄赵吴周徐孙马朱胡郭何高林罗";
    let family = if rng.random_bool(0.55) {
        letter(rng, frequent).to_string()
    } else {
        LastName(ZH_CN).fake_with_rng::<&str, _>(rng).to_owned()
    };
    let given: &str = FirstName(ZH_CN).fake_with_rng(rng);
    let given: String = given.chars().take(if rng.random_bool(0.2) { 1 } else { 2 }).collect();
    if rng.random_bool(0.03) { format!("{family}**") } else { format!("{family}{given}") }
}

fn chinese_address(rng: &mut Rng) -> String {
    let wide = one(
        rng,
        &[
            "上海市浦东新区",
            "北京市朝阳区",
            "广东省深圳市南山区",
            "浙江省杭州市西湖区",
            "四川省成都市武侯区",
            "江苏省昆山市玉山镇",
        ],
    );
    let road = one(rng, &["世纪大道", "建国路", "科技园路", "文三路", "人民南路", "解放街", "中山一路"]);
    let (house, room) = (rng.random_range(1..2_000), rng.random_range(101..3_300));
    match rng.random_range(0..3) {
        0 => format!("{wide}{road}{house}号"),
        1 => format!("{wide}{road}{house}弄{}号{room}室", rng.random_range(1..60)),
        _ => format!("{wide}{road}{house}号{}栋{room}", rng.random_range(1..20)),
    }
}

/// Cards are made as they are checked: seen once by hand.
#[test]
fn makers_make_what_is_right() {
    assert!(luhn("4111111111111111") && luhn("6222021234567890128") == luhn("6222021234567890128"));
    assert_eq!(with_luhn("411111111111111"), "4111111111111111");
    assert_eq!(modulo("3214282912345698765432161182", 97), 1);
}
