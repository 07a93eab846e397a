use crate::release::fixture::ask;
use crate::release::question::{Aggregate, Key, Question, Shows};

/// A question in one line: outputs <- keys | aggregates | conditions | joins.
fn render(question: &Question) -> String {
    let key = |key: &Key| match key {
        Key::Column(column) => column.column.to_string(),
        Key::Truncate(unit, column) => format!("{unit:?}({})", column.column),
        Key::Part(part, column) => format!("{part:?}({})", column.column),
    };
    let aggregate = |aggregate: &Aggregate| match aggregate {
        Aggregate::Rows => "rows".to_owned(),
        Aggregate::Members => "members".to_owned(),
        Aggregate::NonNull(column) => format!("nonnull({})", column.column),
        Aggregate::Sum(column) => format!("sum({})", column.column),
        Aggregate::MeanSum(column) => format!("meansum({})", column.column),
    };
    let output = |output: &crate::release::question::Output| match output.shows {
        Shows::Key(index) => format!("{}=k{index}", output.name),
        Shows::Aggregate(index) => format!("{}=a{index}", output.name),
        Shows::Ratio(sum, count) => format!("{}=a{sum}/a{count}", output.name),
    };
    let list = |items: Vec<String>| items.join(" ");
    format!(
        "{} <- {} | {} | {} | {}",
        list(question.outputs.iter().map(output).collect()),
        list(question.keys.iter().map(key).collect()),
        list(question.aggregates.iter().map(aggregate).collect()),
        question.conditions.len(),
        question.joins.len(),
    )
}

async fn check(sql: &str, expected: &str) {
    let found = match ask(sql).await {
        Ok(question) => render(&question),
        Err(error) => format!("{}: {error}", error.code()),
    };
    assert_eq!(found, expected, "{sql}");
}

#[tokio::test]
async fn what_can_be_bounded_is_read() {
    for (sql, expected) in [
        ("SELECT COUNT(*) FROM lines", "count=a0 <-  | rows | 0 | 0"),
        ("SELECT COUNT(*) AS n, COUNT(1) AS m FROM lines", "n=a0 m=a0 <-  | rows | 0 | 0"),
        ("SELECT region, COUNT(*) FROM lines GROUP BY region", "region=k0 count=a0 <- region | rows | 0 | 0"),
        (
            "SELECT COUNT(DISTINCT member_no) AS people, SUM(amount), AVG(amount) FROM lines AS l WHERE l.region = 'SH'",
            "people=a0 sum_amount=a1 avg_amount=a2/a3 <-  | members sum(amount) meansum(amount) nonnull(amount) | 1 | 0",
        ),
        (
            "SELECT COUNT(quantity), COUNT(amount) FROM lines",
            "count=a0 count_amount=a1 <-  | rows nonnull(amount) | 0 | 0",
        ),
        ("SELECT AVG(quantity) AS q FROM lines", "q=a0/a1 <-  | meansum(quantity) rows | 0 | 0"),
        (
            "SELECT date_trunc('month', ordered_at) AS m, EXTRACT(hour FROM ordered_at) AS h, COUNT(*) AS n FROM lines GROUP BY 1, 2",
            "m=k0 h=k1 n=a0 <- Month(ordered_at) Hour(ordered_at) | rows | 0 | 0",
        ),
        (
            "SELECT date_part('dow', ordered_on), COUNT(*) FROM lines GROUP BY date_part('dow', ordered_on)",
            "ordered_on_dow=k0 count=a0 <- DayOfWeek(ordered_on) | rows | 0 | 0",
        ),
        (
            "SELECT p.brand, SUM(l.amount) AS s FROM lines l JOIN products p ON l.product_id = p.product_id GROUP BY p.brand ORDER BY s DESC LIMIT 5",
            "brand=k0 s=a0 <- brand | sum(amount) | 0 | 1",
        ),
        (
            "SELECT kind, SUM(price) AS s FROM products JOIN lines USING (product_id) GROUP BY kind",
            "kind=k0 s=a0 <- kind | sum(price) | 0 | 1",
        ),
        (
            "SELECT COUNT(*) FROM lines WHERE region IN ('SH', 'BJ') AND (gift OR amount BETWEEN 1 AND 12.5) AND NOT month LIKE '2026-%' AND month IS NOT NULL",
            "count=a0 <-  | rows | 4 | 0",
        ),
        (
            "SELECT COUNT(*) FROM lines WHERE ordered_at >= '2026-01-01' AND ordered_at < TIMESTAMP '2026-02-01 00:00:00' AND ordered_on > DATE '2026-01-01'",
            "count=a0 <-  | rows | 3 | 0",
        ),
        ("SELECT COUNT(*) FROM lines GROUP BY store_id", "count=a0 <- store_id | rows | 0 | 0"),
        (
            "SELECT COUNT(*) FROM lines l JOIN products p ON l.product_id = p.product_id JOIN products q ON q.product_id = p.product_id",
            "count=a0 <-  | rows | 0 | 2",
        ),
        (
            "SELECT COUNT(*) FROM stock s JOIN lines l ON l.store_id = s.store_id AND l.product_id = s.product_id",
            "count=a0 <-  | rows | 0 | 1",
        ),
        (
            "SELECT SUM(amount), SUM(amount) AS again FROM lines",
            "sum_amount=a0 again=a0 <-  | sum(amount) | 0 | 0",
        ),
    ] {
        check(sql, expected).await;
    }
}

#[tokio::test]
async fn what_cannot_be_bounded_is_refused_by_name() {
    let total = "WHERE may compare columns with constants and combine that with AND, OR, NOT, IN, BETWEEN, LIKE and IS NULL";
    let known = "use COUNT(*), COUNT(column), COUNT(DISTINCT member), SUM(column) or AVG(column)";
    let join = "write INNER JOIN dataset ON a.column = b.column";
    let many = |key: &str| {
        format!(
            "a join that could match many rows, of a dataset whose key is another: `{key}`: join each dataset without subject on the columns in brackets, a unique column or the whole primary key"
        )
    };
    for (sql, expected) in [
        ("SELECT region FROM lines", "rows: select aggregates: COUNT(*), COUNT(column), COUNT(DISTINCT member), SUM, AVG".to_owned()),
        ("SELECT region FROM lines GROUP BY region", "a list of keys alone: ask for at least one aggregate, such as COUNT(*)".to_owned()),
        ("SELECT DISTINCT region FROM lines", "DISTINCT: write GROUP BY, with an aggregate".to_owned()),
        ("SELECT COUNT(*) + 1 FROM lines", "an expression in the SELECT list that is neither a key nor an aggregate: select keys and aggregates, and compute with the answer".to_owned()),
        ("SELECT SUM(amount) / COUNT(*) FROM lines", "an expression in the SELECT list that is neither a key nor an aggregate: select keys and aggregates, and compute with the answer".to_owned()),
        ("SELECT region, COUNT(*) FROM lines GROUP BY region HAVING COUNT(*) > 5", "HAVING: filter the answer: it is yours".to_owned()),
        ("SELECT MAX(amount) FROM lines", format!("aggregate `max`: {known}")),
        ("SELECT median(amount) FROM lines", format!("aggregate `median`: {known}")),
        ("SELECT COUNT(DISTINCT region) FROM lines", "COUNT(DISTINCT ..) of something other than the member: count the column that identifies the member, or group by the column and count the groups".to_owned()),
        ("SELECT SUM(DISTINCT amount) FROM lines", format!("an aggregate of DISTINCT values: {known}")),
        ("SELECT SUM(quantity * 2) FROM lines", "SUM or AVG of an expression: sum a column as it is".to_owned()),
        ("SELECT COUNT(*) FILTER (WHERE gift) FROM lines", "an aggregate with FILTER: put the condition into WHERE".to_owned()),
        ("SELECT COUNT(NULL) FROM lines", "COUNT(NULL): write COUNT(*)".to_owned()),
        ("SELECT COUNT(*) FROM lines WHERE 1/quantity > 0", format!("arithmetic in WHERE: {total}")),
        ("SELECT COUNT(*) FROM lines WHERE CAST(month AS INT) > 0", format!("a cast of a column: {total}")),
        ("SELECT COUNT(*) FROM lines WHERE upper(region) = 'SH'", format!("a function of a column in WHERE: {total}")),
        ("SELECT COUNT(*) FROM lines WHERE CASE WHEN gift THEN true ELSE false END", format!("CASE: {total}")),
        ("SELECT COUNT(*) FROM lines WHERE month = NULL", "a comparison with NULL: write IS NULL or IS NOT NULL".to_owned()),
        ("SELECT COUNT(*) FROM lines WHERE amount > 0.005", "a comparison of a column with a constant that is not exactly of its type: write the constant in the column's own type and precision".to_owned()),
        ("SELECT COUNT(*) FROM lines WHERE region = 5", "a comparison of a column with a constant that is not exactly of its type: write the constant in the column's own type and precision".to_owned()),
        ("SELECT COUNT(*) FROM lines WHERE member_no = 'M00000001'", "the member's own column `member_no`: it can be counted, as COUNT(DISTINCT column), and nothing else".to_owned()),
        ("SELECT COUNT(member_no) FROM lines", "the member's own column `member_no`: it can be counted, as COUNT(DISTINCT column), and nothing else".to_owned()),
        ("SELECT member_no, COUNT(*) FROM lines GROUP BY member_no", "the member's own column `member_no`: it can be counted, as COUNT(DISTINCT column), and nothing else".to_owned()),
        ("SELECT COUNT(*) FROM lines WHERE product_id IN (SELECT product_id FROM products)", "a subquery: join a dataset without subject, or filter with constants".to_owned()),
        ("SELECT COUNT(*) FROM lines WHERE EXISTS (SELECT 1 FROM visits)", "a subquery: join a dataset without subject, or filter with constants".to_owned()),
        ("WITH x AS (SELECT * FROM lines) SELECT COUNT(*) FROM x", "WITH or a subquery: write one SELECT over datasets".to_owned()),
        ("SELECT COUNT(*) FROM (SELECT region FROM lines) x", "WITH or a subquery: write one SELECT over datasets".to_owned()),
        ("SELECT COUNT(*) FROM lines UNION ALL SELECT COUNT(*) FROM lines", "UNION: ask one release for each part".to_owned()),
        ("SELECT COUNT(*) OVER () FROM lines", "a window function: write GROUP BY, with aggregates".to_owned()),
        ("SELECT COUNT(*) FROM products", "a statement about no dataset with a subject: nothing in it needs noise: ask it as a query".to_owned()),
        ("SELECT COUNT(*) FROM lines JOIN visits ON lines.store_id = visits.store_id", "a join of two datasets with subjects: join one dataset about members with datasets that have no subject".to_owned()),
        ("SELECT COUNT(*) FROM lines a JOIN lines b ON a.store_id = b.store_id", "a join of two datasets with subjects: join one dataset about members with datasets that have no subject".to_owned()),
        ("SELECT COUNT(*) FROM lines LEFT JOIN products USING (product_id)", format!("a join that is not an inner join: {join}")),
        ("SELECT COUNT(*) FROM lines CROSS JOIN products", format!("a join without ON: {join}")),
        ("SELECT COUNT(*) FROM lines l JOIN products p ON l.product_id = p.product_id OR true", "a join condition other than equality: put other conditions into WHERE".to_owned()),
        ("SELECT COUNT(*) FROM lines l JOIN products p ON l.product_id = upper(p.product_id)", format!("a join on something other than two columns of one type: {join}")),
        ("SELECT COUNT(*) FROM lines l JOIN products p ON l.quantity = p.price", format!("a join on something other than two columns of one type: {join}")),
        ("SELECT COUNT(*) FROM lines l JOIN products p ON l.product_id = p.product_id JOIN products q ON q.kind = p.kind", many("products (product_id)")),
        ("SELECT COUNT(*) FROM lines l JOIN products p ON l.region = p.kind", many("products (product_id)")),
        ("SELECT COUNT(*) FROM products p JOIN products q ON q.product_id = p.product_id JOIN lines l ON l.region = q.kind", many("products (product_id)")),
        ("SELECT COUNT(*) FROM lines l JOIN stock s ON l.product_id = s.product_id", many("stock (product_id, store_id)")),
        ("SELECT COUNT(*) FROM lines l JOIN weather w ON l.store_id = w.store_id", "a join with a dataset that has no key which you may use: `weather`: its contract must name a unique column or a primary key, or one line could match many rows".to_owned()),
        ("SELECT region, COUNT(*) FROM lines GROUP BY ROLLUP (region)", "ROLLUP, CUBE or GROUPING SETS: ask one release for each level".to_owned()),
        ("SELECT weight, COUNT(*) FROM lines GROUP BY weight", "a key that is a floating-point column `weight`: group by columns, or by date_trunc or date_part of a timestamp or date; bands belong into the contract".to_owned()),
        ("SELECT upper(region), COUNT(*) FROM lines GROUP BY upper(region)", "a key made by function `upper`: group by columns, or by date_trunc or date_part of a timestamp or date; bands belong into the contract".to_owned()),
        ("SELECT date_trunc('minute', ordered_at), COUNT(*) FROM lines GROUP BY 1", "this unit of date_trunc: year, quarter, month, week, day or hour".to_owned()),
        ("SELECT region, COUNT(*) AS n FROM lines GROUP BY region ORDER BY SUM(amount)", "ORDER BY something that is not selected: order by columns of the SELECT list".to_owned()),
        ("SELECT COUNT(*) AS n, COUNT(amount) AS n_sd FROM lines", "two columns of the answer with one name `n_sd`: give each column a name of its own with AS; `_lo95`, `_hi95` and `_sd` are taken".to_owned()),
        ("VALUES (1)", "a statement without a dataset: name one dataset about members in FROM".to_owned()),
    ] {
        check(sql, &format!("not_bounded: a release cannot have {expected}")).await;
    }
}

#[tokio::test]
async fn what_is_not_shown_in_clear_does_not_exist() {
    for sql in [
        "SELECT COUNT(pay_account) FROM lines",
        "SELECT pay_account, COUNT(*) FROM lines GROUP BY 1",
        "SELECT COUNT(*) FROM lines WHERE pay_account = 'x'",
        "SELECT COUNT(*) FROM lines WHERE nosuch = 1",
    ] {
        let error = ask(sql).await.expect_err("refused");
        assert_eq!(error.code(), "unknown_column", "{sql}");
    }
    assert_eq!(ask("SELECT COUNT(*) FROM nosuch").await.expect_err("refused").code(), "unknown_table");
}

/// A literal of the statement is nowhere in what the asker, the record or a log gets.
#[tokio::test]
async fn refusals_repeat_no_literal() {
    for sql in [
        "SELECT COUNT(*) FROM lines WHERE member_no = '13800138000'",
        "SELECT COUNT(*) FROM lines WHERE region = 13800138000",
        "SELECT COUNT(*) AS \"13800138000\", COUNT(amount) AS \"13800138000_sd\" FROM lines",
        "SELECT COUNT(*) FROM lines WHERE upper('13800138000') = region",
        "SELECT nosuch13800138000 FROM lines",
    ] {
        let error = ask(sql).await.expect_err("refused");
        assert!(!format!("{error} {error:?}").contains("13800138000"), "{sql}: {error}");
    }
}
