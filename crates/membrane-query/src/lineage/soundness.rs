//! Lineage names all that has a say: a statement is asked, the values of one column are changed, and it is asked again. Every
//! column of the answer that is another one now must be told to come from that column, in one way or another.
//!
//! `make test` asks 200 statements that are always the same, `make fuzz` thousands of new ones. A failure prints its seed:
//! `MEMBRANE_FUZZ_SEED` asks it again.

pub(super) mod data;
mod statements;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::DateTime;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use membrane_model::{Limits, RunId};

use super::{edges, trace};
use crate::engine::Planned;
use crate::gate::Statement;
use crate::open::Opener;
use crate::session::{trusted_session, user_session};
use crate::table::GovernedTable;
use crate::testing::{Asker, ledger, vault};
use data::{Data, TABLES, rules};
use statements::Statements;

/// A generator of numbers that a seed gives again.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below another.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// Says yes once in so many times.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn pick<'t, T>(&mut self, among: &'t [T]) -> &'t T {
        &among[self.below(among.len())]
    }
}

/// Statements of a test, unless told otherwise.
const CASES: u64 = 200;
/// Columns that are changed for each statement.
const CHANGES: usize = 4;

#[expect(clippy::disallowed_methods, reason = "`make fuzz` asks more than `make test`")]
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// Tables over some data, behind the rules of [`rules`].
pub(super) fn asker(data: &Data, opener: &Arc<Opener>) -> Asker {
    let limits = Limits::default();
    let tables = TABLES.iter().map(|table| {
        let batch = data.batch(table.name);
        let inner: Arc<dyn TableProvider> =
            Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap());
        let rules = rules(table);
        let governed = GovernedTable::new(rules, Some(inner), trusted_session().unwrap(), Arc::clone(opener));
        let governed: Arc<dyn TableProvider> = Arc::new(governed);
        (table.name.parse().unwrap(), governed)
    });
    Asker::over(user_session(tables.collect(), &limits).unwrap(), limits)
}

/// The columns of an answer as texts: in their order where the statement says which, sorted otherwise.
fn columns(batches: &[RecordBatch], is_ordered: bool) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let width = batches.first().map_or(0, RecordBatch::num_columns);
    let mut columns = vec![Vec::new(); width];
    for batch in batches {
        for (index, column) in batch.columns().iter().enumerate() {
            let cells = ArrayFormatter::try_new(column, &options).unwrap();
            columns[index].extend((0..batch.num_rows()).map(|row| cells.value(row).to_string()));
        }
    }
    if !is_ordered {
        columns.iter_mut().for_each(|column| column.sort());
    }
    columns
}

/// The columns that each column of the answer is said to come from, as `table.column`.
async fn told(asker: &Asker, sql: &str) -> Result<(Vec<String>, Vec<BTreeSet<String>>), String> {
    let fault = |error: &dyn std::fmt::Display| error.to_string();
    let statement = Statement::parse(sql, &asker.limits).map_err(|error| fault(&error))?;
    let planned =
        Planned::new(&asker.state, &statement, &asker.limits).await.map_err(|error| fault(&error))?;
    let names = planned.recorded_names();
    let flow = trace(&planned.analysed).map_err(|error| format!("LINEAGE {error}"))?;
    let found = edges(&flow, &names, RunId::new(DateTime::UNIX_EPOCH));
    let of = |name: &String| {
        let to = found.iter().filter(|edge| edge.to.field == *name);
        to.map(|edge| format!("{}.{}", edge.from.name, edge.from.field)).collect()
    };
    let origins = names.iter().map(of).collect();
    Ok((names, origins))
}

#[derive(Debug, Default)]
struct Tally {
    asked: u64,
    unfit: u64,
    changed: u64,
    telling: u64,
}

/// Asks one statement; returns what is wrong with its lineage.
async fn try_one(seed: u64, opener: &Arc<Opener>, tally: &mut Tally) -> Result<(), String> {
    let mut dice = Dice(seed);
    let data = Data::new(&mut dice);
    let (sql, is_ordered) = Statements::new(&mut dice).statement();
    let asker_before = asker(&data, opener);
    let (names, origins) = match told(&asker_before, &sql).await {
        Ok(told) => told,
        Err(fault) if fault.starts_with("LINEAGE") => return Err(format!("{fault}: {sql}")),
        Err(fault) => {
            tally.unfit += 1;
            if setting("MEMBRANE_FUZZ_SHOW", 0) > 0 {
                eprintln!("unfit: {fault}\n   {sql}");
            }
            return Ok(());
        }
    };
    let Ok(before) = asker_before.ask(&sql).await else {
        tally.unfit += 1;
        return Ok(());
    };
    let before = columns(&before, is_ordered);
    tally.asked += 1;
    // Those that some column of the answer is not said to come from are of interest.
    let all: Vec<String> = TABLES
        .iter()
        .flat_map(|table| table.columns.iter().map(|one| format!("{}.{}", table.name, one.name)))
        .collect();
    let (open, closed): (Vec<String>, Vec<String>) =
        all.into_iter().partition(|one| origins.iter().any(|origins| !origins.contains(one)));
    for turn in 0..CHANGES {
        let among = if (turn == 0 && !closed.is_empty()) || open.is_empty() { &closed } else { &open };
        let changed = dice.pick(among).clone();
        let (table, column) = changed.split_once('.').unwrap();
        let after = asker(&data.changed(table, column, &mut dice), opener);
        let Ok(after) = after.ask(&sql).await else { continue };
        let after = columns(&after, is_ordered);
        tally.changed += 1;
        let is_same = |index: usize| match (before.get(index), after.get(index)) {
            (Some(before), Some(after)) => before == after,
            // An answer without rows has no batch.
            (one, other) => one.into_iter().chain(other).all(Vec::is_empty),
        };
        let mut is_telling = false;
        for (index, name) in names.iter().enumerate() {
            if !is_same(index) {
                is_telling = true;
                if !origins[index].contains(&changed) {
                    return Err(format!("`{name}` hangs on {changed}, which lineage does not name: {sql}"));
                }
            }
        }
        tally.telling += u64::from(is_telling);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_changes_an_answer_is_named() {
    let (ledger, _folder) = ledger().await;
    let opener = Arc::new(Opener::new(ledger, vault()));
    let (cases, first) = (setting("MEMBRANE_LINEAGE_STATEMENTS", CASES), setting("MEMBRANE_FUZZ_SEED", 1));
    let mut tally = Tally::default();
    let mut faults = Vec::new();
    for seed in first..first + cases {
        if let Err(fault) = try_one(seed, &opener, &mut tally).await {
            faults.push(format!("MEMBRANE_FUZZ_SEED={seed}: {fault}"));
        }
    }
    eprintln!("{tally:?}, {} faults", faults.len());
    assert!(faults.is_empty(), "{}", faults.iter().take(20).cloned().collect::<Vec<_>>().join("\n"));
    // The test has power: most statements can be asked, and many changes are seen.
    assert!(tally.asked * 10 >= cases * 6, "{tally:?}");
    assert!(cases < CASES || tally.telling * 8 >= tally.changed, "{tally:?}");
}
