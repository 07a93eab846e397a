//! A document as PDF, for files and courts.
//!
//! A document is laid out on sheets first, as texts and rules with their places, and drawn when the number of
//! pages is known. While it is laid out, a tree grows beside the sheets that says what each text is (a cell, a
//! heading), so that the file can be read aloud and its tables be taken out of it: PDF/UA-1, and PDF/A-2a
//! when the document says when it was made.
//!
//! Text is set character by character without kerning. That is right for the scripts of Europe and East Asia.
//! Hebrew and Arabic run from right to left, Arabic in unjoined letters; the scripts of India lack their
//! ligatures.

mod blocks;
mod columns;
mod draw;
mod flow;
mod fonts;
mod head;
mod mark;
mod order;
mod row;
mod sheet;
mod style;
mod table;
mod tree;
mod wrap;

pub use fonts::Fonts;

use blocks::put_sections;
use columns::measure_tables;
use flow::Flow;
use head::{Contents, put_head};
use sheet::Paper;

use crate::{Document, Limits, PdfError};

/// Writes a document as PDF. The same document, fonts and limits give the same bytes.
///
/// # Errors
///
/// [`PdfError::Write`] when a font may not be embedded or the file would be too large for PDF.
pub fn to_pdf(document: &Document, fonts: &Fonts, limits: &Limits) -> Result<Vec<u8>, PdfError> {
    let measures = measure_tables(document, fonts, limits);
    let paper = Paper::for_widths(measures.iter().map(columns::Measure::narrowest));
    let mut flow = Flow::new(fonts, paper);
    put_head(&mut flow, document);
    let mut contents = Contents::put(&mut flow, document.sections());
    put_sections(&mut flow, document.sections(), &measures, limits, &mut contents);
    let places = contents.finish(&mut flow);
    draw::draw(document, flow, &places)
}

#[cfg(test)]
mod tests;
