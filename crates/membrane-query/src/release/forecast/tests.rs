use super::*;
use crate::release::fixture::{ask, mechanism, options};

async fn told(sql: &str, members: u64) -> Vec<ColumnForecast> {
    let question = ask(sql).await.expect("a question");
    let mechanism = mechanism(&question, &options(1.0)).expect("a mechanism");
    let summary = mechanism.describe().expect("a summary");
    forecast(&question, &mechanism, &summary, members).expect("a forecast").columns
}

#[tokio::test]
async fn every_column_but_keys_is_told_by_its_own_name() {
    let sql = "SELECT region, COUNT(*) AS buyers, SUM(amount) AS sales, AVG(amount) AS mean, STDDEV(amount) AS dev, \
               MEDIAN(amount) AS middle, SUM(amount) / COUNT(*) AS each FROM lines GROUP BY region";
    let told = told(sql, 10_000).await;
    let names: Vec<(&str, ForecastOf)> = told.iter().map(|one| (one.name.as_str(), one.of)).collect();
    let expected = [
        ("buyers", ForecastOf::Total),
        ("sales", ForecastOf::Total),
        ("mean", ForecastOf::Range),
        ("dev", ForecastOf::Greatest),
        ("middle", ForecastOf::Members),
        ("each", ForecastOf::Computed),
    ];
    assert_eq!(names, expected);
    assert!(told.iter().all(|one| one.share95.is_some_and(|share| share > 0.0 && share <= 0.5)), "{told:?}");
    // 500.00 is the range of the bounds, and 250.00 the greatest deviation: the widths are in units of the column.
    let [_, _, mean, dev, middle, each] = told.as_slice() else { panic!("six columns") };
    let ratio = |one: &ColumnForecast| one.half_width95.zip(one.share95).map(|(width, share)| width / share);
    assert!(ratio(mean).is_some_and(|range| (range - 500.0).abs() < 1e-6), "{mean:?}");
    assert!(ratio(dev).is_some_and(|most| (most / 250.0 - 2.0_f64.sqrt()).abs() < 1e-6), "{dev:?}");
    assert_eq!((middle.half_width95, each.half_width95), (None, None));
}

#[tokio::test]
async fn widths_shrink_with_the_group_and_hang_on_values_where_they_do() {
    let sql = "SELECT COUNT(*) AS n, AVG(amount) AS mean, COUNT(gift) / COUNT(*) AS share, COUNT(gift) - COUNT(*) AS rest \
               FROM lines";
    let (small, large) = (told(sql, 1_000).await, told(sql, 100_000).await);
    let share = |told: &[ColumnForecast], index: usize| told.get(index).and_then(|one| one.share95);
    for index in 0..3 {
        let (small, large) = (share(&small, index).expect("a share"), share(&large, index).expect("a share"));
        assert!(small > 10.0 * large, "{small} and {large} of column {index}");
    }
    // A difference that is supposed to be zero has no share.
    assert_eq!((share(&small, 3), share(&large, 3)), (None, None));
    // What noise hides is not divided by.
    let hidden = told("SELECT COUNT(gift) / COUNT(*) AS share FROM lines", 1).await;
    assert_eq!(share(&hidden, 0), None);
}
