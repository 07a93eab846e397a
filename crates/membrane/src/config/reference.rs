//! The reference file: every key with its sentence and its value.

use std::fmt::Write;

use toml::{Table, Value};

use super::{Config, Kind, SECTIONS};

const WIDTH: usize = 110;

/// Renders a configuration. Secrets, and the values of storage options, are left out.
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
                (Kind::Secret, _) | (_, None) => writeln!(text, "# {} = \"...\"", key.name),
                (Kind::Texts, Some(Value::Table(names))) => {
                    let names = names.keys().map(|name| format!("{name} = \"...\"")).collect::<Vec<_>>();
                    if names.is_empty() {
                        writeln!(text, "{} = {{}}", key.name)
                    } else {
                        writeln!(text, "# {} = {{ {} }}", key.name, names.join(", "))
                    }
                }
                (_, Some(value)) => writeln!(text, "{} = {}", key.name, shown(value)),
            };
        }
    }
    text
}

fn shown(value: &Value) -> String {
    match value {
        Value::Float(number) if *number < 0.001 => format!("{number:e}"),
        // PRIVACY: a database URL may carry a password.
        Value::String(url) if url.contains('@') => "\"...\"".to_owned(),
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
