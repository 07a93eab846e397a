//! What to do about a delivery that was not taken in, by its code. Codes are what is kept of it: a text of its own could name what
//! nobody is to read.

/// What to do, by code, sorted.
const FIXES: &[(&str, &str)] = &[
    ("bad_request", "correct the source in the catalog, and publish it"),
    ("contract_altered", "restore the ledger: what it keeps of the contract was altered"),
    (
        "control_missing",
        "deliver the file with the control totals, or leave `control_suffix` out of the source",
    ),
    (
        "control_unfit",
        "deliver control totals of the form that docs/sources.md states, of columns that add up",
    ),
    ("failed", "look at the log of the hub, and try again"),
    ("in_the_way", "nothing: it is tried again by itself"),
    (
        "input_changed",
        "nothing: it is tried again by itself; write files under another name, and rename them when they are whole",
    ),
    (
        "input_columns",
        "deliver the contract's columns under its names, or say in the source's `columns` what files call them",
    ),
    ("input_cut_off", "deliver the file whole, or let the contract say `membrane.onTruncated: save`"),
    ("input_encoding", "state `encoding` in the source, or deliver UTF-8"),
    ("input_format", "state `format` in the source, or leave the file out by `pattern`"),
    ("input_malformed", "deliver the file in the form that its name or the source's `format` says"),
    ("input_too_large", "deliver it in smaller pieces, or packed less densely"),
    ("input_types", "deliver columns of types that can become those of the contract"),
    ("input_unreadable", "let the hub read the file: look at its rights, and whether it is whole"),
    ("internal", "look at the log of the hub, and report it"),
    ("ledger_failed", "bring the ledger back; it is tried again by itself"),
    ("log_unavailable", "let the hub write where [audit] url says: the published log could not be written"),
    (
        "no_dimension",
        "bring in the dataset to which rows refer, or let the contract say `membrane.onOrphan: count`",
    ),
    ("not_found", "see that the source's `dataset` and `principal` are those that policies let it bring in"),
    ("not_permitted", "let policies permit the source's principal to ingest its dataset"),
    ("policy_fault", "mend the policies: `membrane policy test` says which do not hold"),
    ("record_fault", "bring the ledger back: nothing is taken in without a record"),
    (
        "schema_changed",
        "put the contract back, or give it another dataset: `membrane catalog diff` says what changed",
    ),
    ("scratch_failed", "make room in the hub's scratch folder, and let the hub write there"),
    ("source_file_changed", "deliver new rows in a new file: rows of this one are there already"),
    ("source_overtaken", "nothing: another process took it in"),
    ("source_refused", "correct `sasl` and `tls` of the source, or what its user may"),
    (
        "source_unfit",
        "correct `table`, `columns`, `cursor` or `topic` of the source, or the rights of its user",
    ),
    (
        "source_unreachable",
        "see that the folder or the database answers, and that the credentials let the hub in",
    ),
    ("storage_failed", "see that the storage answers; it is tried again by itself"),
    ("storage_full", "make room on the storage; it is tried again by itself"),
    ("storage_unsafe", "use a storage that honours conditional puts"),
    ("too_large", "deliver it in smaller pieces"),
    (
        "too_many_bad_rows",
        "correct the file or the contract, or let more rows be set aside by `bad_share_max`",
    ),
    (
        "totals_differ",
        "look for what was lost or came twice, and deliver the file or its control totals anew",
    ),
    ("unknown_principal", "name a service of principals.json as the source's `principal`"),
    ("vault_failed", "see that the hub has its root key, and that the ledger is the one that belongs to it"),
];

/// Says what to do about a delivery that was not taken in.
#[must_use]
pub fn fix(code: &str) -> &'static str {
    let found = FIXES.iter().find(|(known, _)| *known == code);
    found.map_or("`membrane source run NAME` tries again, and says more", |(_, fix)| fix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::CODES;

    #[test]
    fn every_fix_is_of_a_code() {
        assert!(FIXES.is_sorted_by(|one, other| one.0 < other.0));
        for (code, _) in FIXES {
            assert!(CODES.iter().any(|known| known.code == *code), "{code}");
        }
        let of_deliveries = |code: &str| {
            ["input_", "control_", "storage_", "source_unf", "source_unr"]
                .iter()
                .any(|start| code.starts_with(start))
        };
        for code in CODES.iter().filter(|code| of_deliveries(code.code)) {
            assert!(FIXES.iter().any(|(known, _)| *known == code.code), "{} has no fix", code.code);
        }
    }
}
