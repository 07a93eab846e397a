//! `membrane catalog propose`.

use std::path::{Path, PathBuf};

use chrono::Datelike as _;
use clap::Args;
use membrane_catalog::{Catalog, CatalogError, Fault};
use membrane_ingest::{Proposal, ProposeOptions, SAMPLE_ROWS, Sureness, dataset_name_of, propose};
use membrane_model::{DatasetName, Limits};
use serde_json::{Value, json};

use super::super::form::FormArgs;
use super::super::{CliError, Env, out, table};
use super::faults;
use crate::config::Config;
use crate::open::OpenError;

/// Propose a contract for a file: types, keys, lists, bounds, and what each column is, with the evidence.
///
/// Looks at all rows, or at rows from all over a large file. Recognisers judge whole columns; what is in doubt is protected. The
/// answer has names of columns, shares and counts, and no value but those of lists that occur often. If the dataset has a contract,
/// what that says stays, and is made stricter where it has to be. Nothing is stored: read the proposal, and put it into
/// contracts/ of the catalog.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane catalog propose members.csv --out catalog/contracts/members.yaml
  membrane catalog propose export.ndjson --dataset web_visits --rows 20000
  membrane catalog propose members.csv.gz --encoding gb18030
  membrane catalog propose orders.parquet --json")]
pub(super) struct ProposeArgs {
    /// The file.
    file: PathBuf,
    #[command(flatten)]
    form: FormArgs,
    /// What the dataset is called [default: the file's name].
    #[arg(long, value_name = "NAME")]
    dataset: Option<DatasetName>,
    /// Rows to look at.
    #[arg(long, value_name = "N", default_value_t = SAMPLE_ROWS, value_parser = clap::value_parser!(u64).range(1..))]
    rows: u64,
    /// Write the contract to a file that is not there yet, instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Report as JSON, the contract in it.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ProposeArgs, config: &Config, env: &Env) -> Result<(), CliError> {
    let (format, reading) = args.form.of(Some(&args.file))?;
    let dataset = args.dataset.clone().or_else(|| dataset_name_of(&args.file));
    let dataset = dataset
        .ok_or_else(|| CliError::usage("the file's name is no name of a dataset: say --dataset NAME"))?;
    if let Some(out) = args.out.as_ref().filter(|out| out.exists()) {
        let message = format!(
            "`{}` is there already: compare it with the proposal, and write elsewhere",
            out.display()
        );
        return Err(CliError::failed(message));
    }
    let folder = Path::new(&config.catalog.dir);
    let catalog = catalog(folder)?;
    let own = folder.join("contracts").join(format!("{dataset}.yaml"));
    let contract = catalog.as_ref().and_then(|_| std::fs::read_to_string(&own).ok());
    let proposal = propose(&ProposeOptions {
        file: &args.file,
        format,
        dataset,
        rows_max: args.rows,
        year: env.clock.now().year(),
        limits: Limits::from(&config.limits),
        reading,
        catalog: catalog.as_ref(),
        contract: contract.as_deref(),
    })
    .map_err(CliError::failed)?;
    let wrong = match &catalog {
        Some(catalog) => match catalog.check_contract(&proposal.dataset, &proposal.yaml) {
            Ok(_) => Vec::new(),
            Err(error) => error.faults().to_vec(),
        },
        None => Vec::new(),
    };
    show(args, &proposal, &wrong)?;
    if wrong.is_empty() {
        return Ok(());
    }
    Err(CliError::failed(format!("the catalog does not take the proposal yet:\n{}", listed(&wrong))))
}

/// Reads the catalog, when there is one.
fn catalog(folder: &Path) -> Result<Option<Catalog>, CliError> {
    match Catalog::load(folder) {
        Ok(catalog) => Ok(Some(catalog)),
        Err(CatalogError::Read { .. }) => {
            out::note(format!(
                "there is no catalog in `{}`: the proposal names classes that yours has to list, and is not checked",
                folder.display()
            ));
            Ok(None)
        }
        Err(error) => Err(OpenError::from(error).into()),
    }
}

fn show(args: &ProposeArgs, proposal: &Proposal, wrong: &[Fault]) -> Result<(), CliError> {
    if let Some(path) = &args.out {
        std::fs::write(path, &proposal.yaml).map_err(|error| {
            CliError::failed(format!("cannot write `{}`: {}", path.display(), error.kind()))
        })?;
    }
    if args.json {
        return out::json(&as_json(proposal, wrong));
    }
    let report = report(proposal);
    match &args.out {
        Some(path) => {
            for line in report {
                out::line(line)?;
            }
            out::line(format!("written to {}", path.display()))?;
        }
        // The contract may go into a file or a pipe; what is for people does not get between.
        None => {
            out::bytes(proposal.yaml.as_bytes())?;
            for line in report {
                out::note(line);
            }
        }
    }
    Ok(())
}

/// What a person reads: one line a column, then what differs and what is to be done.
fn report(proposal: &Proposal) -> Vec<String> {
    let mut shown = table::new_table(&["column", "type", "class", "protection", "sure", "why"]);
    for column in &proposal.columns {
        shown.add_row([
            column.name.clone(),
            column.logical_type.clone(),
            column.class.clone(),
            column.protection.clone(),
            if column.sureness == Sureness::Nobody {
                String::new()
            } else {
                column.sureness.as_str().to_owned()
            },
            // The first reason; the contract has all of them.
            column.evidence.first().cloned().unwrap_or_default(),
        ]);
    }
    table::narrow(&mut shown, &[0]);
    let rows = table::count(proposal.rows);
    let part = if proposal.is_sample { ", a part of the file" } else { ", all of the file" };
    let malformed = match proposal.malformed {
        0 => String::new(),
        count => format!("; {} records are none", table::count(count)),
    };
    let mut lines = vec![shown.to_string(), format!("{}: {rows} rows{part}{malformed}", proposal.dataset)];
    lines.push(match &proposal.subject {
        Some(subject) => format!("subject: {subject}"),
        None => "no subject: no column says in every row whose it is".to_owned(),
    });
    lines.extend(proposal.differs.iter().chain(&proposal.remarks).map(|line| format!("- {line}")));
    lines
}

fn as_json(proposal: &Proposal, wrong: &[Fault]) -> Value {
    let columns = proposal.columns.iter().map(|column| {
        json!({
            "name": column.name,
            "type": column.logical_type,
            "class": column.class,
            "protection": column.protection,
            "sureness": column.sureness.as_str(),
            "recogniser": column.recogniser,
            "evidence": column.evidence,
        })
    });
    let mut shaped = json!({
        "dataset": proposal.dataset,
        "rows": proposal.rows,
        "malformed": proposal.malformed,
        "sample": proposal.is_sample,
        "subject": proposal.subject,
        "columns": columns.collect::<Vec<_>>(),
        "differs": proposal.differs,
        "remarks": proposal.remarks,
        "contract": proposal.yaml,
    });
    if let (Value::Object(shaped), Value::Object(wrong)) = (&mut shaped, faults(wrong)) {
        shaped.extend(wrong);
    }
    shaped
}

fn listed(wrong: &[Fault]) -> String {
    wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
