use membrane_model::LogicalType;

use super::*;

fn column(class: &str, identity: Option<&str>) -> Column {
    Column {
        name: "c".parse().unwrap(),
        description: String::new(),
        logical_type: LogicalType::String,
        class: class.parse().unwrap(),
        protection: Protection::Token,
        identity: identity.map(|kind| kind.parse().unwrap()),
        required: false,
        unique: false,
        rules: ColumnRules::default(),
        privacy: ColumnPrivacy::default(),
        standard: None,
        from: None,
        waiver: None,
        policy: ColumnPolicy::default(),
    }
}

#[test]
fn the_same_identity_kind_shares_a_token_domain() {
    assert_eq!(column("pii.phone", Some("phone")).token_domain(), "phone");
    assert_eq!(column("pii.identifier", Some("phone")).token_domain(), "phone");
    assert_eq!(column("pii.device", None).token_domain(), "pii.device");
}

#[test]
fn only_pii_is_pii() {
    for (class, expected) in
        [("pii", true), ("pii.phone", true), ("pii.phone.home", true), ("piim", false), ("x.pii", false)]
    {
        assert_eq!(column(class, None).is_pii(), expected, "{class}");
    }
}

#[test]
fn what_must_have_the_form_of_an_identifier_is_one() {
    let mut business = column("business", None);
    assert!(!business.is_identifying() && column("pii.phone", None).is_identifying());
    business.rules.check = Some(FormatCheck::MobileChina);
    assert!(business.is_identifying() && !business.is_pii());
}
