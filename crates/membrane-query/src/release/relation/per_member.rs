//! `GROUP BY member`, and `SELECT DISTINCT member, ..`: what is made of the rows of each member alone.

use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate as AggregateNode, Expr};

use super::{Draft, Reader, made_column, without_alias};
use crate::QueryError;
use crate::release::aggregate::{filtered, is_everything, valued};
use crate::release::question::{Block, ColumnRef, Fold, PerMember, Scalar, Table, TypeOf};
use crate::release::refusal::{refuse, refuse_named};
use crate::release::scalar::{Entry, Env, read};

/// Groups of one member: those that rank lowest by a keyed hash are kept.
pub(in crate::release) const GROUPS_MAX: u32 = 128;
/// Decimals that an average has beyond those of what it is of.
pub(in crate::release) const MEAN_DECIMALS: i8 = 4;
/// Decimals of what is computed of floating-point numbers, so that their order does not matter, and the most of what is
/// computed of decimals, so that there is room for large ones.
pub(in crate::release) const DECIMALS_MAX: i8 = 6;
const KNOWN: &str = "use COUNT(*), COUNT(column), COUNT(DISTINCT column) alone, SUM, AVG, MIN or MAX";

/// What the columns of a GROUP BY are, in its order: the member, or a key.
enum Column {
    Member,
    Key(usize),
}

impl Reader<'_> {
    /// Reads GROUP BY in a subquery.
    pub(super) fn read_aggregate(&mut self, node: &AggregateNode) -> Result<Draft, QueryError> {
        let draft = self.read(&node.input)?;
        if !self.is_about_members(&draft) {
            return Err(refuse(
                "GROUP BY over datasets without subject in a subquery",
                "join the datasets as they are",
            ));
        }
        let env = Env { schema: node.input.schema(), entries: &draft.entries };
        let mut columns = Vec::new();
        let mut keys = Vec::new();
        for expression in &node.group_expr {
            if matches!(without_alias(expression), Expr::GroupingSet(_)) {
                return Err(refuse(
                    "ROLLUP, CUBE or GROUPING SETS of the rows of each member",
                    "put them into the outer GROUP BY",
                ));
            }
            if env.member(expression).is_some() {
                columns.push(Column::Member);
            } else {
                columns.push(Column::Key(keys.len()));
                keys.push(read(expression, &env)?);
            }
        }
        if !columns.iter().any(|column| matches!(column, Column::Member)) {
            return Err(refuse(
                "GROUP BY in a subquery without the member",
                "add the column that tells members apart to GROUP BY, or aggregate once and compute with the answer",
            ));
        }
        check_keys(&keys)?;
        let read = node.aggr_expr.iter().map(|expression| read_fold(expression, &env));
        let read = read.collect::<Result<Vec<Read>, QueryError>>()?;
        if let [Read::Distinct(value)] = read.as_slice() {
            return self.count_distinct(draft, &columns, keys, value.clone());
        }
        let folds = read.into_iter().map(|one| match one {
            Read::Fold(fold) => Ok(fold),
            Read::Distinct(_) => Err(refuse(
                "COUNT(DISTINCT ..) beside other aggregates in a subquery",
                "count in a subquery of its own, and join on the member",
            )),
        });
        let folds = folds.collect::<Result<Vec<Fold>, QueryError>>()?;
        self.group(draft, &columns, keys, folds)
    }

    /// Reads `SELECT DISTINCT member, ..`.
    pub(super) fn distinct(&mut self, draft: &Draft) -> Result<Draft, QueryError> {
        if !self.is_about_members(draft) || draft.entries.iter().all(|entry| entry.member.is_none()) {
            return Err(refuse(
                "DISTINCT without the member",
                "select the column that tells members apart too, or GROUP BY",
            ));
        }
        let mut keys = Vec::new();
        let mut columns = Vec::new();
        for entry in &draft.entries {
            if entry.member.is_some() {
                columns.push(Column::Member);
            } else {
                columns.push(Column::Key(keys.len()));
                keys.push(entry.scalar.clone());
            }
        }
        check_keys(&keys)?;
        self.group(draft.clone(), &columns, keys, Vec::new())
    }

    /// Counts the distinct values of each member: groups of them first, then the groups.
    fn count_distinct(
        &mut self,
        draft: Draft,
        columns: &[Column],
        keys: Vec<Scalar>,
        value: Scalar,
    ) -> Result<Draft, QueryError> {
        let width = keys.len();
        check_keys(std::slice::from_ref(&value))?;
        let inner_columns: Vec<Column> =
            [Column::Member].into_iter().chain((0..=width).map(Column::Key)).collect();
        let inner_keys: Vec<Scalar> = keys.into_iter().chain([value]).collect();
        let inner = self.group(draft, &inner_columns, inner_keys, Vec::new())?;
        let scalar = |index: usize| inner.entries.get(index + 1).map(|entry| entry.scalar.clone());
        let counted = scalar(width).ok_or(QueryError::Failed)?;
        let keys = (0..width).map(|index| scalar(index).ok_or(QueryError::Failed));
        let keys = keys.collect::<Result<Vec<Scalar>, QueryError>>()?;
        self.group(inner, columns, keys, vec![Fold::NonNull(counted)])
    }

    /// Makes the table of the groups of each member.
    fn group(
        &mut self,
        mut draft: Draft,
        columns: &[Column],
        keys: Vec<Scalar>,
        folds: Vec<Fold>,
    ) -> Result<Draft, QueryError> {
        // Closing renames what expressions read: they go through it as entries.
        let arguments = folds.iter().filter_map(Fold::argument).cloned();
        let width = keys.len();
        let passed = keys.into_iter().chain(arguments).map(|scalar| Entry { scalar, member: None });
        draft.entries = passed.collect();
        let closed = self.close(draft)?;
        let mut scalars = closed.entries.into_iter().map(|entry| entry.scalar);
        let keys: Vec<Scalar> = scalars.by_ref().take(width).collect();
        let folds: Vec<Fold> = folds
            .into_iter()
            .map(|fold| match fold.argument() {
                None => Ok(fold),
                Some(_) => {
                    scalars.next().map(|scalar| with_argument(&fold, scalar)).ok_or(QueryError::Failed)
                }
            })
            .collect::<Result<_, QueryError>>()?;
        let outputs: Vec<(TypeOf, bool)> = keys
            .iter()
            .map(|key| (key.logical(), key.is_required()))
            .chain(folds.iter().map(fold_type))
            .collect();
        self.add_per_member(closed.block, keys, folds, columns, &outputs)
    }

    fn add_per_member(
        &mut self,
        block: Block,
        keys: Vec<Scalar>,
        folds: Vec<Fold>,
        columns: &[Column],
        outputs: &[(TypeOf, bool)],
    ) -> Result<Draft, QueryError> {
        let width = keys.len();
        // Without keys each member has one group.
        let groups_max = if keys.is_empty() { 1 } else { GROUPS_MAX };
        let table = self.add(Table::PerMember(PerMember { block, keys, folds, groups_max }))?;
        let column = |index: usize| {
            let (logical, required) = outputs.get(index).copied().ok_or(QueryError::Failed)?;
            let column = ColumnRef { table, column: made_column(index)?, logical, required };
            Ok::<_, QueryError>(Entry { scalar: Scalar::Column(column), member: None })
        };
        let grouped = columns.iter().map(|one| match one {
            Column::Member => Ok(Entry { scalar: Scalar::Member(table), member: Some(table) }),
            Column::Key(index) => column(*index),
        });
        let folded = (width..outputs.len()).map(column);
        let entries = grouped.chain(folded).collect::<Result<Vec<Entry>, QueryError>>()?;
        Ok(Draft { tables: vec![table], entries, ..Draft::default() })
    }
}

/// One aggregate of a subquery.
enum Read {
    Fold(Fold),
    Distinct(Scalar),
}

fn read_fold(expression: &Expr, env: &Env<'_>) -> Result<Read, QueryError> {
    let Expr::AggregateFunction(AggregateFunction { func, params }) = without_alias(expression) else {
        return Err(refuse("this aggregate in a subquery", KNOWN));
    };
    if !params.order_by.is_empty() || params.null_treatment.is_some() {
        return Err(refuse("an aggregate with ORDER BY or a treatment of NULL", KNOWN));
    }
    let [argument] = params.args.as_slice() else {
        return Err(refuse_named("aggregate in a subquery", func.name(), KNOWN));
    };
    if func.name() == "count" && !params.distinct && is_everything(argument)? {
        return Ok(Read::Fold(match filtered(Scalar::truth(true), params.filter.as_deref(), env)? {
            Scalar::Constant(..) => Fold::Rows,
            condition => Fold::NonNull(condition),
        }));
    }
    if env.member(argument).is_some() {
        return Err(refuse(
            "an aggregate of the member in a subquery",
            "count rows: there is one member in each group",
        ));
    }
    let value = filtered(valued(argument, env)?, params.filter.as_deref(), env)?;
    let logical = value.logical();
    let ordered = !matches!(logical, TypeOf::Text | TypeOf::Boolean);
    Ok(Read::Fold(match (func.name(), params.distinct) {
        ("count", true) => return Ok(Read::Distinct(value)),
        ("count", false) => Fold::NonNull(value),
        ("sum", false) if logical.is_numeric() => Fold::Sum(value),
        ("avg", false) if logical.is_numeric() => Fold::Mean(value),
        ("min", _) if ordered => Fold::Least(value),
        ("max", _) if ordered => Fold::Greatest(value),
        (name, _) => return Err(refuse_named("aggregate in a subquery", name, KNOWN)),
    }))
}

fn with_argument(fold: &Fold, argument: Scalar) -> Fold {
    match fold {
        Fold::Rows => Fold::Rows,
        Fold::NonNull(_) => Fold::NonNull(argument),
        Fold::Sum(_) => Fold::Sum(argument),
        Fold::Mean(_) => Fold::Mean(argument),
        Fold::Least(_) => Fold::Least(argument),
        Fold::Greatest(_) => Fold::Greatest(argument),
    }
}

/// Returns the type of what is computed, and whether every group has a value.
pub(in crate::release) fn fold_type(fold: &Fold) -> (TypeOf, bool) {
    let logical = fold.argument().map_or(TypeOf::Integer, Scalar::logical);
    let exact = match logical {
        TypeOf::Number => TypeOf::Decimal(38, DECIMALS_MAX),
        TypeOf::Decimal(_, scale) => TypeOf::Decimal(38, scale.min(DECIMALS_MAX)),
        other => other,
    };
    let required = fold.argument().is_none_or(Scalar::is_required);
    match fold {
        Fold::Rows | Fold::NonNull(_) => (TypeOf::Integer, true),
        Fold::Sum(_) => (exact, required),
        Fold::Mean(_) => {
            let scale = match exact {
                TypeOf::Decimal(_, scale) => scale,
                _ => 0,
            };
            (TypeOf::Decimal(38, scale.saturating_add(MEAN_DECIMALS)), required)
        }
        Fold::Least(_) | Fold::Greatest(_) => (exact, required),
    }
}

fn check_keys(keys: &[Scalar]) -> Result<(), QueryError> {
    if keys.iter().any(|key| key.logical() == TypeOf::Number) {
        return Err(refuse("a key that is a floating-point number", "round it, or CAST it to a decimal"));
    }
    Ok(())
}
