//! The end of one element of a JSON array, found without reading what it is.

/// How far an element was looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    /// Bytes that were looked at.
    looked_at: usize,
    /// Whether anything was looked at, also what is gone since.
    has_begun: bool,
    /// Brackets that are open.
    depth: usize,
    in_text: bool,
    /// Whether the last byte was a backslash within a text.
    is_escaped: bool,
}

impl Element {
    /// Looks at more bytes of the element that starts the window, and returns its length when its end is there.
    ///
    /// What opens with a bracket ends with the one that closes it, a text with its quote, anything else in front
    /// of what cannot be of it. An element has one byte at least.
    pub(super) fn end(&mut self, window: &[u8]) -> Option<usize> {
        let bytes = window.get(self.looked_at..).unwrap_or_default();
        for byte in bytes {
            let at = self.looked_at;
            let has_begun = std::mem::replace(&mut self.has_begun, true);
            if self.in_text {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => {
                        self.in_text = false;
                        if self.depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    _ => {}
                }
            } else {
                match byte {
                    // A word or a number ends where something else begins.
                    b'"' | b'{' | b'[' if self.depth == 0 && has_begun => return Some(at),
                    b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                        return Some(if has_begun { at } else { at + 1 });
                    }
                    b'"' => self.in_text = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    _ => {}
                }
            }
            self.looked_at += 1;
        }
        None
    }

    /// Takes note that so many bytes at the start of the window are gone.
    pub(super) const fn moved(&mut self, count: usize) {
        self.looked_at = self.looked_at.saturating_sub(count);
    }
}
