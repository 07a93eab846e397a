//! The order in which the characters of a line stand from left to right.
//!
//! A name in Hebrew that runs from left to right is another name. This is not the algorithm of Unicode but the
//! part of it that names and addresses need: words of scripts that run from right to left are turned around,
//! and so are neighbours of them as a whole. The line itself runs from left to right.

/// Returns the characters of a line, each with its place in the text.
pub(in crate::pdf) fn visual_order(line: &str) -> Vec<(usize, char)> {
    let mut order: Vec<(usize, char)> = line.char_indices().collect();
    if line.is_ascii() {
        return order;
    }
    // The run that is being read: where it begins, and where its last letter ends.
    let mut run: Option<(usize, usize)> = None;
    for at in 0..=order.len() {
        let c = order.get(at).map(|(_, c)| *c);
        match (c, run) {
            (Some(c), _) if is_leftward(c) => run = Some((run.map_or(at, |(start, _)| start), at + 1)),
            (Some(c), Some(_)) if joins(c) => {}
            (_, Some((start, end))) => {
                if let Some(letters) = order.get_mut(start..end) {
                    letters.reverse();
                }
                run = None;
            }
            (_, None) => {}
        }
    }
    order
}

/// Says whether a character is of a script that runs from right to left. Digits run the other way in all.
fn is_leftward(c: char) -> bool {
    let code = u32::from(c);
    !c.is_numeric()
        && matches!(code,
            0x590..=0x8FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFC | 0x10800..=0x10FFF | 0x1E800..=0x1EFFF)
}

/// Says whether a sign between two words of such a script is turned with them.
fn joins(c: char) -> bool {
    matches!(c, ' ' | '-' | '\'' | '"' | '.' | ',')
}

#[cfg(test)]
mod tests;
