//! Contracts that were damaged at random: refused with a place in the file, or still valid; no panic.

use proptest::prelude::*;

use super::*;
use crate::read::Report;

/// Reads a damaged contract the way that loading does, without the disk.
fn check(text: &str) -> Result<(), TestCaseError> {
    let mut report = Report::new("orders.yaml".as_ref());
    let contract = read_contract(text, "orders", None, &mut report);
    let faults = report.into_faults();
    let dataset = contract.and_then(|contract| contract.dataset);
    prop_assert!(dataset.is_some() || !faults.is_empty(), "refused without a fault:\n{}", text);
    for fault in &faults {
        prop_assert!(fault.line <= text.lines().count() + 2 && fault.column >= 1, "{fault}");
        prop_assert!(fault.message.len() < 400 && !fault.message.contains('\n'), "{fault}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_cut_contract(at in 0..ORDERS.len()) {
        check(ORDERS.get(..at).unwrap_or_default())?;
    }

    #[test]
    fn lines_lost_doubled_and_moved(changes in proptest::collection::vec((0..97_usize, 0..97_usize, 0..4_u8), 1..6)) {
        let mut lines: Vec<String> = ORDERS.lines().map(ToOwned::to_owned).collect();
        for (at, other, change) in changes {
            let (at, other) = (at % lines.len(), other % lines.len());
            match change {
                0 => drop(lines.remove(at)),
                1 => lines.insert(other, lines[at].clone()),
                2 => lines.swap(at, other),
                _ => lines[at] = format!("  {}", lines[at]),
            }
            if lines.is_empty() {
                break;
            }
        }
        check(&lines.join("\n"))?;
    }

    #[test]
    fn values_of_another_kind(at in 0..97_usize, value in "[-?:a-c\\[\\]{}&*!|>'\"%@#,0-9. 商]{0,12}") {
        let mut lines: Vec<String> = ORDERS.lines().map(ToOwned::to_owned).collect();
        let at = at % lines.len();
        let (key, _) = lines[at].split_once(": ").unwrap_or((&lines[at], ""));
        lines[at] = format!("{key}: {value}");
        check(&lines.join("\n"))?;
    }
}
