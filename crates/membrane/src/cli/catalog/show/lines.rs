//! What is said of a dataset, line by line.

use super::super::super::table;
use super::delivered;
use crate::wire::{CatalogDatasetBody, CatalogFactsBody};

/// Returns what the contract and the catalog say; what they do not say is left out.
pub(super) fn said(body: &CatalogDatasetBody) -> Vec<(&'static str, String)> {
    let entry = &body.dataset;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let standing = match entry.standing.as_str() {
        "gone" => "gone: its contract was taken out of the catalog; this is what was last written down of it",
        _ => "",
    };
    let about = match entry.private {
        Some(true) => "members",
        Some(false) => "things",
        None => "",
    };
    let lines = [
        ("standing", standing.to_owned()),
        ("owner", text(&entry.owner)),
        ("domain", text(&entry.domain)),
        ("rows about", about.to_owned()),
        ("purpose", text(&body.purpose)),
        ("usage", text(&body.usage)),
        ("limitations", text(&body.limitations)),
        ("legal basis", text(&body.legal_basis)),
        ("retention", text(&body.retention)),
        ("tags", body.tags.join(", ")),
        ("subject", text(&body.subject)),
        ("key", body.primary_key.join(", ")),
        ("event time", text(&body.event_time)),
        ("sources", body.sources.join(", ")),
        ("member tags", body.member_tags.join(", ")),
        ("releases", body.standing_releases.join(", ")),
        ("quality, 7 days", quality(body)),
        ("read by", uses(body)),
    ];
    lines.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn quality(body: &CatalogDatasetBody) -> String {
    if body.quality.is_empty() {
        return String::new();
    }
    let sum = |part: fn(&crate::wire::QualityDayBody) -> u64| body.quality.iter().map(part).sum::<u64>();
    let (records, aside) = (sum(|day| day.rows_in), sum(|day| day.rows_quarantined));
    let refused = sum(|day| day.refused);
    let missed = body.quality.iter().filter(|day| !day.meets_objective).count();
    format!(
        "{} records, {} set aside, {refused} deliveries refused, {} below the objective",
        table::count(records),
        table::count(aside),
        table::counted(missed, "day")
    )
}

fn uses(body: &CatalogDatasetBody) -> String {
    let used = body.uses.iter().map(|used| {
        format!(
            "{} ({}): {} in 30 days by {}, {} in 7 days",
            used.kind, used.action, used.runs_30d, used.principals_30d, used.runs_7d
        )
    });
    used.collect::<Vec<_>>().join("\n")
}

/// Returns what record and storage say.
pub(super) fn facts(facts: &CatalogFactsBody) -> Vec<(&'static str, String)> {
    let stored = match (facts.table_version, facts.bytes, facts.files) {
        (Some(version), Some(bytes), Some(files)) => {
            let rows = facts.rows.map_or_else(|| "unknown".to_owned(), table::count);
            format!("version {version}: {rows} rows, {} in {} files", size(bytes), table::count(files))
        }
        // What is on record was there once: it is lost, or the hub looks for it in another place.
        _ if facts.last_delivery.is_some() => {
            "no table is there, though deliveries are on record: see [data] url, and the store".to_owned()
        }
        _ => "nothing".to_owned(),
    };
    let promised = facts
        .frequency_seconds
        .map_or_else(String::new, |seconds| format!("; promised every {}", span(seconds)));
    let lines = [
        ("stored", stored),
        ("delivered", format!("{}{promised}", delivered(facts))),
        ("broken promises", facts.broken_promises.join(", ")),
        ("last read", facts.last_read.as_deref().map_or_else(|| "not in 30 days".to_owned(), table::minute)),
    ];
    lines.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// Writes a size as people read it.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut tenths = bytes.saturating_mul(10);
    let mut unit = None;
    for name in UNITS {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = Some(name);
    }
    match unit {
        Some(unit) => format!("{}.{} {unit}", tenths / 10, tenths % 10),
        None => format!("{bytes} B"),
    }
}

fn span(seconds: u64) -> String {
    match seconds {
        seconds if seconds % 86_400 == 0 => format!("{} d", seconds / 86_400),
        seconds if seconds % 3_600 == 0 => format!("{} h", seconds / 3_600),
        seconds => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::{size, span};

    #[test]
    fn sizes_and_spans_are_short() {
        let shown = [0, 1023, 1024, 1536, 10 << 20, 3 << 40].map(size);
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "10.0 MiB", "3.0 TiB"]);
        assert_eq!([86_400, 7_200, 90].map(span), ["1 d", "2 h", "90 s"]);
    }
}
