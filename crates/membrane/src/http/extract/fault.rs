//! What is wrong with a JSON body, in our words: which field, and what it takes.
//!
//! PRIVACY: the library's own text quotes the key or the value that was sent, and says behind it, in our own words, what
//! was expected: that is kept. The field is found by its place, and is one of ours: bodies take no other.

use serde_json::Error;

/// Says what is wrong with a body, and where.
pub(super) fn fault_of(body: &[u8], error: &Error) -> String {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let what = of_names(text).or_else(|| of_value(text, &place(body, end_of(body, line, column))?));
    let what = what.as_deref().unwrap_or("the body is not the object that this endpoint takes");
    format!("{what} (line {line}, column {column} of the body); see /openapi.json")
}

/// Says which name lacks, is there twice or is not known.
fn of_names(text: &str) -> Option<String> {
    let quoted = |start| text.strip_prefix(start).and_then(|field: &str| field.strip_suffix('`'));
    if let Some(field) = quoted("missing field `") {
        return Some(format!("the body lacks `{field}`"));
    }
    if let Some(field) = quoted("duplicate field `") {
        return Some(format!("the body has `{field}` twice"));
    }
    let (_, known) = text.strip_prefix("unknown field `")?.rsplit_once(", expected ")?;
    Some(format!("a name in the body is none of those known, expected {known}"))
}

/// Says what a field takes, where the library or one of our own types does.
fn of_value(text: &str, Place { field, inside }: &Place) -> Option<String> {
    let what = if *inside { format!("what is in `{field}`") } else { format!("`{field}`") };
    // The words of a name of ours that has not its form; the library has no text that begins like this.
    if text.starts_with("not a ") {
        return Some(format!("{what} is {text}"));
    }
    match text {
        "number out of range" => return Some(format!("{what} must be a smaller number")),
        "trailing characters" if *inside => return Some(format!("a list in `{field}` is too long")),
        _ => {}
    }
    let (sent, expected) = text.rsplit_once(", expected ")?;
    let known = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "];
    known.iter().any(|start| sent.starts_with(start)).then(|| format!("{what} must be {}", plain(expected)))
}

/// Says without the name of a type what was expected.
fn plain(expected: &str) -> &str {
    match expected {
        "f64" => "a number",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number of 0 or more",
        // Bounds: no other list of ours has so many.
        "a tuple of size 2" => "a list of two numbers",
        "a map" => "an object",
        "a sequence" => "a list",
        other => other,
    }
}

/// A place in a body.
struct Place {
    /// The field of the body.
    field: String,
    /// Whether the place is within what the field has.
    inside: bool,
}

/// Returns the number of bytes before a place.
fn end_of(body: &[u8], line: usize, column: usize) -> usize {
    let lines = body.split(|byte| *byte == b'\n').take(line.saturating_sub(1));
    lines.map(|line| line.len().saturating_add(1)).sum::<usize>().saturating_add(column)
}

/// Finds the field whose value the first `end` bytes of a body end in.
fn place(body: &[u8], end: usize) -> Option<Place> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let (mut text, mut field) = (Vec::new(), None);
    for byte in body.iter().take(end) {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => quoted = false,
            (true, letter) => text.push(*letter),
            (false, b'"') => {
                quoted = true;
                text.clear();
            }
            (false, b':') if depth == 1 => field = Some(std::mem::take(&mut text)),
            (false, b',') if depth == 1 => field = None,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            (false, _) => {}
        }
    }
    let field = String::from_utf8(field?).ok()?;
    let is_ours = field.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_');
    is_ours.then_some(Place { field, inside: depth > 1 })
}

#[cfg(test)]
mod tests;
