//! "Did you mean": the closest of the known words.

/// Longest text that a fault may repeat.
const SHOWN_MAX: usize = 64;

/// Returns the text in backticks when it looks like a key or a name, and a stand-in otherwise.
///
/// PRIVACY: what stands where a key or name belongs may be a pasted value.
pub(super) fn shown(text: &str) -> String {
    let named = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-. ".contains(letter));
    if named && text.len() <= SHOWN_MAX { format!("`{text}`") } else { "(not shown)".to_owned() }
}

/// Returns `, did you mean ..` for a word that is close to one of the known, and nothing otherwise.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, known).map_or_else(String::new, |close| format!(", did you mean `{close}`?"))
}

/// Returns the closest known word when at most a third of its letters differ.
pub(super) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > SHOWN_MAX {
        return None;
    }
    let word: Vec<char> = word.to_lowercase().chars().collect();
    known
        .into_iter()
        .map(|candidate| {
            let letters: Vec<char> = candidate.to_lowercase().chars().collect();
            (distance(&word, &letters), letters.len(), candidate)
        })
        .filter(|(distance, length, _)| *distance <= (length / 3).clamp(1, 4))
        .min_by_key(|(distance, _, _)| *distance)
        .map(|(_, _, candidate)| candidate)
}

/// Counts the letters to insert, delete, replace or swap with a neighbour (optimal string alignment).
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut left_before = None;
    for (row, letter) in left.iter().enumerate() {
        let mut here = Vec::with_capacity(above.len());
        here.push(row + 1);
        let mut right_before = None;
        for (column, other) in right.iter().enumerate() {
            let at = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&above, column) + usize::from(letter != other);
            let mut best = replaced.min(at(&above, column + 1) + 1).min(at(&here, column) + 1);
            if left_before == Some(other) && right_before == Some(letter) {
                best = best.min(at(&before, column.wrapping_sub(1)) + 1);
            }
            here.push(best);
            right_before = Some(other);
        }
        before = std::mem::replace(&mut above, here);
        left_before = Some(letter);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
