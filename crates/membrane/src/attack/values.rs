//! Errors that would quote a value.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family = Family {
    number: 5,
    title: "an error that would quote a value",
    channel: "the words of an error",
    attacks,
};

fn attacks() -> Vec<Attack> {
    let mut attacks = all(EVALUATION, &Expect::Refused(&["evaluation"]));
    attacks.extend(all(
        REFUSED,
        &Expect::Refused(&["evaluation", "invalid", "unknown_function", "unsupported"]),
    ));
    attacks.extend(all(TOLD, &Expect::Told));
    attacks
}

const EVALUATION: &[(&str, &str)] = &[
    ("a cast to a number", "SELECT CAST('X' || amount AS INT) AS n FROM pos_order_lines"),
    ("a cast of a masked number", "SELECT CAST(phone AS BIGINT) AS n FROM crm_members"),
    ("a cast of a token", "SELECT member_no::int AS n FROM crm_members"),
    ("a cast to a date", "SELECT CAST(city AS DATE) AS d FROM crm_members"),
    ("a cast to a time stamp", "SELECT city::timestamp AS t FROM crm_members"),
    ("a cast to a truth value", "SELECT CAST(city AS BOOLEAN) AS b FROM crm_members"),
    ("a cast to a decimal", "SELECT CAST(order_id AS DECIMAL(10,2)) AS d FROM pos_order_lines"),
    ("a decimal too small", "SELECT CAST(amount * 1000000 AS DECIMAL(4,2)) AS d FROM pos_order_lines"),
    ("a cast to an interval", "SELECT CAST(city AS INTERVAL) AS i FROM crm_members"),
    ("a time stamp", "SELECT to_timestamp(city) AS t FROM crm_members"),
    ("a date", "SELECT to_date(city, '%Y-%m-%d') AS d FROM crm_members"),
    ("a time stamp of milliseconds", "SELECT to_timestamp_millis(email) AS t FROM crm_members"),
    ("a small number", "SELECT (CAST(joined_on AS INT) * 10)::smallint AS n FROM crm_members"),
    ("a division", "SELECT quantity / (quantity - quantity) AS n FROM pos_order_lines"),
    ("a remainder", "SELECT line_no % (line_no - line_no) AS n FROM pos_order_lines"),
    ("a date far out", "SELECT make_date(CAST(quantity AS INT) * 400000, 1, 1) AS d FROM pos_order_lines"),
    ("a month that is none", "SELECT make_date(2020, 13, 1) AS d FROM pos_order_lines"),
    ("a cast in WHERE", "SELECT count(*) AS n FROM crm_members WHERE CAST(phone AS BIGINT) > 0"),
    ("a cast in HAVING", "SELECT city FROM crm_members GROUP BY city HAVING max(CAST(city AS INT)) > 0"),
    ("a cast in ORDER BY", "SELECT city FROM crm_members ORDER BY CAST(email AS INT)"),
    ("a cast in GROUP BY", "SELECT count(*) AS n FROM crm_members GROUP BY CAST(name AS INT)"),
    (
        "a cast in JOIN",
        "SELECT count(*) AS n FROM crm_members a JOIN crm_members b ON CAST(a.city AS INT) = CAST(b.city AS INT)",
    ),
    ("a cast in CASE", "SELECT CASE WHEN CAST(city AS INT) = 1 THEN 1 ELSE 0 END AS n FROM crm_members"),
    ("a cast in a window", "SELECT sum(CAST(city AS INT)) OVER (PARTITION BY tier) AS n FROM crm_members"),
    ("a cast in a filter", "SELECT count(*) FILTER (WHERE CAST(city AS INT) > 0) AS n FROM crm_members"),
    ("a scalar subquery of many rows", "SELECT (SELECT city FROM crm_members) AS c"),
];

const REFUSED: &[(&str, &str)] = &[
    ("a pattern that is none", "SELECT count(*) AS n FROM crm_members WHERE city ~ '('"),
    ("a class that is none", "SELECT regexp_like(city, '[') AS b FROM crm_members"),
    ("a replacement that is none", "SELECT regexp_replace(city, '(?P<', 'x') AS t FROM crm_members"),
    ("a pattern of rows", "SELECT count(*) AS n FROM crm_members WHERE city ~ name"),
    ("flags that are none", "SELECT regexp_like(city, 'a', 'q') AS b FROM crm_members"),
    ("SIMILAR TO nothing", "SELECT count(*) AS n FROM crm_members WHERE city SIMILAR TO '('"),
    ("a type that tells", "SELECT arrow_cast(city, 'Int32') AS n FROM crm_members"),
    ("the name of a type", "SELECT arrow_typeof(phone) AS t FROM crm_members"),
    ("a part of no date", "SELECT date_part(city, ordered_at) AS n FROM crm_members, pos_order_lines"),
    ("a length of a number", "SELECT length(amount, amount, amount) AS n FROM pos_order_lines"),
    ("text and number", "SELECT city + 1 AS n FROM crm_members"),
    ("number and date", "SELECT joined_on * 2 AS n FROM crm_members"),
    ("text as a condition", "SELECT count(*) AS n FROM crm_members WHERE city"),
    (
        "a union of unlike columns",
        "SELECT city FROM crm_members UNION ALL SELECT city, name FROM crm_members",
    ),
    ("an aggregate in WHERE", "SELECT count(*) AS n FROM crm_members WHERE max(city) = 'x'"),
    ("a column that is not grouped", "SELECT city, count(*) AS n FROM crm_members GROUP BY tier"),
];

const TOLD: &[(&str, &str)] = &[
    ("a product", "SELECT quantity * 9223372036854775807 * 4 AS n FROM pos_order_lines"),
    ("a sum of one too many", "SELECT quantity + 9223372036854775807 AS n FROM pos_order_lines"),
    ("a negative root", "SELECT max(sqrt(0 - amount)) AS n FROM pos_order_lines"),
    ("a logarithm of nothing", "SELECT max(ln(amount - amount)) AS n FROM pos_order_lines"),
    (
        "characters beyond the text",
        "SELECT max(substr(city, 1000)) AS t, max(substr(city, -5, 3)) AS u FROM crm_members",
    ),
    ("a negative length", "SELECT substr(city, 1, -1) AS t FROM crm_members ORDER BY 1"),
    ("a part before the first", "SELECT split_part(city, '', 0) AS t FROM crm_members ORDER BY 1"),
    (
        "a bin of no length",
        "SELECT date_bin(INTERVAL '0 seconds', ordered_at, ordered_at) AS t FROM pos_order_lines ORDER BY 1",
    ),
    ("a format that is none", "SELECT to_char(ordered_at, '%Q %!') AS t FROM pos_order_lines ORDER BY 1"),
    (
        "a character of a number",
        "SELECT chr(CAST(quantity AS BIGINT) * 10000000) AS t FROM pos_order_lines ORDER BY 1",
    ),
    ("an overlay beyond", "SELECT overlay(city PLACING 'x' FROM 100 FOR 5) AS t FROM crm_members ORDER BY 1"),
    ("a hexadecimal text", "SELECT to_hex(quantity) AS t, x'zz' AS u FROM pos_order_lines ORDER BY 1"),
    ("a power too high", "SELECT power(quantity + 10, 400) AS n FROM pos_order_lines ORDER BY 1"),
    ("bits beyond the number", "SELECT quantity << 200 AS n FROM pos_order_lines ORDER BY 1"),
    (
        "the smallest number, negated",
        "SELECT max(-(quantity * 0 - 9223372036854775807 - 1)) AS n FROM pos_order_lines",
    ),
    (
        "the smallest number, made positive",
        "SELECT max(abs(quantity * 0 - 9223372036854775807 - 1)) AS n FROM pos_order_lines",
    ),
    (
        "a factorial of less than nothing",
        "SELECT factorial(quantity * -1) AS n FROM pos_order_lines ORDER BY 1",
    ),
    (
        "a greatest common divisor",
        "SELECT gcd(quantity * 0 - 9223372036854775807 - 1, -1) AS n FROM pos_order_lines ORDER BY 1",
    ),
    ("a date too far", "SELECT max(joined_on + INTERVAL '999999 years') AS d FROM crm_members"),
    ("a date that is cut", "SELECT date_trunc('eon', joined_on) AS d FROM crm_members ORDER BY 1"),
];
