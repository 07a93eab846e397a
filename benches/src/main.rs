//! `make bench`: what protection costs, as ratios against unprotected DataFusion on the same files, in one run.
//!
//! Every measurement runs in a process of its own (this binary again, with `--child`), so that its peak memory is its
//! own; protected and unprotected take turns, and the median of the rounds is printed.

mod accuracy;
mod audit;
mod cells;
mod child;
mod floor;
mod hub;
mod ingest;
mod kafka;
mod keys;
mod lineage;
mod plain;
mod policy;
mod query;
mod release;
mod search;
mod streams;
mod table;
mod tags;
mod tpch;
mod visits;

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start tokio")?;
    match words.as_slice() {
        ["--child", rest @ ..] => runtime.block_on(child::run(rest)),
        [] | ["all"] => {
            ingest::bench(&[])?;
            keys::bench(&runtime, &[])?;
            streams::bench(&runtime, &[])?;
            tags::bench(&runtime, &[])?;
            query::bench(&runtime)?;
            cells::bench(&runtime)?;
            policy::bench(&runtime)?;
            audit::bench(&runtime, &[])?;
            search::bench(&runtime, &["1"])?;
            lineage::bench(&runtime, &[])?;
            lineage::bench(&runtime, &["tpch"])?;
            release::bench(&runtime, &[])?;
            accuracy::bench(&runtime, &[])?;
            tpch::bench(&runtime, &[])
        }
        ["ingest", rest @ ..] => ingest::bench(rest),
        ["keys", rest @ ..] => keys::bench(&runtime, rest),
        ["kafka", rest @ ..] => kafka::bench(rest),
        ["streams", rest @ ..] => streams::bench(&runtime, rest),
        ["tags", rest @ ..] => tags::bench(&runtime, rest),
        ["lineage", rest @ ..] => lineage::bench(&runtime, rest),
        ["audit", rest @ ..] => audit::bench(&runtime, rest),
        ["search", rest @ ..] => search::bench(&runtime, rest),
        ["query"] => query::bench(&runtime),
        ["cells"] => cells::bench(&runtime),
        ["policy"] => policy::bench(&runtime),
        ["release", rest @ ..] => release::bench(&runtime, rest),
        ["accuracy", rest @ ..] => accuracy::bench(&runtime, rest),
        ["member-data", folder] => tpch::members::write(std::path::Path::new(folder)),
        ["tpch", rest @ ..] => tpch::bench(&runtime, rest),
        _ => {
            bail!(
                "usage: membrane-bench [all | ingest [files | new | seal | stream | floor ..] | keys [MILLIONS] | kafka BROKER [ROWS] | streams [SECONDS] | tags [MILLIONS] | lineage [tpch [HOME] | COLUMNS EDGES] | audit [ENTRIES] | search [MILLIONS] | query | cells | policy | release [HOME] | accuracy [HOME [DRAWS]] [--json FILE] | member-data DIR | tpch [HOME [QUESTION ..]]]"
            )
        }
    }
}
