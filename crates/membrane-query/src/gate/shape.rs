//! The shape of a query: which parts of SQL it uses, which tables it names, how deep it nests and how
//! much it unfolds to.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, LimitClause, ObjectName, Query, Select, SelectFlavor, SetExpr, Statement, TableFactor, Value,
    Visit, Visitor,
};
use membrane_model::{DatasetName, Limits};

use super::relation::{Relation, Schemas, normalised, relation_of, unknown_table};
use super::{grouping, lookup, parameter};
use crate::error::QueryError;
use crate::functions;
use crate::system::SystemTable;

/// Links of a chain of operators (`a + b + c ...`), for each level of nesting that is allowed.
const CHAIN_PER_LEVEL: usize = 16;
/// SELECTs and tables after every WITH query is unfolded, for each level of nesting that is allowed.
const UNFOLDED_PER_LEVEL: u64 = 16;
/// WITH inside WITH inside WITH.
const WITH_DEPTH_MAX: usize = 4;

/// What a query names.
pub(super) struct Named {
    /// Its datasets, sorted, each once.
    pub(super) tables: Vec<DatasetName>,
    /// Its tables of the record.
    pub(super) system: BTreeSet<SystemTable>,
    /// Whether it names a table of `information_schema`.
    pub(super) lists: bool,
    /// The calls by which it looks exact values up.
    pub(super) lookups: Vec<lookup::Call>,
    /// How many values its parameters need.
    pub(super) parameters: usize,
}

/// Checks a query and returns what it names.
pub(super) fn check(query: &Query, schemas: Schemas, limits: &Limits) -> Result<Named, QueryError> {
    let mut shape = Shape {
        limits,
        schemas,
        frames: vec![Frame::default()],
        depth: 0,
        with_depth: 0,
        tables: BTreeSet::new(),
        system: BTreeSet::new(),
        lists: false,
        lookups: Vec::new(),
        parameters: 0,
    };
    match query.visit(&mut shape) {
        ControlFlow::Break(error) => Err(*error),
        ControlFlow::Continue(()) => {
            let tables = shape.tables.into_iter().collect();
            let Shape { system, lists, lookups, parameters, .. } = shape;
            Ok(Named { tables, system, lists, lookups, parameters })
        }
    }
}

/// What one query has shown so far: the names that its WITH defines, and its weight.
///
/// The weight is the number of SELECTs and tables that it unfolds to. DataFusion copies a WITH query to
/// each place that names it, so `WITH a AS (..), b AS (SELECT * FROM a, a), c AS (SELECT * FROM b, b) ..`
/// doubles with each line; it is refused here, before anyone plans it.
#[derive(Default)]
struct Frame {
    names: HashMap<String, u64>,
    pending: VecDeque<(String, *const Query)>,
    weight: u64,
}

struct Shape<'a> {
    limits: &'a Limits,
    schemas: Schemas,
    frames: Vec<Frame>,
    depth: usize,
    with_depth: usize,
    tables: BTreeSet<DatasetName>,
    system: BTreeSet<SystemTable>,
    lists: bool,
    lookups: Vec<lookup::Call>,
    parameters: usize,
}

type Flow = ControlFlow<Box<QueryError>>;

fn refuse(what: &'static str) -> Flow {
    ControlFlow::Break(Box::new(QueryError::Unsupported { what, position: None }))
}

fn too_complex(reason: &'static str) -> Flow {
    ControlFlow::Break(Box::new(QueryError::TooComplex { reason }))
}

const GO_ON: Flow = ControlFlow::Continue(());

impl Shape<'_> {
    fn add_weight(&mut self, weight: u64) -> Flow {
        let allowed =
            UNFOLDED_PER_LEVEL.saturating_mul(u64::try_from(self.limits.nesting_max).unwrap_or(u64::MAX));
        let Some(frame) = self.frames.last_mut() else { return too_complex("it nests too deeply") };
        frame.weight = frame.weight.saturating_add(weight);
        if frame.weight > allowed {
            too_complex("it unfolds to too many tables and subqueries")
        } else {
            GO_ON
        }
    }

    fn weight_of(&self, name: &str) -> Option<u64> {
        self.frames.iter().rev().find_map(|frame| frame.names.get(name).copied())
    }
}

impl Visitor for Shape<'_> {
    type Break = Box<QueryError>;

    fn pre_visit_statement(&mut self, _statement: &Statement) -> Flow {
        ControlFlow::Break(Box::new(QueryError::NotAllowed {
            reason: "a statement inside the query was found",
        }))
    }

    fn pre_visit_query(&mut self, query: &Query) -> Flow {
        check_query(query)?;
        let mut frame = Frame::default();
        if let Some(with) = &query.with {
            self.with_depth += 1;
            if self.with_depth > WITH_DEPTH_MAX {
                return too_complex("WITH nests too deeply");
            }
            for table in &with.cte_tables {
                let name = normalised(&table.alias.name);
                // DataFusion finds a WITH query by the whole text of a name, so that `"system.runs"` stands before
                // `system.runs`; here it would weigh nothing.
                if name.contains('.') {
                    return refuse("a WITH name with a dot");
                }
                frame.pending.push_back((name, std::ptr::from_ref::<Query>(&table.query)));
            }
        }
        self.frames.push(frame);
        if self.frames.len() > self.limits.nesting_max.saturating_add(1) {
            return too_complex("it nests too deeply");
        }
        GO_ON
    }

    fn post_visit_query(&mut self, query: &Query) -> Flow {
        if query.with.is_some() {
            self.with_depth = self.with_depth.saturating_sub(1);
        }
        let weight = self.frames.pop().map_or(0, |frame| frame.weight);
        let Some(outer) = self.frames.last_mut() else { return GO_ON };
        match outer.pending.front() {
            // A WITH query: it weighs where it is named, and it can be named from here on.
            Some((_, here)) if std::ptr::eq(*here, query) => {
                if let Some((name, _)) = outer.pending.pop_front() {
                    outer.names.insert(name, weight);
                }
                GO_ON
            }
            _ => self.add_weight(weight),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> Flow {
        check_select(select)?;
        self.add_weight(1)
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Flow {
        self.add_weight(1)?;
        check_table_factor(factor)
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> Flow {
        let name = match relation_of(relation, self.schemas) {
            Some(Relation::Bare(name)) => match self.weight_of(&name) {
                Some(weight) => return self.add_weight(weight),
                None => name,
            },
            Some(Relation::Qualified(name)) => name,
            Some(Relation::Information) => {
                self.lists = true;
                return GO_ON;
            }
            Some(Relation::System(table)) => {
                self.system.insert(table);
                return GO_ON;
            }
            None => return ControlFlow::Break(Box::new(unknown_table(relation))),
        };
        match name.parse() {
            Ok(dataset) => {
                self.tables.insert(dataset);
                GO_ON
            }
            Err(_) => ControlFlow::Break(Box::new(unknown_table(relation))),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Flow {
        check_expr(expr)?;
        if let Expr::Value(value) = expr
            && let Value::Placeholder(name) = &value.value
        {
            match parameter::place(name) {
                Some(place) => self.parameters = self.parameters.max(place.saturating_add(1)),
                None => return refuse("parameters other than `$1`, `$2` and so on"),
            }
        }
        if let Expr::Function(call) = expr
            && lookup::is_lookup(call)
        {
            match lookup::read(call) {
                Ok(found) => self.lookups.push(found),
                Err(error) => return ControlFlow::Break(Box::new(error)),
            }
        }
        self.depth += 1;
        if self.depth > self.limits.nesting_max.saturating_mul(CHAIN_PER_LEVEL) {
            return too_complex("an expression is too long");
        }
        GO_ON
    }

    fn post_visit_expr(&mut self, _expr: &Expr) -> Flow {
        self.depth = self.depth.saturating_sub(1);
        GO_ON
    }
}

/// Refuses what would be planned at a cost, or what has a better answer than "not found".
fn check_expr(expr: &Expr) -> Flow {
    match expr {
        // Also where CUBE is no key of its own: planners differ in what they unfold.
        Expr::Cube(_) => refuse(grouping::CUBE),
        Expr::Function(call) => match call.name.0.last().and_then(|part| part.as_ident()) {
            Some(name) => functions::instead_of(&normalised(name)).map_or(GO_ON, refuse),
            None => GO_ON,
        },
        _ => GO_ON,
    }
}

fn check_query(query: &Query) -> Flow {
    if query.with.as_ref().is_some_and(|with| with.recursive) {
        return refuse("WITH RECURSIVE");
    }
    if !query.locks.is_empty() {
        return refuse("FOR UPDATE and FOR SHARE");
    }
    if query.for_clause.is_some() || query.settings.is_some() || query.format_clause.is_some() {
        return refuse("FOR, SETTINGS and FORMAT clauses");
    }
    if !query.pipe_operators.is_empty() {
        return refuse("pipe operators");
    }
    if query.fetch.as_ref().is_some_and(|fetch| fetch.with_ties || fetch.percent) {
        return refuse("FETCH with PERCENT or WITH TIES");
    }
    if let Some(LimitClause::LimitOffset { limit_by, .. }) = &query.limit_clause
        && !limit_by.is_empty()
    {
        return refuse("LIMIT BY");
    }
    check_body(&query.body)
}

/// Walks a chain of set operations without recursion: it may be long.
fn check_body(body: &SetExpr) -> Flow {
    let mut rest = vec![body];
    while let Some(part) = rest.pop() {
        match part {
            // Visited on their own.
            SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => {}
            SetExpr::SetOperation { left, right, .. } => rest.extend([left.as_ref(), right.as_ref()]),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                return ControlFlow::Break(Box::new(QueryError::NotAllowed {
                    reason: "a change of data was found",
                }));
            }
            SetExpr::Table(_) => return refuse("the TABLE command"),
        }
    }
    GO_ON
}

fn check_select(select: &Select) -> Flow {
    if select.into.is_some() {
        return ControlFlow::Break(Box::new(QueryError::NotAllowed { reason: "SELECT INTO was found" }));
    }
    let foreign = select.top.is_some()
        || select.select_modifiers.is_some()
        || !select.optimizer_hints.is_empty()
        || select.exclude.is_some()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty()
        || select.value_table_mode.is_some()
        || !matches!(select.flavor, SelectFlavor::Standard);
    if foreign {
        return refuse("a clause of another SQL dialect");
    }
    grouping::check(&select.group_by).map_or_else(|error| ControlFlow::Break(Box::new(error)), |()| GO_ON)
}

fn check_table_factor(factor: &TableFactor) -> Flow {
    match factor {
        TableFactor::Table {
            name: _,
            alias: _,
            args,
            with_hints,
            version,
            with_ordinality,
            partitions,
            json_path,
            sample,
            index_hints,
        } => {
            if args.is_some() {
                return refuse("functions in FROM");
            }
            if version.is_some() {
                return refuse("versions of a table");
            }
            if sample.is_some() {
                return refuse("TABLESAMPLE");
            }
            let decorated = !with_hints.is_empty()
                || *with_ordinality
                || !partitions.is_empty()
                || json_path.is_some()
                || !index_hints.is_empty();
            if decorated { refuse("hints and paths on a table") } else { GO_ON }
        }
        TableFactor::Derived { sample: Some(_), .. } => refuse("TABLESAMPLE"),
        TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => GO_ON,
        _ => refuse("functions, UNNEST, PIVOT and the like in FROM"),
    }
}
