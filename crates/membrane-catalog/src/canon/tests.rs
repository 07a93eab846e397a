//! One person's phone and e-mail have one canonical text, however they were written down.

use super::*;

#[test]
fn identifiers_have_one_canonical_text() {
    for (domain, text, canonical) in [
        ("phone", "13800000001", "13800000001"),
        ("phone", "+8613800000001", "13800000001"),
        ("phone", "+86 138-0000-0001", "13800000001"),
        ("phone", "008613800000001", "13800000001"),
        ("phone", "8613800000001", "13800000001"),
        ("pii.phone", " 138 0000 0001 ", "13800000001"),
        ("phone", "+86(021)55667788", "+8602155667788"),
        ("phone", "+442071838750", "+442071838750"),
        ("phone", "+86", "+86"),
        ("email", " Ana.Li@Example.COM ", "ana.li@example.com"),
        ("email", "ana@example.com", "ana@example.com"),
        ("member_no", " M0001 ", " M0001 "),
        ("openid", "oAbC", "oAbC"),
    ] {
        assert_eq!(Canon::of(domain).apply(text), canonical, "{domain} {text:?}");
    }
}
