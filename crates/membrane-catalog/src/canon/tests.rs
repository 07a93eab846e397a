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

/// A standard changes nothing about tokens that were stored without one, as far as a mobile number of mainland China and an
/// e-mail address are concerned.
#[test]
fn what_is_standard_has_the_token_that_it_had() {
    let spelling = |domain: &str, standard: Option<&str>| Spelling {
        standard: standard.map(|standard| standard.parse().unwrap()),
        canon: Canon::of(domain),
    };
    for text in ["13800000001", "+8613800000001", "+86 138-0000-0001", "008613800000001", "8613800000001"] {
        assert_eq!(spelling("phone", None).apply(text), "13800000001");
        assert_eq!(spelling("phone", Some("phone(CN)")).apply(text), "13800000001");
        assert_eq!(spelling("phone", Some("phone(CN)")).standard(text), "+8613800000001");
    }
    for text in ["ana@example.com", " Ana@Example.COM "] {
        assert_eq!(spelling("email", None).apply(text), "ana@example.com");
        assert_eq!(spelling("email", Some("email")).apply(text), "ana@example.com");
    }
    let of = spelling("phone", Some("phone(CN)"));
    assert_eq!(of.apply("(010) 6552-9988 转 801"), "+861065529988;ext=801");
    assert_eq!(of.apply("nobody"), "nobody", "it is in no row");
    assert_eq!(
        spelling("identity_number", Some("chinese_identity_number")).apply("110105491231002"),
        "11010519491231002X"
    );
}
