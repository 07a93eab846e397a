//! Random statements: joins, groups, windows, set operations, subqueries, and what the gate refuses.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use super::expressions::expression;
use super::scope::{DATASETS, Dataset, Scope, Type};

/// A statement.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) sql: String,
    /// Whether all of its columns are in ORDER BY, so that rows that change places are equal.
    pub(super) ordered: bool,
    parts: Vec<String>,
}

impl Statement {
    /// Makes a statement.
    pub(super) fn random(random: &mut ChaCha8Rng, _principal: &str) -> Self {
        if random.random_bool(0.03) {
            return Self { sql: refused(random), ordered: false, parts: Vec::new() };
        }
        let kinds: Vec<Type> = (0..random.random_range(1..4)).map(|_| kind(random)).collect();
        let mut parts = Vec::new();
        let mut sql = select(random, &kinds, &mut parts);
        if random.random_bool(0.15) {
            let operator = *["UNION", "UNION ALL", "INTERSECT", "EXCEPT"].choose(random).unwrap();
            let other = select(random, &kinds, &mut parts);
            sql = format!("{sql} {operator} {other}");
        }
        if random.random_bool(0.1) {
            let alias = *["w", "crm_members", "t"].choose(random).unwrap();
            sql = format!("WITH {alias} AS ({sql}) SELECT * FROM {alias}");
        }
        let ordered = random.random_bool(0.75);
        if ordered {
            let places: Vec<String> = (1..=kinds.len()).map(|place| place.to_string()).collect();
            let tail = if random.random_bool(0.3) {
                format!(" LIMIT {}", random.random_range(0..20))
            } else {
                String::new()
            };
            sql = format!("SELECT * FROM ({sql}) s ORDER BY {}{tail}", places.join(", "));
        }
        if random.random_bool(0.03) {
            return Self { sql: format!("EXPLAIN {sql}"), ordered: true, parts: Vec::new() };
        }
        Self { sql, ordered, parts }
    }

    /// Its parts, as statements.
    pub(super) fn smaller(&self) -> Vec<Self> {
        let part = |sql: &String| Self { sql: sql.clone(), ordered: false, parts: Vec::new() };
        self.parts.iter().map(part).collect()
    }
}

fn kind(random: &mut ChaCha8Rng) -> Type {
    *[Type::Integer, Type::Number, Type::Text, Type::Text, Type::Truth, Type::Day].choose(random).unwrap()
}

/// One SELECT with columns of these types, named c0, c1 and so on.
fn select(random: &mut ChaCha8Rng, kinds: &[Type], parts: &mut Vec<String>) -> String {
    let (from, scope) = from(random);
    let depth = random.random_range(0..3);
    let filter = match random.random_range(0..4) {
        0 => String::new(),
        _ => format!(" WHERE {}", expression(random, &scope, Type::Truth, depth + 1)),
    };
    let sql = match random.random_range(0..10) {
        0..=3 => grouped(random, kinds, &from, &filter, &scope),
        4 => windowed(random, kinds, &from, &filter, &scope),
        _ => {
            let items: Vec<String> = kinds
                .iter()
                .enumerate()
                .map(|(place, kind)| format!("{} AS c{place}", expression(random, &scope, *kind, depth)))
                .collect();
            let distinct = if random.random_bool(0.15) { "DISTINCT " } else { "" };
            format!("SELECT {distinct}{}{from}{filter}", items.join(", "))
        }
    };
    parts.push(format!("SELECT count(*) AS n{from}{filter}"));
    parts.push(sql.clone());
    sql
}

fn grouped(random: &mut ChaCha8Rng, kinds: &[Type], from: &str, filter: &str, scope: &Scope) -> String {
    let key = expression(random, scope, Type::Text, 1);
    let items: Vec<String> = kinds
        .iter()
        .enumerate()
        .map(|(place, kind)| {
            let item = match kind {
                Type::Text if random.random_bool(0.6) => "k".to_owned(),
                other => aggregate(random, scope, *other),
            };
            (item, place)
        })
        .map(
            |(item, place)| {
                if item == "k" { format!("{key} AS c{place}") } else { format!("{item} AS c{place}") }
            },
        )
        .collect();
    let having = match random.random_range(0..4) {
        0 => format!(" HAVING {} > {}", aggregate(random, scope, Type::Integer), random.random_range(0..5)),
        _ => String::new(),
    };
    let group = match random.random_range(0..8) {
        0 => format!(" GROUP BY GROUPING SETS (({key}), ())"),
        1 => format!(" GROUP BY ROLLUP ({key})"),
        _ => format!(" GROUP BY {key}"),
    };
    format!("SELECT {}{from}{filter}{group}{having}", items.join(", "))
}

fn aggregate(random: &mut ChaCha8Rng, scope: &Scope, kind: Type) -> String {
    let mut of = |kind, depth| expression(random, scope, kind, depth);
    let (whole, amount, words, truth, day) =
        (of(Type::Integer, 1), of(Type::Number, 1), of(Type::Text, 1), of(Type::Truth, 1), of(Type::Day, 1));
    let call = match kind {
        Type::Integer => match random.random_range(0..9) {
            0 | 1 => "count(*)".to_owned(),
            2 => format!("count({words})"),
            3 => format!("count(DISTINCT {words})"),
            4 => format!("sum({whole})"),
            5 => format!("max({whole})"),
            6 => format!("bit_xor({whole})"),
            7 => format!("min({whole})"),
            _ => format!("approx_distinct({words})"),
        },
        Type::Number => match random.random_range(0..9) {
            0 => format!("sum({amount})"),
            1 => format!("avg({amount})"),
            2 => format!("min({amount})"),
            3 => format!("max({amount})"),
            4 => format!("median({amount})"),
            5 => format!("stddev({amount})"),
            6 => format!("var_pop({amount})"),
            7 => format!("corr({amount}, CAST({whole} AS DOUBLE))"),
            _ => format!("regr_slope({amount}, CAST({whole} AS DOUBLE))"),
        },
        Type::Text => format!("{}({words})", if random.random_bool(0.5) { "min" } else { "max" }),
        Type::Truth => format!("{}({truth})", if random.random_bool(0.5) { "bool_and" } else { "bool_or" }),
        Type::Day => format!("{}({day})", if random.random_bool(0.5) { "min" } else { "max" }),
    };
    if random.random_bool(0.15) && !call.contains("median") {
        format!("{call} FILTER (WHERE {})", expression(random, scope, Type::Truth, 1))
    } else {
        call
    }
}

/// Window functions whose result does not hang on the order of equal rows.
fn windowed(random: &mut ChaCha8Rng, kinds: &[Type], from: &str, filter: &str, scope: &Scope) -> String {
    let items: Vec<String> = kinds
        .iter()
        .enumerate()
        .map(|(place, kind)| {
            let over = {
                let (part, order) =
                    (expression(random, scope, Type::Text, 0), expression(random, scope, Type::Text, 1));
                format!("OVER (PARTITION BY {part} ORDER BY {order})")
            };
            let item = match kind {
                Type::Integer => match random.random_range(0..4) {
                    0 => format!("rank() {over}"),
                    1 => format!("dense_rank() {over}"),
                    2 => format!("count(*) {over}"),
                    _ => format!("sum({}) {over}", expression(random, scope, Type::Integer, 0)),
                },
                Type::Number => format!("max({}) {over}", expression(random, scope, Type::Number, 0)),
                other => expression(random, scope, *other, 1),
            };
            format!("{item} AS c{place}")
        })
        .collect();
    format!("SELECT {}{from}{filter}", items.join(", "))
}

fn dataset(random: &mut ChaCha8Rng) -> &'static Dataset {
    // The datasets of which rows are hidden come most often.
    let weights = [0, 0, 0, 1, 1, 1, 2, 3];
    &DATASETS[*weights.choose(random).unwrap()]
}

/// Tables and the columns that they give.
fn from(random: &mut ChaCha8Rng) -> (String, Scope) {
    let first = dataset(random);
    let one = Scope::of(first, "a");
    let table = |dataset: &Dataset, alias: &str, derived: bool| {
        if derived {
            let columns: Vec<&str> = dataset.columns.iter().map(|(name, _)| *name).collect();
            format!("(SELECT {} FROM {}) {alias}", columns.join(", "), dataset.name)
        } else {
            format!("{} {alias}", dataset.name)
        }
    };
    let derived = random.random_bool(0.1);
    if random.random_bool(0.6) {
        return (format!(" FROM {}", table(first, "a", derived)), one);
    }
    let second = dataset(random);
    let other = Scope::of(second, "b");
    let both = one.and(&other);
    let shared = first.columns.iter().find(|(name, _)| second.columns.iter().any(|(found, _)| found == name));
    let key = match shared {
        Some(_) if first.name == second.name => format!("a.{0} = b.{0}", first.key),
        Some((name, _)) => format!("a.{name} = b.{name}"),
        None => format!("a.{} = b.{}", first.key, second.key),
    };
    let join = match random.random_range(0..8) {
        0..=2 => "JOIN",
        3 | 4 => "LEFT JOIN",
        5 => "FULL JOIN",
        6 => "RIGHT JOIN",
        _ => "CROSS JOIN",
    };
    let (left, right) = (table(first, "a", derived), table(second, "b", false));
    if join == "CROSS JOIN" {
        // Few rows of one side: the product is not to be the whole test.
        let few = format!("(SELECT * FROM {} ORDER BY {} LIMIT 3) b", second.name, second.key);
        return (format!(" FROM {left} CROSS JOIN {few}"), both);
    }
    let more = match join {
        "JOIN" if random.random_bool(0.3) => format!(" AND {}", expression(random, &both, Type::Truth, 1)),
        _ => String::new(),
    };
    (format!(" FROM {left} {join} {right} ON {key}{more}"), both)
}

/// A subquery of one column `x`, which may look at the statement around it; or of any column.
pub(super) fn subquery(random: &mut ChaCha8Rng, around: &Scope, kind: Option<Type>) -> String {
    let inner = dataset(random);
    let scope = Scope::of(inner, "i");
    let item = kind.map_or("1".to_owned(), |kind| expression(random, &scope, kind, 1));
    let mut condition = expression(random, &scope, Type::Truth, 0);
    if kind.is_none()
        && let Some((outer, _)) = around.columns.first()
    {
        condition = format!("i.{} = {outer} AND {condition}", inner.key);
    }
    format!("SELECT {item} AS x FROM {} i WHERE {condition}", inner.name)
}

/// What the gate refuses, or what does not exist.
fn refused(random: &mut ChaCha8Rng) -> String {
    let all = [
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM information_schema.columns",
        "SELECT * FROM pg_catalog.pg_tables",
        "SHOW TABLES",
        "DESCRIBE crm_members",
        "EXPLAIN ANALYZE SELECT * FROM crm_members",
        "SELECT hidden FROM crm_members",
        "SELECT _subject FROM crm_members",
        "SELECT phone__sealed FROM crm_members",
        "SELECT * FROM no_such_dataset",
        "SELECT random() FROM crm_members",
        "SELECT input_file_name() FROM crm_members",
        "SELECT array_agg(phone) FROM crm_members",
        "COPY crm_members TO '/tmp/x'",
        "SET datafusion.execution.batch_size = 1",
        "SELECT member_token('phone', '13800138000') FROM crm_members",
        "SELECT CAST(phone AS INT) FROM crm_members",
        "SELECT 1 / (line_no - line_no) FROM pos_order_lines",
    ];
    (*all.choose(random).unwrap()).to_owned()
}
