//! Order and equality of clear values.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family = Family {
    number: 2,
    title: "order and equality of clear values",
    channel: "which row comes before which, which rows are one group",
    attacks,
};

fn attacks() -> Vec<Attack> {
    let mut attacks = all(TOLD, &Expect::Told);
    attacks.extend(all(ZERO, &Expect::Zero));
    attacks
}

const TOLD: &[(&str, &str)] = &[
    ("who has no address", "SELECT count(*) AS n FROM crm_members WHERE email IS NULL"),
    (
        "how long names are",
        "SELECT character_length(name) AS l, octet_length(name) AS o, count(*) AS n FROM crm_members GROUP BY 1, 2 ORDER BY 1, 2",
    ),
    (
        "how long numbers and addresses are",
        "SELECT max(length(phone)) AS a, min(length(phone)) AS b, max(length(email)) AS c, min(length(email)) AS d FROM crm_members",
    ),
    (
        "joined by what is shown of two columns",
        "SELECT count(*) AS n FROM crm_members a JOIN crm_members b ON a.phone = b.phone AND a.name = b.name AND a.birth_date = b.birth_date AND a.member_no <> b.member_no",
    ),
    (
        "order by number",
        "SELECT phone, joined_on, city FROM crm_members ORDER BY phone, joined_on, city, member_no",
    ),
    (
        "order by number, downwards",
        "SELECT phone, member_no FROM crm_members ORDER BY phone DESC NULLS LAST, member_no LIMIT 25",
    ),
    (
        "order by what is not selected",
        "SELECT member_no FROM crm_members ORDER BY birth_date, phone, email, member_no LIMIT 40",
    ),
    (
        "order by an address that is NULL",
        "SELECT member_no FROM crm_members ORDER BY address, id_number, member_no LIMIT 40",
    ),
    ("groups of numbers", "SELECT phone, count(*) AS n FROM crm_members GROUP BY phone ORDER BY phone"),
    (
        "groups of addresses and names",
        "SELECT email, name, count(*) AS n FROM crm_members GROUP BY email, name ORDER BY email, name",
    ),
    (
        "how many numbers there are",
        "SELECT count(DISTINCT phone) AS p, count(DISTINCT email) AS e, count(DISTINCT name) AS n, count(DISTINCT birth_date) AS b FROM crm_members",
    ),
    (
        "ranks",
        "SELECT member_no, rank() OVER (ORDER BY phone) AS p, dense_rank() OVER (ORDER BY birth_date) AS b FROM crm_members ORDER BY member_no",
    ),
    (
        "neighbours",
        "SELECT member_no, lag(member_no) OVER (ORDER BY birth_date, phone, member_no) AS before FROM crm_members ORDER BY member_no",
    ),
    (
        "rows numbered by a NULL",
        "SELECT member_no, row_number() OVER (PARTITION BY id_number ORDER BY member_no) AS r FROM crm_members ORDER BY member_no",
    ),
    (
        "the least and the greatest",
        "SELECT min(phone) AS a, max(phone) AS b, min(email) AS c, max(email) AS d, min(name) AS e, max(birth_date) AS f, min(birth_date) AS g FROM crm_members",
    ),
    (
        "the first by number",
        "SELECT first_value(member_no ORDER BY phone, member_no) AS m, last_value(city ORDER BY email, member_no) AS c FROM crm_members",
    ),
    (
        "quarters by birth date",
        "SELECT member_no, ntile(4) OVER (ORDER BY birth_date, member_no) AS q FROM crm_members ORDER BY member_no",
    ),
    (
        "roughly how many",
        "SELECT approx_distinct(phone) AS p, approx_distinct(member_no) AS m FROM crm_members",
    ),
    ("compare two columns of a row", "SELECT count(*) AS n FROM crm_members WHERE phone < email"),
    (
        "pairs with one number",
        "SELECT count(*) AS n FROM crm_members a JOIN crm_members b ON a.phone = b.phone AND a.member_no < b.member_no",
    ),
    (
        "pairs with one birth date",
        "SELECT count(*) AS n FROM crm_members a JOIN crm_members b ON a.birth_date = b.birth_date AND a.email = b.email AND a.member_no < b.member_no",
    ),
    (
        "numbers across datasets",
        "SELECT count(*) AS n FROM crm_members c JOIN app_events e ON c.phone = e.phone",
    ),
    ("distinct rows", "SELECT DISTINCT phone, name FROM crm_members ORDER BY phone, name"),
    (
        "distinct on",
        "SELECT DISTINCT ON (birth_date) birth_date, member_no FROM crm_members ORDER BY birth_date, member_no",
    ),
    ("rows without any order", "SELECT * FROM crm_members"),
    ("the stored order", "SELECT member_no FROM crm_members LIMIT 30"),
    ("rows left over", "SELECT member_no FROM crm_members OFFSET 20"),
];

const ZERO: &[(&str, &str)] = &[
    ("different identity numbers", "SELECT count(DISTINCT id_number) AS n FROM crm_members"),
    (
        "different addresses",
        "SELECT count(*) - least(count(*), 1) AS n FROM (SELECT DISTINCT address, id_number FROM crm_members) d",
    ),
    ("different cards", "SELECT count(DISTINCT pay_account) AS n FROM pos_order_lines"),
];
