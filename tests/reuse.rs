//! Answers made of stored ones, by the flow that serves partners: free, right, with error bars that add up, and only where
//! they can be.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{TimeZone, Utc};
use membrane::Hub;
use membrane::flow::{self, ReleaseRequest, Released};
use membrane_model::FixedClock;

use crate::standing::MONTHLY;
use crate::world::{World, configuration, repository};

const FINE: &str = "SELECT region, category, COUNT(*) AS n, SUM(amount) AS s, AVG(amount) AS a, COUNT(DISTINCT member_no) AS m \
                    FROM pos_order_lines WHERE quantity > 0 GROUP BY region, category";

pub(crate) async fn ask(world: &World, partner: &str, request: ReleaseRequest) -> Released {
    let released = flow::release(&world.ctx(partner), &world.hub, request).await;
    released.unwrap_or_else(|failure| panic!("{}", failure.error))
}

pub(crate) fn plain(sql: &str) -> ReleaseRequest {
    ReleaseRequest { sql: sql.to_owned(), ..ReleaseRequest::default() }
}

/// The numbers of an answer by its first keys: value, low, high, deviation of each column.
fn numbers(released: &Released, keys: usize) -> BTreeMap<Vec<String>, Vec<f64>> {
    let rows = &released.answer.as_ref().unwrap().rows;
    let cell = |cell: &Option<String>| cell.clone().unwrap_or_default();
    let row = |row: &Vec<Option<String>>| {
        let key = row.iter().take(keys).map(cell).collect();
        (key, row.iter().skip(keys).map(|one| cell(one).parse().unwrap()).collect())
    };
    rows.iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_and_parts_of_an_answer_cost_nothing() {
    let (world, _) = World::populated(300).await;
    let paid = ask(&world, "partner:acme", plain(FINE)).await;
    assert!(paid.charged.rho_nano > 0);
    let fine = numbers(&paid, 2);

    // Sums of groups, also in another order and with what is computed of them.
    let sql = "SELECT SUM(amount) / COUNT(*) AS each, region, COUNT(*) AS n, SUM(amount) AS s FROM pos_order_lines \
               WHERE quantity > 0 GROUP BY region ORDER BY n DESC";
    let free = ask(&world, "partner:acme", plain(sql)).await;
    assert_eq!((free.charged.rho_nano, free.replay_of), (0, Some(paid.run)));
    let answer = free.answer.as_ref().unwrap();
    let place = |name: &str| answer.columns.iter().position(|column| column.name == name).unwrap();
    for row in &answer.rows {
        let number = |name: &str| row[place(name)].as_ref().unwrap().parse::<f64>().unwrap();
        let region = row[place("region")].as_ref().unwrap();
        let own: Vec<&Vec<f64>> =
            fine.iter().filter(|(key, _)| key[0] == *region).map(|(_, own)| own).collect();
        let sum = |column: usize| own.iter().map(|row| row[column]).sum::<f64>();
        let sd = |column: usize| own.iter().map(|row| row[column].powi(2)).sum::<f64>().sqrt();
        assert!(own.len() > 1);
        assert!((number("n") - sum(0)).abs() < 1e-6 && (number("n_sd") / sd(3) - 1.0).abs() < 1e-3);
        assert!((number("s") - sum(4)).abs() < 1e-6 && (number("s_sd") / sd(7) - 1.0).abs() < 1e-3);
        let half = number("n_hi95") - number("n");
        assert!(half >= 1.95 * sd(3) && half <= 2.3 * sd(3) + 1.0, "{half} of {}", sd(3));
        assert!((number("each") - number("s") / number("n")).abs() < 1e-3);
    }

    // One part of it, with averages and members as they were.
    let sql = FINE
        .replace("region, category,", "category,")
        .replace("GROUP BY region, category", "AND region = 'SH' GROUP BY category");
    let part = ask(&world, "partner:acme", plain(&sql)).await;
    assert_eq!((part.charged.rho_nano, part.replay_of), (0, Some(paid.run)));
    for (key, row) in numbers(&part, 1) {
        assert_eq!(Some(&row), fine.get(&vec!["SH".to_owned(), key[0].clone()]));
    }
    // All of it.
    let total =
        ask(&world, "partner:acme", plain("SELECT COUNT(*) AS n FROM pos_order_lines WHERE quantity > 0"))
            .await;
    assert_eq!(total.charged.rho_nano, 0);
    let all = numbers(&total, 0);
    assert!((all[&vec![]][0] - fine.values().map(|row| row[0]).sum::<f64>()).abs() < 1e-6);
    // Its receipt says what was paid for it, and by which run.
    assert!(free.receipt.is_some() && free.notes.iter().any(|note| note.contains("paid for before")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_of_it_is_paid_for() {
    let (world, _) = World::populated(200).await;
    ask(&world, "partner:acme", plain(FINE)).await;
    let region = "SELECT region, COUNT(*) AS n FROM pos_order_lines WHERE quantity > 0 GROUP BY region";
    let paid = async |partner: &str, request: ReleaseRequest| {
        ask(&world, partner, request).await.charged.rho_nano > 0
    };
    // Members of two groups do not add up; other rows, others' answers and sharper numbers are others.
    let members = region.replace("COUNT(*)", "COUNT(DISTINCT member_no)");
    assert!(paid("partner:acme", plain(&members)).await);
    assert!(paid("partner:acme", plain(&region.replace("> 0", "> 1"))).await);
    assert!(paid("partner:acme", plain(&region.replace("COUNT(*)", "SUM(quantity)"))).await);
    assert!(paid("partner:globex", plain(region)).await);
    let sharp = ReleaseRequest { epsilon: Some(0.9), ..plain(region) };
    let told = ask(&world, "partner:acme", ReleaseRequest { dry_run: true, ..sharp.clone() }).await;
    assert!(told.notes.iter().any(|note| note.contains("for nothing")), "{:?}", told.notes);
    assert!(paid("partner:acme", sharp.clone()).await);
    // That was stored: it serves again, and is preferred to the wider one.
    let again = ask(&world, "partner:acme", plain(&format!("{region} ORDER BY n LIMIT 2"))).await;
    assert_eq!(again.charged.rho_nano, 0);
    assert_eq!(again.answer.unwrap().rows.len(), 2);
    let never = ReleaseRequest { reuse: Some(false), ..plain(&format!("{region} ORDER BY n LIMIT 1")) };
    assert!(paid("partner:acme", never).await);
    // New data is another question.
    world.populate(210).await;
    assert!(paid("partner:acme", plain(region)).await);
}

/// Groups below the threshold are missing in what is stored: nothing is summed up of that, but what is there is given.
#[tokio::test(flavor = "multi_thread")]
async fn keys_from_the_data_are_not_summed_up() {
    let (world, _) = World::populated(400).await;
    let fine =
        "SELECT ordered_month, quantity, COUNT(*) AS n FROM pos_order_lines GROUP BY ordered_month, quantity";
    ask(&world, "partner:acme", plain(fine)).await;
    let coarse = "SELECT quantity, COUNT(*) AS n FROM pos_order_lines GROUP BY quantity";
    assert!(ask(&world, "partner:acme", plain(coarse)).await.charged.rho_nano > 0);
    let sorted = ask(&world, "partner:acme", plain(&format!("{fine} HAVING COUNT(*) > 10 ORDER BY n"))).await;
    assert_eq!(sorted.charged.rho_nano, 0);
}

const LEVELS: &str = "SELECT region, category, COUNT(*) AS n, SUM(amount) AS s FROM pos_order_lines WHERE quantity > 0 \
                      GROUP BY ROLLUP (region, category)";

/// Levels of an answer, parts of one and other orders are taken over as they were released, with the error bars that they had.
#[tokio::test(flavor = "multi_thread")]
async fn levels_of_an_answer_cost_nothing() {
    let (world, _) = World::populated(300).await;
    let paid = ask(&world, "partner:acme", plain(LEVELS)).await;
    assert!(paid.charged.rho_nano > 0);
    let all = numbers(&paid, 2);
    let of = |region: &str, category: &str| all[&vec![region.to_owned(), category.to_owned()]].clone();
    let free = async |sql: &str| {
        let made = ask(&world, "partner:acme", plain(sql)).await;
        assert_eq!((made.charged.rho_nano, made.replay_of), (0, Some(paid.run)), "{sql}");
        made
    };
    // Other words over the same levels.
    let sorted = free(&format!("{LEVELS} HAVING COUNT(*) > -1000000 ORDER BY COUNT(*) DESC LIMIT 4")).await;
    let shown = numbers(&sorted, 2);
    assert!(shown.len() == 4 && shown.iter().all(|(key, row)| all[key] == *row));
    let largest = all.values().map(|row| row[0]).fold(f64::MIN, f64::max);
    let answer = sorted.answer.as_ref().unwrap();
    let first = answer.rows[0][2].as_ref().unwrap().parse::<f64>().unwrap();
    assert!(first.total_cmp(&largest).is_eq());
    let turned = LEVELS
        .replace("region, category, COUNT(*) AS n, SUM(amount) AS s", "region, category, SUM(amount) AS s");
    let turned = numbers(&free(&turned).await, 2);
    assert!(turned.len() == all.len() && turned.iter().all(|(key, row)| all[key][4..] == row[..]));
    let mechanism = sorted.mechanism.as_ref().unwrap();
    assert_eq!(mechanism.aggregates[0].levels.len(), 3, "{mechanism:?}");
    // One level, and some of them.
    let regions = free(&single("region", "")).await;
    let regions_shown = numbers(&regions, 1);
    assert!(regions_shown.len() == 8 && regions_shown.iter().all(|(key, row)| of(&key[0], "") == *row));
    let summary = &regions.mechanism.as_ref().unwrap().aggregates[0];
    assert!(summary.levels.is_empty() && (summary.sigma - of("SH", "")[3]).abs() < 0.01, "{summary:?}");
    assert!(!regions.notes.iter().any(|note| note.contains("all levels add up")), "{:?}", regions.notes);
    let total = "SELECT COUNT(*) AS n, SUM(amount) AS s FROM pos_order_lines WHERE quantity > 0";
    assert_eq!(numbers(&free(total).await, 0)[&vec![]], of("", ""));
    let two = numbers(&free(&single("ROLLUP (region)", "")).await, 1);
    assert!(two.len() == 9 && two.iter().all(|(key, row)| of(&key[0], "") == *row));
    // A part of one level, and of several.
    let part = numbers(&free(&single("category", " AND region = 'SH'")).await, 1);
    assert!(part.len() == 12 && part.iter().all(|(key, row)| of("SH", &key[0]) == *row));
    let part = numbers(&free(&single("ROLLUP (category)", " AND region = 'SH'")).await, 1);
    assert!(part.len() == 13 && part.iter().all(|(key, row)| of("SH", &key[0]) == *row));
    // As exact as what is asked for, on each level.
    let priced = ReleaseRequest { epsilon: Some(1.0), ..plain(&format!("{LEVELS} ORDER BY n")) };
    assert_eq!(ask(&world, "partner:acme", priced).await.charged.rho_nano, 0);
}

/// A statement about levels of the same rows by one key, which is shown as well.
fn single(group_by: &str, and: &str) -> String {
    let key = group_by.trim_start_matches("ROLLUP (").trim_end_matches(')');
    format!(
        "SELECT {key}, COUNT(*) AS n, SUM(amount) AS s FROM pos_order_lines WHERE quantity > 0{and} GROUP BY {group_by}"
    )
}

/// No two numbers of such an answer are added up, and no level is made of what has none.
#[tokio::test(flavor = "multi_thread")]
async fn levels_are_not_summed_up() {
    let (world, _) = World::populated(200).await;
    let paid = async |request: ReleaseRequest| {
        let sql = request.sql.clone();
        let released = ask(&world, "partner:acme", request).await;
        assert!(released.charged.rho_nano > 0 && released.replay_of.is_none(), "{sql}");
    };
    paid(plain(LEVELS)).await;
    paid(plain(&single("category", ""))).await;
    // Of the categories by themselves, which were paid for just now, levels are not made either.
    paid(plain(&single("ROLLUP (category)", ""))).await;
    let two = "SELECT COUNT(*) AS n, SUM(amount) AS s FROM pos_order_lines WHERE quantity > 0 AND category = 'snacks' \
               AND region IN ('SH', 'BJ')";
    paid(plain(two)).await;
    // A region that is none has a total all the same.
    paid(plain(&two.replace("region IN ('SH', 'BJ')", "region = 'XX'"))).await;
    let sharp = ReleaseRequest { epsilon: Some(1.1), ..plain(&format!("{LEVELS} ORDER BY n")) };
    paid(sharp).await;
    let bounds = ReleaseRequest { rows_max: Some(3), ..plain(&format!("{LEVELS} ORDER BY s")) };
    paid(bounds).await;
}

/// A hub whose catalog and policies are files of its own, and which is opened anew with each change of them.
pub(crate) struct Changing {
    pub(crate) world: World,
}

impl Changing {
    pub(crate) async fn populated(members: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["catalog", "policies"] {
            crate::policy::copy(&repository().join(name), &dir.path().join(name));
        }
        let hub = Self::open(dir.path()).await;
        let world = World { dir, hub };
        world.populate(members).await;
        Self { world }
    }

    async fn open(dir: &Path) -> Arc<Hub> {
        let mut config = configuration(dir);
        config.catalog.dir = dir.join("catalog").display().to_string();
        config.policies.dir = dir.join("policies").display().to_string();
        let clock = FixedClock(Utc.with_ymd_and_hms(2026, 2, 3, 4, 5, 6).unwrap());
        Arc::new(Hub::open(&config, Arc::new(clock)).await.unwrap())
    }

    /// Puts a text into a file in place of another, or makes the file, and opens the hub. Returns what undoes it.
    pub(crate) async fn change(&mut self, file: &str, from: &str, to: &str) -> (String, String) {
        let path = self.world.dir.path().join(file);
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(before.matches(from).count(), 1, "{file}: {from}");
        self.world.write(file, &before.replacen(from, to, 1));
        self.reopen().await;
        (to.to_owned(), from.to_owned())
    }

    async fn reopen(&mut self) {
        let version = self.world.hub.policies().version().to_owned();
        self.world.hub = Self::open(self.world.dir.path()).await;
        assert_ne!(self.world.hub.policies().version(), version, "nothing was changed");
    }
}

const CONTRACT: &str = "catalog/contracts/pos_order_lines.yaml";
const PARTNERS: &str = "policies/partners.cedar";

/// What was paid for stays free, whatever else is written into catalog and policies; and is decided anew each time.
#[tokio::test(flavor = "multi_thread")]
async fn words_and_other_datasets_leave_answers_paid() {
    let mut hub = Changing::populated(200).await;
    let paid = ask(&hub.world, "partner:acme", plain(FINE)).await;
    assert!(paid.charged.rho_nano > 0);
    hub.change(CONTRACT, "description: Pieces.", "description: How many pieces.").await;
    hub.change(CONTRACT, "version: 2.0.0", "version: 2.0.1").await;
    hub.change(CONTRACT, "retail-data@membrane.example", "sales-data@membrane.example").await;
    let other = ("membrane.privacy.groupsMax, value: 4", "membrane.privacy.groupsMax, value: 5");
    hub.change("catalog/contracts/app_events.yaml", other.0, other.1).await;
    hub.world.write("catalog/releases/monthly.yaml", MONTHLY);
    hub.reopen().await;
    let policy = "@id(\"test.other\")\nforbid (principal is Partner, action == Action::\"readRow\", resource is Row::pos_orders)\n\
                  when { resource.channel == \"delivery\" };\n";
    hub.world.write("policies/other.cedar", policy);
    hub.reopen().await;
    let again = ask(&hub.world, "partner:acme", plain(FINE)).await;
    assert_eq!((again.charged.rho_nano, again.replay_of), (0, Some(paid.run)));
    assert_eq!(again.answer.unwrap().rows, paid.answer.unwrap().rows);
    let sum = "SELECT region, COUNT(*) AS n FROM pos_order_lines WHERE quantity > 0 GROUP BY region";
    let made = ask(&hub.world, "partner:acme", plain(sum)).await;
    assert_eq!((made.charged.rho_nano, made.replay_of), (0, Some(paid.run)));
    // By the policies that are served now.
    let record = hub.world.hub.ledger().run(&again.run).await.unwrap().unwrap();
    let version = hub.world.hub.policies().version();
    assert!(record.decisions.iter().all(|decision| decision.allowed && decision.policy_version == version));
    hub.change(PARTNERS, "    Dataset::\"pos_order_lines\",\n    Dataset::\"dim_products\",\n    Dataset::\"dim_stores\"\n  ]\n};", "    Dataset::\"dim_products\",\n    Dataset::\"dim_stores\"\n  ]\n};").await;
    let refused = flow::release(&hub.world.ctx("partner:acme"), &hub.world.hub, plain(FINE)).await;
    assert_eq!(refused.unwrap_err().error.code(), "not_found");
}

/// Whatever could change the answer, or who may have it, makes another question; and the one before is found once it is as it was.
#[tokio::test(flavor = "multi_thread")]
async fn what_changes_the_answer_is_paid_for() {
    let mut hub = Changing::populated(200).await;
    let sql = "SELECT region, COUNT(*) AS n, SUM(amount) AS s FROM pos_order_lines GROUP BY region";
    let first = ask(&hub.world, "partner:acme", plain(sql)).await;
    let hidden = "(resource is Row::pos_order_lines && resource.buyer_is_minor)";
    for (file, from, to) in [
        (CONTRACT, "value: [0, 300]", "value: [0, 301]"),
        (CONTRACT, "SC, HB, SN]", "SC, SN, HB]"),
        (CONTRACT, "SC, HB, SN]", "SC, HB, SN, YN]"),
        (CONTRACT, "membrane.privacy.groupsMax, value: 12", "membrane.privacy.groupsMax, value: 11"),
        (CONTRACT, "membrane.privacy.rowsMax, value: 20", "membrane.privacy.rowsMax, value: 19"),
        (CONTRACT, "minimum: 1, maximum: 100", "minimum: 1, maximum: 110"),
        (
            "policies/floor.cedar",
            hidden,
            "(resource is Row::pos_order_lines && resource.category == \"baby\")",
        ),
    ] {
        let (to, from) = hub.change(file, from, to).await;
        let other = ask(&hub.world, "partner:acme", plain(sql)).await;
        assert!(other.charged.rho_nano > 0 && other.replay_of.is_none(), "{file}: {to}");
        hub.change(file, &to, &from).await;
        let again = ask(&hub.world, "partner:acme", plain(sql)).await;
        assert_eq!((again.charged.rho_nano, again.replay_of), (0, Some(first.run)), "{file}: {to}");
    }
}
