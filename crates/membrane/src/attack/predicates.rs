//! Conditions on the clear value of a column of which a part, a token or nothing is shown.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family =
    Family { number: 1, title: "a condition on the clear value", channel: "how many rows meet it", attacks };

fn attacks() -> Vec<Attack> {
    all(ZERO, &Expect::Zero)
}

const ZERO: &[(&str, &str)] = &[
    ("equals a number", "SELECT count(*) AS n FROM crm_members WHERE phone = '13800138001'"),
    ("a number without stars", "SELECT count(*) AS n FROM crm_members WHERE phone NOT LIKE '%*%'"),
    (
        "begins with four digits",
        "SELECT count(*) AS n FROM crm_members WHERE phone LIKE '1380%' OR phone LIKE '1391%'",
    ),
    (
        "lies between numbers",
        "SELECT count(*) AS n FROM crm_members WHERE phone BETWEEN '13800000000' AND '13899999999'",
    ),
    (
        "is in a list",
        "SELECT count(*) AS n FROM crm_members WHERE phone IN ('13800138001', '13800138002', '13977700123')",
    ),
    (
        "is not distinct from",
        "SELECT count(*) AS n FROM crm_members WHERE phone IS NOT DISTINCT FROM '13800138001'",
    ),
    ("matches a pattern of digits", "SELECT count(*) AS n FROM crm_members WHERE phone ~ '^1[0-9]{10}$'"),
    ("is similar to digits", "SELECT count(*) AS n FROM crm_members WHERE phone SIMILAR TO '1[0-9]{10}'"),
    ("five digits in a row", "SELECT count(*) AS n FROM crm_members WHERE regexp_like(phone, '[0-9]{5}')"),
    ("the middle is no star", "SELECT count(*) AS n FROM crm_members WHERE substr(phone, 4, 6) <> '******'"),
    (
        "more digits than shown",
        "SELECT count(*) AS n FROM crm_members WHERE length(replace(phone, '*', '')) > 5",
    ),
    ("holds digits of the middle", "SELECT count(*) AS n FROM crm_members WHERE strpos(phone, '0013') > 3"),
    ("from the end", "SELECT count(*) AS n FROM crm_members WHERE reverse(phone) LIKE '___0%'"),
    (
        "a CASE on the number",
        "SELECT sum(CASE phone WHEN '13800138001' THEN 1 ELSE 0 END) AS n FROM crm_members",
    ),
    (
        "nullif of the number",
        "SELECT count(*) AS n FROM crm_members WHERE nullif(phone, '13800138001') IS NULL AND phone IS NOT NULL",
    ),
    (
        "in HAVING",
        "SELECT count(*) AS n FROM (SELECT city FROM crm_members GROUP BY city HAVING max(phone) = '13800138001') g",
    ),
    (
        "a filter of an aggregate",
        "SELECT count(*) FILTER (WHERE phone = '13800138001') AS n FROM crm_members",
    ),
    ("digits without stars, cast", "SELECT count(TRY_CAST(phone AS BIGINT)) AS n FROM crm_members"),
    ("an address without stars", "SELECT count(*) AS n FROM crm_members WHERE email NOT LIKE '%***@%'"),
    (
        "the local part of an address",
        "SELECT count(*) AS n FROM crm_members WHERE length(replace(split_part(email, '@', 1), '*', '')) > 1",
    ),
    ("an address, whatever its case", "SELECT count(*) AS n FROM crm_members WHERE email ILIKE '%zhang%@%'"),
    ("a name without stars", "SELECT count(*) AS n FROM crm_members WHERE name NOT LIKE '%**'"),
    (
        "a name, letter by letter",
        "SELECT count(*) AS n FROM crm_members WHERE substr(name, 2, 1) NOT IN ('*', '')",
    ),
    (
        "the day of a birth date",
        "SELECT count(*) AS n FROM crm_members WHERE date_part('day', birth_date) <> 1",
    ),
    ("a whole birth date", "SELECT count(*) AS n FROM crm_members WHERE birth_date = DATE '1990-05-17'"),
    ("an identity number is there", "SELECT count(*) AS n FROM crm_members WHERE id_number IS NOT NULL"),
    (
        "an identity number begins",
        "SELECT count(*) AS n FROM crm_members WHERE id_number LIKE '310%' OR id_number > ''",
    ),
    ("an address is there", "SELECT count(address) AS n FROM crm_members"),
    ("an address, coalesced", "SELECT count(*) AS n FROM crm_members WHERE coalesce(address, 'x') <> 'x'"),
    ("a card is there", "SELECT count(*) AS n FROM pos_order_lines WHERE pay_account IS NOT NULL"),
    (
        "a card passes for a number",
        "SELECT count(*) AS n FROM pos_order_lines WHERE TRY_CAST(pay_account AS DECIMAL(20,0)) > 0",
    ),
    ("a member by number", "SELECT count(*) AS n FROM crm_members WHERE member_no = 'M00000001'"),
    ("a member number by its form", "SELECT count(*) AS n FROM crm_members WHERE member_no ~ '^M[0-9]{8}$'"),
    (
        "a token of another length",
        "SELECT count(*) AS n FROM pos_order_lines WHERE octet_length(member_no) <> 22",
    ),
    (
        "a device by its form",
        "SELECT count(*) AS n FROM app_events WHERE device_id LIKE '%-%-4%-%-%' AND length(device_id) = 36",
    ),
    ("an IP address by its form", "SELECT count(*) AS n FROM web_events WHERE ip LIKE '%.%.%.%'"),
    (
        "a nickname is there",
        "SELECT count(*) AS n FROM social_follows WHERE length(nickname) - length(replace(nickname, '*', '')) < 2",
    ),
];
