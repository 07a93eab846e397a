//! The levels of a GROUP BY: ROLLUP, and GROUPING SETS of which each is a part of the next.

use datafusion::logical_expr::{Expr, GroupingSet};

use crate::QueryError;
use crate::release::refusal::refuse;
use crate::release::relation::without_alias;

const NESTED: &str = "ROLLUP (..), or GROUPING SETS of which each has all keys of the one before; ask one release for each of the others";

/// Bits of a whole number.
const GROUPING_MAX: usize = 31;

/// The keys of a statement, and which of them its levels have.
pub(super) struct Levels<'a> {
    /// The keys, those of the coarsest level first: each level has some of the first ones.
    pub(super) keys: Vec<&'a Expr>,
    /// For each key column of the node, in its order, the place of the key.
    pub(super) places: Vec<usize>,
    /// How many keys each level but the finest has, the finest of them first.
    pub(super) rollup: Vec<usize>,
    /// Whether the node has a column that tells levels apart.
    pub(super) are_several: bool,
}

impl<'a> Levels<'a> {
    /// Reads the expressions of a GROUP BY.
    pub(super) fn read(expressions: &'a [Expr]) -> Result<Self, QueryError> {
        let Some((listed, sets)) = sets(expressions)? else {
            let keys: Vec<&Expr> = expressions.iter().collect();
            return Ok(Self {
                places: (0..keys.len()).collect(),
                keys,
                rollup: Vec::new(),
                are_several: false,
            });
        };
        let place = |key: &&Expr| listed.iter().position(|one| one == key).ok_or(QueryError::Failed);
        let mut levels = Vec::with_capacity(sets.len());
        for set in &sets {
            let mut level = set.iter().map(place).collect::<Result<Vec<usize>, QueryError>>()?;
            level.sort_unstable();
            let length = level.len();
            level.dedup();
            if level.len() < length || levels.contains(&level) {
                return Err(refuse("a grouping that is there twice", "name each key and each grouping once"));
            }
            levels.push(level);
        }
        levels.sort_by_key(Vec::len);
        let nests = |pair: &[Vec<usize>]| match pair {
            [one, next] => one.iter().all(|key| next.contains(key)),
            _ => false,
        };
        if !levels.windows(2).all(nests) {
            return Err(refuse("groupings that do not nest", NESTED));
        }
        let mut order: Vec<usize> = Vec::with_capacity(listed.len());
        for key in levels.iter().flatten() {
            if !order.contains(key) {
                order.push(*key);
            }
        }
        let of = |index: &usize| order.iter().position(|one| one == index).ok_or(QueryError::Failed);
        let places = (0..listed.len()).map(|index| of(&index)).collect::<Result<_, QueryError>>()?;
        let keys = order.iter().filter_map(|index| listed.get(*index).copied()).collect();
        let rollup = levels.iter().rev().skip(1).map(Vec::len).collect();
        Ok(Self { keys, places, rollup, are_several: true })
    }

    /// Returns the places of the keys that `GROUPING` asks about; nothing for another aggregate.
    pub(super) fn grouping(&self, expression: &Expr) -> Result<Option<Vec<usize>>, QueryError> {
        let Expr::AggregateFunction(call) = without_alias(expression) else { return Ok(None) };
        if call.func.name() != "grouping" {
            return Ok(None);
        }
        let place = |key: &Expr| {
            let of_key = |one: &&Expr| without_alias(one) == without_alias(key);
            self.keys
                .iter()
                .position(of_key)
                .ok_or_else(|| refuse("GROUPING of something else than a key", "name a key of GROUP BY"))
        };
        if call.params.args.len() > GROUPING_MAX {
            return Err(refuse("GROUPING of more than 31 keys", "ask about them one by one"));
        }
        call.params.args.iter().map(place).collect::<Result<_, QueryError>>().map(Some)
    }
}

/// Keys, each once, and sets of them.
type Sets<'a> = (Vec<&'a Expr>, Vec<Vec<&'a Expr>>);

/// Returns the grouping sets, if there are such.
fn sets(expressions: &[Expr]) -> Result<Option<Sets<'_>>, QueryError> {
    let [Expr::GroupingSet(set)] = expressions else {
        let is_one = |expression: &Expr| matches!(without_alias(expression), Expr::GroupingSet(_));
        return if expressions.iter().any(is_one) {
            Err(refuse("groupings that do not nest", NESTED))
        } else {
            Ok(None)
        };
    };
    let sets = match set {
        GroupingSet::Rollup(keys) => {
            (0..=keys.len()).map(|length| keys.iter().take(length).collect()).collect()
        }
        GroupingSet::GroupingSets(sets) => sets.iter().map(|set| set.iter().collect()).collect(),
        GroupingSet::Cube(_) => return Err(refuse("CUBE", NESTED)),
    };
    Ok(Some((set.distinct_expr(), sets)))
}

#[cfg(test)]
mod tests {
    use crate::release::fixture::{ask, mechanism, options};
    use crate::release::question::{Shows, Value};

    /// The keys by their columns, and how many of them each coarser level has.
    async fn check(group_by: &str, keys: &[&str], rollup: &[usize]) {
        let sql = format!("SELECT COUNT(*) AS n FROM lines GROUP BY {group_by}");
        let question = ask(&sql).await.expect("a question");
        let names = question.keys.iter().filter_map(|key| key.as_column());
        let names: Vec<&str> = names.map(|column| column.column.as_str()).collect();
        assert_eq!((names.as_slice(), question.rollup.as_slice()), (keys, rollup), "{group_by}");
    }

    #[tokio::test]
    async fn levels_are_read_however_they_are_written() {
        check("region, channel", &["region", "channel"], &[]).await;
        check("ROLLUP (region, channel)", &["region", "channel"], &[1, 0]).await;
        check("region, ROLLUP (channel, gift)", &["region", "channel", "gift"], &[2, 1]).await;
        check("GROUPING SETS ((region, channel), (channel), ())", &["channel", "region"], &[1, 0]).await;
        check("GROUPING SETS ((), (region, channel))", &["region", "channel"], &[0]).await;
        check("GROUPING SETS ((gift, region, channel), (channel))", &["channel", "gift", "region"], &[1])
            .await;
        check("GROUPING SETS ((region, channel))", &["region", "channel"], &[]).await;
    }

    #[tokio::test]
    async fn groupings_that_do_not_nest_are_refused() {
        for group_by in [
            "GROUPING SETS ((region), (channel))",
            "ROLLUP (region), ROLLUP (channel)",
            "GROUPING SETS ((region), (region))",
        ] {
            let refused = ask(&format!("SELECT COUNT(*) FROM lines GROUP BY {group_by}")).await;
            assert_eq!(refused.expect_err("a refusal").code(), "not_bounded", "{group_by}");
        }
    }

    #[tokio::test]
    async fn grouping_tells_levels_apart() {
        let sql = "SELECT GROUPING(channel, region) AS g, region, COUNT(*) AS n FROM lines GROUP BY ROLLUP (region, channel) \
                   HAVING GROUPING(region) = 0";
        let question = ask(sql).await.expect("a question");
        assert_eq!(question.outputs[0].shows, Shows::Grouping(vec![1, 0]));
        let having = question.having.as_ref().expect("a condition");
        assert!(format!("{having:?}").contains("Grouping([0])"), "{having:?}");
        assert_eq!(question.aggregates.len(), 1, "GROUPING costs nothing");
        assert!(matches!(question.outputs[1].shows, Shows::Key(0)));
        assert!(!matches!(having, Value::Grouping(_)));
    }

    /// What cannot add up is refused before it is paid for, and says what to do.
    #[tokio::test]
    async fn levels_add_up_or_are_refused() {
        for (sql, expected) in [
            ("SELECT COUNT(DISTINCT member_no) AS m FROM lines GROUP BY ROLLUP (region)", "`m`"),
            ("SELECT COUNT(*) AS n, MEDIAN(amount) AS x FROM lines GROUP BY ROLLUP (region)", "`x`"),
            ("SELECT COUNT(*) AS n FROM lines GROUP BY ROLLUP (region, store_id)", "come from the data"),
        ] {
            let question = ask(sql).await.expect("a question");
            let refused = mechanism(&question, &options(1.0)).expect_err("a refusal").to_string();
            assert!(refused.contains(expected), "{sql}: {refused}");
        }
        let sql = "SELECT COUNT(*) AS n, SUM(amount) AS s, AVG(amount) AS a, STDDEV(amount) AS d FROM lines GROUP BY ROLLUP (region)";
        let question = ask(sql).await.expect("a question");
        let summary =
            mechanism(&question, &options(1.0)).expect("a mechanism").describe().expect("a summary");
        assert!(summary.aggregates.iter().all(|aggregate| aggregate.levels.len() == 2));
        assert!(summary.epsilon <= 1.0);
    }
}
