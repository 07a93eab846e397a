//! Random statements over the tables: projections, CASE, filters, joins, groups, windows, subqueries, CTEs, set operations.

use super::Dice;
use super::data::{Kind, TABLES};

/// A column in reach: how it is written, and its type.
type Reach = (String, Kind);

/// A relation: its text for FROM, and its columns.
struct Relation {
    text: String,
    columns: Vec<Reach>,
}

pub(super) struct Statements<'d> {
    dice: &'d mut Dice,
    names: usize,
}

const INTS: [&str; 5] = ["0", "1", "2", "3", "5"];
const TEXTS: [&str; 4] = ["'t0'", "'t1'", "'t2'", "'x'"];

impl<'d> Statements<'d> {
    pub(super) fn new(dice: &'d mut Dice) -> Self {
        Self { dice, names: 0 }
    }

    /// Makes a statement; tells whether the order of its rows is stated.
    pub(super) fn statement(&mut self) -> (String, bool) {
        let width = 1 + self.dice.below(3);
        let kinds: Vec<Kind> = (0..width).map(|_| self.kind()).collect();
        let mut sql = String::new();
        if self.dice.once_in(3) {
            let (text, columns) = self.query(&self.some_kinds_of(2), 1);
            let (name, columns) = (self.name("w"), columns);
            sql = format!("WITH {name} AS ({text}) ");
            let reach: Vec<Reach> =
                columns.iter().map(|(column, kind)| (format!("{name}.{column}"), *kind)).collect();
            let other = if self.dice.once_in(2) { Some(self.relation(1)) } else { None };
            let from = match other {
                Some(other) => self.joined(Relation { text: name, columns: reach }, other),
                None => Relation { text: name, columns: reach },
            };
            let (text, _) = self.select(&kinds, from, 2);
            sql.push_str(&text);
        } else {
            sql.push_str(&self.query(&kinds, 3).0);
        }
        if self.dice.once_in(4) {
            // All columns: rows that are equal may stand in any order.
            let keys: Vec<String> = (1..=width).map(|place| place.to_string()).collect();
            let limit = if self.dice.once_in(2) {
                format!(" LIMIT {}", 1 + self.dice.below(6))
            } else {
                String::new()
            };
            return (format!("SELECT * FROM ({sql}) AS ordered ORDER BY {}{limit}", keys.join(", ")), true);
        }
        (sql, false)
    }

    fn some_kinds_of(&self, width: usize) -> Vec<Kind> {
        [Kind::Int, Kind::Text, Kind::Int].into_iter().take(width).collect()
    }

    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn kind(&mut self) -> Kind {
        *self.dice.pick(&[Kind::Int, Kind::Int, Kind::Text, Kind::Text, Kind::Bool])
    }

    /// Makes a query whose columns have these types; returns their names.
    fn query(&mut self, kinds: &[Kind], depth: usize) -> (String, Vec<Reach>) {
        if depth > 0 && self.dice.once_in(6) {
            let (left, columns) = self.query(kinds, depth - 1);
            let (right, _) = self.query(kinds, depth - 1);
            let operation = *self.dice.pick(&["UNION ALL", "UNION", "INTERSECT", "EXCEPT"]);
            return (format!("({left}) {operation} ({right})"), columns);
        }
        let from = self.relation(depth);
        self.select(kinds, from, depth)
    }

    fn select(&mut self, kinds: &[Kind], from: Relation, depth: usize) -> (String, Vec<Reach>) {
        let filter = if self.dice.once_in(2) {
            format!(" WHERE {}", self.expression(Kind::Bool, &from.columns, depth.min(2)))
        } else {
            String::new()
        };
        let names: Vec<String> = kinds.iter().map(|_| self.name("c")).collect();
        let columns = names.iter().cloned().zip(kinds.iter().copied()).collect();
        if self.dice.once_in(3) {
            return (self.grouped(kinds, &names, &from, &filter), columns);
        }
        let mut items = Vec::new();
        for (kind, name) in kinds.iter().zip(&names) {
            let item = if *kind == Kind::Int && self.dice.once_in(4) {
                self.window(&from.columns)
            } else {
                self.expression(*kind, &from.columns, depth.min(2))
            };
            items.push(format!("{item} AS {name}"));
        }
        let distinct = if self.dice.once_in(5) { "DISTINCT " } else { "" };
        (format!("SELECT {distinct}{} FROM {}{filter}", items.join(", "), from.text), columns)
    }

    fn grouped(&mut self, kinds: &[Kind], names: &[String], from: &Relation, filter: &str) -> String {
        let key_kind = self.kind();
        let key = self.expression(key_kind, &from.columns, 1);
        let mut items = Vec::new();
        for (kind, name) in kinds.iter().zip(names) {
            let item = match kind {
                kind if *kind == key_kind && self.dice.once_in(2) => key.clone(),
                kind => self.aggregate(*kind, &from.columns),
            };
            items.push(format!("{item} AS {name}"));
        }
        let having = if self.dice.once_in(3) {
            let having = self.aggregate(Kind::Int, &from.columns);
            format!(" HAVING {having} > {}", self.dice.pick(&INTS))
        } else {
            String::new()
        };
        let groups = match self.dice.below(5) {
            0 => String::new(),
            1 => {
                let other = self.expression(Kind::Int, &from.columns, 0);
                format!(" GROUP BY ROLLUP ({key}, {other})")
            }
            _ => format!(" GROUP BY {key}"),
        };
        if groups.is_empty() {
            // Without groups no key can stand in the list.
            let items: Vec<String> = kinds
                .iter()
                .zip(names)
                .map(|(kind, name)| format!("{} AS {name}", self.aggregate(*kind, &from.columns)))
                .collect();
            return format!("SELECT {} FROM {}{filter}{having}", items.join(", "), from.text);
        }
        format!("SELECT {} FROM {}{filter}{groups}{having}", items.join(", "), from.text)
    }

    fn aggregate(&mut self, kind: Kind, reach: &[Reach]) -> String {
        let filter = if self.dice.once_in(4) {
            format!(" FILTER (WHERE {})", self.expression(Kind::Bool, reach, 0))
        } else {
            String::new()
        };
        match kind {
            Kind::Int => match self.dice.below(4) {
                0 => format!("COUNT(*){filter}"),
                1 => {
                    let kind = self.kind();
                    format!("COUNT(DISTINCT {})", self.expression(kind, reach, 0))
                }
                2 => format!("SUM({}){filter}", self.expression(Kind::Int, reach, 1)),
                _ => format!("MAX({}){filter}", self.expression(Kind::Int, reach, 1)),
            },
            Kind::Text => format!("MIN({}){filter}", self.expression(Kind::Text, reach, 1)),
            Kind::Bool => format!("MAX({}){filter} > 2", self.expression(Kind::Int, reach, 0)),
        }
    }

    fn window(&mut self, reach: &[Reach]) -> String {
        let kind = self.kind();
        let (part, order) = (self.expression(kind, reach, 0), self.expression(Kind::Int, reach, 0));
        // RANK, and sums over peers: rows that are equal in the order count the same.
        match self.dice.below(4) {
            0 => format!("CAST(RANK() OVER (PARTITION BY {part} ORDER BY {order}) AS BIGINT)"),
            1 => format!("SUM({}) OVER (ORDER BY {order})", self.expression(Kind::Int, reach, 0)),
            2 => format!("MAX({}) OVER (PARTITION BY {part})", self.expression(Kind::Int, reach, 0)),
            _ => format!("COUNT(*) OVER (PARTITION BY {part})"),
        }
    }

    fn relation(&mut self, depth: usize) -> Relation {
        match self.dice.below(if depth == 0 { 2 } else { 7 }) {
            6 => {
                // The statement on the right sees the row on the left.
                let (left, inner, name) = (self.table(), self.table(), self.name("l"));
                let value = self.column(Kind::Int, &inner.columns);
                let condition = self.correlated(&inner, &left.columns);
                let text = format!(
                    "{} CROSS JOIN LATERAL (SELECT SUM({value}) AS lat FROM {} WHERE {condition}) AS {name}",
                    left.text, inner.text
                );
                let columns = left.columns.into_iter().chain([(format!("{name}.lat"), Kind::Int)]);
                Relation { text, columns: columns.collect() }
            }
            0..=2 => self.table(),
            3 => {
                let kinds = self.some_kinds_of(3);
                let (text, columns) = self.query(&kinds, depth - 1);
                let name = self.name("q");
                let columns = columns.into_iter().map(|(column, kind)| (format!("{name}.{column}"), kind));
                Relation { columns: columns.collect(), text: format!("({text}) AS {name}") }
            }
            _ => {
                let (left, right) = (self.relation(depth - 1), self.relation(depth - 1));
                self.joined(left, right)
            }
        }
    }

    fn table(&mut self) -> Relation {
        let table = self.dice.pick(&TABLES);
        let name = self.name("t");
        let columns = table.columns.iter().map(|column| (format!("{name}.{}", column.name), column.kind));
        Relation { columns: columns.collect(), text: format!("{} AS {name}", table.name) }
    }

    fn joined(&mut self, left: Relation, right: Relation) -> Relation {
        let kind = *self.dice.pick(&[Kind::Int, Kind::Text]);
        let (one, other) = (self.column(kind, &left.columns), self.column(kind, &right.columns));
        let join = *self.dice.pick(&["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "JOIN"]);
        // A join on the right needs brackets.
        let right_text = if right.text.contains("JOIN") && !right.text.starts_with('(') {
            format!("({})", right.text)
        } else {
            right.text.clone()
        };
        let right = Relation { text: right_text, ..right };
        let text = match self.dice.below(8) {
            0 => format!("{} CROSS JOIN {}", left.text, right.text),
            1 => {
                let both: Vec<Reach> = left.columns.iter().chain(&right.columns).cloned().collect();
                let more = self.expression(Kind::Bool, &both, 0);
                format!("{} JOIN {} ON {one} = {other} AND {more}", left.text, right.text)
            }
            _ => format!("{} {join} {} ON {one} = {other}", left.text, right.text),
        };
        Relation { text, columns: left.columns.into_iter().chain(right.columns).collect() }
    }

    fn column(&mut self, kind: Kind, reach: &[Reach]) -> String {
        let fit: Vec<&Reach> = reach.iter().filter(|(_, own)| *own == kind).collect();
        match (fit.is_empty(), kind) {
            (false, _) => self.dice.pick(&fit).0.clone(),
            (true, Kind::Int) => (*self.dice.pick(&INTS)).to_owned(),
            (true, Kind::Text) => (*self.dice.pick(&TEXTS)).to_owned(),
            (true, Kind::Bool) => "TRUE".to_owned(),
        }
    }

    fn expression(&mut self, kind: Kind, reach: &[Reach], depth: usize) -> String {
        if depth == 0 || self.dice.once_in(3) {
            return match kind {
                Kind::Bool => {
                    let (one, other) = (self.column(Kind::Int, reach), self.dice.pick(&INTS));
                    format!("{one} > {other}")
                }
                kind => self.column(kind, reach),
            };
        }
        let next = depth - 1;
        if self.dice.once_in(4) {
            let when = self.expression(Kind::Bool, reach, next);
            let (then, otherwise) = (self.expression(kind, reach, next), self.expression(kind, reach, next));
            return format!("CASE WHEN {when} THEN {then} ELSE {otherwise} END");
        }
        match kind {
            Kind::Int => match self.dice.below(5) {
                0 => format!("LENGTH({})", self.expression(Kind::Text, reach, next)),
                1 => format!(
                    "COALESCE({}, {})",
                    self.column(Kind::Int, reach),
                    self.expression(Kind::Int, reach, next)
                ),
                2 => self.scalar(reach),
                _ => format!(
                    "({} + {})",
                    self.expression(Kind::Int, reach, next),
                    self.column(Kind::Int, reach)
                ),
            },
            Kind::Text => match self.dice.below(3) {
                0 => format!("UPPER({})", self.expression(Kind::Text, reach, next)),
                1 => format!("NULLIF({}, {})", self.column(Kind::Text, reach), self.dice.pick(&TEXTS)),
                _ => format!(
                    "CONCAT({}, {})",
                    self.column(Kind::Text, reach),
                    self.expression(Kind::Text, reach, next)
                ),
            },
            Kind::Bool => self.condition(reach, next),
        }
    }

    /// A scalar subquery, correlated at times.
    fn scalar(&mut self, reach: &[Reach]) -> String {
        let inner = self.table();
        let value = self.column(Kind::Int, &inner.columns);
        let condition = self.correlated(&inner, reach);
        format!("(SELECT MAX({value}) FROM {} WHERE {condition})", inner.text)
    }

    fn correlated(&mut self, inner: &Relation, reach: &[Reach]) -> String {
        let kind = *self.dice.pick(&[Kind::Int, Kind::Text]);
        let own = self.column(kind, &inner.columns);
        if self.dice.once_in(2) {
            format!("{own} = {}", self.column(kind, reach))
        } else {
            self.expression(Kind::Bool, &inner.columns, 1)
        }
    }

    fn condition(&mut self, reach: &[Reach], next: usize) -> String {
        match self.dice.below(8) {
            0 => format!(
                "({} AND {})",
                self.expression(Kind::Bool, reach, next),
                self.expression(Kind::Bool, reach, next)
            ),
            1 => format!(
                "({} OR {})",
                self.expression(Kind::Bool, reach, next),
                self.expression(Kind::Bool, reach, next)
            ),
            2 => format!("{} IS NULL", self.column(Kind::Text, reach)),
            3 => format!("{} = {}", self.expression(Kind::Text, reach, next), self.dice.pick(&TEXTS)),
            4 => {
                let inner = self.table();
                let value = self.column(Kind::Int, &inner.columns);
                let condition = self.correlated(&inner, reach);
                let not = if self.dice.once_in(3) { "NOT " } else { "" };
                format!(
                    "{} {not}IN (SELECT {value} FROM {} WHERE {condition})",
                    self.column(Kind::Int, reach),
                    inner.text
                )
            }
            5 => {
                let inner = self.table();
                let condition = self.correlated(&inner, reach);
                let not = if self.dice.once_in(3) { "NOT " } else { "" };
                format!("{not}EXISTS (SELECT 1 FROM {} WHERE {condition})", inner.text)
            }
            6 => format!("{} BETWEEN {} AND 4", self.column(Kind::Int, reach), self.dice.pick(&INTS)),
            _ => format!("{} < {}", self.column(Kind::Int, reach), self.expression(Kind::Int, reach, next)),
        }
    }
}
