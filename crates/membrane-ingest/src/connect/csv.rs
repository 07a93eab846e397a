//! Writes rows as CSV (RFC 4180): every field in quotes, no value as nothing at all.

/// Rows that were written and not handed on yet.
#[derive(Default)]
pub(super) struct CsvText(Vec<u8>);

impl CsvText {
    /// Writes a row.
    pub(super) fn row<'a>(&mut self, fields: impl IntoIterator<Item = Option<&'a [u8]>>) {
        let mut is_first = true;
        for field in fields {
            if !is_first {
                self.0.push(b',');
            }
            is_first = false;
            let Some(field) = field else { continue };
            self.0.push(b'"');
            for part in field.split_inclusive(|byte| *byte == b'"') {
                self.0.extend_from_slice(part);
                if part.ends_with(b"\"") {
                    self.0.push(b'"');
                }
            }
            self.0.push(b'"');
        }
        self.0.push(b'\n');
    }

    /// Returns how many bytes wait.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes what waits.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let capacity = self.0.capacity();
        std::mem::replace(&mut self.0, Vec::with_capacity(capacity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rows: &[&[Option<&str>]]) -> String {
        let mut text = CsvText::default();
        for row in rows {
            text.row(row.iter().map(|field| field.map(str::as_bytes)));
        }
        assert!(text.len() > 0);
        String::from_utf8(text.take()).unwrap()
    }

    #[test]
    fn rows_are_quoted() {
        let row = [Some("a"), None, Some("say \"hi\""), Some(""), Some("x,\ny")];
        assert_eq!(written(&[&row]), "\"a\",,\"say \"\"hi\"\"\",\"\",\"x,\ny\"\n");
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(rows in proptest::collection::vec(
            proptest::collection::vec("[a\",\\n\\r 客]{0,6}", 2..5), 1..5)) {
            let width = rows.iter().map(Vec::len).min().unwrap_or(0);
            let cut: Vec<Vec<&str>> =
                rows.iter().map(|row| row.iter().take(width).map(String::as_str).collect()).collect();
            let mut text = CsvText::default();
            for row in &cut {
                text.row(row.iter().map(|field| Some(field.as_bytes())));
            }
            let bytes = text.take();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
            let read: Vec<Vec<String>> = reader
                .records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .collect();
            proptest::prop_assert_eq!(read, cut);
        }
    }
}
