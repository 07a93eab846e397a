//! The reference file: every key with its sentence and its value.

use std::fmt::Write;

use toml::{Table, Value};

use super::key::{LEFT_OUT, shown_location};
use super::{Config, Kind, SECTIONS};

const WIDTH: usize = 110;

/// Renders a configuration. Secrets, locations that may hold one, and the values of storage options are left out: their
/// lines are comments, so that a file with what was rendered never names a place that is none.
pub(super) fn render(config: &Config) -> String {
    let table = Table::try_from(config).unwrap_or_default();
    let mut text = String::from(
        "# Every key of the hub's configuration, with its default.\n\
         # The hub reads `membrane.toml` of its working directory, or the file that `--config` names.\n\
         # MEMBRANE__SECTION__KEY in the environment wins over the file, a flag over both.\n",
    );
    for section in SECTIONS {
        text.push('\n');
        comment(&mut text, section.sentence);
        let _ = writeln!(text, "[{}]", section.name);
        for key in section.keys {
            comment(&mut text, key.sentence);
            let value = table.get(section.name).and_then(|keys| keys.get(key.name));
            let _ = match (key.kind, value) {
                (Kind::Secret, _) | (_, None) => writeln!(text, "# {} = \"{LEFT_OUT}\"", key.name),
                (Kind::Location(_) | Kind::Endpoint, Some(Value::String(url)))
                    if shown_location(url).is_none() =>
                {
                    comment(&mut text, &left_out(section.name, key.name));
                    writeln!(text, "# {} = \"{LEFT_OUT}\"", key.name)
                }
                (Kind::Texts, Some(Value::Table(names))) => {
                    let names =
                        names.keys().map(|name| format!("{name} = \"{LEFT_OUT}\"")).collect::<Vec<_>>();
                    if names.is_empty() {
                        writeln!(text, "{} = {{}}", key.name)
                    } else {
                        writeln!(text, "# {} = {{ {} }}", key.name, names.join(", "))
                    }
                }
                (Kind::Tables(_), Some(Value::Table(tables))) if tables.is_empty() => {
                    writeln!(text, "{} = {{}}", key.name)
                }
                (_, Some(value)) => writeln!(text, "{} = {}", key.name, shown(value)),
            };
        }
    }
    text
}

fn left_out(section: &str, key: &str) -> String {
    let variable = format!("MEMBRANE__{section}__{key}").to_uppercase();
    format!(
        "Left out, as it may hold a password. Say it here or in {variable}; until then the default holds."
    )
}

fn shown(value: &Value) -> String {
    match value {
        Value::Float(number) if *number < 0.001 => format!("{number:e}"),
        other => other.to_string(),
    }
}

fn comment(text: &mut String, sentence: &str) {
    let mut line = String::from("#");
    for word in sentence.split_whitespace() {
        if line.len() + word.len() >= WIDTH {
            let _ = writeln!(text, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}
