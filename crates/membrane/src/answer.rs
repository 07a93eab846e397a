//! The forms in which rows leave the hub: JSON, CSV or an Arrow IPC stream.

mod encode;

use std::fmt;

pub use encode::{Encoder, Head};

/// A form of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerFormat {
    /// One JSON object with the columns and the rows.
    Json,
    /// Comma-separated text with a header line.
    Csv,
    /// Arrow's streaming IPC format.
    ArrowIpc,
}

impl AnswerFormat {
    /// Every form, the preferred one first.
    pub const ALL: [Self; 3] = [Self::Json, Self::Csv, Self::ArrowIpc];

    /// Returns the media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::ArrowIpc => "application/vnd.apache.arrow.stream",
        }
    }

    /// Tells whether an `Accept` header admits a form.
    #[must_use]
    pub fn accepts(accept: Option<&str>, form: Self) -> bool {
        accepts(accept, form.media_type())
    }

    /// Picks the form that an `Accept` header likes best; none when it likes none of ours.
    #[must_use]
    pub fn negotiate(accept: Option<&str>) -> Option<Self> {
        let Some(accept) = accept.map(str::trim).filter(|text| !text.is_empty()) else {
            return Some(Self::Json);
        };
        let ranges: Vec<(&str, u16)> = accept.split(',').map(range).collect();
        let mut best: Option<(Self, u16)> = None;
        for form in Self::ALL {
            let weight = weight(form.media_type(), &ranges);
            if weight > 0 && best.is_none_or(|(_, most)| weight > most) {
                best = Some((form, weight));
            }
        }
        best.map(|(form, _)| form)
    }
}

impl fmt::Display for AnswerFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.media_type())
    }
}

/// Tells whether an `Accept` header admits a media type.
pub(crate) fn accepts(accept: Option<&str>, media: &str) -> bool {
    match accept.map(str::trim).filter(|text| !text.is_empty()) {
        None => true,
        Some(accept) => weight(media, &accept.split(',').map(range).collect::<Vec<_>>()) > 0,
    }
}

/// Reads one range of an `Accept` header: the media type and its weight in thousandths.
fn range(text: &str) -> (&str, u16) {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = quality.map_or(1000, |text| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let thousandths: u16 =
            format!("{fraction:0<3}").get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        whole.parse::<u16>().unwrap_or(0).min(1).saturating_mul(1000).saturating_add(thousandths).min(1000)
    });
    (media, weight)
}

/// The weight of a media type: the most specific range that covers it decides.
fn weight(media: &str, ranges: &[(&str, u16)]) -> u16 {
    let family = media.split('/').next().unwrap_or_default();
    let of = |wanted: &dyn Fn(&str) -> bool| {
        ranges.iter().find(|(range, _)| wanted(range)).map(|(_, weight)| *weight)
    };
    of(&|range| range.eq_ignore_ascii_case(media))
        .or_else(|| {
            of(&|range| range.strip_suffix("/*").is_some_and(|start| start.eq_ignore_ascii_case(family)))
        })
        .or_else(|| of(&|range| range == "*/*"))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
