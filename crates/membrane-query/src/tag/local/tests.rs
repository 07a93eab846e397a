//! Which statements are member-local, and that restricting them says the same of those who are asked about.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, BinaryArray, Int64Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::execution::SessionState;
use futures::TryStreamExt as _;
use membrane_model::{Limits, LogicalType, Protection, RevealLevel};
use membrane_policy::RowRule;
use membrane_vault::Vault;
use tokio::time::Instant;

use super::*;
use crate::answer::run;
use crate::brake::Brake;
use crate::engine::{Planned, braked_physical};
use crate::gate::Statement;
use crate::open::Opener;
use crate::rules::{Mask, ScanRules, Source};
use crate::session::{trusted_session, user_session};
use crate::tag::TagKeys;
use crate::tag::part::{Members, is_one_of};
use crate::testing::{ledger, rule, vault};

const ORDERS: [(u8, i64, &str); 8] = [
    (1, 10, "tea"),
    (1, 30, "milk"),
    (2, 30, "tea"),
    (2, 5, "tea"),
    (3, 70, "milk"),
    (4, 1, "bread"),
    (4, 2, "bread"),
    (4, 3, "tea"),
];

async fn session() -> SessionState {
    let (ledger, _folder) = ledger().await;
    let opener = Arc::new(Opener::new(ledger, vault() as Vault));
    let trusted = trusted_session().unwrap();
    let token = |member: u8| [member; 16];
    let table = |name: &str, keyed: bool, columns: Vec<(&str, LogicalType, ArrayRef)>, members: &[u8]| {
        let mut rules = Vec::new();
        let (mut fields, mut arrays) = (Vec::new(), Vec::<ArrayRef>::new());
        if keyed {
            let mut member = rule("member", LogicalType::String, Protection::Token, RevealLevel::Token);
            (member.otherwise.source, member.otherwise.mask) = (Source::Token, Mask::Key);
            rules.push(member);
            for name in ["_subject", "member__token"] {
                fields.push(Field::new(name, DataType::Binary, true));
                arrays.push(Arc::new(members.iter().map(|one| Some(token(*one))).collect::<BinaryArray>()));
            }
        }
        for (name, logical, array) in columns {
            rules.push(rule(name, logical, Protection::Clear, RevealLevel::Clear));
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap();
        let inner = MemTable::try_new(schema, vec![vec![batch]]).unwrap();
        let rules = ScanRules {
            dataset: name.parse().unwrap(),
            columns: rules,
            rows: RowRule::All,
            with_subject: false,
        };
        let table =
            GovernedTable::new(rules, Some(Arc::new(inner)), Arc::clone(&trusted), Arc::clone(&opener));
        let table: Arc<dyn TableProvider> = Arc::new(table.about_members(keyed));
        (name.parse().unwrap(), table)
    };
    let members: Vec<u8> = ORDERS.iter().map(|(member, ..)| *member).collect();
    let amounts: Int64Array = ORDERS.iter().map(|(_, amount, _)| Some(*amount)).collect();
    let products: StringArray = ORDERS.iter().map(|(_, _, product)| Some(*product)).collect();
    let tables = vec![
        table(
            "orders",
            true,
            vec![
                ("amount", LogicalType::Integer, Arc::new(amounts)),
                ("product", LogicalType::String, Arc::new(products)),
            ],
            &members,
        ),
        table(
            "members",
            true,
            vec![("tier", LogicalType::Integer, Arc::new(Int64Array::from(vec![1, 2, 1, 2, 3])))],
            &[1, 2, 3, 4, 5],
        ),
        table(
            "products",
            false,
            vec![
                ("product", LogicalType::String, Arc::new(StringArray::from(vec!["tea", "milk"]))),
                ("price", LogicalType::Integer, Arc::new(Int64Array::from(vec![4, 2]))),
            ],
            &[],
        ),
    ];
    user_session(tables, &Limits::default()).unwrap()
}

async fn plan(state: &SessionState, sql: &str) -> (LogicalPlan, usize) {
    let statement = Statement::parse(sql, &Limits::default()).unwrap();
    let planned = Planned::new(state, &statement, &Limits::default()).await.unwrap();
    let key = super::super::key_of(&planned).unwrap();
    (planned.analysed, key)
}

/// The rows of each member, as texts that are sorted.
async fn rows(state: &SessionState, plan: LogicalPlan, key: usize) -> BTreeMap<Vec<u8>, Vec<String>> {
    let brake = Brake::new(Instant::now() + std::time::Duration::from_secs(60));
    let limits = Limits::default();
    let physical = braked_physical(plan, state, &limits, &brake).await.unwrap();
    let batches: Vec<RecordBatch> =
        run(&physical, &state.task_ctx(), limits, brake).try_collect().await.unwrap();
    let mut rows: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
    for batch in &batches {
        let keys = batch.column(key).as_binary_view();
        for row in 0..batch.num_rows() {
            let one = format!("{:?}", batch.slice(row, 1).columns());
            rows.entry(keys.value(row).to_vec()).or_default().push(one);
        }
    }
    rows.values_mut().for_each(|rows| rows.sort());
    rows
}

const LOCAL: [&str; 14] = [
    "SELECT member, sum(amount) AS value FROM orders GROUP BY member",
    "SELECT member, CASE WHEN sum(amount) > 30 THEN 'high' ELSE 'low' END AS value FROM orders WHERE amount > 2 GROUP BY member",
    "SELECT m.member, count(o.amount) AS value FROM members m LEFT JOIN orders o ON o.member = m.member AND o.amount > 4 GROUP BY m.member",
    "SELECT member, product AS value FROM (SELECT member, product, row_number() OVER (PARTITION BY member ORDER BY amount DESC) AS place \
     FROM orders) AS ranked WHERE place = 1",
    "WITH spent AS (SELECT member, sum(amount) AS amount FROM orders GROUP BY member) SELECT m.member, coalesce(s.amount, 0) AS value \
     FROM members m LEFT JOIN spent s ON s.member = m.member",
    "SELECT o.member, sum(p.price) AS value FROM orders o JOIN products p ON p.product = o.product GROUP BY o.member",
    "SELECT member, 'x' AS value FROM orders WHERE member IN (SELECT member FROM members WHERE tier = 1) GROUP BY member",
    "SELECT DISTINCT member, 'x' AS value FROM orders WHERE amount > 10",
    "SELECT DISTINCT ON (member) member, product AS value FROM orders ORDER BY member, amount DESC",
    "SELECT member, max(amount) AS value FROM (SELECT member, amount FROM orders UNION ALL SELECT member, tier FROM members) AS u GROUP BY member",
    "SELECT member, max(value) AS value FROM (SELECT member, product, sum(amount) AS value FROM orders GROUP BY member, product) AS p GROUP BY member",
    "SELECT o.member, sum(o.amount * m.tier) AS value FROM orders o JOIN members m ON o.member = m.member WHERE m.tier < 3 GROUP BY o.member",
    "SELECT member, tier AS value FROM members",
    "SELECT o.member, count(*) AS value FROM products p RIGHT JOIN orders o ON p.product = o.product GROUP BY o.member",
];

const NOT_LOCAL: [&str; 13] = [
    "SELECT member, 'x' AS value FROM members WHERE member NOT IN (SELECT member FROM orders)",
    "SELECT member, amount AS value FROM orders ORDER BY amount DESC LIMIT 2",
    "SELECT member, rank() OVER (ORDER BY amount) AS value FROM orders",
    "SELECT member, amount * 1.0 / (SELECT sum(amount) FROM orders) AS value FROM orders",
    "SELECT member, sum(amount) AS value FROM orders GROUP BY member HAVING sum(amount) > (SELECT avg(amount) FROM orders)",
    "SELECT a.member, count(*) AS value FROM orders a JOIN orders b ON a.product = b.product GROUP BY a.member",
    "SELECT member, ntile(4) OVER (ORDER BY tier) AS value FROM members",
    "SELECT m.member, p.n AS value FROM members m CROSS JOIN (SELECT count(*) AS n FROM orders) AS p",
    "SELECT member, 'x' AS value FROM members WHERE tier IN (SELECT amount FROM orders)",
    "SELECT member, 'x' AS value FROM orders GROUP BY ROLLUP (member, product)",
    "SELECT m.member, 'x' AS value FROM members m WHERE EXISTS (SELECT 1 FROM orders o WHERE o.amount = m.tier)",
    "SELECT coalesce(m.member, o.member) AS member, 'x' AS value FROM members m FULL JOIN orders o ON o.member = m.member",
    "SELECT m.member, o.amount AS value FROM members m JOIN (SELECT product, max(amount) AS amount FROM orders GROUP BY product) o ON o.amount = m.tier",
];

#[tokio::test]
async fn what_is_local_is_told_from_what_is_not() {
    let state = session().await;
    for sql in LOCAL {
        let (plan, key) = plan(&state, sql).await;
        assert!(is_local(&plan, key), "{sql}");
    }
    for sql in NOT_LOCAL {
        let (plan, key) = plan(&state, sql).await;
        assert!(!is_local(&plan, key), "{sql}");
    }
}

#[tokio::test]
async fn restricted_to_some_it_says_the_same_of_them_and_nothing_of_others() {
    let state = session().await;
    for sql in LOCAL {
        let (plan, key) = plan(&state, sql).await;
        let all = rows(&state, plan.clone(), key).await;
        assert!(!all.is_empty(), "{sql}");
        // Every set of members of whom there is anything.
        for set in 0_u32..32 {
            let mut keys = TagKeys::default();
            let asked = |member: u8| set & (1 << (member - 1)) != 0;
            (1..=5).filter(|member| asked(*member)).for_each(|member| keys.insert(&[member; 32]));
            let some =
                rows(&state, filter(plan.clone(), &is_one_of(Members::these(keys.clone()))).unwrap(), key)
                    .await;
            let expected: BTreeMap<_, _> = all
                .iter()
                .filter(|(key, _)| asked(key[0]))
                .map(|(key, rows)| (key.clone(), rows.clone()))
                .collect();
            assert_eq!(some, expected, "{sql}, set {set:b}");
        }
    }
}
