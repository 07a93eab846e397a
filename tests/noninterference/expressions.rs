//! Random expressions of a type: every function and operator that a statement may use, many of which fail on some rows.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use super::scope::{Scope, TYPES, Type};
use super::statements::subquery;

/// Makes an expression.
pub(super) fn expression(random: &mut ChaCha8Rng, scope: &Scope, kind: Type, depth: usize) -> String {
    if depth == 0 || random.random_bool(0.25) {
        return leaf(random, scope, kind);
    }
    let mut of = |kind| expression(random, scope, kind, depth - 1);
    match kind {
        Type::Integer => {
            let (a, b, text, day) = (of(Type::Integer), of(Type::Integer), of(Type::Text), of(Type::Day));
            let number = of(Type::Number);
            integer(random, &[&a, &b, &text, &day, &number])
        }
        Type::Number => {
            let (a, b, whole) = (of(Type::Number), of(Type::Number), of(Type::Integer));
            let text = of(Type::Text);
            number(random, &[&a, &b, &whole, &text])
        }
        Type::Text => {
            let (a, b, whole, truth) = (of(Type::Text), of(Type::Text), of(Type::Integer), of(Type::Truth));
            let (day, amount) = (of(Type::Day), of(Type::Number));
            text(random, &[&a, &b, &whole, &truth, &day, &amount])
        }
        Type::Day => {
            let (a, b, words, truth) = (of(Type::Day), of(Type::Day), of(Type::Text), of(Type::Truth));
            let whole = of(Type::Integer);
            day(random, &[&a, &b, &words, &truth, &whole])
        }
        Type::Truth => truth(random, scope, depth),
    }
}

fn leaf(random: &mut ChaCha8Rng, scope: &Scope, kind: Type) -> String {
    if random.random_bool(0.75)
        && let Some(column) = scope.column(random, kind)
    {
        return column;
    }
    let constants: &[&str] = match kind {
        Type::Integer => &["0", "1", "2", "3", "7", "-1", "100", "9223372036854775807", "NULL::bigint"],
        Type::Number => &["0.0", "1.5", "12.50", "-3.25", "4321.09", "1234.56", "100"],
        Type::Text => &[
            "''",
            "'SH'",
            "'BJ'",
            "'GD'",
            "'138'",
            "'gold'",
            "'2025-01'",
            "'snacks'",
            "'x'",
            "'%a%'",
            "'12'",
            "NULL::varchar",
        ],
        Type::Truth => &["true", "false", "NULL::boolean"],
        Type::Day => &["DATE '2025-01-15'", "DATE '1985-01-01'", "TIMESTAMP '2025-03-04T05:06:07Z'"],
    };
    (*constants.choose(random).unwrap()).to_owned()
}

fn small(random: &mut ChaCha8Rng) -> u32 {
    random.random_range(0..6)
}

fn integer(random: &mut ChaCha8Rng, parts: &[&String; 5]) -> String {
    let [a, b, text, day, number] = parts;
    let (k, width) = (small(random), random.random_range(1..50));
    match random.random_range(0..30) {
        0 => format!("({a} + {b})"),
        1 => format!("({a} - {b})"),
        2 => format!("({a} * {b})"),
        3 => format!("({a} / {b})"),
        4 => format!("({a} % {b})"),
        5 => format!("1 / ({a} - {k})"),
        6 => format!("100 / ({a} - {width})"),
        7 => format!("abs({a})"),
        8 => format!("gcd({a}, {b})"),
        9 => format!("lcm({a}, {k})"),
        10 => format!("factorial({a})"),
        11 => format!("({a} & {b})"),
        12 => format!("({a} | {k})"),
        13 => format!("({a} << {k})"),
        14 => format!("({a} >> {k})"),
        15 => format!("character_length({text})"),
        16 => format!("octet_length({text})"),
        17 => format!("ascii({text})"),
        18 => format!("strpos({text}, '{k}')"),
        19 => format!("CAST({text} AS BIGINT)"),
        20 => format!("CAST('X' || {text} AS BIGINT)"),
        21 => format!("TRY_CAST({text} AS BIGINT)"),
        22 => format!("CAST({number} AS BIGINT)"),
        23 => format!("CAST(date_part('year', {day}) AS BIGINT)"),
        24 => format!("CAST(EXTRACT(month FROM {day}) AS BIGINT)"),
        25 => format!("regexp_count({text}, '[0-9]')"),
        26 => format!("find_in_set({text}, 'SH,BJ,GD')"),
        27 => format!("CASE WHEN {a} > {b} THEN {a} ELSE {k} END"),
        28 => format!("coalesce({a}, {k})"),
        _ => format!("nullif({a}, {k})"),
    }
}

fn number(random: &mut ChaCha8Rng, parts: &[&String; 4]) -> String {
    let [a, b, whole, text] = parts;
    let k = small(random);
    match random.random_range(0..24) {
        0 => format!("({a} + {b})"),
        1 => format!("({a} - {b})"),
        2 => format!("({a} * {k})"),
        3 => format!("({a} / nullif({b}, 0))"),
        4 => format!("1 / ({a} - 12.50)"),
        5 => format!("1 / ({a} - 4321.09)"),
        6 => format!("round({a}, {k})"),
        7 => format!("floor({a})"),
        8 => format!("ceil({a})"),
        9 => format!("trunc({a})"),
        10 => format!("abs({a})"),
        11 => format!("sqrt({a})"),
        12 => format!("ln({a})"),
        13 => format!("exp({k})"),
        14 => format!("power({a}, {k})"),
        15 => format!("log10({a})"),
        16 => format!("atan2({a}, {b})"),
        17 => format!("cbrt({a})"),
        18 => format!("CAST({text} AS DOUBLE)"),
        19 => format!("CAST({whole} AS DOUBLE)"),
        20 => format!("greatest({a}, {b})"),
        21 => format!("signum({a})"),
        22 => format!("CASE WHEN {a} > 10 THEN {a} END"),
        _ => format!("TRY_CAST({text} AS DOUBLE)"),
    }
}

fn text(random: &mut ChaCha8Rng, parts: &[&String; 6]) -> String {
    let [a, b, whole, truth, day, amount] = parts;
    let k = small(random);
    match random.random_range(0..28) {
        0 => format!("({a} || {b})"),
        1 => format!("lower({a})"),
        2 => format!("upper({a})"),
        3 => format!("btrim({a})"),
        4 => format!("initcap({a})"),
        5 => format!("reverse({a})"),
        6 => format!("left({a}, {k})"),
        7 => format!("right({a}, {k})"),
        8 => format!("substr({a}, {k})"),
        9 => format!("substr({a}, {k}, 2)"),
        10 => format!("replace({a}, '1', 'x')"),
        11 => format!("translate({a}, '138', 'abc')"),
        12 => format!("split_part({a}, '-', 1)"),
        13 => format!("concat({a}, {b})"),
        14 => format!("concat_ws('-', {a}, {b})"),
        15 => format!("overlay({a} PLACING 'x' FROM 1)"),
        16 => format!("regexp_replace({a}, '[0-9]+', '#')"),
        17 => format!("substr_index({a}, '-', 1)"),
        18 => format!("to_hex({whole})"),
        19 => format!("CAST({whole} AS VARCHAR)"),
        20 => format!("CAST({day} AS VARCHAR)"),
        21 => format!("to_char({day}, '%Y-%m')"),
        22 => format!("CASE WHEN {truth} THEN {a} ELSE {b} END"),
        23 => format!("coalesce({a}, {b})"),
        24 => format!("nullif({a}, {b})"),
        25 => format!("least({a}, {b})"),
        26 => format!("CAST({amount} AS VARCHAR)"),
        _ => format!("chr({whole})"),
    }
}

fn day(random: &mut ChaCha8Rng, parts: &[&String; 5]) -> String {
    let [a, b, words, truth, whole] = parts;
    match random.random_range(0..10) {
        0 => format!("date_trunc('month', {a})"),
        1 => format!("date_trunc('year', {a})"),
        2 => format!("CAST({a} AS DATE)"),
        3 => format!("to_date({words})"),
        4 => format!("to_timestamp({words})"),
        5 => format!("CASE WHEN {truth} THEN {a} ELSE {b} END"),
        6 => format!("coalesce({a}, {b})"),
        7 => format!("make_date(2025, {whole}, 1)"),
        8 => format!("({a} + INTERVAL '1 day')"),
        _ => format!("greatest({a}, {b})"),
    }
}

/// Makes a condition.
fn truth(random: &mut ChaCha8Rng, scope: &Scope, depth: usize) -> String {
    let kind = *TYPES.choose(random).unwrap();
    let a = expression(random, scope, kind, depth - 1);
    let b = expression(random, scope, kind, depth - 1);
    let p = expression(random, scope, Type::Truth, depth - 1);
    let q = expression(random, scope, Type::Truth, depth - 1);
    let words = expression(random, scope, Type::Text, depth - 1);
    let operator = *["=", "<>", "<", "<=", ">", ">="].choose(random).unwrap();
    match random.random_range(0..24) {
        0..=5 => format!("{a} {operator} {b}"),
        6 => format!("({p} AND {q})"),
        7 => format!("({p} OR {q})"),
        8 => format!("NOT ({p})"),
        9 => format!("{a} IS NULL"),
        10 => format!("{a} IS NOT NULL"),
        11 => format!("{a} IS DISTINCT FROM {b}"),
        12 => format!("{a} BETWEEN {b} AND {b}"),
        13 => format!("{words} IN ('SH', 'GD', 'gold', 'snacks')"),
        14 => format!("{words} LIKE '%1%'"),
        15 => format!("{words} NOT ILIKE 'h%'"),
        16 => format!("{words} ~ '^[0-9]+$'"),
        17 => format!("{words} SIMILAR TO '(S|B)%'"),
        18 => format!("starts_with({words}, 'S')"),
        19 => format!("contains({words}, '*')"),
        20 => format!("EXISTS ({})", subquery(random, scope, None)),
        21 => format!(
            "{a} {} ({})",
            if depth > 1 { "IN" } else { "NOT IN" },
            subquery(random, scope, Some(kind))
        ),
        22 => format!("{a} {operator} ANY ({})", subquery(random, scope, Some(kind))),
        _ => format!("{a} {operator} (SELECT max(i.x) FROM ({}) i)", subquery(random, scope, Some(kind))),
    }
}
