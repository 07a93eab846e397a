//! The Merkle log: whatever is altered behind the ledger's back is noticed.

use membrane_model::RevealLevel;

use super::{caps, change_tables, closed_run, decision, instant, new_run, open, outcome, price, tamper};
use crate::{ColumnDecision, Ledger, LedgerError, LogFault, ReserveRequest, Reserved, RunOutcome};

pub(super) async fn fault(ledger: &Ledger) -> LogFault {
    match ledger.verify_log().await.unwrap_err() {
        LedgerError::Altered(fault) => fault,
        other => panic!("expected a fault of the log, got {other}"),
    }
}

pub(super) async fn check_the_log_grows_and_verifies(ledger: Ledger) {
    let empty = ledger.verify_log().await.unwrap();
    assert_eq!(empty.size, 0);
    assert_eq!(empty.root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let mut roots = vec![empty.root];
    // More than one page of verification.
    for number in 0..105 {
        let closed = closed_run(&ledger, number).await;
        assert_eq!(i64::try_from(closed.leaf_index).unwrap(), number);
        // A log of one leaf has its hash as its root.
        assert_eq!(closed.leaf_hash == closed.tree_root, number == 0);
        roots.push(closed.tree_root);
    }
    let _open = open(&ledger, 200).await;
    let head = ledger.verify_log().await.unwrap();
    assert_eq!((head.size, Some(&head.root)), (105, roots.last()));
    assert_eq!(ledger.log_head().await.unwrap(), head);
    roots.sort();
    roots.dedup();
    assert_eq!(roots.len(), 106);
}

pub(super) async fn check_concurrent_closings(ledger: Ledger) {
    check_closings(&[ledger]).await;
}

/// 32 runs are closed at once, on any of these handles of an empty log.
pub(super) async fn check_closings(ledgers: &[Ledger]) {
    let closing: Vec<_> = (0..32)
        .zip(ledgers.iter().cycle())
        .map(|(number, ledger)| {
            let ledger = ledger.clone();
            tokio::spawn(async move { closed_run(&ledger, number).await.leaf_index })
        })
        .collect();
    let mut leaves = Vec::new();
    for closed in closing {
        leaves.push(closed.await.unwrap());
    }
    leaves.sort_unstable();
    assert_eq!(leaves, (0..32).collect::<Vec<u64>>());
    assert_eq!(ledgers[0].verify_log().await.unwrap().size, 32);
}

/// Closes a run that has something in every table.
async fn rich_run(ledger: &Ledger) {
    let mut run = ledger.open_run(new_run("partner:acme", 0)).await.unwrap();
    let mut decision = decision("crm_members");
    decision.columns = vec![ColumnDecision {
        column: "phone".parse().unwrap(),
        level: Some(RevealLevel::Null),
        factors: vec!["mask".to_owned()],
    }];
    run.record_decision(&decision).await.unwrap();
    let request = ReserveRequest {
        run: run.id(),
        partner: "partner:acme".parse().unwrap(),
        query_key: "q".to_owned(),
        shape: None,
        resumes: false,
        price: price(5, 1),
        caps: vec![("dataset:pos_orders".parse().unwrap(), caps(price(10, 10)))],
        terms: crate::Terms::default(),
        now: instant(0),
    };
    let Reserved::Granted(reservation) = ledger.reserve(&request).await.unwrap() else { panic!("granted") };
    ledger.commit_release(&reservation, b"answer", instant(1)).await.unwrap();
    let outputs = vec![super::version("web_events", 1)];
    let error_code = Some("failed".to_owned());
    run.close(RunOutcome { error_code, outputs, inputs: Vec::new(), ..outcome(1) }).await.unwrap();
}

/// Every column of a closed run, altered one at a time and put back.
pub(super) async fn check_altered_rows_are_noticed(ledger: Ledger) {
    rich_run(&ledger).await;
    let whole = ledger.verify_log().await.unwrap();
    let texts = "run: principal='partner:bolt' action='ingest' purpose='operations' job='other' statement='other' \
         statement_salt='other' statement_commitment='other' \
         error_code='other' | decision: dataset='pos_orders' reason='other' factors='[]' policy_version='other' | \
         decision_column: column_name='email' level='clear' factors='[]' | \
         run_dataset: dataset='pos_orders' | \
         lineage_edge: from_namespace='source' from_name='x' from_field='x' to_namespace='source' to_name='x' \
         to_field='x' transformation='JOIN' | \
         release: partner='partner:bolt' query_key='other' state='burned'";
    let numbers = "run: started finished rows_in rows_out bytes_out duration_ms | run_dataset: version | \
         release: reserved committed";
    let mut alterations = Vec::new();
    for (columns, table) in texts.split(" | ").map(|part| part.split_once(": ").unwrap()).map(|(a, b)| (b, a))
    {
        for assignment in columns.split_whitespace() {
            alterations.push((table.to_owned(), assignment.to_owned()));
        }
    }
    for (table, columns) in numbers.split(" | ").map(|part| part.split_once(": ").unwrap()) {
        for column in columns.split_whitespace() {
            alterations.push((table.to_owned(), format!("{column}={column}+1")));
        }
    }
    for (table, assignment) in [
        ("run", "rows_quarantined=0"),
        ("run", "status='refused'"),
        ("run_dataset", "side='input'"),
        ("decision", "allowed=1-allowed"),
        ("lineage_edge", "masking=1-masking"),
        ("release", "answer=NULL"),
    ] {
        alterations.push((table.to_owned(), assignment.to_owned()));
    }
    for (table, assignment) in &alterations {
        let (column, _) = assignment.split_once('=').unwrap();
        change_tables(&ledger, &format!("CREATE TABLE kept AS SELECT * FROM {table}")).await;
        tamper(&ledger, &format!("UPDATE {table} SET {assignment}")).await;
        assert!(matches!(fault(&ledger).await, LogFault::RunAltered { leaf: 0, .. }), "{table} {assignment}");
        tamper(&ledger, &format!("UPDATE {table} SET {column} = (SELECT {column} FROM kept LIMIT 1)")).await;
        change_tables(&ledger, "DROP TABLE kept").await;
    }
    assert_eq!(alterations.len(), 41);
    assert_eq!(ledger.verify_log().await.unwrap(), whole, "the test put everything back");
}

pub(super) async fn check_altered_budgets_are_noticed(ledger: Ledger) {
    rich_run(&ledger).await;
    let expected = LogFault::Spent { account: "dataset:pos_orders".parse().unwrap() };
    tamper(&ledger, "UPDATE budget_scope SET rho_nano = rho_nano - 1 WHERE scope = 'dataset:pos_orders'")
        .await;
    assert_eq!(fault(&ledger).await, expected);
    tamper(
        &ledger,
        "UPDATE budget_scope SET rho_nano = 5, delta_atto = 0 WHERE scope = 'dataset:pos_orders'",
    )
    .await;
    assert_eq!(fault(&ledger).await, expected);
    // A price that is altered together with its budgets is in the leaf.
    tamper(&ledger, "UPDATE budget_scope SET delta_atto = 0").await;
    tamper(&ledger, "UPDATE release SET delta_atto = 0").await;
    assert!(matches!(fault(&ledger).await, LogFault::RunAltered { leaf: 0, .. }));
    tamper(&ledger, "UPDATE release SET delta_atto = 1").await;
    tamper(&ledger, "UPDATE budget_scope SET delta_atto = 1").await;
    ledger.verify_log().await.unwrap();
    // So is what it was charged to.
    tamper(&ledger, "DELETE FROM release_scope").await;
    tamper(&ledger, "DELETE FROM budget_scope").await;
    assert!(matches!(fault(&ledger).await, LogFault::RunAltered { leaf: 0, .. }));
}

pub(super) async fn check_removed_and_reordered_rows_are_noticed(ledger: Ledger) {
    let mut runs = Vec::new();
    for number in 0..5 {
        runs.push(closed_run(&ledger, number).await.run);
    }
    ledger.verify_log().await.unwrap();

    // Rows that were put under a closed run.
    let added = "INSERT INTO decision_column (run, decision, position, column_name, level, factors) \
         SELECT run, 0, 0, 'phone', 'clear', '[]' FROM audit_leaf WHERE leaf = 3";
    tamper(&ledger, added).await;
    assert_eq!(fault(&ledger).await, LogFault::RunAltered { leaf: 3, run: runs[3] });
    tamper(&ledger, "DELETE FROM decision_column").await;
    ledger.verify_log().await.unwrap();

    // Leaves that changed places.
    let swap = "UPDATE audit_leaf SET leaf = CASE leaf WHEN 1 THEN 12 ELSE 11 END WHERE leaf IN (1, 2)";
    tamper(&ledger, swap).await;
    tamper(&ledger, "UPDATE audit_leaf SET leaf = leaf - 10 WHERE leaf > 10").await;
    assert_eq!(fault(&ledger).await, LogFault::Root);
    tamper(&ledger, swap).await;
    tamper(&ledger, "UPDATE audit_leaf SET leaf = leaf - 10 WHERE leaf > 10").await;
    ledger.verify_log().await.unwrap();

    // A run that is not in the log, and a head that was turned back.
    let invented = open(&ledger, 9).await.id();
    tamper(&ledger, "UPDATE run SET status = 'complete' WHERE status = 'open'").await;
    assert_eq!(fault(&ledger).await, LogFault::Count { head: 5, leaves: 5, runs: 6 });
    tamper(&ledger, &format!("DELETE FROM run WHERE run = '{invented}'")).await;
    tamper(&ledger, "UPDATE audit_head SET size = 4").await;
    assert_eq!(fault(&ledger).await, LogFault::Count { head: 4, leaves: 5, runs: 5 });
    tamper(&ledger, "UPDATE audit_head SET size = 5").await;
    ledger.verify_log().await.unwrap();

    // A leaf whose number was changed, a run that is gone, a leaf that is gone too.
    tamper(&ledger, "UPDATE audit_leaf SET leaf = 7 WHERE leaf = 2").await;
    assert_eq!(fault(&ledger).await, LogFault::LeafGone { leaf: 2 });
    tamper(&ledger, "UPDATE audit_leaf SET leaf = 2 WHERE leaf = 7").await;
    for table in ["lineage_edge", "run_dataset", "decision"] {
        tamper(&ledger, &format!("DELETE FROM {table} WHERE run = '{}'", runs[2])).await;
    }
    assert_eq!(fault(&ledger).await, LogFault::RunAltered { leaf: 2, run: runs[2] });
    tamper(&ledger, &format!("DELETE FROM audit_leaf WHERE run = '{}'", runs[2])).await;
    tamper(&ledger, &format!("DELETE FROM run WHERE run = '{}'", runs[2])).await;
    assert_eq!(fault(&ledger).await, LogFault::Count { head: 5, leaves: 4, runs: 4 });
    tamper(&ledger, "UPDATE audit_head SET size = 4").await;
    assert_eq!(fault(&ledger).await, LogFault::LeafGone { leaf: 2 });
    tamper(&ledger, "UPDATE audit_leaf SET leaf = leaf - 1 WHERE leaf > 2").await;
    assert_eq!(fault(&ledger).await, LogFault::Root);
    tamper(&ledger, "DELETE FROM audit_head").await;
    assert_eq!(fault(&ledger).await, LogFault::NoHead);
    let closing = open(&ledger, 10).await.close(outcome(11)).await.unwrap_err();
    assert!(matches!(closing, LedgerError::Altered(LogFault::NoHead)), "without a log nothing is closed");
}

/// What is published is what was closed, and a statement that was forgotten is not needed for it.
pub(super) async fn check_entries_are_those_of_the_leaves(ledger: Ledger) {
    for number in 0..105 {
        closed_run(&ledger, number).await;
    }
    let head = ledger.verify_log().await.unwrap();
    let entries = ledger.log_entries(0, head.size).await.unwrap();
    let mut tree = membrane_log::Edge::default();
    for (place, entry) in entries.iter().enumerate() {
        assert_eq!(entry.leaf, place as u64);
        assert_eq!(ledger.leaf_of(&entry.run).await.unwrap(), Some(entry.leaf));
        tree.append(membrane_log::Hash::of_entry(&entry.text));
    }
    assert_eq!(hex::encode(tree.root().0), head.root);
    let hashes = entries.iter().map(|entry| membrane_log::Hash::of_entry(&entry.text)).collect::<Vec<_>>();
    assert_eq!(ledger.leaf_hashes(0, head.size).await.unwrap(), hashes);
    assert_eq!(ledger.leaf_hashes(100, 105).await.unwrap(), hashes[100..]);
    assert!(ledger.leaf_hashes(100, 106).await.is_err());
    assert_eq!(ledger.log_entries(40, 60).await.unwrap(), entries[40..60]);
    assert!(ledger.log_entries(100, 106).await.is_err());
    assert_eq!(ledger.forgotten_statements().await.unwrap(), 0);
    let moved = "UPDATE run SET statement = substr(statement, 8), statement_salt = statement_salt || substr(statement, 1, 7)";
    let back = "UPDATE run SET statement = substr(statement_salt, 33) || statement, statement_salt = substr(statement_salt, 1, 32)";
    tamper(&ledger, moved).await;
    let LogFault::RunsAltered { leaf: 0, others, .. } = fault(&ledger).await else {
        panic!("all were altered")
    };
    assert_eq!(others, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10");
    tamper(&ledger, back).await;
    tamper(&ledger, "UPDATE run SET statement = NULL, statement_salt = NULL").await;
    assert_eq!(ledger.verify_log().await.unwrap(), head);
    assert_eq!(ledger.log_entries(0, head.size).await.unwrap(), entries);
    assert_eq!(ledger.forgotten_statements().await.unwrap(), 105);
    tamper(&ledger, "UPDATE run SET job = 'other'").await;
    assert!(matches!(
        ledger.log_entries(40, 60).await,
        Err(LedgerError::Altered(LogFault::RunAltered { leaf: 40, .. }))
    ));
}

pub(super) async fn check_what_was_published_is_known(ledger: Ledger) {
    assert_eq!(ledger.last_published().await.unwrap(), None);
    let head = |size: u64| crate::LogHead { size, root: format!("{size:064x}") };
    for size in [3, 12, 7] {
        ledger.note_published(&head(size), instant(1)).await.unwrap();
    }
    assert_eq!(ledger.last_published().await.unwrap(), Some((head(12), instant(1))));
}
