use super::*;

fn check(own: &[&str], expected: &[(&str, bool)]) {
    let own: Vec<(usize, &str)> = own.iter().enumerate().map(|(place, name)| (place + 1, *name)).collect();
    let found = named(&own);
    let found: Vec<(&str, bool)> = found.iter().map(|named| (named.name.as_str(), named.is_same)).collect();
    assert_eq!(found, expected);
}

#[test]
fn names_become_legal_and_stay_different() {
    check(
        &["member_no", "memberNo", "Phone Number"],
        &[("member_no", true), ("member_no_2", false), ("phone_number", false)],
    );
    check(
        &["手机号", "姓名", "身份证号", "备注"],
        &[("phone", false), ("name", false), ("id_card_no", false), ("column_4", false)],
    );
    check(
        &["a__b", "_x", "9lives", "IDCard"],
        &[("a_b", false), ("x", false), ("column_3", false), ("idcard", false)],
    );
}

#[test]
fn what_may_be_a_value_is_not_repeated() {
    check(
        &["13800138000", "a@example.com", "王小明", "E12345678"],
        &[("column_1", false), ("column_2", false), ("column_3", false), ("column_4", false)],
    );
}

#[test]
fn files_name_datasets() {
    let name = |path: &str| dataset_name_of(Path::new(path)).map(|name| name.to_string());
    assert_eq!(name("/x/crm_members.csv").as_deref(), Some("crm_members"));
    assert_eq!(name("Web Visits.ndjson").as_deref(), Some("web_visits"));
    assert_eq!(name("会员.csv"), None);
    assert_eq!(name("20261101.csv"), None);
}
