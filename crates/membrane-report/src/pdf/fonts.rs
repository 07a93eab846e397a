//! The fonts, and which one writes which character.

use std::collections::HashMap;

use krilla::text::Font;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};

use crate::PdfError;

/// The fonts that a PDF is written with: DejaVu, and those that are added for what it lacks.
pub struct Fonts {
    faces: Vec<Face>,
}

/// A cut of the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Regular,
    Bold,
    Mono,
}

/// A character in a font.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Glyph {
    /// The place of the font among the fonts.
    pub(super) face: usize,
    /// The glyph in the font.
    pub(super) id: u32,
    /// The width, as a part of the font's size.
    pub(super) advance: f32,
}

/// A font.
struct Face {
    font: Font,
    glyphs: HashMap<char, (u32, f32)>,
}

impl Fonts {
    /// Loads the fonts of this crate: DejaVu Sans, bold, and DejaVu Sans Mono. They have the alphabets of
    /// Latin, Greek and Cyrillic, and many signs.
    ///
    /// # Errors
    ///
    /// [`PdfError::Font`]; the tests show that it does not occur.
    pub fn bundled() -> Result<Self, PdfError> {
        let files: [&'static [u8]; 3] = [
            include_bytes!("../../fonts/DejaVuSans.ttf"),
            include_bytes!("../../fonts/DejaVuSans-Bold.ttf"),
            include_bytes!("../../fonts/DejaVuSansMono.ttf"),
        ];
        let faces = files.into_iter().map(|bytes| Face::read(bytes, bytes.into())).collect::<Option<_>>();
        Ok(Self { faces: faces.ok_or(PdfError::Font)? })
    }

    /// Adds a font (the first, when the bytes are a collection) for characters that those before it lack.
    ///
    /// # Errors
    ///
    /// [`PdfError::Font`] when the bytes are not a font.
    pub fn with_fallback(mut self, bytes: Vec<u8>) -> Result<Self, PdfError> {
        let face = Face::read(&bytes.clone(), bytes.into()).ok_or(PdfError::Font)?;
        self.faces.push(face);
        Ok(self)
    }

    /// Says whether some font has a character.
    #[must_use]
    pub fn has(&self, c: char) -> bool {
        self.glyph(Cut::Regular, c).is_some()
    }

    /// Finds a character: in the cut, else in the other two, else in those added.
    pub(super) fn glyph(&self, cut: Cut, c: char) -> Option<Glyph> {
        let own = match cut {
            Cut::Regular => 0,
            Cut::Bold => 1,
            Cut::Mono => 2,
        };
        let find = |face: usize| {
            let (id, advance) = *self.faces.get(face)?.glyphs.get(&c)?;
            Some(Glyph { face, id, advance })
        };
        find(own).or_else(|| (0..self.faces.len()).find_map(find))
    }

    /// Returns the width of a character, as a part of the font's size.
    pub(super) fn advance(&self, cut: Cut, c: char) -> f32 {
        self.glyph(cut, c).map_or(0.0, |glyph| glyph.advance)
    }

    /// Returns the width of a text.
    pub(super) fn width(&self, cut: Cut, text: &str) -> f32 {
        text.chars().map(|c| self.advance(cut, c)).sum()
    }

    /// Returns a font as the library has it.
    pub(super) fn font(&self, face: usize) -> Option<&Font> {
        self.faces.get(face).map(|face| &face.font)
    }
}

impl Face {
    /// Reads a font, and the width of each character in it.
    fn read(bytes: &[u8], data: krilla::Data) -> Option<Self> {
        let parsed = FontRef::from_index(bytes, 0).ok()?;
        let font = Font::new(data, 0)?;
        let metrics = parsed.glyph_metrics(Size::unscaled(), LocationRef::default());
        let per_em = font.units_per_em();
        let glyphs = parsed.charmap().mappings().filter_map(|(code, id)| {
            let advance = metrics.advance_width(id)? / per_em;
            let c = char::from_u32(code).filter(|_| id.to_u32() != 0 && advance >= 0.0)?;
            Some((c, (id.to_u32(), advance)))
        });
        Some(Self { font, glyphs: glyphs.collect() })
    }
}

#[cfg(test)]
mod tests;
