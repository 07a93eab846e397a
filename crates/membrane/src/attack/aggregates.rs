//! Buffers behind the values that are sent, and statistics behind aggregates.

use super::{Attack, Expect, Family, all};

pub(super) const BUFFERS: Family = Family {
    number: 11,
    title: "buffers behind values",
    channel: "bytes of an Arrow answer that no value shows",
    attacks: buffers,
};

pub(super) const STATISTICS: Family = Family {
    number: 12,
    title: "statistics and pruning",
    channel: "aggregates and conditions that are answered from what a file says about itself",
    attacks: statistics,
};

fn buffers() -> Vec<Attack> {
    let mut attacks = all(SLICES, &Expect::Told);
    attacks.extend(all(NOTHING, &Expect::Nothing));
    attacks
}

fn statistics() -> Vec<Attack> {
    let mut attacks = all(EXTREMES, &Expect::Told);
    attacks.extend(all(PRUNED, &Expect::Zero));
    attacks
}

const SLICES: &[(&str, &str)] = &[
    ("everything", "SELECT * FROM crm_members"),
    ("every line", "SELECT * FROM pos_order_lines"),
    ("every event", "SELECT * FROM app_events"),
    ("one row", "SELECT * FROM crm_members ORDER BY member_no LIMIT 1"),
    ("one row of the stored order", "SELECT * FROM pos_order_lines LIMIT 1"),
    (
        "the beginnings of texts",
        "SELECT substr(city, 1, 1) AS c, substr(phone, 1, 3) AS p, substr(name, 1, 1) AS n FROM crm_members",
    ),
    (
        "no letters of texts",
        "SELECT left(city, 0) AS c, left(order_id, 0) AS o FROM crm_members, (SELECT order_id FROM pos_order_lines LIMIT 1) l",
    ),
    ("texts made NULL", "SELECT nullif(city, city) AS c, nullif(name, name) AS n FROM crm_members"),
    (
        "texts never chosen",
        "SELECT CASE WHEN city = name THEN phone END AS p, CASE WHEN false THEN city END AS c FROM crm_members",
    ),
    ("texts never needed", "SELECT coalesce('x', city) AS c FROM crm_members"),
    ("NULL in the place of a text", "SELECT address, id_number FROM crm_members"),
    ("trimmed texts", "SELECT trim(city) AS c, btrim(name, '*') AS n FROM crm_members"),
    ("upper and lower", "SELECT upper(email) AS e, lower(name) AS n, initcap(city) AS c FROM crm_members"),
    ("texts joined", "SELECT concat(city, '-', tier) AS c, email || phone AS e FROM crm_members"),
    ("different texts", "SELECT DISTINCT city, tier FROM crm_members ORDER BY city, tier"),
    (
        "groups of texts",
        "SELECT city, region, count(*) AS n FROM crm_members GROUP BY city, region ORDER BY city, region",
    ),
    (
        "the least text",
        "SELECT min(city) AS a, max(city) AS b, min(order_id) AS c FROM crm_members, (SELECT min(order_id) AS order_id FROM pos_order_lines) l",
    ),
    (
        "texts of the row before",
        "SELECT lag(city) OVER (ORDER BY member_no) AS c FROM crm_members ORDER BY member_no",
    ),
    ("texts in a list", "SELECT replace(city, city, '') AS c FROM crm_members"),
    ("dictionaries", "SELECT tier, gender, region FROM crm_members LIMIT 3"),
    ("truth values", "SELECT marketing_consent, city = 'x' AS b FROM crm_members"),
    (
        "a join that keeps few",
        "SELECT m.city, l.order_id FROM crm_members m JOIN pos_order_lines l ON m.member_no = l.member_no ORDER BY l.order_id, m.city LIMIT 7",
    ),
    (
        "a union of the same",
        "SELECT city FROM crm_members UNION SELECT region FROM pos_order_lines ORDER BY 1",
    ),
    (
        "one column many times",
        "SELECT phone AS a, phone AS b, phone AS c, left(phone, 2) AS d FROM crm_members",
    ),
    ("no columns", "SELECT 1 AS one FROM crm_members"),
];

const NOTHING: &[(&str, &str)] = &[
    ("no rows of texts", "SELECT city, name, phone FROM crm_members WHERE city < ''"),
    ("LIMIT 0", "SELECT * FROM crm_members LIMIT 0"),
    ("beyond the last row", "SELECT * FROM pos_order_lines OFFSET 100000000"),
    ("rows of nowhere", "SELECT * FROM pos_order_lines WHERE region = 'nowhere'"),
    ("a condition that is never true", "SELECT * FROM crm_members WHERE false"),
    ("a contradiction", "SELECT * FROM crm_members WHERE city = 'a' AND city = 'b'"),
    ("a hidden region", "SELECT * FROM crm_members WHERE region = '{hidden}'"),
];

const EXTREMES: &[(&str, &str)] = &[
    ("how many", "SELECT count(*) AS n FROM crm_members"),
    ("how many lines", "SELECT count(*) AS n, count(1) AS o, count(order_id) AS p FROM pos_order_lines"),
    (
        "extremes of amounts",
        "SELECT min(amount) AS a, max(amount) AS b, sum(amount) AS c, avg(amount) AS d FROM pos_order_lines",
    ),
    (
        "extremes of orders",
        "SELECT min(order_id) AS a, max(order_id) AS b, min(store_id) AS c, max(store_id) AS d, min(product_id) AS e, max(product_id) AS f FROM pos_order_lines",
    ),
    (
        "extremes of times",
        "SELECT min(ordered_at) AS a, max(ordered_at) AS b, min(ordered_month) AS c, max(ordered_month) AS d FROM pos_order_lines",
    ),
    (
        "extremes of members",
        "SELECT min(joined_on) AS a, max(joined_on) AS b, min(city) AS c, max(city) AS d, min(region) AS e, max(region) AS f FROM crm_members",
    ),
    (
        "extremes of masked columns",
        "SELECT min(phone) AS a, max(phone) AS b, min(birth_date) AS c, max(birth_date) AS d, min(address) AS e FROM crm_members",
    ),
    ("extremes of tokens", "SELECT min(member_no) AS a, max(member_no) AS b FROM pos_order_lines"),
    (
        "extremes of rows",
        "SELECT max(quantity) AS q, max(line_no) AS l, round(stddev(quantity), 6) AS s, median(quantity) AS m FROM pos_order_lines",
    ),
    (
        "the first and the last",
        "SELECT order_id, line_no FROM pos_order_lines ORDER BY amount DESC, order_id, line_no LIMIT 5",
    ),
    ("large amounts", "SELECT count(*) AS n FROM pos_order_lines WHERE amount > 4000"),
    (
        "early times",
        "SELECT count(*) AS n FROM pos_order_lines WHERE ordered_at < TIMESTAMP '2000-01-01 00:00:00'",
    ),
    ("one order", "SELECT * FROM pos_order_lines WHERE order_id = 'OCANARY0000001'"),
    ("one store", "SELECT count(*) AS n FROM pos_order_lines WHERE store_id = 'S987'"),
    (
        "stores in a range",
        "SELECT store_id, count(*) AS n FROM pos_order_lines WHERE store_id BETWEEN 'S900' AND 'S999' GROUP BY store_id ORDER BY store_id",
    ),
    ("no NULL", "SELECT count(*) AS n FROM pos_order_lines WHERE store_id IS NULL OR amount IS NULL"),
    (
        "a condition that goes down, and one that does not",
        "SELECT count(*) AS n FROM pos_order_lines WHERE quantity >= 1 AND 100 / quantity > 0",
    ),
    (
        "the rest of the regions",
        "SELECT region, count(*) AS n FROM crm_members GROUP BY region ORDER BY region",
    ),
    (
        "consent",
        "SELECT marketing_consent, count(*) AS n FROM crm_members GROUP BY marketing_consent ORDER BY 1",
    ),
];

const PRUNED: &[(&str, &str)] = &[
    ("lines of a hidden region", "SELECT count(*) AS n FROM pos_order_lines WHERE region = '{hidden}'"),
    ("members of a hidden region", "SELECT count(*) AS n FROM crm_members WHERE region = '{hidden}'"),
    (
        "a hidden region in a list",
        "SELECT count(*) AS n FROM pos_order_lines WHERE region IN ('{hidden}', 'nowhere')",
    ),
    (
        "a hidden region by its letters",
        "SELECT count(*) AS n FROM pos_order_lines WHERE region LIKE '{hidden}%'",
    ),
    (
        "a hidden region between",
        "SELECT count(*) AS n FROM pos_order_lines WHERE region >= '{hidden}' AND region <= '{hidden}'",
    ),
    (
        "a hidden region, computed",
        "SELECT count(*) AS n FROM pos_order_lines WHERE concat(region, '') = '{hidden}'",
    ),
    (
        "a hidden region joined",
        "SELECT count(*) AS n FROM pos_order_lines l JOIN (VALUES ('{hidden}')) AS v(r) ON l.region = v.r",
    ),
    ("a hidden region summed", "SELECT sum(amount) AS n FROM pos_order_lines WHERE region = '{hidden}'"),
    (
        "the greatest of a hidden region",
        "SELECT max(order_id) AS n FROM pos_order_lines WHERE region = '{hidden}'",
    ),
    (
        "a hidden region in HAVING",
        "SELECT count(*) AS n FROM (SELECT region FROM pos_order_lines GROUP BY region HAVING region = '{hidden}') g",
    ),
];
