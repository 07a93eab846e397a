//! Delegation through the doors that people use: what is seen on behalf of another, when that ends, and what the record says.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use futures::StreamExt;
use membrane::flow::{self, GlassRequest, NewDelegation, QueryRequest};
use membrane::{DelegationState, Hub};
use membrane_ledger::RunFilter;
use membrane_model::Clock;

use crate::policy::copy;
use crate::program::Program;
use crate::world::{CANARIES, World, configuration, files_with, fits, ready, repository};

const ANA: &str = "analyst:ana";
const CHEN: &str = "analyst:chen";
const LEE: &str = "analyst:lee";
const OLGA: &str = "compliance:olga";
const PHONE: &str = CANARIES[0];
const MARKETING: &str = "marketing_analysis";

/// One member in each of three regions; the one of Beijing agreed to no marketing, the one of Shanghai is of the tier `gold`.
fn members() -> String {
    let header = "member_no,name,gender,birth_date,phone,email,id_number,address,city,region,joined_on,tier,marketing_consent";
    let member = |number: u8, region: &str, tier: &str, consent: bool| {
        format!(
            "M0000000{number},王小明,female,1990-01-0{number},1380013800{number},m{number}@example.com,,一号,上海,{region},2025-01-02,{tier},{consent}"
        )
    };
    [
        header.to_owned(),
        member(1, "SH", "gold", true),
        member(2, "BJ", "silver", false),
        member(3, "GD", "silver", true),
        member(4, "SH", "silver", true),
    ]
    .join("\n")
}

/// A clock that is set.
#[derive(Debug)]
struct Hand(Mutex<DateTime<Utc>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

impl Hand {
    fn turn(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

/// A hub with those members, the clock in hand, and policies of its own that can be changed.
async fn world(more: &str) -> (World, Arc<Hand>) {
    let dir = tempfile::tempdir().unwrap();
    let mut config = configuration(dir.path());
    let policies = dir.path().join("policies");
    copy(&repository().join("policies"), &policies);
    std::fs::write(policies.join("more.cedar"), more).unwrap();
    config.policies.dir = policies.display().to_string();
    let clock = Arc::new(Hand(Mutex::new(Utc.with_ymd_and_hms(2026, 2, 3, 4, 5, 6).unwrap())));
    let hub = Arc::new(Hub::open(&config, clock.clone()).await.unwrap());
    let world = World { dir, hub };
    let path = world.write("members.csv", &members());
    let path = {
        let to = path.with_file_name("crm_members.csv");
        std::fs::rename(path, &to).unwrap();
        to
    };
    world.ingest("crm_members", &path).await.unwrap();
    (world, clock)
}

impl World {
    /// The same hub, started anew with other policies.
    async fn again(&self, clock: &Arc<Hand>, more: &str) -> Arc<Hub> {
        let mut config = configuration(self.dir.path());
        let policies = self.dir.path().join("policies");
        std::fs::write(policies.join("more.cedar"), more).unwrap();
        config.policies.dir = policies.display().to_string();
        Arc::new(Hub::open(&config, clock.clone()).await.unwrap())
    }
}

/// What somebody sees of the members' numbers, tiers and regions, or the code of why nothing.
async fn seen(
    hub: &Hub,
    who: &str,
    of: Option<&str>,
    purpose: &str,
    sql: &str,
) -> Result<String, &'static str> {
    let request = QueryRequest {
        sql: sql.to_owned(),
        purpose: Some(purpose.parse().unwrap()),
        on_behalf_of: of.map(|of| of.parse().unwrap()),
        parameters: Vec::new(),
    };
    let ctx = hub.ctx(who.parse().unwrap(), membrane::Channel::Cli);
    let mut answer = flow::query(&ctx, hub, request).await.map_err(|failure| failure.error.code())?;
    let mut batches = Vec::new();
    while let Some(batch) = answer.batches.next().await {
        batches.push(batch.map_err(|failure| failure.error.code())?);
    }
    let mut text = Vec::new();
    let mut writer = arrow::csv::WriterBuilder::new().with_header(false).build(&mut text);
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    drop(writer);
    Ok(String::from_utf8(text).unwrap().lines().collect::<Vec<_>>().join(" "))
}

const SQL: &str = "SELECT region, tier, phone FROM crm_members ORDER BY region, tier";

async fn of_ana(hub: &Hub, who: &str) -> Result<String, &'static str> {
    seen(hub, who, Some(ANA), MARKETING, SQL).await
}

fn to(to: &str) -> NewDelegation {
    NewDelegation {
        to: to.parse().unwrap(),
        purposes: vec![MARKETING.parse().unwrap()],
        datasets: vec!["crm_members".parse().unwrap()],
        days: 7,
        ticket: "HR-12".parse().unwrap(),
    }
}

async fn make(world: &World, who: &str, new: NewDelegation) -> Result<u64, &'static str> {
    let made = flow::make_delegation(&world.ctx(who), &world.hub, new).await;
    made.map(|(_, one)| one.delegation.number).map_err(|failure| failure.error.code())
}

const SHANGHAI: &str = "SH,gold,138******01 SH,silver,138******04";
const GUANGDONG: &str = "GD,silver,138******03";

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_sees_what_was_handed_on_and_nothing_else() {
    let (world, _) = world("").await;
    let hub = &world.hub;
    assert_eq!(of_ana(hub, CHEN).await, Err("not_delegated"));
    assert_eq!(make(&world, ANA, to(CHEN)).await, Ok(1));
    assert_eq!(of_ana(hub, CHEN).await.as_deref(), Ok(SHANGHAI));
    // What is seen in one's own name is as before, in whichever order it is asked.
    assert_eq!(seen(hub, CHEN, None, MARKETING, SQL).await.as_deref(), Ok(GUANGDONG));
    assert_eq!(seen(hub, ANA, None, MARKETING, SQL).await.as_deref(), Ok(SHANGHAI));
    assert_eq!(of_ana(hub, CHEN).await.as_deref(), Ok(SHANGHAI));
    // One person, one way, one purpose, the datasets that were named.
    for (who, of) in
        [(LEE, ANA), ("analyst:kim", ANA), (ANA, CHEN), (CHEN, LEE), (CHEN, "analyst:zoe"), (OLGA, ANA)]
    {
        let refused = seen(hub, who, Some(of), MARKETING, SQL).await;
        assert_eq!(refused, Err("not_delegated"), "{who} for {of}");
    }
    assert_eq!(seen(hub, CHEN, Some(ANA), "customer_service", SQL).await, Err("not_delegated"));
    assert_eq!(seen(hub, CHEN, Some(ANA), "curiosity", SQL).await, Err("unknown_purpose"));
    let orders = seen(hub, CHEN, Some(ANA), MARKETING, "SELECT count(*) FROM pos_orders").await;
    assert_eq!(orders, Err("not_found"));
    let nowhere = seen(hub, CHEN, Some(ANA), MARKETING, "SELECT count(*) FROM nowhere").await;
    assert_eq!(nowhere, Err("not_found"));
    let both = "SELECT count(*) FROM crm_members, pos_orders";
    assert!(seen(hub, CHEN, Some(ANA), MARKETING, both).await.is_err());
    let tables = seen(hub, CHEN, Some(ANA), MARKETING, "SHOW TABLES").await.unwrap();
    assert!(tables.contains("crm_members") && !tables.contains("pos_orders"), "{tables}");
    on_record(hub).await;
}

/// Whoever looks at the record sees at once in whose name it was; the log holds.
async fn on_record(hub: &Arc<Hub>) {
    let of = |name: &str| RunFilter { principal: Some(name.parse().unwrap()), dataset: None, limit: 100 };
    let runs = hub.ledger().runs(of(ANA)).await.unwrap();
    let used = "permitted, on behalf of analyst:ana by delegation 1";
    let run = runs.iter().find(|run| run.decisions.iter().any(|it| it.reason == used)).unwrap();
    assert_eq!(
        (run.principal.to_string(), run.on_behalf_of.as_ref().unwrap().to_string()),
        (CHEN.into(), ANA.into())
    );
    let decision = run.decisions.iter().find(|it| it.reason == used).unwrap();
    assert_eq!(
        (decision.factors.as_slice(), decision.allowed),
        (&["delegation.analysts".to_owned()][..], true)
    );
    // Refused attempts too; and a name that nobody has is no part of it.
    assert!(
        runs.iter()
            .any(|run| run.error_code.as_deref() == Some("not_delegated") && run.on_behalf_of.is_some())
    );
    let runs = hub.ledger().runs(of(CHEN)).await.unwrap();
    assert!(!format!("{runs:?}").contains("zoe"));
    hub.ledger().verify_log().await.unwrap();
    // What was seen in Ana's name was seen by what Ana was given.
    let uses = hub.ledger().factor_uses(DateTime::UNIX_EPOCH).await.unwrap();
    let rows = uses.iter().filter(|one| one.factors.contains(&"delegation.analysts".to_owned()));
    assert!(rows.clone().count() > 0 && rows.into_iter().all(|one| one.principal.to_string() == ANA));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_by_itself_and_when_somebody_ends_it() {
    let (world, clock) = world("").await;
    let hub = &world.hub;
    make(&world, ANA, to(CHEN)).await.unwrap();
    clock.turn(TimeDelta::days(7) - TimeDelta::seconds(1));
    assert!(of_ana(hub, CHEN).await.is_ok());
    clock.turn(TimeDelta::seconds(1));
    assert_eq!(of_ana(hub, CHEN).await, Err("not_delegated"));
    let end = async |who: &str, number| {
        let ended = flow::end_delegation(&world.ctx(who), hub, number).await;
        ended.map(|_| ()).map_err(|failure| failure.error.code())
    };
    assert_eq!(end(ANA, 1).await, Err("delegation_stands"));
    for who in [ANA, CHEN, OLGA] {
        let number = make(&world, ANA, to(CHEN)).await.unwrap();
        assert!(of_ana(hub, CHEN).await.is_ok());
        // To others it is as if there were none.
        assert_eq!(end(LEE, number).await, Err("unknown_delegation"));
        assert_eq!(end("partner:acme", number).await, Err("unknown_delegation"));
        end(who, number).await.unwrap();
        assert_eq!(of_ana(hub, CHEN).await, Err("not_delegated"), "ended by {who}");
        assert_eq!(end(who, number).await, Err("delegation_stands"));
    }
    assert_eq!(end(LEE, 99).await, Err("unknown_delegation"));
    let list = async |who: &str| flow::list_delegations(&world.ctx(who), hub).await.map(|(_, lines)| lines);
    assert_eq!(list(OLGA).await.unwrap().len(), 4);
    assert_eq!((list(ANA).await.unwrap().len(), list(CHEN).await.unwrap().len()), (4, 4));
    assert_eq!(list(LEE).await.unwrap().len(), 0);
    assert!(list("partner:acme").await.is_err());
    let first = &list(OLGA).await.unwrap()[0];
    assert_eq!((first.state, first.runs), (DelegationState::Expired, 1));
}

/// It is asked at each use: what Ana loses, Chen loses; when handing on is forbidden, it has ended.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_one_loses_the_other_loses() {
    let (world, clock) = world("").await;
    make(&world, ANA, to(CHEN)).await.unwrap();
    assert_eq!(of_ana(&world.hub, CHEN).await.as_deref(), Ok(SHANGHAI));
    let gold = "@id(\"ana.no-gold\") forbid (principal == Analyst::\"ana\", action == Action::\"readRow\", resource is Row::crm_members) when { !(resource has tier) || resource.tier == \"gold\" };";
    let hub = world.again(&clock, gold).await;
    assert_eq!(of_ana(&hub, CHEN).await.as_deref(), Ok("SH,silver,138******04"));
    let none =
        "@id(\"ana.nothing\") forbid (principal == Analyst::\"ana\", action == Action::\"read\", resource);";
    assert_eq!(of_ana(&*world.again(&clock, none).await, CHEN).await, Err("not_delegated"));
    let hand = "@id(\"no-hand-on\") forbid (principal, action == Action::\"delegate\", resource == Dataset::\"crm_members\");";
    assert_eq!(of_ana(&*world.again(&clock, hand).await, CHEN).await, Err("not_delegated"));
    assert_eq!(of_ana(&*world.again(&clock, "").await, CHEN).await.as_deref(), Ok(SHANGHAI));
}

/// A forbid about whoever acts is not got around by acting: for rows, for columns, for datasets.
#[tokio::test(flavor = "multi_thread")]
async fn the_floor_of_whoever_acts_holds() {
    let rows = "@id(\"chen.no-gold\") forbid (principal == Analyst::\"chen\", action == Action::\"readRow\", resource is Row::crm_members) when { !(resource has tier) || resource.tier == \"gold\" };";
    let (world, clock) = world(rows).await;
    make(&world, ANA, to(CHEN)).await.unwrap();
    assert_eq!(of_ana(&world.hub, CHEN).await.as_deref(), Ok("SH,silver,138******04"));
    assert_eq!(seen(&world.hub, ANA, None, MARKETING, SQL).await.as_deref(), Ok(SHANGHAI));
    let levels = "@id(\"chen.no-part\") forbid (principal == Analyst::\"chen\", action in [Action::\"readPartial\", Action::\"readToken\"], resource in Class::\"pii.phone\");";
    let hub = world.again(&clock, levels).await;
    assert_eq!(of_ana(&hub, CHEN).await.as_deref(), Ok("SH,gold, SH,silver,"));
    let hidden = "@id(\"chen.no-phone\") forbid (principal == Analyst::\"chen\", action in [Action::\"readPartial\", Action::\"readToken\", Action::\"readNull\"], resource in Class::\"pii.phone\");";
    assert_eq!(of_ana(&*world.again(&clock, hidden).await, CHEN).await, Err("unknown_column"));
    let closed = "@id(\"chen.closed\") forbid (principal == Analyst::\"chen\", action == Action::\"read\", resource == Dataset::\"crm_members\");";
    assert_eq!(of_ana(&*world.again(&clock, closed).await, CHEN).await, Err("not_delegated"));
}

#[tokio::test(flavor = "multi_thread")]
async fn not_everything_is_handed_on_and_not_to_everybody() {
    let (world, _) = world("").await;
    for other in [ANA, "analyst:Ana", "analyst:zoe", "partner:acme", OLGA, "service:ingestor"] {
        assert_eq!(make(&world, ANA, to(other)).await, Err("delegate_refused"), "{other}");
    }
    for who in ["partner:acme", "service:ingestor", OLGA, "operator:omar"] {
        assert_eq!(make(&world, who, to(CHEN)).await, Err("delegate_refused"), "{who}");
    }
    assert_eq!(make(&world, "partner:acme", to("partner:globex")).await, Err("delegate_refused"));
    assert_eq!(make(&world, LEE, to(CHEN)).await, Err("not_permitted"), "clearance is not handed down");
    let other = |change: fn(&mut NewDelegation)| {
        let mut new = to(CHEN);
        change(&mut new);
        new
    };
    let datasets = |names: &[&str]| {
        let datasets = names.iter().map(|name| name.parse().unwrap()).collect();
        NewDelegation { datasets, ..to(CHEN) }
    };
    assert_eq!(make(&world, ANA, datasets(&["nowhere"])).await, Err("not_found"));
    assert_eq!(make(&world, ANA, datasets(&[])).await, Err("bad_request"));
    assert_eq!(make(&world, ANA, other(|new| new.days = 32)).await, Err("bad_request"));
    assert_eq!(make(&world, ANA, other(|new| new.days = 0)).await, Err("bad_request"));
    assert_eq!(make(&world, ANA, other(|new| new.purposes.clear())).await, Err("bad_request"));
    let purpose = |name: &str| NewDelegation { purposes: vec![name.parse().unwrap()], ..to(CHEN) };
    assert_eq!(make(&world, ANA, purpose("curiosity")).await, Err("unknown_purpose"));
    assert_eq!(
        make(&world, ANA, purpose("customer_service")).await,
        Err("not_found"),
        "Ana sees nothing for it"
    );
}

/// What is open is not handed on again, whichever delegations it is open by; and only so often a day is it tried.
#[tokio::test(flavor = "multi_thread")]
async fn one_hands_on_what_is_not_open_yet_and_ten_times_a_day() {
    let (world, clock) = world("").await;
    let of = |names: &[&str]| {
        let datasets = names.iter().map(|name| name.parse().unwrap()).collect();
        NewDelegation { datasets, ..to(CHEN) }
    };
    for names in [&["crm_members", "dim_stores"][..], &["pos_orders"], &["crm_members"]] {
        let expected =
            if names.len() == 1 && names[0] == "crm_members" { Err("already_delegated") } else { Ok(()) };
        assert_eq!(make(&world, ANA, of(names)).await.map(|_| ()), expected, "{names:?}");
    }
    let both = flow::make_delegation(&world.ctx(ANA), &world.hub, of(&["crm_members", "pos_orders"])).await;
    let told = both.unwrap_err().error.to_string();
    assert!(told.starts_with("delegations 1, 2 hand that on already, until "), "{told}");
    assert_eq!(make(&world, ANA, of(&["crm_members", "products"])).await, Err("not_found"));
    let longer = NewDelegation { days: 9, ..of(&["crm_members"]) };
    assert_eq!(make(&world, ANA, longer).await, Ok(3));
    let (_, ended) = flow::end_delegation(&world.ctx(OLGA), &world.hub, 1).await.unwrap();
    assert_eq!(ended.still_open, [2, 3]);

    clock.turn(TimeDelta::days(12));
    for days in 1..=9 {
        make(&world, ANA, NewDelegation { days, ..to(CHEN) }).await.unwrap();
        // What is open for as long is not handed on again.
        assert_eq!(
            make(&world, ANA, NewDelegation { days, ..to(CHEN) }).await,
            Err("already_delegated"),
            "{days} days"
        );
        assert_eq!(make(&world, ANA, NewDelegation { days: 1, ..to(CHEN) }).await, Err("already_delegated"));
    }
    // What is refused counts: each tells whether there is somebody of a name.
    assert_eq!(make(&world, ANA, to("analyst:zoe")).await, Err("delegate_refused"));
    assert_eq!(make(&world, ANA, NewDelegation { days: 11, ..to(CHEN) }).await, Err("delegation_limit"));
    // Whoever may hand on to nobody is not told of anybody, and not for ever.
    for other in [CHEN, "analyst:zoe", "analyst:kim", "analyst:x"] {
        assert_eq!(make(&world, LEE, to(other)).await, Err("not_permitted"), "{other}");
    }
    for _ in 0..6 {
        assert_eq!(make(&world, LEE, of(&["nowhere"])).await, Err("not_found"));
    }
    assert_eq!(make(&world, LEE, to(CHEN)).await, Err("delegation_limit"));
    clock.turn(TimeDelta::days(1));
    assert_eq!(make(&world, LEE, to(CHEN)).await, Err("not_permitted"));
}

/// Steps of one kind share their numbers: that others take steps at the same moment is nobody's fault, and told to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn steps_at_the_same_moment_do_not_collide() {
    let (world, _) = world("").await;
    let kim = NewDelegation { purposes: vec!["customer_service".parse().unwrap()], ..to(LEE) };
    let news = [(ANA, to(CHEN)), (CHEN, to(ANA)), (ANA, to(LEE)), (CHEN, to(LEE)), ("analyst:kim", kim)];
    let made = futures::future::join_all(news.map(|(who, new)| {
        let (hub, ctx) = (Arc::clone(&world.hub), world.ctx(who));
        tokio::spawn(async move { flow::make_delegation(&ctx, &hub, new).await.map(|(_, one)| one) })
    }));
    let mut numbers: Vec<u64> =
        made.await.into_iter().map(|one| one.unwrap().unwrap().delegation.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let end = |number: u64| {
        let (hub, ctx) = (Arc::clone(&world.hub), world.ctx(OLGA));
        tokio::spawn(async move {
            let ended = flow::end_delegation(&ctx, &hub, number).await;
            ended.map(|_| ()).map_err(|failure| failure.error.code())
        })
    };
    let ended = futures::future::join_all((1..=4).map(end)).await;
    assert!(ended.iter().all(|one| one.as_ref().unwrap().is_ok()), "{ended:?}");
    // The same one ends once.
    let ended = futures::future::join_all([5, 5, 5, 5].map(end)).await;
    let ended: Vec<_> = ended.into_iter().map(Result::unwrap).collect();
    assert_eq!(ended.iter().filter(|one| one.is_ok()).count(), 1, "{ended:?}");
    assert_eq!(ended.iter().filter(|one| **one == Err("delegation_stands")).count(), 3, "{ended:?}");
    world.hub.ledger().verify_log().await.unwrap();
}

/// The record says who tried what, in the names that the hub knows.
#[tokio::test(flavor = "multi_thread")]
async fn the_record_says_who_tried_what() {
    let (world, clock) = world("").await;
    let hub = &world.hub;
    let reasons = async |hub: &Hub, run: membrane_model::RunId| {
        let run = hub.ledger().run(&run).await.unwrap().unwrap();
        let told = run
            .decisions
            .iter()
            .map(|one| format!("{}: {}", one.dataset.as_ref().map_or("", |name| name.as_str()), one.reason));
        told.collect::<Vec<_>>().join("\n")
    };
    let refused = async |new: NewDelegation| {
        flow::make_delegation(&world.ctx(ANA), hub, new).await.unwrap_err().run.unwrap()
    };
    let nowhere = ["crm_members", "nowhere"].map(|name| name.parse().unwrap()).to_vec();
    let told = reasons(hub, refused(NewDelegation { datasets: nowhere, ..to(CHEN) }).await).await;
    let expected = ": to hand on to analyst:chen for marketing_analysis, for 7 days";
    assert!(told.starts_with("crm_members: no such dataset") && told.ends_with(expected), "{told}");
    assert!(!told.contains("nowhere"), "{told}");
    let told = reasons(hub, refused(to("analyst:zoe")).await).await;
    let expected = ": to hand on to someone who is not known for marketing_analysis, for 7 days";
    assert!(told.starts_with("crm_members: ") && told.ends_with(expected), "{told}");
    let (made, _) = flow::make_delegation(&world.ctx(ANA), hub, to(CHEN)).await.unwrap();
    assert_eq!(
        reasons(hub, made).await,
        "crm_members: permitted, to hand on to analyst:chen for marketing_analysis, for 7 days\n: made delegation 1"
    );
    let ended = async |hub: &Hub, who: &str, number| {
        let ctx = hub.ctx(who.parse().unwrap(), membrane::Channel::Cli);
        flow::end_delegation(&ctx, hub, number)
            .await
            .map_err(|failure| (failure.run.unwrap(), failure.error.code()))
    };
    let (run, _) = ended(hub, LEE, 1).await.unwrap_err();
    assert_eq!(reasons(hub, run).await, ": not permitted: to end delegation 1");
    let (run, _) = ended(hub, LEE, 138).await.unwrap_err();
    assert_eq!(reasons(hub, run).await, ": not permitted: to end a delegation that there is not");
    let (made, _) =
        flow::make_delegation(&world.ctx(ANA), hub, NewDelegation { days: 9, ..to(CHEN) }).await.unwrap();
    assert!(reasons(hub, made).await.ends_with("made delegation 2"));
    ended(hub, CHEN, 1).await.unwrap();
    let (run, code) = ended(hub, OLGA, 1).await.unwrap_err();
    assert_eq!(
        (reasons(hub, run).await.as_str(), code),
        (": permitted, delegation 1 was over already", "delegation_stands")
    );

    // Ana leaves: what she handed on cannot be used, and who looks at the record is told why; her bearer ends nothing.
    let path = world.dir.path().join("policies/principals.json");
    let mut people: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    people.retain(|one| one["uid"]["id"] != "ana");
    std::fs::write(&path, serde_json::to_vec(&people).unwrap()).unwrap();
    let hub = &*world.again(&clock, "").await;
    assert_eq!(of_ana(hub, CHEN).await, Err("not_delegated"));
    let unusable = async |who: &str| {
        let ctx = hub.ctx(who.parse().unwrap(), membrane::Channel::Cli);
        flow::list_delegations(&ctx, hub).await.unwrap().1.pop().unwrap().unusable
    };
    assert_eq!(unusable(OLGA).await.as_deref(), Some("analyst:ana is not in principals.json"));
    assert_eq!(unusable(CHEN).await.as_deref(), Some("something has changed since; compliance can say what"));
    for number in [2, 99] {
        assert_eq!(ended(hub, ANA, number).await.unwrap_err().1, "unknown_principal");
    }
    let filter = RunFilter { principal: Some(ANA.parse().unwrap()), dataset: None, limit: 100 };
    let runs = hub.ledger().runs(filter).await.unwrap();
    let tried = runs.iter().find(|run| run.error_code.as_deref() == Some("not_delegated")).unwrap();
    assert_eq!(tried.on_behalf_of.as_ref().unwrap().to_string(), ANA);
    hub.ledger().verify_log().await.unwrap();
}

/// What policy no longer lets anybody use is open and of no use, and says so to who looks at the record.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_and_of_no_use_says_so() {
    let (world, clock) = world("").await;
    make(&world, ANA, to(CHEN)).await.unwrap();
    let unusable = async |hub: &Hub| {
        let ctx = hub.ctx(OLGA.parse().unwrap(), membrane::Channel::Cli);
        flow::list_delegations(&ctx, hub).await.unwrap().1.pop().unwrap().unusable
    };
    assert_eq!(unusable(&world.hub).await, None);
    let hand = "@id(\"no-hand-on\") forbid (principal, action == Action::\"delegate\", resource == Dataset::\"crm_members\") when { context.to has analyst && context.to.analyst == Analyst::\"chen\" };";
    let told = unusable(&*world.again(&clock, hand).await).await;
    assert_eq!(told.as_deref(), Some("policy does not let analyst:ana hand it on to analyst:chen"));
    let closed = "@id(\"chen.closed\") forbid (principal == Analyst::\"chen\", action == Action::\"read\", resource == Dataset::\"crm_members\");";
    let told = unusable(&*world.again(&clock, closed).await).await;
    assert_eq!(told.as_deref(), Some("policy shows analyst:chen nothing of it on behalf of analyst:ana"));
}

/// No chain: what was handed on to Chen is not Chen's to hand on. And glass that is broken for one is broken for that one.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_handed_on_goes_no_further() {
    let (world, _) = world("").await;
    let hub = &world.hub;
    make(&world, ANA, to(CHEN)).await.unwrap();
    make(&world, CHEN, to(LEE)).await.unwrap();
    assert_eq!(of_ana(hub, LEE).await, Err("not_delegated"));
    assert_eq!(seen(hub, LEE, Some(CHEN), MARKETING, SQL).await.as_deref(), Ok(GUANGDONG));

    let service = "customer_service";
    let mut of_kim = to(LEE);
    of_kim.purposes = vec![service.parse().unwrap()];
    make(&world, "analyst:kim", of_kim).await.unwrap();
    let glass = GlassRequest {
        purpose: service.parse().unwrap(),
        columns: vec![("crm_members".parse().unwrap(), "phone".parse().unwrap())],
        hours: 2,
        ticket: "INC-1".parse().unwrap(),
    };
    flow::request_glass(&world.ctx(LEE), hub, glass).await.unwrap();
    flow::approve_glass(&world.ctx(OLGA), hub, 1).await.unwrap();
    let own = seen(hub, LEE, None, service, SQL).await.unwrap();
    assert!(own.contains("13800138001"), "{own}");
    let acting = seen(hub, LEE, Some("analyst:kim"), service, SQL).await.unwrap();
    assert!(!acting.contains("1380013800"), "{acting}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_step_opens_nothing() {
    let (world, _) = world("").await;
    let forged = |body: &str| membrane_ledger::NewDocument {
        kind: membrane_ledger::DocumentKind::Delegation,
        number: 2,
        body: body.to_owned(),
        signature: "00".repeat(64),
        files: Vec::new(),
    };
    let run = membrane_ledger::NewRun {
        entrance: membrane_ledger::Entrance::default(),
        principal: ANA.parse().unwrap(),
        on_behalf_of: None,
        channel: membrane::Channel::Cli,
        action: membrane_model::Action::Delegate,
        purpose: None,
        job: "forged".to_owned(),
        statement: None,
        started: world.hub.clock().now(),
    };
    // A step that this hub signed is no fault.
    make(&world, ANA, to(LEE)).await.unwrap();
    let (status, told) = ready(&world.hub).await;
    assert_eq!((status, &told["fault"]), (StatusCode::OK, &serde_json::Value::Null));
    let mut run = world.hub.ledger().open_run(run).await.unwrap();
    let body = r#"{"format":"membrane-delegation/1","delegation":2,"principal":"analyst:ana","at":"2026-02-03T04:05:06Z","what":{"made":{"to":"analyst:chen","purposes":["marketing_analysis"],"datasets":["crm_members"],"days":7,"ticket":"HR-12"}}}"#;
    run.add_document(&forged(body)).await.unwrap();
    assert_eq!(of_ana(&world.hub, CHEN).await, Err("ledger_failed"));
    // Who watches the hub is told, and what it is.
    let expected = serde_json::json!({ "ready": false, "ledger": true, "lake": true, "log": true, "fault": "delegations_altered" });
    assert_eq!(ready(&world.hub).await, (StatusCode::SERVICE_UNAVAILABLE, expected));
    // Whoever asks in their own name is not concerned.
    assert_eq!(seen(&world.hub, CHEN, None, MARKETING, SQL).await.as_deref(), Ok(GUANGDONG));
}

/// As people do it, on the command line and over HTTP.
#[test]
fn the_doors_go_together() {
    let program = Program::new();
    std::fs::write(program.path("crm_members.csv"), members()).unwrap();
    program.ok(&["ingest", "crm_members", "crm_members.csv"]);
    let words =
        ["delegation", "make", "crm_members", "--to", CHEN, "--purpose", MARKETING, "--ticket", "HR-12"];
    let told = program.ok(&[&words[..], &["--days", "3", "--as", ANA]].concat());
    assert!(told.contains("delegation 1 is open until") && told.contains("--for analyst:ana"), "{told}");
    let ask = ["sql", SQL, "--purpose", MARKETING, "--csv", "--as", CHEN];
    let acting = [&ask[..], &["--for", ANA]].concat();
    assert!(program.ok(&acting).contains("SH,gold,138******01"));
    assert!(!program.ok(&ask).contains("SH,gold"));
    let told = program.ok(&["runs", "--principal", ANA]);
    assert!(told.contains(" analyst:chen ") && told.contains(" for analyst:ana "), "{told}");
    fits(&told);
    let told = program.ok(&["delegation", "list"]);
    assert!(told.contains("HR-12") && told.contains("open") && told.contains(CHEN), "{told}");
    fits(&told);
    let told = program.run(&[&words[..], &["--days", "3", "--as", ANA]].concat());
    let error = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(error.contains("delegation 1 hands that on already, until "), "{error}");
    explained(&program);
    let told = program.ok(&["policy", "review"]);
    assert!(told.contains("Delegations:\n  1 from analyst:ana to analyst:chen, open: 1 runs"), "{told}");
    assert!(
        told.contains("\n    crm_members for marketing_analysis, until 2") && told.contains("HR-12"),
        "{told}"
    );

    let [ana, chen, olga] = [ANA, CHEN, OLGA].map(|principal| program.bearer(principal));
    let served = program.serve();
    let post = |bearer: &str, path: &str, body: &str| {
        let more = ["--request", "POST", "--header", "Content-Type: application/json", "--data", body];
        String::from_utf8(served.curl(path, Some(bearer), &more)).unwrap()
    };
    let body = format!(r#"{{"sql":"{SQL}","purpose":"{MARKETING}","for":"{ANA}"}}"#);
    let told = post(&chen, "/v1/query", &body);
    assert!(told.contains("138******01"), "{told}");
    let new = format!(
        r#"{{"to":"{CHEN}","purposes":["{MARKETING}"],"datasets":["crm_members"],"days":9,"ticket":"HR-13"}}"#
    );
    let told = post(&ana, "/v1/delegations", &new);
    assert!(told.contains(r#""number":2"#) && told.contains(r#""state":"open""#), "{told}");
    for number in [1, 2] {
        let told = post(&olga, &format!("/v1/delegations/{number}/end"), "{}");
        assert!(told.contains(r#""ended_by":"compliance:olga""#), "{told}");
        assert!(told.contains(r#""ended_at":"2"#), "{told}");
        let still = if number == 1 { r#""still_open":[2]"# } else { r#""still_open":[]"# };
        assert!(told.contains(still), "{told}");
    }
    let told = post(&olga, "/v1/delegations/1/end", "{}");
    assert!(told.contains("delegation 1 has ended already"), "{told}");
    let told = post(&chen, "/v1/query", &body);
    assert!(told.starts_with("HTTP/1.1 403") && told.contains("not_delegated"), "{told}");
    let nobody = post(&chen, "/v1/query", &body.replace(ANA, "analyst:zoe"));
    let told_apart =
        |text: &str| text.split_once("\r\n\r\n").unwrap().1.split("\"run\"").next().unwrap().to_owned();
    assert_eq!(told_apart(&told), told_apart(&nobody), "whether there is somebody does not show");
    let list = String::from_utf8(served.curl("/v1/delegations", Some(&chen), &[])).unwrap();
    assert!(list.contains(r#""state":"ended""#) && list.contains(r#""runs":2"#), "{list}");
    served.stop();
    assert_eq!(program.run(&acting).status.code(), Some(3));
    program.ok(&["log", "verify"]);
}

/// Chen on behalf of Ana is explained as Ana is, less what is forbidden to him, with the delegation by which it is so.
fn explained(program: &Program) {
    let explain = |who: &str, column: &str, more: &[&str]| {
        let words = ["policy", "explain", who, column, "--purpose", MARKETING];
        program.ok(&[&words[..], more].concat())
    };
    let told = explain(CHEN, "crm_members.phone", &["--for", ANA]);
    for expected in [
        "analyst:chen, on behalf of analyst:ana, sees crm_members.phone as partial(3,4)",
        "delegate",
        "delegation.analysts",
        "delegation 1 is open until ",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let told = explain(CHEN, "crm_members.phone", &["--for", ANA, "--at", "2027-01-01T00:00:00Z"]);
    assert!(told.contains("none hands this on at that moment") && told.contains("would see"), "{told}");
    let told = explain(CHEN, "crm_members.phone", &["--for", ANA, "--at", "2020-01-01T00:00:00Z"]);
    assert!(told.contains("none hands this on at that moment") && told.contains("would see"), "{told}");
    // Ana may not hand on to an operator, and lookups and broken glass are not handed on.
    let told = explain("operator:omar", "crm_members.phone", &["--for", ANA]);
    assert!(told.contains("would not see crm_members.phone"), "{told}");
    let json = explain(CHEN, "crm_members.phone", &["--for", ANA, "--json"]);
    assert!(json.contains(r#""on_behalf_of": "analyst:ana""#) && json.contains(r#""number": 1"#), "{json}");
    let refused = ["policy", "explain", CHEN, "crm_members.phone", "--purpose", MARKETING, "--for", ANA];
    let told = program.run(&[&refused[..], &["--action", "release"]].concat());
    assert_eq!(told.status.code(), Some(2));
}

/// A member's number in the wrong place: in every field, by every door, and at the most talkative log level, nothing keeps it or
/// says it.
#[test]
fn what_is_typed_in_the_wrong_place_is_kept_nowhere() {
    let program = Program::new().with_env("MEMBRANE__LOG__LEVEL", "trace");
    let [ana, olga] = [ANA, OLGA].map(|principal| program.bearer(principal));
    let served = program.serve();
    let mut said = Vec::new();
    let mut post = |bearer: &str, path: &str, body: &str| {
        let more = ["--request", "POST", "--header", "Content-Type: application/json", "--data", body];
        said.extend(served.curl(path, Some(bearer), &more));
    };
    let body = |to: &str, purpose: &str, dataset: &str, days: &str, ticket: &str| {
        format!(
            r#"{{"to":"{to}","purposes":["{purpose}"],"datasets":["{dataset}"],"days":{days},"ticket":"{ticket}"}}"#
        )
    };
    let planted = format!("x{PHONE}");
    let path = "/v1/delegations";
    post(&ana, path, &body(&format!("analyst:{planted}"), MARKETING, "crm_members", "1", "HR-1"));
    post(&ana, path, &body(&planted, MARKETING, "crm_members", "1", "HR-1"));
    post(&ana, path, &body(CHEN, &planted, "crm_members", "1", "HR-1"));
    post(&ana, path, &body(CHEN, MARKETING, &planted, "1", "HR-1"));
    post(&ana, path, &body(CHEN, MARKETING, "crm_members", PHONE, "HR-1"));
    post(&ana, path, &body(CHEN, MARKETING, "crm_members", "1", &format!("TEL-{PHONE}")));
    post(&ana, path, &format!(r#"{{"{planted}":1}}"#));
    post(&olga, &format!("/v1/delegations/{PHONE}/end"), "{}");
    post(&olga, &format!("/v1/delegations/{planted}/end"), "{}");
    for of in [format!("analyst:{planted}"), planted.clone()] {
        post(
            &ana,
            "/v1/query",
            &format!(r#"{{"sql":"SELECT 1 AS a","purpose":"{MARKETING}","for":"{of}"}}"#),
        );
    }
    served.stop();
    assert!(!crate::world::holds(&said, PHONE.as_bytes()), "{}", String::from_utf8_lossy(&said));
    assert_eq!(String::from_utf8_lossy(&said).matches("\"error\"").count(), 11);
    let of = format!("analyst:{planted}");
    program.run(&["sql", "SELECT 1 AS a", "--as", ANA, "--purpose", MARKETING, "--for", &of]);
    assert_eq!(files_with(program.dir.path(), PHONE), Vec::<std::path::PathBuf>::new());
}
