use crate::release::fixture::ask;
use crate::release::question::Question;

/// The joins in one line: table[key] on equalities, in order.
fn render(question: &Question) -> String {
    let join = |join: &crate::release::question::Join| {
        let key: Vec<&str> = join.key.iter().map(membrane_model::ColumnName::as_str).collect();
        let side =
            |column: &crate::release::question::ColumnRef| format!("{}.{}", column.table, column.column);
        let on: Vec<String> =
            join.on.iter().map(|(one, other)| format!("{}={}", side(one), side(other))).collect();
        format!("{}[{}] {}", join.table, key.join(","), on.join(" "))
    };
    question.joins.iter().map(join).collect::<Vec<_>>().join("; ")
}

async fn check(from: &str, expected: &str) {
    let found = match ask(&format!("SELECT COUNT(*) FROM {from}")).await {
        Ok(question) => render(&question),
        Err(error) => error.code().to_owned(),
    };
    assert_eq!(found, expected, "{from}");
}

#[tokio::test]
async fn joins_begin_at_the_dataset_about_members() {
    check("lines", "").await;
    check(
        "lines l JOIN products p ON p.product_id = l.product_id",
        "1[product_id] 0.product_id=1.product_id",
    )
    .await;
    check(
        "products p JOIN lines l ON p.product_id = l.product_id",
        "0[product_id] 1.product_id=0.product_id",
    )
    .await;
    // The first table waits until the third is there.
    check(
        "stock s JOIN products p ON p.product_id = s.product_id
         JOIN lines l ON l.product_id = p.product_id AND l.store_id = s.store_id",
        "1[product_id] 2.product_id=1.product_id; \
         0[product_id,store_id] 1.product_id=0.product_id 2.store_id=0.store_id",
    )
    .await;
}

/// What is equal besides the key is a condition like any other.
#[tokio::test]
async fn all_equalities_are_kept() {
    check(
        "lines l JOIN products p ON p.product_id = l.product_id AND p.kind = l.region",
        "1[product_id] 0.product_id=1.product_id 0.region=1.kind",
    )
    .await;
}

#[tokio::test]
async fn a_join_that_could_match_many_rows_is_refused() {
    for from in [
        "lines l JOIN products p ON p.kind = l.region",
        "lines l JOIN stock s ON s.product_id = l.product_id",
        "lines l JOIN stock s ON s.store_id = l.store_id",
        "lines l JOIN weather w ON w.store_id = l.store_id",
        // The attack that a review found: products of the category of the product of a known line.
        "lines l JOIN products a ON a.product_id = l.product_id JOIN products b ON b.kind = a.kind
         JOIN products c ON c.kind = a.kind JOIN products d ON d.kind = a.kind",
        "products p JOIN products q ON q.product_id = p.product_id JOIN lines l ON l.region = p.kind",
    ] {
        check(from, "not_bounded").await;
    }
}
