//! Shapes of SQL by which something may come another way: set operations, windows, correlation, grouping.

use super::{Attack, Expect, Family, all, sql};

pub(super) const FAMILY: Family = Family {
    number: 23,
    title: "shapes of SQL",
    channel: "a way through the plan that a rule does not cover",
    attacks,
};

fn attacks() -> Vec<Attack> {
    let mut attacks = all(TOLD, &Expect::Told);
    attacks.extend(all(ZERO, &Expect::Zero));
    attacks
        .extend(SAME.iter().map(|(title, text, honest)| sql(title, *text, Expect::SameAs((*honest).into()))));
    attacks
}

const LINES: &str = "SELECT count(*) AS n FROM pos_order_lines";

const TOLD: &[(&str, &str)] = &[
    (
        "groups of a window",
        "SELECT order_id, line_no, sum(quantity) OVER (ORDER BY quantity GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM pos_order_lines ORDER BY order_id, line_no LIMIT 30",
    ),
    (
        "rows but for one",
        "SELECT order_id, line_no, sum(quantity) OVER (ORDER BY order_id, line_no ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) AS s FROM pos_order_lines ORDER BY order_id, line_no LIMIT 30",
    ),
    ("two columns of one name", "SELECT city AS a, tier AS a FROM crm_members ORDER BY member_no"),
    ("no limit", "SELECT city FROM crm_members ORDER BY member_no LIMIT NULL"),
    ("a limit below nothing", "SELECT city FROM crm_members ORDER BY member_no LIMIT -1"),
    ("an offset below nothing", "SELECT city FROM crm_members ORDER BY member_no OFFSET -1"),
    (
        "a limit that is a question",
        "SELECT city FROM crm_members ORDER BY member_no LIMIT (SELECT count(*) FROM pos_order_lines)",
    ),
    ("an offset that fails", "SELECT city FROM crm_members ORDER BY member_no OFFSET (SELECT 1/0)"),
    ("fetch first", "SELECT city FROM crm_members ORDER BY member_no FETCH FIRST 3 ROWS ONLY"),
    (
        "greater than all",
        "SELECT count(*) AS n FROM pos_order_lines WHERE amount >= ALL (SELECT amount FROM pos_order_lines)",
    ),
    ("equal to any", "SELECT count(*) AS n FROM crm_members WHERE city = ANY (SELECT city FROM crm_members)"),
    (
        "EXISTS in SELECT",
        "SELECT tier, EXISTS (SELECT 1 FROM pos_order_lines l WHERE l.member_no = m.member_no) AS e FROM crm_members m ORDER BY member_no",
    ),
    (
        "a question in ORDER BY",
        "SELECT city FROM crm_members m ORDER BY (SELECT count(*) FROM pos_order_lines), member_no",
    ),
    (
        "a question in HAVING",
        "SELECT region FROM pos_order_lines GROUP BY region HAVING count(*) > (SELECT count(*) / 10 FROM pos_order_lines) ORDER BY region",
    ),
    ("a question in CASE", "SELECT CASE WHEN (SELECT count(*) FROM crm_members) > 10 THEN 1 ELSE 0 END AS c"),
    (
        "a question in JOIN",
        "SELECT count(*) AS n FROM crm_members a JOIN pos_order_lines b ON a.member_no = b.member_no AND b.amount > (SELECT avg(amount) FROM pos_order_lines)",
    ),
    ("a sum that overflows", "SELECT sum(amount * 99999999999999999999999999.99) AS s FROM pos_order_lines"),
    ("seconds of a time", "SELECT max(extract(epoch FROM ordered_at)) AS s FROM pos_order_lines"),
    (
        "an asymmetric join",
        "SELECT count(*) AS n FROM pos_order_lines a JOIN crm_members b ON a.region < b.region",
    ),
    (
        "an anti join on a NULL",
        "SELECT count(*) AS n FROM crm_members WHERE id_number NOT IN (SELECT pay_account FROM pos_order_lines)",
    ),
    (
        "a join on two NULLs",
        "SELECT count(*) AS n FROM crm_members a JOIN crm_members b ON a.address IS NOT DISTINCT FROM b.id_number AND a.member_no = b.member_no",
    ),
    (
        "a union of NULLs",
        "SELECT address AS a FROM crm_members UNION SELECT pay_account AS a FROM pos_order_lines",
    ),
    (
        "ROLLUP",
        "SELECT region, category, count(*) AS n, grouping(region) AS g FROM pos_order_lines GROUP BY ROLLUP (region, category) ORDER BY region, category, g",
    ),
    (
        "grouping sets",
        "SELECT tier, gender, count(*) AS n FROM crm_members GROUP BY GROUPING SETS ((tier), (gender), ()) ORDER BY tier, gender, n",
    ),
    (
        "an outer join",
        "SELECT count(*) AS n, count(l.order_id) AS l, count(m.city) AS m FROM crm_members m FULL JOIN pos_order_lines l ON m.member_no = l.member_no",
    ),
    (
        "members without lines",
        "SELECT count(*) AS n FROM crm_members m WHERE NOT EXISTS (SELECT 1 FROM pos_order_lines l WHERE l.member_no = m.member_no)",
    ),
    (
        "lines without members",
        "SELECT count(*) AS n FROM pos_order_lines l LEFT JOIN crm_members m ON m.member_no = l.member_no WHERE m.member_no IS NULL",
    ),
    (
        "lines of members not shown",
        "SELECT count(DISTINCT member_no) AS n FROM pos_order_lines WHERE member_no NOT IN (SELECT member_no FROM crm_members)",
    ),
    (
        "orders shown in part",
        "SELECT order_id, min(line_no) AS a, max(line_no) AS b, count(*) AS n FROM pos_order_lines GROUP BY order_id HAVING count(*) < max(line_no) ORDER BY order_id",
    ),
    (
        "members without app",
        "SELECT count(*) AS n FROM (SELECT phone FROM crm_members EXCEPT SELECT phone FROM app_events) x",
    ),
    ("percentiles", "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY quantity) AS m FROM pos_order_lines"),
    (
        "many aggregates",
        "SELECT bit_and(quantity) AS a, bit_or(quantity) AS o, bit_xor(quantity) AS x, bool_and(quantity > 0) AS b, bool_or(quantity > 90) AS c, regr_count(quantity, line_no) AS d FROM pos_order_lines",
    ),
    (
        "running sums",
        "SELECT order_id, line_no, sum(quantity) OVER (ORDER BY order_id, line_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s FROM pos_order_lines ORDER BY order_id, line_no LIMIT 30",
    ),
    (
        "ranges",
        "SELECT order_id, count(*) OVER (ORDER BY quantity RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS c FROM pos_order_lines ORDER BY order_id, line_no LIMIT 30",
    ),
    (
        "a share of the whole",
        "SELECT city, count(*) * 1.0 / sum(count(*)) OVER () AS s FROM crm_members GROUP BY city ORDER BY city",
    ),
    (
        "the latest of each",
        "SELECT city, joined_on FROM (SELECT city, joined_on, row_number() OVER (PARTITION BY city ORDER BY joined_on DESC, member_no) AS r FROM crm_members) x WHERE r = 1 ORDER BY city",
    ),
    ("a cross join", "SELECT count(*) AS n FROM crm_members, dim_products"),
    (
        "LATERAL",
        "SELECT s.n FROM (SELECT DISTINCT region FROM pos_order_lines) r, LATERAL (SELECT count(*) AS n FROM pos_order_lines l WHERE l.region = r.region) s ORDER BY 1",
    ),
    (
        "correlated in SELECT",
        "SELECT tier, (SELECT count(*) FROM crm_members w WHERE w.tier = m.tier) AS n FROM (SELECT DISTINCT tier FROM crm_members) m ORDER BY tier",
    ),
    ("VALUES alone", "VALUES (1, 'a'), (2, 'b')"),
    ("no table", "SELECT 1 AS one"),
    (
        "every dataset",
        "SELECT (SELECT count(*) FROM crm_members) AS a, (SELECT count(*) FROM pos_orders) AS b, (SELECT count(*) FROM pos_order_lines) AS c, (SELECT count(*) FROM app_events) AS d, (SELECT count(*) FROM mini_program_events) AS e, (SELECT count(*) FROM web_events) AS f, (SELECT count(*) FROM social_follows) AS g",
    ),
];

const ZERO: &[(&str, &str)] = &[
    (
        "hidden rows by the difference of two ways to count",
        "SELECT (SELECT count(*) FROM pos_order_lines) - (SELECT sum(n) FROM (SELECT order_id, count(*) AS n FROM pos_order_lines GROUP BY order_id) g) AS d",
    ),
    (
        "hidden rows by a greatest and a last",
        "SELECT count(*) AS n FROM (SELECT max(order_id) AS a FROM pos_order_lines) x JOIN (SELECT order_id AS b FROM pos_order_lines ORDER BY order_id DESC LIMIT 1) y ON x.a <> y.b",
    ),
    (
        "what is missing between sums",
        "SELECT sum(n) - (SELECT count(*) FROM crm_members) AS d FROM (SELECT region, count(*) AS n FROM crm_members GROUP BY region) g",
    ),
    (
        "hidden rows by ROLLUP",
        "SELECT max(n) - sum(CASE WHEN g = 0 THEN n ELSE 0 END) AS d FROM (SELECT region, grouping(region) AS g, count(*) AS n FROM pos_order_lines GROUP BY ROLLUP (region)) r",
    ),
    (
        "hidden rows by a difference",
        "SELECT count(*) AS n FROM (SELECT order_id FROM pos_order_lines EXCEPT SELECT order_id FROM pos_order_lines) x",
    ),
    (
        "hidden rows by an intersection",
        "SELECT count(*) AS n FROM (SELECT region FROM pos_order_lines INTERSECT SELECT '{hidden}') x",
    ),
    (
        "rows of a hidden region, right joined",
        "SELECT count(l.order_id) AS n FROM pos_order_lines l RIGHT JOIN (VALUES ('{hidden}')) AS v(r) ON l.region = v.r",
    ),
    (
        "rows of a hidden region, numbered",
        "SELECT count(*) AS n FROM (SELECT region, row_number() OVER (PARTITION BY region ORDER BY order_id) AS r FROM pos_order_lines) x WHERE region = '{hidden}'",
    ),
];

const SAME: &[(&str, &str, &str)] = &[
    (
        "rows numbered as they come",
        "SELECT max(r) AS n FROM (SELECT row_number() OVER () AS r FROM pos_order_lines) x",
        LINES,
    ),
    (
        "a window without an order",
        "SELECT max(r) AS n FROM (SELECT count(*) OVER (ROWS UNBOUNDED PRECEDING) AS r FROM pos_order_lines) x",
        LINES,
    ),
    (
        "a union with itself",
        "SELECT count(*) / 2 AS n FROM (SELECT 1 AS x FROM pos_order_lines UNION ALL SELECT 1 AS x FROM pos_order_lines) u",
        LINES,
    ),
    ("a count without a column", "SELECT count(*) AS n FROM (SELECT FROM pos_order_lines) x", LINES),
    ("a sum of ones", "SELECT sum(1) AS n FROM pos_order_lines", LINES),
    ("a window over all", "SELECT DISTINCT count(*) OVER () AS n FROM pos_order_lines", LINES),
    (
        "a join with the keys",
        "SELECT count(*) AS n FROM pos_order_lines a JOIN pos_order_lines b ON a.order_id = b.order_id AND a.line_no = b.line_no",
        LINES,
    ),
    (
        "a half join",
        "SELECT count(*) AS n FROM pos_order_lines a WHERE EXISTS (SELECT 1 FROM pos_order_lines b WHERE a.order_id = b.order_id AND a.line_no = b.line_no)",
        LINES,
    ),
    (
        "a join of nothing",
        "SELECT count(*) AS n FROM pos_order_lines a LEFT JOIN pos_order_lines b ON a.order_id = b.order_id AND b.region = 'nowhere'",
        LINES,
    ),
    ("a LIMIT of all", "SELECT count(*) AS n FROM (SELECT * FROM pos_order_lines LIMIT 100000000) x", LINES),
    (
        "an ORDER BY within",
        "SELECT count(*) AS n FROM (SELECT * FROM pos_order_lines ORDER BY amount) x",
        LINES,
    ),
    (
        "a comparison with all",
        "SELECT count(*) AS n FROM pos_order_lines WHERE amount <= (SELECT max(amount) FROM pos_order_lines)",
        LINES,
    ),
];
