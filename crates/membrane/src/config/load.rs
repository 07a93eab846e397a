//! Merging of the sources, and the check of what was merged.

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::Serialized;
use toml::{Table, Value};

use super::{Config, ConfigError, Fault, Key, Kind, SECTIONS};

const FILE_DEFAULT: &str = "membrane.toml";
const PREFIX: &str = "MEMBRANE__";

/// What a configuration is made from, besides the defaults.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file that was named; without one, `membrane.toml` of the working directory when it is there.
    pub file: Option<PathBuf>,
    /// Environment variables.
    pub environment: Vec<(String, String)>,
    /// Flags: the dotted key, the text, and the flag's name for messages.
    pub flags: Vec<(&'static str, String, &'static str)>,
}

impl Sources {
    /// Takes the environment of this process.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(&'static str, String, &'static str)>) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        Self { file, environment, flags }
    }
}

pub(super) fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let mut faults = Vec::new();
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    for (key, value) in read_file(sources.file.as_deref(), &mut faults)? {
        figment = figment.merge(Serialized::default(&key, value));
    }
    for (name, text) in &sources.environment {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let key = rest.to_lowercase().replace("__", ".");
        if let Some(value) = read_text(&key, text, &format!("environment variable `{name}`"), &mut faults) {
            figment = figment.merge(Serialized::default(&key, value));
        }
    }
    for (key, text, flag) in &sources.flags {
        if let Some(value) = read_text(key, text, &format!("flag `{flag}`"), &mut faults) {
            figment = figment.merge(Serialized::default(key, value));
        }
    }
    if !faults.is_empty() {
        faults.sort();
        return Err(ConfigError::Faults(faults));
    }
    figment.extract().map_err(|error| {
        ConfigError::Faults(
            error
                .into_iter()
                .map(|error| Fault {
                    place: error.path.join("."),
                    message: "cannot be read as its type".to_owned(),
                })
                .collect(),
        )
    })
}

/// Reads the keys and values of the file, checked; what is wrong goes to the faults.
fn read_file(named: Option<&Path>, faults: &mut Vec<Fault>) -> Result<Vec<(String, Value)>, ConfigError> {
    let path = named.unwrap_or(Path::new(FILE_DEFAULT));
    if named.is_none() && !path.exists() {
        return Ok(Vec::new());
    }
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_path_buf(), source })?;
    // PRIVACY: the library's own text quotes the line, which may hold a key; only its message and the line number are kept.
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
            faults.push(Fault { place: format!("{place}:{line}"), message: error.message().to_owned() });
            return Ok(Vec::new());
        }
    };
    let mut found = Vec::new();
    for (section, value) in table {
        let Value::Table(keys) = value else {
            faults.push(unknown(&place, &section));
            continue;
        };
        if !SECTIONS.iter().any(|known| known.name == section) {
            faults.push(unknown(&place, &format!("[{section}]")));
            continue;
        }
        for (name, value) in keys {
            let key = format!("{section}.{name}");
            match find(&key) {
                None => faults.push(unknown(&place, &key)),
                Some((known, _)) => match known.kind.fault(&value) {
                    Some(message) => {
                        faults.push(Fault { place: place.clone(), message: format!("`{key}`: {message}") });
                    }
                    None => found.push((key, value)),
                },
            }
        }
    }
    Ok(found)
}

/// Reads the text of a variable or a flag as the kind of its key; what is wrong goes to the faults.
fn read_text(key: &str, text: &str, place: &str, faults: &mut Vec<Fault>) -> Option<Value> {
    let Some((known, within)) = find(key) else {
        faults.push(unknown(place, key));
        return None;
    };
    let kind = match (known.kind, within) {
        (Kind::Texts, true) => Kind::Text,
        (kind, _) => kind,
    };
    let value = kind.read(text);
    if let Some(message) = kind.fault(&value) {
        faults.push(Fault { place: place.to_owned(), message: format!("`{key}`: {message}") });
        return None;
    }
    Some(value)
}

/// Finds a key by its dotted name; the flag says that the name leads into a table whose keys are not ours.
fn find(dotted: &str) -> Option<(&'static Key, bool)> {
    let (section, rest) = dotted.split_once('.')?;
    let section = SECTIONS.iter().find(|known| known.name == section)?;
    let (name, within) = match rest.split_once('.') {
        Some((name, _)) => (name, true),
        None => (rest, false),
    };
    let key = section.keys.iter().find(|key| key.name == name)?;
    (!within || key.kind == Kind::Texts).then_some((key, within))
}

fn unknown(place: &str, key: &str) -> Fault {
    Fault {
        place: place.to_owned(),
        message: format!("unknown key `{key}`; `membrane config --defaults` lists every key"),
    }
}
