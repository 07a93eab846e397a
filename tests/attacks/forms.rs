//! Answers over a socket in the forms besides JSON, chunk by chunk; and doors that the corpus alone does not try.

use membrane::attack::{Ask, Outcome, corpus, request};

use super::compare::{comparable, without_ids};
use super::doors::{Door, HIDDEN, PURPOSE};
use super::twins::{Keeps, Twin, Twins};

async fn ask_as(twin: &Twin, principal: &str, sql: &str, accept: &str) -> Outcome {
    let ask = Ask::Sql(sql.to_owned().into());
    let mut sent = request(&ask, &twin.bearer(principal), PURPOSE, HIDDEN);
    sent.headers.push(("accept", accept.to_owned()));
    sent.send(&twin.address).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_and_arrow_over_a_socket() {
    let twins = Twins::new(Keeps::HalfOfMany).await;
    let mut asked = 0;
    for attack in
        corpus().iter().filter(|attack| attack.id.starts_with("11.") || attack.id.starts_with("12."))
    {
        let Ask::Sql(sql) = &attack.ask else { continue };
        for accept in ["text/csv", "application/vnd.apache.arrow.stream"] {
            let one = ask_as(&twins.one, "analyst:ana", sql, accept).await;
            let other = ask_as(&twins.other, "analyst:ana", sql, accept).await;
            assert_eq!(one.status, 200, "{sql}");
            assert!(comparable(&one) == comparable(&other), "{accept}: {sql}");
            for outcome in [&one, &other] {
                let held = outcome.held(&twins.canaries).map(|place| &twins.canaries[place]);
                assert_eq!(held, None, "{accept}: {sql}");
            }
            asked += 1;
        }
    }
    assert!(asked > 100, "{asked}");
}

/// What one principal was just answered is not answered to another, and what is asked for one purpose not for another.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_for_the_next_who_asks() {
    let twins = Twins::new(Keeps::Half).await;
    let twin = &twins.one;
    let sql = "SELECT count(*) AS n, min(region) AS r FROM crm_members";
    let count = async |principal: &str| {
        let came = ask_as(twin, principal, sql, "application/json").await;
        (came.status, came.rows.map(|rows| rows[0]["n"].as_i64().unwrap()))
    };
    for _ in 0..2 {
        assert_eq!(count("analyst:ana").await, (200, Some(300)));
        assert_eq!(count("analyst:lee").await, (200, Some(600)));
        let (status, gd) = count("analyst:chen").await;
        assert!(status == 200 && gd.unwrap() < 300, "{gd:?}");
        assert_eq!(count("partner:acme").await, (403, None));
        assert_eq!(count("compliance:olga").await.1, None);
    }
}

/// Tokens that are shown for one purpose do not match those of another, whatever they are tokens of.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_two_purposes_never_meet() {
    let twins = Twins::new(Keeps::Half).await;
    let twin = &twins.one;
    let mut shown = Vec::new();
    for purpose in ["marketing_analysis", "customer_service"] {
        let sql = "SELECT member_no AS t FROM crm_members UNION SELECT device_id AS t FROM app_events UNION SELECT app_user_id AS t FROM app_events";
        let ask = Ask::SqlFor(sql.into(), Some(purpose.into()));
        let came = Door::Http.ask(twin, "analyst:lee", &ask).await.unwrap();
        let tokens: Vec<String> =
            came.rows.unwrap().iter().map(|row| row["t"].as_str().unwrap().to_owned()).collect();
        assert_eq!(tokens.len(), 1_000, "members, devices and accounts");
        shown.push(tokens);
    }
    let both = shown[0].iter().filter(|token| shown[1].contains(token)).count();
    assert_eq!(both, 0);
}

/// The run of somebody else is told as one that is none.
#[tokio::test(flavor = "multi_thread")]
async fn the_run_of_another_is_told_as_one_that_is_none() {
    let twins = Twins::new(Keeps::Half).await;
    let came = ask_as(&twins.one, "analyst:lee", "SELECT 1 AS a", "application/json").await;
    let text = String::from_utf8(came.bytes).unwrap();
    let run = text.lines().find_map(|line| line.strip_prefix("membrane-run: ")).unwrap().trim().to_owned();
    for principal in ["analyst:ana", "analyst:lee", "partner:acme", "service:ingestor"] {
        let look = async |run: &str| {
            let path = format!("/v1/runs/{run}");
            let bearer = format!("Bearer {}", twins.one.bearer(principal));
            let sent = membrane::attack::Request {
                method: "GET",
                path,
                headers: vec![("authorization", bearer)],
                body: Vec::new(),
            };
            let came = sent.send(&twins.one.address).await.unwrap();
            assert!(!came.is_answered(), "{principal}");
            (came.status, came.words.map(|words| without_ids(words.as_bytes())))
        };
        assert_eq!(look(&run).await, look("00000000-0000-7000-8000-000000000000").await, "{principal}");
    }
}
