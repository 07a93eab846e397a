//! What is wanted of a table, and what is said when it does not fit. The databases themselves are in the tests of the program.

use std::collections::BTreeMap;

use membrane_catalog::Secret;

use super::*;
use crate::fixture::members;

fn table(takes: Takes) -> TableSource {
    TableSource {
        database: Database::PostgreSql,
        url: Secret::Env("URL".to_owned()),
        table: vec!["members".to_owned()],
        columns: BTreeMap::from([("phone".parse().unwrap(), "Mobile".to_owned())]),
        takes,
        control_sums: None,
    }
}

fn found(names: &[&str]) -> Vec<(String, String)> {
    names.iter().map(|name| ((*name).to_owned(), "text".to_owned())).collect()
}

fn check(takes: &Takes, columns: &[&str]) -> Result<Vec<String>, String> {
    let (source, dataset, table) = ("crm".parse().unwrap(), members(), table(takes.clone()));
    let wanted = Wanted { source: &source, table: &table, dataset: &dataset, before: None };
    let pairs = wanted.pairs(&found(columns)).map_err(|error| error.to_string())?;
    Ok(pairs.iter().map(|pair| format!("{}<{}", pair.of.name, pair.name)).collect())
}

#[test]
fn columns_are_found_by_name() {
    let cursor = Takes::Incremental(Cursor { column: "changed".to_owned(), settle_seconds: 5 });
    let all = ["changed", "Mobile", "member_no", "tier", "other"];
    assert_eq!(
        check(&cursor, &all),
        Ok(["member_no<member_no", "phone<Mobile", "tier<tier"].map(str::to_owned).into())
    );
    assert_eq!(check(&cursor, &["Mobile"]), Err("the table lacks columns: member_no, the cursor".to_owned()));
    assert_eq!(check(&Takes::Snapshot, &["member_no"]), Err("the table lacks columns: phone".to_owned()));
    let none = "the database has no such table, or none that the user of the URL may read";
    assert_eq!(check(&Takes::Snapshot, &[]), Err(none.to_owned()));
}

#[test]
fn a_piece_knows_where_it_lies() {
    let (source, dataset) = ("crm".parse().unwrap(), members());
    let snapshot = table(Takes::Snapshot);
    let wanted = Wanted { source: &source, table: &snapshot, dataset: &dataset, before: Some(4) };
    let position = wanted.position(wanted.next_snapshot());
    assert_eq!(
        (position.id.as_str(), position.before, position.after, position.replaces),
        ("source/crm", Some(4), 5, true)
    );
    assert_eq!(wanted.order(), ["member_no"]);
}

#[tokio::test]
async fn a_url_of_something_else_is_not_repeated() {
    let (source, dataset) = ("crm".parse().unwrap(), members());
    for (url, database) in [("mysql://u:canary@h/d", Database::PostgreSql), ("canary", Database::MySql)] {
        let table = TableSource { database, ..table(Takes::Snapshot) };
        let url = DatabaseUrl::new(url.to_owned());
        let error = read_table(&source, &table, &url, &dataset, None).await.unwrap_err();
        assert_eq!(error.code(), "source_unreachable");
        assert!(error.to_string().starts_with("the URL of the database is not one of "), "{error}");
        assert!(!format!("{error} {error:?} {url:?}").contains("canary"));
    }
}
