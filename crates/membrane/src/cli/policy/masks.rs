//! `membrane policy masks`.

use membrane_query::{MaskDoc, mask_docs};
use serde_json::{Value, json};

use crate::cli::{CliError, out, table};

/// Lists every mask, from what shows most to what shows least.
pub(super) fn list(json: bool) -> Result<(), CliError> {
    let masks = mask_docs();
    if json {
        return out::json(&Value::Array(masks.iter().map(as_json).collect()));
    }
    let header = ["mask", "written", "for", "shows", "of", "this"].map(str::to_owned);
    let mut shown = table::new_table(&header);
    for mask in &masks {
        let (value, made) =
            mask.examples.first().map_or(("", ""), |(value, made)| (*value, made.unwrap_or("NULL")));
        shown.add_row([mask.name, &written(mask), mask.types, mask.shows, value, made]);
    }
    Ok(out::line(shown.to_string())?)
}

/// How a policy says it.
fn written(mask: &MaskDoc) -> String {
    match mask.level {
        "partial" => format!("@partial(\"{}\")", mask.name),
        "generalised" => format!("@generalise(\"{}\")", mask.name),
        "token" => format!("@token(\"{}\")", mask.name),
        _ => "readNull".to_owned(),
    }
}

fn as_json(mask: &MaskDoc) -> Value {
    let examples: Vec<Value> =
        mask.examples.iter().map(|(value, made)| json!({ "value": value, "shown": made })).collect();
    json!({
        "name": mask.name,
        "level": mask.level,
        "written": written(mask),
        "types": mask.types,
        "shows": mask.shows,
        "examples": examples,
    })
}
