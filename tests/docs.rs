//! What the pages show works as they show it.

use membrane::flow::{self, ReleaseRequest};

use crate::world::{self, small};

/// The blocks of a page that are fenced as this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(world::repository().join("docs").join(page)).unwrap();
    let fence = format!("```{language}\n");
    let found: Vec<String> =
        text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect();
    assert!(!found.is_empty(), "{page} has no block of {language}");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_questions_of_the_partners_page_have_a_price() {
    let world = small::world().await;
    for sql in blocks("partners.md", "sql") {
        let request = ReleaseRequest { sql: sql.clone(), dry_run: true, ..ReleaseRequest::default() };
        let told = flow::release(&world.ctx("partner:acme"), &world.hub, request).await;
        assert!(told.is_ok_and(|told| told.price.rho_nano > 0), "{sql}");
    }
}

#[test]
fn the_policies_of_the_policies_page_are_those_of_this_repository() {
    let text = std::fs::read_to_string(world::repository().join("policies/marketing.cedar")).unwrap();
    for policy in blocks("policies.md", "cedar") {
        assert!(text.contains(policy.trim()), "{policy}");
    }
}
