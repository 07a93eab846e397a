//! Lineage of one statement after the other, by hand: the shapes that other tools for lineage are tried with.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::DateTime;
use membrane_model::RunId;

use super::soundness::data::Data;
use super::soundness::{Dice, asker};
use super::{edges, trace};
use crate::engine::Planned;
use crate::gate::Statement;
use crate::open::Opener;
use crate::testing::{ledger, vault};

/// A statement, and for each column of its answer what it comes from: `orders.amount AGGREGATION`, in the order of the alphabet.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const CASES: &[Case] = &[
    ("a column", "select amount from orders", &[("amount", "orders.amount IDENTITY")]),
    ("a new name", "select amount as a from orders", &[("a", "orders.amount IDENTITY")]),
    (
        "all columns",
        "select * from shops",
        &[
            ("region", "shops.region IDENTITY"),
            ("shop", "shops.shop IDENTITY"),
            ("size", "shops.size IDENTITY"),
        ],
    ),
    (
        "a sum of two",
        "select amount + order_id as s from orders",
        &[("s", "orders.amount TRANSFORMATION, orders.order_id TRANSFORMATION")],
    ),
    ("a constant", "select 1 as one, shop from shops", &[("shop", "shops.shop IDENTITY")]),
    (
        "a CTE",
        "with a as (select shop, amount * 2 as double from orders) select double, shop from a",
        &[("double", "orders.amount TRANSFORMATION"), ("shop", "orders.shop IDENTITY")],
    ),
    (
        "a CTE over a CTE",
        "with a as (select amount, shop from orders), b as (select sum(amount) as total, shop from a group by shop) \
         select total + 1 as t from b",
        &[("t", "orders.amount AGGREGATION, orders.shop GROUP_BY")],
    ),
    (
        "a CTE that is read twice",
        "with a as (select amount, shop from orders) select x.amount from a x join a y on x.shop = y.shop",
        &[("amount", "orders.amount IDENTITY, orders.shop JOIN")],
    ),
    (
        "nested subqueries",
        "select c from (select b as c from (select amount as b, shop from orders where shop = 'x') i where b > 1) o",
        &[("c", "orders.amount FILTER, orders.amount IDENTITY, orders.shop FILTER")],
    ),
    (
        "UNION ALL",
        "select shop as s from orders union all select region from shops",
        &[("s", "orders.shop IDENTITY, shops.region IDENTITY")],
    ),
    (
        "UNION",
        "select shop as s from orders union select region from shops",
        &[("s", "orders.shop GROUP_BY, orders.shop IDENTITY, shops.region GROUP_BY, shops.region IDENTITY")],
    ),
    (
        "INTERSECT",
        "select shop as s from orders intersect select shop from shops",
        &[("s", "orders.shop GROUP_BY, orders.shop IDENTITY, orders.shop JOIN, shops.shop JOIN")],
    ),
    (
        "EXCEPT",
        "select shop as s from orders except select region from shops",
        &[("s", "orders.shop GROUP_BY, orders.shop IDENTITY, orders.shop JOIN, shops.region JOIN")],
    ),
    (
        "a window",
        "select rank() over (partition by shop order by amount) as r, order_id from orders",
        &[("order_id", "orders.order_id IDENTITY"), ("r", "orders.amount WINDOW, orders.shop WINDOW")],
    ),
    (
        "a running sum",
        "select sum(amount) over (order by order_id) as s from orders",
        &[("s", "orders.amount AGGREGATION, orders.order_id WINDOW")],
    ),
    (
        "the row before",
        "select lag(amount) over (order by order_id) as s from orders",
        &[("s", "orders.amount TRANSFORMATION, orders.order_id WINDOW")],
    ),
    (
        "the first of each",
        "select shop from (select shop, row_number() over (partition by shop order by amount) as n from orders) x where n = 1",
        &[("shop", "orders.amount WINDOW, orders.shop IDENTITY, orders.shop WINDOW")],
    ),
    (
        "CASE",
        "select case when size > 2 then region when shop = 'x' then 'small' else shop end as c from shops",
        &[(
            "c",
            "shops.region TRANSFORMATION, shops.shop CONDITIONAL, shops.shop TRANSFORMATION, shops.size CONDITIONAL",
        )],
    ),
    (
        "CASE in a sum",
        "select sum(case when shop = 'x' then amount else 0 end) as s from orders",
        &[("s", "orders.amount AGGREGATION, orders.shop CONDITIONAL")],
    ),
    (
        "JOIN USING",
        "select shop, region, amount from orders join shops using (shop)",
        &[
            ("amount", "orders.amount IDENTITY, orders.shop JOIN, shops.shop JOIN"),
            ("region", "orders.shop JOIN, shops.region IDENTITY, shops.shop JOIN"),
            ("shop", "orders.shop IDENTITY, orders.shop JOIN, shops.shop JOIN"),
        ],
    ),
    (
        "LEFT JOIN",
        "select o.amount, s.region from orders o left join shops s on o.shop = s.shop and s.size > 1",
        &[
            ("amount", "orders.amount IDENTITY, orders.shop JOIN, shops.shop JOIN, shops.size JOIN"),
            ("region", "orders.shop JOIN, shops.region IDENTITY, shops.shop JOIN, shops.size JOIN"),
        ],
    ),
    (
        "CROSS JOIN",
        "select o.amount from orders o, shops s where o.amount > s.size",
        &[("amount", "orders.amount FILTER, orders.amount IDENTITY, shops.size FILTER")],
    ),
    (
        "a correlated subquery",
        "select shop, (select max(o.amount) from orders o where o.shop = s.shop) as most from shops s",
        &[
            ("most", "orders.amount AGGREGATION, orders.shop FILTER, shops.shop FILTER"),
            ("shop", "shops.shop IDENTITY"),
        ],
    ),
    (
        "IN",
        "select amount from orders where shop in (select shop from shops where size > 2)",
        &[("amount", "orders.amount IDENTITY, orders.shop FILTER, shops.shop FILTER, shops.size FILTER")],
    ),
    (
        "EXISTS",
        "select region from shops s where exists (select 1 from orders o where o.shop = s.shop and o.amount > 3)",
        &[("region", "orders.amount FILTER, orders.shop FILTER, shops.region IDENTITY, shops.shop FILTER")],
    ),
    (
        "NOT IN",
        "select amount from orders where shop not in (select region from shops)",
        &[("amount", "orders.amount IDENTITY, orders.shop FILTER, shops.region FILTER")],
    ),
    (
        "ROLLUP",
        "select shop, member_id, sum(amount) as s from orders group by rollup (shop, member_id)",
        &[
            ("member_id", "orders.member_id GROUP_BY, orders.member_id IDENTITY, orders.shop GROUP_BY"),
            ("s", "orders.amount AGGREGATION, orders.member_id GROUP_BY, orders.shop GROUP_BY"),
            ("shop", "orders.member_id GROUP_BY, orders.shop GROUP_BY, orders.shop IDENTITY"),
        ],
    ),
    (
        "HAVING",
        "select shop from orders group by shop having sum(amount) > 5",
        &[("shop", "orders.amount FILTER, orders.shop GROUP_BY, orders.shop IDENTITY")],
    ),
    (
        "DISTINCT ON",
        "select distinct on (shop) shop, amount from orders order by shop, order_id",
        &[
            (
                "amount",
                "orders.amount IDENTITY, orders.order_id SORT, orders.shop GROUP_BY, orders.shop SORT",
            ),
            ("shop", "orders.order_id SORT, orders.shop GROUP_BY, orders.shop IDENTITY, orders.shop SORT"),
        ],
    ),
    (
        "LIMIT by another",
        "select amount from orders order by order_id limit 3",
        &[("amount", "orders.amount IDENTITY, orders.order_id SORT")],
    ),
    (
        "LATERAL",
        "select s.region, x.total from shops s cross join lateral \
         (select sum(o.amount) as total from orders o where o.shop = s.shop) x",
        &[
            ("region", "orders.shop FILTER, shops.region IDENTITY, shops.shop FILTER"),
            ("total", "orders.amount AGGREGATION, orders.shop FILTER, shops.shop FILTER"),
        ],
    ),
    (
        "what policy goes by",
        "select phone, id from members",
        &[
            ("id", "members.active FILTER, members.id IDENTITY"),
            ("phone", "members.active FILTER, members.phone IDENTITY, members.tier CONDITIONAL"),
        ],
    ),
];

#[tokio::test]
async fn each_shape_is_traced() {
    let (ledger, _folder) = ledger().await;
    let asker = asker(&Data::new(&mut Dice(1)), &Arc::new(Opener::new(ledger, vault())));
    let mut faults = Vec::new();
    for (name, sql, expected) in CASES {
        let statement =
            Statement::parse(sql, &asker.limits).unwrap_or_else(|error| panic!("{name}: {error}"));
        let planned = Planned::new(&asker.state, &statement, &asker.limits).await;
        let planned = planned.unwrap_or_else(|error| panic!("{name}: {error}"));
        let flow = trace(&planned.analysed).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for edge in edges(&flow, &planned.recorded_names(), RunId::new(DateTime::UNIX_EPOCH)) {
            let masked = if edge.masking { " masked" } else { "" };
            let from =
                format!("{}.{} {}{masked}", edge.from.name, edge.from.field, edge.transformation.as_str());
            found.entry(edge.to.field).or_default().push(from);
        }
        found.values_mut().for_each(|from| from.sort());
        let found: Vec<(String, String)> =
            found.into_iter().map(|(field, from)| (field, from.join(", "))).collect();
        let expected: Vec<(String, String)> =
            expected.iter().map(|(field, from)| ((*field).to_owned(), (*from).to_owned())).collect();
        if found != expected {
            faults.push(format!("{name}: {sql}\n  found    {found:?}\n  expected {expected:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
