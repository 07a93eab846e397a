//! The digest of a plan.

use std::collections::{BTreeSet, HashMap};

use arrow::datatypes::DataType;
use datafusion::common::Result as DataFusionResult;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr, LogicalPlan, WindowFrame, WindowFrameBound};
use sha2::{Digest as _, Sha256};

/// What a plan's digest begins with.
const LABEL: &[u8] = b"membrane-plan/1\0";

/// Returns the digest of a plan, as hexadecimal digits.
pub(crate) fn plan_digest(plan: &LogicalPlan) -> DataFusionResult<String> {
    let mut known = BTreeSet::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            known.extend(scan.source.schema().fields().iter().map(|field| field.name().clone()));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    let mut shape = Shape { known, names: HashMap::new(), hash: Sha256::new_with_prefix(LABEL) };
    shape.plan(plan)?;
    Ok(hex::encode(shape.hash.finalize()))
}

/// The shape of a plan, as far as it was walked.
struct Shape {
    /// The columns of its tables: the only names of columns that say nothing of a value.
    known: BTreeSet<String>,
    /// Names that somebody may have given, by the order in which they came.
    names: HashMap<String, usize>,
    hash: Sha256,
}

impl Shape {
    fn word(&mut self, word: &str) {
        self.hash.update(word);
        self.hash.update([0]);
    }

    /// PRIVACY: a name may be a value; which place it has among the names of the statement is none.
    fn name(&mut self, name: &str) {
        let next = self.names.len();
        let number = *self.names.entry(name.to_owned()).or_insert(next);
        self.word(&format!("#{number}"));
    }

    fn plan(&mut self, plan: &LogicalPlan) -> DataFusionResult<()> {
        self.word("(");
        match plan {
            LogicalPlan::TableScan(scan) => {
                let name = scan.table_name.to_string();
                self.word("scan");
                self.word(&name);
                self.name(&name);
            }
            LogicalPlan::SubqueryAlias(alias) => {
                self.word("alias");
                self.name(&alias.alias.to_string());
            }
            LogicalPlan::Sort(sort) => {
                self.word("sort");
                self.orders(&sort.expr);
            }
            LogicalPlan::Join(join) => self.word(&format!("{} join", join.join_type)),
            LogicalPlan::Projection(_) => self.word("projection"),
            LogicalPlan::Filter(_) => self.word("filter"),
            LogicalPlan::Window(_) => self.word("window"),
            LogicalPlan::Aggregate(_) => self.word("aggregate"),
            LogicalPlan::Limit(_) => self.word("limit"),
            LogicalPlan::Union(_) => self.word("union"),
            LogicalPlan::Distinct(_) => self.word("distinct"),
            LogicalPlan::Unnest(_) => self.word("unnest"),
            LogicalPlan::Values(_) => self.word("values"),
            LogicalPlan::Subquery(_) => self.word("subquery"),
            LogicalPlan::EmptyRelation(_) => self.word("empty"),
            _ => self.word("other"),
        }
        for expression in plan.expressions() {
            self.expression(&expression)?;
        }
        for input in plan.inputs() {
            self.plan(input)?;
        }
        self.word(")");
        Ok(())
    }

    fn orders(&mut self, orders: &[Sort]) {
        for order in orders {
            self.word(if order.asc { "ascending" } else { "descending" });
            self.word(if order.nulls_first { "nulls first" } else { "nulls last" });
        }
    }

    fn frame(&mut self, frame: &WindowFrame) {
        self.word(&frame.units.to_string());
        for bound in [&frame.start_bound, &frame.end_bound] {
            let side = match bound {
                WindowFrameBound::Preceding(_) => "preceding",
                WindowFrameBound::CurrentRow => "current row",
                WindowFrameBound::Following(_) => "following",
            };
            self.word(side);
            self.word(if bound.is_unbounded() { "unbounded" } else { "bounded" });
        }
    }

    fn expression(&mut self, expression: &Expr) -> DataFusionResult<()> {
        self.word("[");
        match expression {
            Expr::Column(column) => {
                let name = column.name().to_owned();
                if let Some(relation) = &column.relation {
                    self.name(&relation.to_string());
                }
                if self.known.contains(&name) {
                    self.word("column");
                    self.word(&name);
                } else {
                    self.word("made");
                    self.name(&name);
                }
            }
            Expr::Alias(alias) => {
                self.word("alias");
                self.name(&alias.name);
            }
            Expr::Literal(value, _) => self.word(&format!("literal {}", kind_of(&value.data_type()))),
            Expr::Cast(cast) => self.word(&format!("cast {}", kind_of(cast.field.data_type()))),
            Expr::TryCast(cast) => self.word(&format!("try cast {}", kind_of(cast.field.data_type()))),
            Expr::BinaryExpr(binary) => self.word(&format!("operator {}", binary.op)),
            Expr::ScalarFunction(call) => self.word(&format!("function {}", call.name())),
            Expr::AggregateFunction(call) => {
                let distinct = if call.params.distinct { " distinct" } else { "" };
                self.word(&format!("aggregate {}{distinct}", call.func.name()));
                self.word(if call.params.filter.is_some() { "filtered" } else { "all" });
                self.orders(&call.params.order_by);
            }
            Expr::WindowFunction(call) => {
                let parts = &call.params;
                self.word(&format!("window {}", call.fun.name()));
                // How many of its expressions are which.
                self.word(&format!("{} {}", parts.args.len(), parts.partition_by.len()));
                self.orders(&parts.order_by);
                self.frame(&parts.window_frame);
            }
            Expr::ScalarSubquery(query) => {
                self.word("scalar subquery");
                self.plan(&query.subquery)?;
            }
            Expr::Exists(exists) => {
                self.word(if exists.negated { "not exists" } else { "exists" });
                self.plan(&exists.subquery.subquery)?;
            }
            Expr::InSubquery(within) => {
                self.word(if within.negated { "not in" } else { "in" });
                self.plan(&within.subquery.subquery)?;
            }
            Expr::InList(within) => self.word(if within.negated { "not in list" } else { "in list" }),
            Expr::Between(between) => self.word(if between.negated { "not between" } else { "between" }),
            Expr::Like(like) => {
                self.word(if like.negated { "not like" } else { "like" });
                self.word(if like.case_insensitive { "in any case" } else { "as written" });
            }
            other => self.word(other.variant_name()),
        }
        expression.apply_children(|child| {
            self.expression(child)?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        self.word("]");
        Ok(())
    }
}

/// Names a type. PRIVACY: fields and zones of types have names that somebody may have typed.
fn kind_of(data_type: &DataType) -> String {
    match data_type {
        DataType::Timestamp(unit, zone) => {
            format!("timestamp {unit:?} {}", if zone.is_some() { "in a zone" } else { "local" })
        }
        nested if nested.is_nested() => "nested".to_owned(),
        plain => plain.to_string(),
    }
}
