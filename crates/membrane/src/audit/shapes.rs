//! The statements of the audit: one for each form that a release may have, over the catalog of this repository.

use crate::flow::ReleaseRequest;

/// What every statement of the audit costs, so that noise is much wider than whole numbers are apart.
pub(super) const EPSILON: f64 = 1.0;
/// What it costs where answers are to show what they lose: of less they show little, or take very many.
pub(super) const EPSILON_SHOWN: f64 = 4.0;

/// A statement.
pub(super) struct Shape {
    pub(super) title: &'static str,
    sql: &'static str,
    /// Whether the noise is asked for that has a pure epsilon, and no delta.
    pure: bool,
    /// Whether a pilot chooses the bounds.
    chosen: bool,
}

const fn shape(title: &'static str, sql: &'static str) -> Shape {
    Shape { title, sql, pure: false, chosen: false }
}

/// The first two are those of which a quick audit draws answers.
pub(super) const SHAPES: &[Shape] = &[
    shape(
        "COUNT and SUM by known keys",
        "SELECT region, COUNT(*) AS n, SUM(amount) AS s FROM pos_orders GROUP BY region",
    ),
    shape(
        "COUNT of members by keys from the data",
        "SELECT store_id, COUNT(DISTINCT member_no) AS members FROM pos_orders GROUP BY store_id",
    ),
    shape("COUNT(*)", "SELECT COUNT(*) AS n FROM pos_orders"),
    Shape { pure: true, ..shape("COUNT(*), pure", "SELECT COUNT(*) AS n FROM pos_orders") },
    shape("SUM of integers", "SELECT SUM(items) AS s FROM pos_orders"),
    shape("SUM of decimals", "SELECT SUM(amount) AS s FROM pos_orders"),
    shape("AVG", "SELECT region, AVG(amount) AS m FROM pos_orders GROUP BY region"),
    shape("VAR and STDDEV", "SELECT VAR_POP(amount) AS v, STDDEV(amount) AS d FROM pos_orders"),
    shape("quantiles", "SELECT MEDIAN(amount) AS m, MAX(amount) AS top FROM pos_orders"),
    shape(
        "COUNT(DISTINCT column)",
        "SELECT region, COUNT(DISTINCT store_id) AS stores FROM pos_orders GROUP BY region",
    ),
    shape(
        "two keys, known and from the data",
        "SELECT channel, store_id, COUNT(*) AS n, SUM(items) AS s FROM pos_orders GROUP BY channel, store_id",
    ),
    shape(
        "levels that add up",
        "SELECT region, channel, COUNT(*) AS n, SUM(items) AS s FROM pos_orders GROUP BY ROLLUP (region, channel)",
    ),
    shape(
        "HAVING, ORDER BY, LIMIT",
        "SELECT region, COUNT(*) AS n FROM pos_orders GROUP BY region HAVING COUNT(*) > 10 ORDER BY n DESC LIMIT 5",
    ),
    shape(
        "join on the member",
        "SELECT o.channel, COUNT(*) AS n FROM pos_order_lines l JOIN pos_orders o ON o.member_no = l.member_no AND o.order_id = l.order_id GROUP BY o.channel",
    ),
    shape(
        "join of a thing by its key",
        "SELECT p.category, COUNT(*) AS n, SUM(l.quantity) AS s FROM pos_order_lines l JOIN dim_products p ON p.product_id = l.product_id GROUP BY p.category",
    ),
    shape(
        "join of things, several for each row",
        "SELECT s.region, COUNT(*) AS n FROM pos_orders o JOIN dim_stores s ON s.region = o.region GROUP BY s.region",
    ),
    shape(
        "groups of each member, grouped again",
        "WITH visits AS (SELECT member_no, COUNT(*) AS n, SUM(amount) AS spent FROM pos_orders GROUP BY member_no) SELECT CASE WHEN n >= 6 THEN 'often' WHEN n >= 3 THEN 'now and then' ELSE 'seldom' END AS how, COUNT(*) AS members FROM visits GROUP BY 1",
    ),
    shape(
        "groups of each member, keys from the data",
        "SELECT n, COUNT(*) AS members FROM (SELECT member_no, COUNT(*) AS n FROM pos_orders GROUP BY member_no) t GROUP BY n",
    ),
    shape(
        "UNION ALL",
        "SELECT region, COUNT(*) AS n FROM (SELECT member_no, region FROM pos_orders UNION ALL SELECT member_no, region FROM pos_order_lines) u GROUP BY region",
    ),
    shape(
        "CASE and a filter on what may be NULL",
        "SELECT CASE WHEN s.city IS NULL THEN 'none' WHEN o.amount < 100 THEN 'small' ELSE 'large' END AS size, COUNT(*) AS n FROM pos_orders o LEFT JOIN dim_stores s ON s.store_id = o.store_id WHERE s.opened_on IS NULL OR s.opened_on < '2026-01-01' GROUP BY 1",
    ),
    shape(
        "division by zero",
        "SELECT region, COUNT(*) AS n FROM pos_orders WHERE amount / (items - 9) IS NOT NULL GROUP BY region",
    ),
    shape(
        "overflow of casts and products",
        "SELECT region, COUNT(*) AS n FROM pos_orders WHERE CAST(amount AS INT) * items * 1000000000 * 1000000000 >= 0 GROUP BY region",
    ),
    shape(
        "members who are, and who are not, somewhere else",
        "SELECT category, COUNT(*) AS n FROM pos_order_lines WHERE member_no NOT IN (SELECT member_no FROM pos_orders WHERE amount > 900) GROUP BY category",
    ),
    shape(
        "arithmetic on released values",
        "SELECT region, SUM(amount) / COUNT(DISTINCT member_no) AS per_member FROM pos_orders GROUP BY region",
    ),
    shape(
        "months of a year",
        "SELECT date_trunc('month', ordered_at) AS month, COUNT(*) AS n FROM pos_orders WHERE ordered_at >= '2025-01-01' AND ordered_at < '2026-01-01' GROUP BY 1",
    ),
    Shape {
        chosen: true,
        ..shape(
            "bounds that a pilot chooses",
            "SELECT region, COUNT(*) AS n, SUM(amount) AS s FROM pos_orders GROUP BY region",
        )
    },
    Shape {
        chosen: true,
        ..shape(
            "bounds that a pilot chooses, keys from the data",
            "SELECT store_id, COUNT(*) AS n FROM pos_order_lines GROUP BY store_id",
        )
    },
];

impl Shape {
    /// Returns what is asked.
    pub(super) fn request(&self, epsilon: f64) -> ReleaseRequest {
        ReleaseRequest {
            sql: self.sql.to_owned(),
            epsilon: Some(epsilon),
            delta: self.pure.then_some(0.0),
            choose_bounds: self.chosen,
            dry_run: true,
            ..ReleaseRequest::default()
        }
    }
}

/// Returns how many there are.
#[expect(clippy::cast_precision_loss, reason = "a small number")]
pub(super) const fn count() -> f64 {
    SHAPES.len() as f64
}
