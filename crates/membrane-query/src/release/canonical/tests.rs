use membrane_policy::{CompareOperator, RowExpr, RowValue};
use membrane_vault::{RootKey, Vault};

use super::*;
use crate::release::fixture::{ask, mechanism, options};

/// What a release is asked with, besides the statement.
#[derive(Clone)]
struct Asked {
    principal: &'static str,
    purpose: Option<&'static str>,
    contract: &'static str,
    version: u64,
    table: &'static str,
    region: Option<&'static str>,
    epsilon: f64,
    cohort_min: u32,
    rows_max: u32,
}

const PLAIN: Asked = Asked {
    principal: "partner:acme",
    purpose: Some("partner_reporting"),
    contract: "c1",
    version: 3,
    table: "one",
    region: None,
    epsilon: 1.0,
    cohort_min: 0,
    rows_max: 3,
};

async fn key(sql: &str, asked: &Asked) -> String {
    let question = ask(sql).await.expect("a question");
    let mut options = options(asked.epsilon);
    (options.cohort_min, options.rows_max) = (asked.cohort_min, Some(asked.rows_max));
    let mechanism = mechanism(&question, &options).expect("a mechanism");
    let purpose = asked.purpose.map(|purpose| purpose.parse().expect("a purpose"));
    let principal = asked.principal.parse().expect("a principal");
    let asker = Asker { principal: &principal, purpose: purpose.as_ref() };
    let dataset = "lines".parse().expect("a dataset name");
    let row_rule = asked.region.map_or(RowRule::All, |region| {
        RowRule::When(RowExpr::Compare {
            column: "region".parse().expect("a column name"),
            operator: CompareOperator::Eq,
            value: RowValue::String(region.to_owned()),
        })
    });
    let version = Some((TableVersion(asked.version), asked.table));
    let data =
        [Data { dataset: &dataset, contract: asked.contract.to_owned(), version, row_rule: &row_rule }];
    let root = RootKey::from_hex(&"07".repeat(32)).expect("a root key");
    query_key(&Vault::new(&root).query_key_hasher(), &asker, &question, mechanism.spec(), &data)
        .expect("a key")
}

async fn hash_of(sql: &str) -> String {
    plan_hash(&ask(sql).await.expect("a question")).expect("a hash")
}

const SQL: &str =
    "SELECT region, COUNT(*) AS n FROM lines WHERE gift AND month IN ('a', 'b') GROUP BY region";

#[tokio::test]
async fn one_question_in_other_words_has_one_name() {
    let name = key(SQL, &PLAIN).await;
    for same in [
        "select region, count(*) n from lines where month in ('b','a','a') and gift group by region",
        "SELECT l.region, COUNT(1) AS n FROM lines AS l WHERE l.gift AND l.month IN ('a', 'b') AND gift GROUP BY 1",
    ] {
        assert_eq!(key(same, &PLAIN).await, name, "{same}");
        assert_eq!(hash_of(same).await, hash_of(SQL).await, "{same}");
    }
}

#[tokio::test]
async fn whatever_changes_the_answer_changes_the_name() {
    let mut names = vec![key(SQL, &PLAIN).await];
    for other in [
        "SELECT region, COUNT(*) AS m FROM lines WHERE gift AND month IN ('a', 'b') GROUP BY region",
        "SELECT region, COUNT(*) AS n FROM lines WHERE gift AND month IN ('a', 'c') GROUP BY region",
        "SELECT region, COUNT(*) AS n FROM lines WHERE NOT gift AND month IN ('a', 'b') GROUP BY region",
        "SELECT region, COUNT(*) AS n FROM lines WHERE gift OR month IN ('a', 'b') GROUP BY region",
        "SELECT region, COUNT(amount) AS n FROM lines WHERE gift AND month IN ('a', 'b') GROUP BY region",
        "SELECT region, COUNT(*) AS n FROM lines WHERE gift AND month IN ('a', 'b') GROUP BY region LIMIT 1",
        "SELECT channel AS region, COUNT(*) AS n FROM lines WHERE gift AND month IN ('a', 'b') GROUP BY channel",
    ] {
        names.push(key(other, &PLAIN).await);
        assert_ne!(hash_of(other).await, hash_of(SQL).await, "{other}");
    }
    for asked in [
        Asked { principal: "partner:other", ..PLAIN },
        Asked { purpose: None, ..PLAIN },
        // A bound, an enumeration, a type, a protection: whatever a release goes by.
        Asked { contract: "c2", ..PLAIN },
        Asked { version: 4, ..PLAIN },
        // The table was lost and made anew: its versions were counted from 0 again.
        Asked { table: "other", ..PLAIN },
        // The same policies let other rows through at another time.
        Asked { region: Some("SH"), ..PLAIN },
        Asked { region: Some("BJ"), ..PLAIN },
        Asked { epsilon: 1.5, ..PLAIN },
        Asked { cohort_min: 50, ..PLAIN },
        Asked { rows_max: 4, ..PLAIN },
    ] {
        names.push(key(SQL, &asked).await);
    }
    let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
}
