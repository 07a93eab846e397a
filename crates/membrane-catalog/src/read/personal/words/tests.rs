use super::*;

/// Finds the word of each name.
fn check(word: &str, names: &[&str]) {
    for name in names {
        assert_eq!(find(name).map_or("", |found| found.written), word, "{name}");
    }
}

#[test]
fn words_stand_anywhere_in_a_name() {
    check("phone", &["phone", "home_phone", "phone_hash", "phone2", "backup_phone_1", "phones", "PHONE"]);
    check("phone_number", &["phone_number", "phonenumber", "contact_phone_numbers"]);
    check("email", &["email", "work_email", "emails"]);
    check("id_card", &["id_card", "idcard", "id_card_no", "member_id_card"]);
    check("birth", &["birth_year", "year_of_birth"]);
    check("birth_date", &["birth_date", "birthdate"]);
    check("born", &["born_on"]);
    check("first_name", &["first_name", "firstname", "contact_first_name"]);
    check("address", &["address", "home_addresses", "address_line"]);
    check("ip", &["ip", "client_ip", "last_ips"]);
    check("ipv4", &["ipv4"]);
    check("device_id", &["device_id", "deviceid"]);
    check("card_no", &["card_no", "bank_card_no"]);
    check("openid", &["openid", "wechat_openid"]);
    check("plate", &["plate", "plate_no"]);
}

#[test]
fn a_name_is_one_only_as_a_whole() {
    check("name", &["name"]);
    check("nickname", &["nickname"]);
    check("nick_name", &["nick_name"]);
    check("", &["product_name", "name_of_store", "nickname_length", "names_count", "shop_nick_name"]);
}

#[test]
fn parts_of_words_say_nothing() {
    check(
        "",
        &[
            "region",
            "shipping_method",
            "recipe",
            "hotel",
            "template",
            "emailed",
            "cardinality",
            "card_type",
            "id",
            "number_card",
            "card_not",
            "birthplace",
            "telemetry",
            "device",
            "full",
            "streetwear",
            "tips",
        ],
    );
}

/// A word that an earlier one hides would never be told.
#[test]
fn each_word_is_found_as_itself() {
    for word in WORDS {
        check(word.written, &[word.written]);
    }
}
