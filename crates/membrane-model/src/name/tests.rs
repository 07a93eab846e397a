use super::*;

#[test]
fn names_are_checked() {
    assert!("crm_members".parse::<DatasetName>().is_ok());
    for wrong in ["", "Crm", "1crm", "crm members", "crm;drop", "商品", &"a".repeat(64)] {
        assert!(wrong.parse::<DatasetName>().is_err(), "{wrong}");
    }
    assert!("phone__token".parse::<ColumnName>().is_err());
}

#[test]
fn an_error_does_not_repeat_the_text() {
    let error = "13800138000 x".parse::<ColumnName>().unwrap_err().to_string();
    assert!(!error.contains("138"));
}

#[test]
fn classes_nest() {
    let phone: ClassName = "pii.phone".parse().unwrap();
    let pii: ClassName = "pii".parse().unwrap();
    let piix: ClassName = "piix".parse().unwrap();
    assert!(phone.is_within(&pii) && pii.is_within(&pii) && !pii.is_within(&phone));
    assert!(!piix.is_within(&pii));
    assert_eq!(phone.ancestry().map(String::from).collect::<Vec<_>>(), ["pii.phone", "pii"]);
}

#[test]
fn ids_of_tags_are_dotted() {
    for right in ["vip", "member.active_30d", "member.spend.band_90d"] {
        assert!(right.parse::<TagId>().is_ok(), "{right}");
    }
    for wrong in ["", "member.", ".active", "member..active", "Member.active", "member.30d", &"a.".repeat(40)]
    {
        assert!(wrong.parse::<TagId>().is_err(), "{wrong}");
    }
}
