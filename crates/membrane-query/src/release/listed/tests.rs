use super::*;
use crate::release::domain::key_domain;
use crate::release::fixture::{ask, scope, shops_table, shown_domain};

/// Number, city and size of shops.
const SHOPS: [(u8, &str, &str); 4] =
    [(1, "north", "large"), (2, "south", "small"), (3, "north", "small"), (3, "south", "large")];

async fn check_of(sql: &str, shops: &[(u8, &str, &str)], expected: &str) {
    let question = ask(sql).await.expect("a question");
    let providers: Vec<_> = question
        .tables
        .iter()
        .map(|table| match table {
            Table::Dataset { name, .. } if name.as_str() == "shops" => Some(shops_table(shops)),
            _ => None,
        })
        .collect();
    let written = |name: &DatasetName| name.as_str() == "shops";
    let listed = listed(&question, &scope(), &providers, &written, &Limits::default()).await.expect("lists");
    let found = shown_domain(key_domain(&question, &scope(), &listed));
    assert_eq!(found, expected, "{sql}");
}

async fn check(sql: &str, expected: &str) {
    check_of(sql, &SHOPS, expected).await;
}

#[tokio::test]
async fn public_columns_of_a_joined_dataset_list_the_keys() {
    for (keys, expected) in [
        ("s.city", "north south"),
        // The city is listed by rows, the size by the contract: together they are listed by rows, in pairs that there are.
        ("s.city, s.size", "north/large north/small south/large south/small"),
        ("s.size", "small large"),
        ("s.store_id", "s1 s2 s3"),
        // The shop of the line is the shop that it meets.
        ("l.store_id", "s1 s2 s3"),
        ("s.city, l.region", "north/BJ north/GD north/SH south/BJ south/GD south/SH"),
        ("l.region, s.city", "BJ/north BJ/south GD/north GD/south SH/north SH/south"),
        ("s.city, s.owner", "unknown"),
        ("s.owner", "unknown"),
        ("upper(s.city)", "unknown"),
        ("l.month, s.city", "unknown"),
    ] {
        let sql =
            format!("SELECT COUNT(*) FROM lines l JOIN shops s ON s.store_id = l.store_id GROUP BY {keys}");
        check(&sql, expected).await;
    }
}

#[tokio::test]
async fn conditions_on_the_dataset_shorten_its_list() {
    for (condition, keys, expected) in [
        ("s.size = 'small'", "s.city", "north south"),
        ("s.size = 'small' AND s.store_id = 's3'", "s.city", "north"),
        ("s.city = 'south'", "s.city", "south"),
        ("s.city <> 'south'", "s.store_id", "s1 s3"),
        ("l.store_id IN ('s1', 's9')", "l.store_id", "s1"),
        ("s.city = 'nowhere'", "s.city", "not_bounded"),
    ] {
        let sql = format!(
            "SELECT COUNT(*) FROM lines l JOIN shops s ON s.store_id = l.store_id WHERE {condition} GROUP BY {keys}"
        );
        check(&sql, expected).await;
    }
}

#[tokio::test]
async fn a_list_is_of_what_a_row_can_meet() {
    // What meets no shop is a group too.
    let left = "SELECT COUNT(*) FROM lines l LEFT JOIN shops s ON s.store_id = l.store_id GROUP BY";
    check(&format!("{left} s.city"), "- north south").await;
    // A line may name a shop that is not listed.
    check(&format!("{left} l.store_id"), "unknown").await;
    check(
        "SELECT COUNT(*) FROM lines WHERE store_id IN (SELECT store_id FROM shops WHERE city = 'north') GROUP BY store_id",
        "s1 s3",
    )
    .await;
    check(
        "SELECT COUNT(*) FROM lines WHERE store_id NOT IN (SELECT store_id FROM shops) GROUP BY store_id",
        "unknown",
    )
    .await;
    // Not of the rows that are grouped.
    check(
        "SELECT n, COUNT(*) FROM (SELECT member_no, s.city AS n FROM lines l JOIN shops s ON s.store_id = l.store_id
         GROUP BY member_no, s.city) t GROUP BY n",
        "unknown",
    )
    .await;
}

#[tokio::test]
async fn long_lists_are_as_keys_of_the_data() {
    let shops: Vec<(u8, &str, &str)> = (0..=250).map(|number| (number, "north", "small")).collect();
    let sql =
        "SELECT COUNT(*) FROM lines l JOIN shops s ON s.store_id = l.store_id GROUP BY s.store_id, hour";
    let hours = |hours: &str| sql.replace("hour", hours);
    check_of(
        &hours("date_part('hour', l.ordered_at), date_part('quarter', l.ordered_at)"),
        &shops,
        "unknown",
    )
    .await;
    check_of(sql.strip_suffix(", hour").expect("a statement"), &[], "not_bounded").await;
}
