//! The policies that come with the hub: what they grant to whom.

use membrane_model::{Action, RevealLevel, Shown};

use crate::fixture::{Hub, noon, request, told};
use crate::permit::GrantedDataset;
use crate::{CompareOperator, Policies, RefusedReason, RowExpr, RowRule, RowValue};

const SAMPLE: &str = ".";
const COMPLETE_JOURNEY: &str = "examples/completejourney";

fn shown(granted: &GrantedDataset) -> Vec<String> {
    let column = |column: &crate::permit::GrantedColumn| match column.shown {
        Shown::Clear => column.column.to_string(),
        Shown::Partial(mask) => format!("{} {mask}", column.column),
        Shown::Generalised(how) => format!("{} {how}", column.column),
        Shown::Token(_) | Shown::Null => format!("{} {}", column.column, column.level()),
    };
    granted.columns.iter().map(column).collect()
}

/// Compares the columns in clear (by name) and the others (name and form), and the row rule.
fn check(
    folder: &str,
    who: &str,
    action: Action,
    purpose: &str,
    dataset: &str,
    columns: &[&str],
    rows: &RowRule,
) {
    let granted = Hub::repository(folder).ask(who, action, purpose, dataset).unwrap();
    assert_eq!(shown(&granted), columns, "{who} {dataset}");
    assert_eq!(granted.row_rule, *rows, "{who} {dataset}");
}

fn check_refused(who: &str, action: Action, purpose: &str, datasets: &[&str], expected: RefusedReason) {
    for folder in [SAMPLE, COMPLETE_JOURNEY] {
        let refused =
            Hub::repository(folder).judge(&request(who, action, purpose, datasets)).verdict.unwrap_err();
        assert_eq!(refused.reason, expected, "{folder} {who} {action} {purpose}");
    }
}

fn regions(names: &[&str]) -> RowExpr {
    let values = names.iter().map(|name| RowValue::String((*name).to_owned())).collect();
    let column: membrane_model::ColumnName = "region".parse().unwrap();
    RowExpr::And(vec![RowExpr::Has(column.clone()), RowExpr::In { column, values }])
}

/// What minors bought is in nothing that a partner gets.
fn adults() -> RowExpr {
    let minor: membrane_model::ColumnName = "buyer_is_minor".parse().unwrap();
    RowExpr::And(vec![RowExpr::Not(Box::new(RowExpr::IsTrue(minor.clone()))), RowExpr::Has(minor)])
}

fn with_consent(rule: RowExpr) -> RowRule {
    let consent = || "marketing_consent".parse().unwrap();
    RowRule::When(RowExpr::all([rule, RowExpr::Has(consent()), RowExpr::IsTrue(consent())]))
}

#[test]
fn marketing_sees_its_regions_members_in_part() {
    let columns = [
        "member_no token",
        "name partial(1,0)",
        "gender",
        "birth_date year",
        "phone partial(3,4)",
        "email email",
        "id_number null",
        "address null",
        "city",
        "region",
        "joined_on",
        "tier",
        "marketing_consent",
    ];
    for (who, names) in [("analyst:ana", &["BJ", "SH"][..]), ("analyst:chen", &["GD"])] {
        let rows = with_consent(regions(names));
        check(SAMPLE, who, Action::Read, "marketing_analysis", "crm_members", &columns, &rows);
    }
}

#[test]
fn marketing_sees_its_regions_orders_and_everybodys_events_by_token() {
    let ana = |dataset: &str, columns: &[&str], rows: &RowRule| {
        check(SAMPLE, "analyst:ana", Action::Read, "marketing_analysis", dataset, columns, rows);
    };
    let own = RowRule::When(regions(&["BJ", "SH"]));
    ana(
        "pos_orders",
        &[
            "order_id",
            "member_no token",
            "store_id",
            "region",
            "ordered_at",
            "channel",
            "items",
            "amount",
            "payment_account null",
            "buyer_is_minor",
        ],
        &own,
    );
    ana(
        "app_events",
        &[
            "event_id",
            "app_user_id token",
            "phone token",
            "device_id token",
            "event",
            "occurred_at",
            "page",
            "amount",
        ],
        &RowRule::All,
    );
    ana(
        "social_follows",
        &["follow_id", "unionid token", "nickname null", "account", "followed_at", "source"],
        &RowRule::All,
    );
    ana("dim_stores", &["store_id", "name", "city", "region", "opened_on"], &RowRule::All);
}

#[test]
fn insight_sees_every_region_and_no_identifier_in_clear() {
    for purpose in ["marketing_analysis", "customer_service"] {
        check(
            SAMPLE,
            "analyst:lee",
            Action::Read,
            purpose,
            "crm_members",
            &[
                "member_no token",
                "name partial(1,0)",
                "gender",
                "birth_date month",
                "phone partial(3,4)",
                "email email",
                "id_number null",
                "address null",
                "city",
                "region",
                "joined_on",
                "tier",
                "marketing_consent",
            ],
            &RowRule::All,
        );
    }
}

#[test]
fn partners_count_and_sum_sales() {
    for who in ["partner:acme", "partner:globex"] {
        check(
            SAMPLE,
            who,
            Action::Release,
            "partner_reporting",
            "pos_order_lines",
            &[
                "order_id",
                "line_no",
                "member_no token",
                "store_id",
                "region",
                "product_id",
                "category",
                "quantity",
                "amount",
                "ordered_at",
                "ordered_month",
            ],
            &RowRule::When(adults()),
        );
    }
    let acme = |dataset: &str, columns: &[&str]| {
        let purpose = "partner_reporting";
        check(COMPLETE_JOURNEY, "partner:acme", Action::Release, purpose, dataset, columns, &RowRule::All);
    };
    acme(
        "transactions",
        &[
            "household_id token",
            "store_id",
            "basket_id",
            "product_id",
            "quantity",
            "sales_value",
            "retail_disc",
            "coupon_disc",
            "coupon_match_disc",
            "week",
            "transaction_timestamp",
            "department",
        ],
    );
    acme("campaigns", &["campaign_id", "household_id token"]);
    let hub = Hub::repository(SAMPLE);
    let refused = hub.ask("partner:acme", Action::Release, "partner_reporting", "crm_members").unwrap_err();
    assert_eq!(refused.reason, RefusedReason::NotFound);
}

#[test]
fn the_example_analyst_sees_households_in_part() {
    check(
        COMPLETE_JOURNEY,
        "analyst:ana",
        Action::Read,
        "marketing_analysis",
        "households",
        &[
            "household_id token",
            "member_no token",
            "name partial(1,0)",
            "phone partial(3,4)",
            "email email",
            "address null",
            "age",
            "income",
            "home_ownership",
            "marital_status",
            "household_size",
            "household_comp",
            "kids_count",
        ],
        &RowRule::All,
    );
}

#[test]
fn nobody_does_what_is_not_theirs() {
    use Action::{Administer, Audit, Erase, Ingest, Read, Release};
    use RefusedReason::{NotPermitted, UnknownPrincipal, UnknownPurpose};
    check_refused("partner:acme", Read, "partner_reporting", &[], NotPermitted);
    check_refused("analyst:ana", Read, "partner_reporting", &[], NotPermitted);
    check_refused("analyst:ana", Release, "partner_reporting", &[], NotPermitted);
    check_refused("compliance:olga", Read, "compliance_review", &[], NotPermitted);
    check_refused("operator:omar", Read, "operations", &[], NotPermitted);
    check_refused("operator:omar", Erase, "operations", &[], NotPermitted);
    check_refused("analyst:ana", Audit, "", &[], NotPermitted);
    check_refused("compliance:olga", Administer, "", &[], NotPermitted);
    check_refused("analyst:ana", Ingest, "", &["nothing"], NotPermitted);
    check_refused("analyst:eve", Read, "marketing_analysis", &[], UnknownPrincipal);
    check_refused("analyst:ana", Read, "curiosity", &[], UnknownPurpose);
}

#[test]
fn those_who_run_the_hub_do_what_is_theirs() {
    use Action::{Administer, Audit, Ingest};
    for (folder, dataset) in [(SAMPLE, "crm_members"), (COMPLETE_JOURNEY, "transactions")] {
        let hub = Hub::repository(folder);
        let permitted = |who: &str, action, purpose: &str, datasets: &[&str]| {
            let judgement = hub.judge(&request(who, action, purpose, datasets));
            assert!(judgement.verdict.is_ok(), "{folder} {who} {action}");
        };
        permitted("operator:omar", Ingest, "", &[dataset]);
        permitted("operator:omar", Ingest, "operations", &[dataset]);
        permitted("operator:omar", Administer, "operations", &[]);
        permitted("operator:omar", Audit, "operations", &[]);
        permitted("compliance:olga", Audit, "compliance_review", &[]);
        permitted("compliance:olga", Audit, "", &[]);
    }
    let hub = Hub::repository(SAMPLE);
    assert!(hub.judge(&request("service:ingestor", Ingest, "", &["pos_orders"])).verdict.is_ok());
}

/// Whoever asks, for whatever purpose: no identifier in clear.
#[test]
fn no_identifier_is_shown_in_clear_to_anybody() {
    for folder in [SAMPLE, COMPLETE_JOURNEY] {
        let hub = Hub::repository(folder);
        let pii = "pii".parse().unwrap();
        let datasets: Vec<&str> = hub.catalog.datasets().map(|dataset| dataset.name.as_str()).collect();
        for principal in hub.policies.principals() {
            for purpose in hub.catalog.purposes() {
                for action in [Action::Read, Action::Release] {
                    let asked = request(&principal.to_string(), action, purpose.name.as_str(), &datasets);
                    for granted in hub.judge(&asked).verdict.unwrap_or_default() {
                        for column in &granted.columns {
                            let class = &granted.dataset.column(&column.column).unwrap().class;
                            assert!(!class.is_within(&pii) || column.level() < RevealLevel::Clear);
                        }
                    }
                }
            }
        }
    }
}

/// A row of another region, of a member who did not consent, or without a region is hidden from Ana.
#[test]
fn anas_rule_row_by_row() {
    let hub = Hub::repository(SAMPLE);
    let granted = hub.ask("analyst:ana", Action::Read, "marketing_analysis", "crm_members").unwrap();
    for (region, consent, expected) in [
        (Some("SH"), Some(true), true),
        (Some("BJ"), Some(true), true),
        (Some("GD"), Some(true), false),
        (Some("SH"), Some(false), false),
        (Some("SH"), None, false),
        (None, Some(true), false),
    ] {
        let cell = |column: &membrane_model::ColumnName| match column.as_str() {
            "region" => region.map(|text| RowValue::String(text.to_owned())),
            "marketing_consent" => consent.map(RowValue::Boolean),
            _ => None,
        };
        assert_eq!(granted.row_rule.shows(&cell), expected, "{region:?} {consent:?}");
    }
    assert!(!matches!(
        granted.row_rule,
        RowRule::When(RowExpr::Compare { operator: CompareOperator::Eq, .. })
    ));
}

#[test]
fn the_matrix_groups_those_who_see_the_same() {
    let hub = Hub::repository(SAMPLE);
    let matrix = hub.policies.matrix(&hub.catalog, noon());
    assert!(matrix.contains("read for marketing_analysis by analyst:ana\n"), "{matrix}");
    assert!(matrix.contains("release for partner_reporting by partner:acme, partner:globex\n"), "{matrix}");
    let (seen, acts) = matrix.split_once("with the hub\n").unwrap();
    assert!(!seen.contains("compliance:olga") && acts.contains("approveBreakGlass"), "{matrix}");
    let line = |words: &str| matrix.lines().any(|line| line.split_whitespace().eq(words.split_whitespace()));
    assert!(line("pii.phone partial(3,4): crm_members | token: app_events, mini_program_events"), "{matrix}");
    assert!(line("pii.phone token (look-up)"), "{matrix}");
    assert!(line("rows of pos_orders where (region is there and region in [`BJ`, `SH`])"), "{matrix}");
}

#[test]
fn every_case_is_as_expected_and_no_card_is_idle() {
    let Hub { catalog, policies } = Hub::repository(SAMPLE);
    assert_eq!(told(policies.review_faults()), Vec::<String>::new());
    assert_eq!(told(&policies.idle_cards(&catalog, noon())), Vec::<String>::new());
    let outcomes = policies.test(&catalog, noon());
    assert!(outcomes.len() >= 12 && outcomes.iter().all(|case| case.differences.is_empty()), "{outcomes:?}");
}

#[test]
fn both_folders_have_one_schema() {
    let read = |folder: &str| {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        std::fs::read_to_string(root.join(folder).join("policies/membrane.cedarschema")).unwrap()
    };
    assert_eq!(read(SAMPLE), read(COMPLETE_JOURNEY));
    assert!(Policies::check(std::path::Path::new("/nowhere"), &Hub::repository(SAMPLE).catalog).len() == 1);
}
