use membrane_ledger::{NewRun, RunRecord};
use membrane_model::{Channel, ColumnName, RevealLevel};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::fixture::{Hub, PAIR, Recorded, noon, request};
use crate::permit::GrantedDataset;
use crate::{BrokenGlass, Lookup, RowRule};

/// Ana sees her regions, Bea everybody with points; what is personal in part; of Bea the city is hidden, and rich members.
const POLICIES: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource == Dataset::"members")
when { context.purpose == "marketing" };
@id("clear") permit (principal == Analyst::"ana", action == Action::"readClear", resource in Class::"business");
@id("city") permit (principal == Analyst::"ana", action == Action::"readClear", resource in Class::"geo");
@id("city.null") permit (principal == Analyst::"ana", action == Action::"readNull", resource in Class::"geo");
@id("token") permit (principal == Analyst::"ana", action == Action::"readToken", resource in Class::"pii.phone");
@id("look-up") permit (principal == Analyst::"ana", action == Action::"lookUp", resource in Class::"pii.phone");
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource is Row::members)
when { principal.regions.contains(resource.region) };
@id("own") permit (principal == Analyst::"bea", action == Action::"readClear", resource in Class::"pii.name");
@id("floor.city") forbid (principal in Group::"other", action == Action::"readClear", resource == Column::"members.city");
@id("floor.rich") forbid (principal in Group::"other", action == Action::"readRow", resource is Row::members)
when { resource.points > 1000 };
@id("glass") permit (principal is Analyst, action == Action::"readClear", resource in Class::"pii")
when { context has breakGlass && context.breakGlass.contains(resource) };
@id("delegate") permit (principal is Analyst, action == Action::"delegate", resource == Dataset::"members")
when { context.to has analyst && context.to.analyst.clearance >= principal.clearance };
@id("audit") permit (principal is Compliance, action == Action::"audit", resource);
"#;

fn hub() -> Hub {
    Hub::with_people(POLICIES, PAIR)
}

/// A request of somebody on behalf of another, to whom these datasets were handed on.
fn on_behalf(who: &str, of: &str, purpose: &str, datasets: &[&str]) -> Request {
    let request = request(who, Action::Read, purpose, datasets);
    let handed = vec![Handed { delegation: 3, datasets: vec!["members".parse().unwrap()] }];
    Request { acting: Some(Acting { delegator: of.parse().unwrap(), handed }), ..request }
}

fn shown(granted: &GrantedDataset, column: &str) -> Option<RevealLevel> {
    let column: ColumnName = column.parse().unwrap();
    granted.columns.iter().find(|one| one.column == column).map(|one| one.level())
}

fn granted(hub: &Hub, request: &Request) -> GrantedDataset {
    hub.judge(request).verdict.unwrap_or_else(|refused| panic!("{refused}")).remove(0)
}

fn why(hub: &Hub, request: &Request) -> RefusedReason {
    hub.judge(request).verdict.err().unwrap_or_else(|| panic!("{request:?}")).reason
}

#[test]
fn who_acts_sees_what_the_other_sees_above_their_own_floor() {
    let hub = hub();
    let of_ana = granted(&hub, &request("analyst:ana", Action::Read, "marketing", &["members"]));
    let of_bea = granted(&hub, &request("analyst:bea", Action::Read, "marketing", &["members"]));
    let acting = on_behalf("analyst:bea", "analyst:ana", "marketing", &["members"]);
    let both = granted(&hub, &acting);
    let clear = Some(RevealLevel::Clear);
    assert_eq!((shown(&of_ana, "city"), shown(&both, "city")), (clear, Some(RevealLevel::Null)), "the floor");
    assert_eq!((shown(&both, "region"), shown(&both, "points")), (clear, clear));
    assert_eq!(
        (shown(&of_bea, "name"), shown(&both, "name")),
        (clear, None),
        "what is Bea's own is not Ana's"
    );
    let RowRule::When(rows) = &both.row_rule else { panic!("{:?}", both.row_rule) };
    let rows = rows.to_string();
    assert!(rows.contains("region in [`BJ`, `SH`]") && rows.contains("points <= 1000"), "{rows}");
    // In their own names nothing has changed, whatever was asked in between.
    assert_eq!(of_bea, granted(&hub, &request("analyst:bea", Action::Read, "marketing", &["members"])));
    assert_eq!(of_ana, granted(&hub, &request("analyst:ana", Action::Read, "marketing", &["members"])));
    let decisions = hub.judge(&acting).decisions;
    let used = decisions.last().unwrap();
    assert_eq!(used.reason, "permitted, on behalf of analyst:ana by delegation 3");
    assert_eq!(used.factors, ["delegate"]);
    assert!(decisions[0].factors.contains(&"floor.rich".to_owned()), "{decisions:?}");
}

impl PartialEq for GrantedDataset {
    fn eq(&self, other: &Self) -> bool {
        (&self.dataset.name, &self.columns, &self.row_rule)
            == (&other.dataset.name, &other.columns, &other.row_rule)
    }
}

#[test]
fn what_was_not_handed_on_is_not_there() {
    let hub = hub();
    let acting = |who, of, purpose, datasets: &[&str]| on_behalf(who, of, purpose, datasets);
    assert_eq!(
        why(&hub, &acting("analyst:bea", "analyst:ana", "marketing", &["stores"])),
        RefusedReason::NotFound
    );
    assert_eq!(
        why(&hub, &acting("analyst:bea", "analyst:ana", "marketing", &["nowhere"])),
        RefusedReason::NotFound
    );
    let not = RefusedReason::NotDelegated;
    assert_eq!(why(&hub, &acting("analyst:bea", "analyst:ana", "service", &["members"])), not, "Ana may not");
    assert_eq!(why(&hub, &acting("analyst:ana", "analyst:bea", "marketing", &["members"])), not, "policy");
    for who in ["analyst:ana", "partner:acme", "compliance:olga", "operator:omar"] {
        assert_eq!(why(&hub, &acting(who, "analyst:ana", "marketing", &["members"])), not, "{who}");
    }
    assert_eq!(why(&hub, &acting("partner:acme", "partner:bolt", "marketing", &["members"])), not);
    // Whether there is somebody of the name does not show, and neither does which datasets there are.
    let mut nothing = acting("analyst:bea", "analyst:ana", "marketing", &["members"]);
    nothing.acting.as_mut().unwrap().handed.clear();
    let nobody = acting("analyst:bea", "analyst:zoe", "marketing", &["nowhere"]);
    let told = |request: &Request| format!("{:?}", hub.judge(request).verdict.unwrap_err());
    assert_eq!(told(&nothing), told(&nobody));
    for action in
        [Action::Release, Action::Ingest, Action::Audit, Action::Delegate, Action::ApproveBreakGlass]
    {
        let request = Request { action, ..acting("analyst:bea", "analyst:ana", "marketing", &["members"]) };
        assert_eq!(why(&hub, &request), not, "{action}");
    }
}

/// Broken glass is for one person: neither the one who acts nor the one for whom sees behind it.
#[test]
fn broken_glass_is_not_handed_on() {
    let hub = hub();
    let glass =
        BrokenGlass { grant: 1, columns: vec![("members".parse().unwrap(), "phone".parse().unwrap())] };
    let own = Request {
        broken: vec![glass.clone()],
        ..request("analyst:ana", Action::Read, "marketing", &["members"])
    };
    assert_eq!(shown(&granted(&hub, &own), "phone"), Some(RevealLevel::Clear));
    let acting =
        Request { broken: vec![glass], ..on_behalf("analyst:bea", "analyst:ana", "marketing", &["members"]) };
    assert_eq!(shown(&granted(&hub, &acting), "phone"), Some(RevealLevel::Token));
    assert!(hub.judge(&acting).decisions.iter().all(|decision| !decision.reason.contains("glass")));
}

/// Tokens are the same in both views: what one finds by a number would stand beside what the other sees of it.
#[test]
fn nobody_looks_values_up_on_behalf_of_another() {
    let hub = hub();
    let lookup = Lookup { dataset: None, column: "phone".parse().unwrap() };
    let own = request("analyst:ana", Action::Read, "marketing", &["members"]);
    let own = Request { lookups: vec![lookup.clone()], ..own };
    assert!(hub.judge(&own).verdict.is_ok());
    let acting = on_behalf("analyst:bea", "analyst:ana", "marketing", &["members"]);
    assert!(hub.judge(&acting).verdict.is_ok());
    let acting = Request { lookups: vec![lookup], ..acting };
    assert_eq!(why(&hub, &acting), RefusedReason::Lookup);
}

impl Recorded {
    async fn run_of(&self, who: &str, of: Option<&str>, action: Action, purpose: Option<&str>) -> OpenRun {
        let run = NewRun {
            entrance: membrane_ledger::Entrance::default(),
            principal: who.parse().unwrap(),
            on_behalf_of: of.map(|of| of.parse().unwrap()),
            channel: Channel::Cli,
            action,
            purpose: purpose.map(|purpose| purpose.parse().unwrap()),
            job: "test".to_owned(),
            statement: None,
            started: noon(),
        };
        self.ledger.open_run(run).await.unwrap()
    }

    async fn record_of(&self, run: &OpenRun) -> RunRecord {
        self.ledger.run(&run.id()).await.unwrap().unwrap()
    }
}

fn asked(delegate: &str, purposes: &[&str], datasets: &[&str]) -> DelegationRequest {
    DelegationRequest {
        delegator: "analyst:ana".parse().unwrap(),
        delegate: delegate.parse().unwrap(),
        purposes: purposes.iter().map(|name| name.parse().unwrap()).collect(),
        datasets: datasets.iter().map(|name| name.parse().unwrap()).collect(),
    }
}

#[tokio::test]
async fn a_permit_on_behalf_of_another_needs_a_run_on_their_behalf() {
    let world = Recorded::with_people(POLICIES, PAIR).await;
    let (read, marketing) = (Action::Read, Some("marketing"));
    let acting = || on_behalf("analyst:bea", "analyst:ana", "marketing", &["members"]);
    let mut run = world.run_of("analyst:bea", Some("analyst:ana"), read, marketing).await;
    world.authorizer.issue(&mut run, acting()).await.unwrap();
    let own = request("analyst:bea", read, "marketing", &["members"]);
    let fault = RefusedReason::RecordFault;
    assert_eq!(world.authorizer.issue(&mut run, own).await.unwrap_err().reason, fault);
    for of in [None, Some("analyst:cho")] {
        let mut run = world.run_of("analyst:bea", of, read, marketing).await;
        assert_eq!(world.authorizer.issue(&mut run, acting()).await.unwrap_err().reason, fault);
        assert!(world.record_of(&run).await.decisions.is_empty());
    }
}

#[tokio::test]
async fn each_dataset_is_handed_on_for_each_purpose() {
    let world = Recorded::with_people(POLICIES, PAIR).await;
    let make = async |delegate: &str, purposes: &[&str], datasets: &[&str]| {
        let mut run = world.run_of("analyst:ana", None, Action::Delegate, None).await;
        let asked = asked(delegate, purposes, datasets);
        let refused = world.authorizer.decide_delegation(&mut run, (&asked, 7), noon()).await.err();
        let record = world.record_of(&run).await;
        assert!(!record.decisions.is_empty());
        let told = format!("{:?}", record.decisions);
        assert!(!told.contains("nowhere") && !told.contains("zoe"), "{told}");
        (refused.map(|refused| refused.reason), record.decisions[0].reason.clone())
    };
    let (refused, told) = make("analyst:bea", &["marketing"], &["members"]).await;
    assert_eq!(
        (refused, told.as_str()),
        (None, "permitted, to hand on to analyst:bea for marketing, for 7 days")
    );
    let (refused, told) = make("analyst:bea", &["marketing", "nowhere"], &["members", "nowhere"]).await;
    assert_eq!(refused, Some(RefusedReason::UnknownPurpose));
    assert_eq!(told, "unknown or missing purpose: to hand on to analyst:bea for marketing, for 7 days");
    let (refused, told) = make("analyst:zoe", &["marketing"], &["members"]).await;
    assert_eq!(refused, Some(RefusedReason::Delegate));
    assert!(told.ends_with(": to hand on to someone who is not known for marketing, for 7 days"), "{told}");
    let refused = async |delegate: &str, purposes: &[&str], datasets: &[&str]| {
        make(delegate, purposes, datasets).await.0.unwrap()
    };
    for delegate in ["analyst:ana", "analyst:zoe", "partner:acme", "compliance:olga", "service:bea"] {
        assert_eq!(
            refused(delegate, &["marketing"], &["members"]).await,
            RefusedReason::Delegate,
            "{delegate}"
        );
    }
    let bea = "analyst:bea";
    // What Ana does not see is to her as if it were not there, and nobody can hand on what is not.
    assert_eq!(refused(bea, &["marketing"], &["members", "stores"]).await, RefusedReason::NotFound);
    assert_eq!(refused(bea, &["marketing"], &["nowhere"]).await, RefusedReason::NotFound);
    assert_eq!(refused(bea, &["marketing", "service"], &["members"]).await, RefusedReason::NotFound);
    assert_eq!(refused(bea, &["nowhere"], &["members"]).await, RefusedReason::UnknownPurpose);
    assert_eq!(refused(bea, &["marketing"], &[]).await, RefusedReason::NotPermitted);
}

#[tokio::test]
async fn both_and_compliance_end_it_and_nobody_else() {
    let world = Recorded::with_people(POLICIES, PAIR).await;
    let people = [
        ("analyst:ana", true),
        ("analyst:bea", true),
        ("compliance:olga", true),
        ("analyst:cho", false),
        ("operator:omar", false),
        ("partner:acme", false),
    ];
    for (who, may) in people {
        let mut run = world.run_of(who, None, Action::Delegate, None).await;
        let asked = asked("analyst:bea", &["marketing"], &["members"]);
        let end = DelegationEnd { number: 3, asked: &asked, is_over: false };
        let ended = world.authorizer.decide_delegation_end(&mut run, Some(end), noon()).await;
        assert_eq!(ended.is_ok(), may, "{who}");
        let [decision] = world.record_of(&run).await.decisions.try_into().unwrap();
        assert_eq!(decision.allowed, may, "{who}");
        assert_eq!(decision.reason == "permitted, ends delegation 3", may, "{who}: {}", decision.reason);
        assert!(decision.reason.contains("delegation 3"), "{who}: {}", decision.reason);
    }
}

/// Everybody permitted everything, with the annotations that some levels need: what Cedar then still refuses is forbidden.
const ALL: &str = r#"
@id("all.read") permit (principal, action == Action::"read", resource);
@id("all.clear") permit (principal, action == Action::"readClear", resource);
@id("all.partial") @partial("partial(1,0)") permit (principal, action == Action::"readPartial", resource);
@id("all.generalised") @generalise("fixed") permit (principal, action == Action::"readGeneralised", resource);
@id("all.token") permit (principal, action == Action::"readToken", resource);
@id("all.null") permit (principal, action == Action::"readNull", resource);
"#;

const WHO: [&str; 6] = [
    "principal",
    "principal is Analyst",
    "principal == Analyst::\"ana\"",
    "principal == Analyst::\"bea\"",
    "principal in Group::\"marketing\"",
    "principal is Analyst in Group::\"other\"",
];

const ON: [&str; 6] = [
    "resource",
    "resource in Class::\"pii\"",
    "resource in Class::\"business\"",
    "resource in Class::\"pii.phone\"",
    "resource in Dataset::\"members\"",
    "resource == Column::\"members.city\"",
];

fn policy() -> impl Strategy<Value = String> {
    let level = select(vec![
        ("", "readClear"),
        ("@partial(\"partial(3,4)\")", "readPartial"),
        ("@partial(\"partial(1,0)\")", "readPartial"),
        ("@generalise(\"fixed\")", "readGeneralised"),
        ("", "readToken"),
        ("@token(\"ff1\")", "readToken"),
        ("", "readNull"),
    ]);
    let condition = select(vec![
        "",
        "when { principal is Analyst && principal.clearance >= 2 }",
        "when { context.purpose == \"marketing\" }",
    ]);
    (any::<bool>(), select(&WHO[..]), level, select(&ON[..]), condition).prop_map(
        |(permit, who, (annotation, action), on, condition)| {
            let (annotation, effect) = if permit { (annotation, "permit") } else { ("", "forbid") };
            format!("{annotation} {effect} ({who}, action == Action::\"{action}\", {on}) {condition};\n")
        },
    )
}

fn numbered(policies: &[String]) -> String {
    policies.iter().enumerate().map(|(number, text)| format!("@id(\"p{number}\") {text}")).collect()
}

const FRAME: &str = r#"
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource);
@id("delegate") permit (principal is Analyst, action == Action::"delegate", resource);
"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bea acts for Ana: each column is shown at most as Ana sees it and at no level that is forbidden to Bea; and just as Ana
    /// sees it, where none of those levels is forbidden to Bea.
    #[test]
    fn a_permit_on_behalf_of_another_is_within_both(
        policies in prop::collection::vec(policy(), 1..10),
        closed in select(vec!["", "@id(\"closed\") forbid (principal == Analyst::\"bea\", action == Action::\"read\", resource);"]),
    ) {
        let text = numbered(&policies) + FRAME + closed;
        let read = "@id(\"read\") permit (principal is Analyst, action == Action::\"read\", resource);";
        let hub = Hub::with_people(&format!("{text}{read}"), PAIR);
        let all = Hub::with_people(&format!("{text}{ALL}"), PAIR);
        let own = hub.judge(&request("analyst:ana", Action::Read, "marketing", &["members"]));
        let both = hub.judge(&on_behalf("analyst:bea", "analyst:ana", "marketing", &["members"]));
        let bea = &all.policies.world.principals[&"analyst:bea".parse().unwrap()];
        let floor = Asker::new(&all.policies, bea, Some(&"marketing".parse().unwrap()), noon()).unwrap();
        let uids = &all.policies.world.datasets[&"members".parse().unwrap()];
        let Ok(own) = own.verdict else {
            prop_assert!(both.verdict.is_err(), "{text}");
            return Ok(());
        };
        prop_assert!(closed.is_empty() || both.verdict.is_err(), "{text}");
        let both = both.verdict.map_or(Vec::new(), |mut both| both.remove(0).columns);
        for column in &both {
            let of_ana = own[0].columns.iter().find(|one| one.column == column.column);
            prop_assert!(of_ana.is_some_and(|one| one.level() >= column.level()), "{column:?}\n{text}");
            let answer = floor.ask(column.level().cedar_action(), &uids.columns[&column.column]);
            prop_assert_eq!(answer.outcome, Outcome::Permitted, "{:?}\n{}", column, text);
        }
        for column in own[0].columns.iter().filter(|_| closed.is_empty()) {
            let forbidden = |level: &RevealLevel| {
                floor.ask(level.cedar_action(), &uids.columns[&column.column]).outcome != Outcome::Permitted
            };
            let shown = both.iter().find(|one| one.column == column.column).map(|one| one.shown);
            // What is permitted at a level that is forbidden does not reach down from there, here as elsewhere.
            let mut reached = RevealLevel::HIGHEST_FIRST.into_iter().filter(|level| *level >= column.level());
            if forbidden(&column.level()) {
                prop_assert_ne!(shown, Some(column.shown), "{:?}\n{}", column, text);
            } else if !reached.any(|level| forbidden(&level)) {
                prop_assert_eq!(shown, Some(column.shown), "{:?}\n{}", column, text);
            }
        }
    }
}
