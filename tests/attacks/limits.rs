//! Limits: bombs end with one, and where a limit ends something says nothing of rows that are hidden.

use membrane::attack::{Ask, Expect, Verdict, corpus, judge};

use super::doors::Door;
use super::twins::{Keeps, Twins};

#[tokio::test(flavor = "multi_thread")]
async fn bombs_end_with_a_limit() {
    let twins = Twins::with(Keeps::Half, |config| {
        config.limits.memory_bytes_max = 24 << 20;
        config.limits.rows_max = 20_000;
        config.limits.bytes_max = 8 << 20;
        config.limits.seconds_max = 4;
    })
    .await;
    let mut asked = 0;
    for attack in corpus().iter().filter(|attack| attack.id.starts_with("27.")) {
        for principal in ["analyst:ana", "analyst:lee"] {
            let came = Door::Http.ask(&twins.one, principal, &attack.ask).await.unwrap();
            // An answer whose first rows had left before a limit was reached is broken off: it is no whole answer.
            let broken_off = came.is_answered() && came.rows.is_none();
            let verdict = judge(attack, &came, None);
            assert!(broken_off || verdict == Verdict::Held, "{} {}: {verdict:?}", attack.id, attack.title);
            assert!(matches!(&attack.expect, Expect::Refused(_)));
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked}");
    // The hub is none the worse for it.
    let after = Door::Http.ask(&twins.one, "analyst:ana", &Ask::Sql("SELECT 1 AS a".into())).await.unwrap();
    assert!(after.is_answered());
}

/// Statements that take more and more memory of what is shown, until the limit ends them. Were hidden rows counted, the end
/// would come at another place in the twin that has two hundred times as many.
#[tokio::test(flavor = "multi_thread")]
async fn memory_ends_at_the_same_place() {
    let twins = Twins::with(Keeps::FewOfMany, |config| config.limits.memory_bytes_max = 2 << 20).await;
    let forms = [
        "SELECT count(DISTINCT concat(order_id, '-a-long-text-behind-it-', v)) AS n FROM pos_order_lines, {values}",
        "SELECT order_id, v FROM pos_order_lines, {values} ORDER BY amount, v, order_id, line_no",
        "SELECT concat(order_id, v) AS k, count(*) AS n FROM pos_order_lines, {values} GROUP BY 1 ORDER BY 1",
        "SELECT sum(quantity) OVER (ORDER BY order_id, line_no, v) AS n FROM pos_order_lines, {values} ORDER BY 1",
        "SELECT name, phone, email, v FROM crm_members, {values} ORDER BY v, phone, name, email",
    ];
    let mut ended = 0;
    for form in forms {
        for size in [1, 4, 16, 64] {
            let rows: Vec<String> = (0..size).map(|value| format!("({value})")).collect();
            let sql = form.replace("{values}", &format!("(VALUES {}) AS t(v)", rows.join(", ")));
            let ask = Ask::Sql(sql.clone().into());
            let one = Door::Flow.ask(&twins.one, "analyst:ana", &ask).await.unwrap();
            let other = Door::Flow.ask(&twins.other, "analyst:ana", &ask).await.unwrap();
            assert_eq!((one.status, &one.code), (other.status, &other.code), "{size}: {sql}");
            ended += usize::from(one.code.as_deref() == Some("limit_memory"));
        }
    }
    assert!((3..18).contains(&ended), "{ended} of 20 were ended by the limit");
}

/// As many bytes of an answer as may be, row by row more of them: what is cut off says nothing of buffers behind the rows.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_end_at_the_same_place() {
    let twins = Twins::with(Keeps::FewOfMany, |config| config.limits.bytes_max = 8 << 10).await;
    let mut ended = 0;
    for columns in ["*", "order_id, amount", "substr(order_id, 1, 2) AS o", "category, region", "member_no"] {
        for size in [1, 20, 40, 60, 80, 120, 200, 300] {
            let sql =
                format!("SELECT {columns} FROM pos_order_lines ORDER BY order_id, line_no LIMIT {size}");
            let ask = Ask::Sql(sql.clone().into());
            let one = Door::Flow.ask(&twins.one, "analyst:ana", &ask).await.unwrap();
            let other = Door::Flow.ask(&twins.other, "analyst:ana", &ask).await.unwrap();
            assert_eq!((one.status, &one.code), (other.status, &other.code), "{sql}");
            ended += usize::from(one.code.as_deref() == Some("limit_bytes"));
        }
    }
    assert!((5..35).contains(&ended), "{ended} of 40 were ended by the limit");
}
