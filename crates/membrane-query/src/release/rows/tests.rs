use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};

use super::*;
use crate::release::fixture::{ask, lines_table, products_table};

fn planned<const N: usize>(question: &Question, tables: [Arc<dyn TableProvider>; N]) -> LogicalPlan {
    let tables = Tables { tables: &question.tables, providers: tables.map(Some).to_vec() };
    tables.plan(&question.block, &columns_read(question)).expect("a plan")
}

/// Whatever is asked, the plan holds nothing that could fail on a row: no cast, no function, no arithmetic,
/// also not after DataFusion's analyser has made types meet.
#[tokio::test]
async fn plans_compute_nothing_that_could_fail() {
    let tables = [lines_table(&[vec![]]), products_table(&[])];
    let sql = "SELECT region, SUM(amount), COUNT(*) FROM lines JOIN products USING (product_id)
        WHERE amount > 1 AND weight < 2 AND quantity IN (1, 2) AND gift AND month LIKE 'a%' AND brand ILIKE 'B_'
        AND ordered_at >= '2026-01-01' AND ordered_on = '2026-01-01' AND store_id <> region AND NOT price = 0.5
        GROUP BY region";
    let question = ask(sql).await.expect("a question");
    let plan = planned(&question, tables);
    let state =
        crate::session::user_session(Vec::new(), &membrane_model::Limits::default()).expect("a session");
    let analysed = state
        .analyzer()
        .execute_and_check(plan, state.config_options(), |_, _| {})
        .expect("an analysed plan");
    let mut seen = 0;
    analysed
        .apply_with_subqueries(|node| {
            node.apply_expressions(|expression| {
                expression.apply(|part| {
                    seen += 1;
                    let total = matches!(
                        part,
                        Expr::Alias(_)
                            | Expr::Column(_)
                            | Expr::Literal(..)
                            | Expr::BinaryExpr(_)
                            | Expr::InList(_)
                            | Expr::Like(_)
                            | Expr::IsNull(_)
                            | Expr::Not(_)
                    );
                    assert!(total, "{part:?}");
                    if let Expr::BinaryExpr(binary) = part {
                        assert!(
                            binary.op.supports_propagation() || binary.op.is_logic_operator(),
                            "{part:?}"
                        );
                    }
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })
        .expect("a walk");
    assert!(seen > 30, "the walk saw {seen} expressions only");
}

#[tokio::test]
async fn a_table_without_subject_is_read_for_what_the_question_needs() {
    let question = ask(
        "SELECT brand, SUM(price) FROM products JOIN lines USING (product_id) WHERE kind = 'dry' AND gift GROUP BY brand",
    )
    .await
    .expect("a question");
    let columns = |table: usize| -> Vec<String> {
        columns_of(&question, table).iter().map(ToString::to_string).collect()
    };
    assert_eq!(columns(0), ["brand", "kind", "price", "product_id"]);
    assert_eq!(columns(1), ["gift", "product_id"]);
}

#[tokio::test]
async fn columns_are_read_once_and_only_those() {
    let question =
        ask("SELECT store_id, SUM(amount), AVG(amount), COUNT(*) FROM lines WHERE gift GROUP BY store_id")
            .await
            .expect("a question");
    let column = |scalar: &&Scalar| scalar.as_column().map(|column| column.column.to_string());
    let names: Vec<String> = columns_read(&question).iter().filter_map(column).collect();
    assert_eq!(names, ["store_id", "amount"]);
    let plan = planned(&question, [lines_table(&[vec![]])]);
    let fields: Vec<&str> = plan.schema().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(fields, ["_subject", "c0", "c1"]);
}
