use membrane_model::{Protection, RevealLevel};

use super::*;
use crate::fixture::{Hub, Recorded, noon, request};

const POLICIES: &str = r#"
@id("read") permit (principal is Analyst, action == Action::"read", resource == Dataset::"members");
@id("rows") permit (principal is Analyst, action == Action::"readRow", resource);
@id("null") permit (principal is Analyst, action == Action::"readNull", resource);
@id("ask") permit (principal is Analyst, action == Action::"requestBreakGlass", resource in Class::"pii.phone")
when { context.purpose == "service" };
@id("agree") permit (principal is Compliance, action == Action::"approveBreakGlass", resource)
when { resource.purpose == "service" };
@id("agree.everybody") permit (principal is Analyst, action == Action::"approveBreakGlass", resource);
@id("glass") permit (principal is Analyst, action == Action::"readClear", resource in Class::"pii")
when { context has breakGlass && context.breakGlass.contains(resource) };
"#;

fn asked(purpose: &str, columns: &[&str]) -> BreakGlassRequest {
    let column = |name: &&str| ("members".parse().unwrap(), name.parse().unwrap());
    BreakGlassRequest {
        requester: "analyst:ana".parse().unwrap(),
        purpose: purpose.parse().unwrap(),
        columns: columns.iter().map(column).collect(),
    }
}

async fn world() -> Recorded {
    Recorded::new(POLICIES).await
}

impl Recorded {
    /// Asks, and returns why it is refused, and how many decisions are on record.
    async fn ask(&self, purpose: &str, columns: &[&str]) -> (Option<RefusedReason>, usize) {
        let mut run = self
            .run(&asked(purpose, &[]).requester, Action::RequestBreakGlass, Some(&purpose.parse().unwrap()))
            .await;
        let asked = asked(purpose, columns);
        let refused = self.authorizer.decide_break_glass_request(&mut run, &asked, noon()).await.err();
        let record = self.ledger.run(&run.id()).await.unwrap().unwrap();
        (refused.map(|refused| refused.reason), record.decisions.len())
    }

    async fn agree(&self, who: &str, purpose: &str) -> Option<RefusedReason> {
        let mut run = self.run(&who.parse().unwrap(), Action::ApproveBreakGlass, None).await;
        let asked = asked(purpose, &["phone"]);
        let refused = self.authorizer.decide_break_glass_approval(&mut run, (3, &asked), noon()).await.err();
        assert_eq!(self.ledger.run(&run.id()).await.unwrap().unwrap().decisions.len(), 1);
        refused.map(|refused| refused.reason)
    }
}

#[tokio::test]
async fn each_column_is_asked_for() {
    let world = world().await;
    assert_eq!(world.ask("service", &["phone"]).await, (None, 1));
    let refused = Some(RefusedReason::NotPermitted);
    assert_eq!(world.ask("service", &["phone", "name"]).await, (refused, 2));
    assert_eq!(world.ask("marketing", &["phone"]).await, (refused, 1));
    assert_eq!(world.ask("service", &["phone", "nowhere"]).await, (refused, 1));
    assert_eq!(world.ask("service", &[]).await, (refused, 1));
}

/// A policy permits every analyst to agree; the one who asked does not, by whatever name.
#[tokio::test]
async fn it_takes_another_person() {
    let world = world().await;
    assert_eq!(world.agree("compliance:olga", "service").await, None);
    assert_eq!(world.agree("compliance:olga", "marketing").await, Some(RefusedReason::NotPermitted));
    assert_eq!(world.agree("analyst:ana", "service").await, Some(RefusedReason::OwnRequest));
    assert_eq!(world.agree("compliance:ana", "service").await, Some(RefusedReason::OwnRequest));
    assert_eq!(world.agree("partner:acme", "service").await, Some(RefusedReason::NotPermitted));
    assert_eq!(world.agree("analyst:nobody", "service").await, Some(RefusedReason::UnknownPrincipal));
}

/// What a grant shows: its columns, and no other of the class. Each use has a decision of its own.
#[test]
fn what_is_behind_broken_glass_is_seen() {
    let hub = Hub::new(POLICIES);
    let columns = |names: &[&str]| asked("service", names).columns;
    let mut request = request("analyst:ana", Action::Read, "service", &["members"]);
    let level = |request: &crate::Request, name: &str| {
        let granted = hub.judge(request).verdict.unwrap();
        granted[0].columns.iter().find(|column| column.column.as_str() == name).unwrap().level()
    };
    assert_eq!(level(&request, "phone"), RevealLevel::Null);
    request.broken = vec![BrokenGlass { grant: 7, columns: columns(&["phone"]) }];
    assert_eq!((level(&request, "phone"), level(&request, "name")), (RevealLevel::Clear, RevealLevel::Null));
    let decisions = hub.judge(&request).decisions;
    let last = decisions.last().unwrap();
    assert_eq!((last.reason.as_str(), last.columns.len()), ("permitted, break-glass 7", 1));
    assert_eq!(last.columns[0].factors, ["glass"]);
    // What is stored as a token alone has no value to be seen.
    let device = hub.catalog.dataset(&"members".parse().unwrap()).unwrap();
    assert_eq!(device.column(&"device".parse().unwrap()).unwrap().protection, Protection::Token);
    request.broken = vec![BrokenGlass { grant: 7, columns: columns(&["device", "gone"]) }];
    assert_ne!(level(&request, "device"), RevealLevel::Clear);
    // That the grant was open is on record all the same, with what was shown.
    let decisions = hub.judge(&request).decisions;
    let used = decisions.iter().find(|decision| decision.reason.contains("break-glass")).unwrap();
    assert_ne!(used.columns[0].level, Some(RevealLevel::Clear));
}
