//! Identifiers with the shape, the check digits and the prefixes of real ones.

use chrono::{Datelike, NaiveDate};
use rand::RngExt;

use crate::names::{Name, Sex};
use crate::pick::{pick, pick_weighted};
use crate::seeds::{Draw, Rng, Seeds};

/// Returns a mobile number of mainland China. Different serials, up to 4.6 billion, give different
/// numbers.
pub(crate) fn phone(seeds: Seeds, serial: u64) -> String {
    let prefixes = MOBILE_PREFIXES.len() as u64;
    let number = seeds.permute(Draw::Phone, 0, serial, prefixes * 100_000_000);
    let prefix = usize::try_from(number / 100_000_000).ok().and_then(|index| MOBILE_PREFIXES.get(index));
    format!("{}{:08}", prefix.unwrap_or(&138), number % 100_000_000)
}

/// Returns an e-mail address at a domain that cannot exist (RFC 2606). Different serials, up to a
/// billion, give different addresses.
pub(crate) fn email(seeds: Seeds, rng: &mut Rng, name: &Name, serial: u64) -> String {
    let number = seeds.permute(Draw::Email, 0, serial, 1_000_000_000);
    let Name { latin_given: given, latin_family: family, .. } = name;
    let domain = pick_weighted(rng, EMAIL_DOMAINS);
    match rng.random_range(0..4) {
        0 if domain == "qq.example" => format!("{}@{domain}", 10_000_000 + number),
        0 => format!("{given}.{family}{number}@{domain}"),
        1 => format!("{family}_{given}{number}@{domain}"),
        2 => format!("{given}{number}@{domain}"),
        _ => format!("{family}{given}{number}@{domain}"),
    }
}

/// Returns an identity number after GB 11643: district, day of birth, serial number with the sex in
/// its last digit, check digit.
pub(crate) fn identity_number(rng: &mut Rng, district: u32, born: NaiveDate, sex: Sex) -> String {
    let serial = rng.random_range(0..500) * 2 + u32::from(sex == Sex::Male);
    let mut number =
        format!("{district:06}{:04}{:02}{:02}{serial:03}", born.year(), born.month(), born.day());
    number.push(identity_check(&number));
    number
}

/// Returns the check character of the first 17 digits (ISO 7064 MOD 11-2).
pub(crate) fn identity_check(digits: &str) -> char {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 =
        digits.chars().zip(weights).map(|(digit, weight)| digit.to_digit(10).unwrap_or(0) * weight).sum();
    "10X98765432".chars().nth((sum % 11) as usize).unwrap_or('1')
}

/// Returns a payment card number of 19 digits with its check digit (Luhn).
pub(crate) fn card(rng: &mut Rng) -> String {
    let mut number =
        format!("{}{:012}", pick(rng, CARD_PREFIXES), rng.random_range(0..1_000_000_000_000_u64));
    number.push(luhn_check(&number));
    number
}

/// Returns the digit that makes a number pass the Luhn check.
pub(crate) fn luhn_check(digits: &str) -> char {
    let sum: u32 = digits
        .chars()
        .rev()
        .zip([true, false].into_iter().cycle())
        .map(|(digit, doubled)| match (digit.to_digit(10).unwrap_or(0), doubled) {
            (digit, true) if digit > 4 => digit * 2 - 9,
            (digit, true) => digit * 2,
            (digit, false) => digit,
        })
        .sum();
    char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0')
}

/// Returns an openid or unionid: `o` and 27 characters.
pub(crate) fn openid(rng: &mut Rng) -> String {
    let mut id = String::with_capacity(28);
    id.push('o');
    for _ in 0..27 {
        id.push(char::from(pick(rng, BASE64_URL)));
    }
    id
}

/// Returns 32 hexadecimal digits in the five groups of a UUID, version 4.
pub(crate) fn uuid(rng: &mut Rng) -> String {
    let bits: u128 = rng.random();
    let bits = bits & !(0xF << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xFFFF,
        (bits >> 64) & 0xFFFF,
        (bits >> 48) & 0xFFFF,
        bits & 0xFFFF_FFFF_FFFF
    )
}

/// Writes a number as `prefix` and 13 characters (Crockford's base 32), over what was there.
pub(crate) fn write_code(out: &mut String, prefix: &str, number: u64) {
    out.clear();
    out.push_str(prefix);
    for place in (0..13).rev() {
        let digit = (number >> (place * 5)) & 31;
        let letter = usize::try_from(digit).ok().and_then(|digit| BASE32.get(digit)).copied();
        out.push(char::from(letter.unwrap_or(b'0')));
    }
}

/// Prefixes that the three networks of mainland China and their resellers hold.
pub(crate) const MOBILE_PREFIXES: &[u32] = &[
    130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 145, 147, 149, 150, 151, 152, 153, 155, 156, 157, 158,
    159, 166, 172, 173, 175, 176, 177, 178, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 193,
    195, 196, 198, 199,
];

const EMAIL_DOMAINS: &[(&str, u32)] = &[
    ("qq.example", 40),
    ("163.example", 25),
    ("example.com", 15),
    ("mail.example.org", 12),
    ("example.net", 8),
];

/// Six digits that name the issuer, of the range 62.
const CARD_PREFIXES: &[u32] = &[621_700, 622_202, 622_848, 621_661, 622_588, 623_058];

const BASE64_URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const BASE32: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#[cfg(test)]
mod tests;
