//! The attacker's own list of values, joined with what is shown.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family = Family {
    number: 3,
    title: "a list of the attacker's own",
    channel: "which of its values are members",
    attacks,
};

fn attacks() -> Vec<Attack> {
    let mut attacks = all(ZERO, &Expect::Zero);
    attacks.extend(all(UNKNOWN, &Expect::Refused(&["unknown_column"])));
    attacks.extend(all(NO_FUNCTION, &Expect::Refused(&["unknown_function"])));
    attacks
}

const ZERO: &[(&str, &str)] = &[
    (
        "join with a list",
        "WITH mine(p) AS (VALUES ('13800138001'), ('13800138002'), ('13977700123')) SELECT count(*) AS n FROM crm_members JOIN mine ON phone = p",
    ),
    (
        "ten thousand numbers",
        "WITH d(x) AS (VALUES ('0'), ('1'), ('2'), ('3'), ('4'), ('5'), ('6'), ('7'), ('8'), ('9')), mine AS (SELECT '1380013' || a.x || b.x || c.x || e.x AS p FROM d a, d b, d c, d e) SELECT count(*) AS n FROM crm_members JOIN mine ON phone = p",
    ),
    (
        "a list, in a subquery",
        "SELECT count(*) AS n FROM crm_members WHERE phone IN (SELECT p FROM (VALUES ('13800138001'), ('13977700123')) AS mine(p))",
    ),
    (
        "every birth date of a year",
        "SELECT count(*) AS n FROM crm_members JOIN (VALUES (DATE '1990-05-17'), (DATE '1999-03-07'), (DATE '1985-11-02')) AS mine(b) ON birth_date = b",
    ),
    (
        "addresses against a list",
        "SELECT count(*) AS n FROM crm_members JOIN (VALUES ('ming.wang@example.com'), ('canary.zhang@example.com')) AS mine(e) ON lower(email) = e",
    ),
    (
        "names against a list",
        "SELECT count(*) AS n FROM crm_members JOIN (VALUES ('王小明'), ('李娜'), ('金丝雀张')) AS mine(x) ON name = x",
    ),
    (
        "member numbers against a token",
        "SELECT count(*) AS n FROM pos_order_lines JOIN (VALUES ('M00000001'), ('M99999991')) AS mine(m) ON member_no = m",
    ),
    (
        "a sum of characters",
        "SELECT count(*) AS n FROM crm_members WHERE ascii(substr(phone, 5, 1)) BETWEEN 48 AND 57",
    ),
    (
        "an open account against a token",
        "SELECT count(*) AS n FROM app_events WHERE app_user_id IN ('au_0000000001', 'au_9999999991')",
    ),
    ("tokens of two kinds are one", "SELECT count(*) AS n FROM app_events WHERE app_user_id = device_id"),
];

/// Columns in which something is stored under the surface.
const UNKNOWN: &[(&str, &str)] = &[
    ("the stored token", "SELECT phone__token FROM crm_members"),
    ("the sealed cell", "SELECT phone__sealed FROM crm_members"),
    ("the sealed cell, quoted", "SELECT \"phone__sealed\" FROM crm_members"),
    ("the subject of a row", "SELECT _subject FROM crm_members"),
    ("the subject in a condition", "SELECT count(*) AS n FROM crm_members WHERE _subject IS NOT NULL"),
    ("the subject in an order", "SELECT city FROM crm_members ORDER BY _subject"),
    ("the subject of a group", "SELECT count(*) AS n FROM crm_members GROUP BY _subject"),
    (
        "the subject in a join",
        "SELECT count(*) AS n FROM crm_members a JOIN pos_order_lines b ON a._subject = b._subject",
    ),
    ("the delivery of a row", "SELECT _run FROM crm_members"),
    ("the file of a row", "SELECT _file FROM crm_members"),
    ("the place of a row", "SELECT ctid FROM crm_members"),
    ("the id of a row", "SELECT oid FROM crm_members"),
];

/// What would turn a value into what it is stored as.
const NO_FUNCTION: &[(&str, &str)] = &[
    ("a hash of a number", "SELECT md5(phone) AS h FROM crm_members"),
    ("a digest of a list", "SELECT sha256(p) AS h FROM (VALUES ('13800138001')) AS mine(p)"),
    ("any digest", "SELECT digest('13800138001', 'sha256') AS h"),
    ("the token of a value", "SELECT token('13800138001') AS t"),
    ("open a cell", "SELECT unseal(phone) AS p FROM crm_members"),
    ("decode a token", "SELECT decode(member_no, 'base64') AS t FROM crm_members"),
];
