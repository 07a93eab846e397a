//! Draws what stands on a sheet.

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::surface::Surface;
use krilla::text::{GlyphId, KrillaGlyph};

use crate::pdf::fonts::Fonts;
use crate::pdf::mark::Marks;
use crate::pdf::order::visual_order;
use crate::pdf::sheet::Item;
use crate::pdf::style::{Ink, Style};

/// Draws an item.
pub(super) fn draw_item(surface: &mut Surface<'_>, fonts: &Fonts, marks: &mut Marks, item: &Item) {
    match item {
        Item::Text { x, y, style, line, node } => {
            marks.switch(surface, *node);
            draw_text(surface, fonts, (*x, *y), *style, line);
        }
        Item::Fill { x, y, width, height, ink } => {
            marks.switch(surface, None);
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*ink)));
            draw_rect(surface, (*x, *y), (*width, *height));
        }
        Item::Link { .. } => {}
        Item::Frame { x, y, width, height, ink } => {
            marks.switch(surface, None);
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke { paint: color(*ink).into(), width: 0.6, ..Stroke::default() }));
            draw_rect(surface, (*x, *y), (*width, *height));
            surface.set_stroke(None);
        }
    }
}

/// Draws a rectangle.
fn draw_rect(surface: &mut Surface<'_>, (x, y): (f32, f32), (width, height): (f32, f32)) {
    let mut path = PathBuilder::new();
    if let Some(rect) = Rect::from_xywh(x, y, width, height) {
        path.push_rect(rect);
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

/// Draws a line of text, in runs of one font each.
fn draw_text(surface: &mut Surface<'_>, fonts: &Fonts, (x, y): (f32, f32), style: Style, line: &str) {
    surface.set_fill(Some(fill(style.ink)));
    let (mut x, mut start, mut run_face) = (x, x, None);
    let mut run: Vec<KrillaGlyph> = Vec::new();
    for (place, c) in visual_order(line) {
        let Some(glyph) = fonts.glyph(style.cut, c) else { continue };
        if run_face != Some(glyph.face) {
            draw_run(surface, fonts, run_face, (start, y), style.size, &run, line);
            run.clear();
            (start, run_face) = (x, Some(glyph.face));
        }
        let range = place..place + c.len_utf8();
        run.push(KrillaGlyph::new(GlyphId::new(glyph.id), glyph.advance, 0.0, 0.0, 0.0, range, None));
        x += glyph.advance * style.size;
    }
    draw_run(surface, fonts, run_face, (start, y), style.size, &run, line);
}

/// Draws glyphs of one font.
fn draw_run(
    surface: &mut Surface<'_>,
    fonts: &Fonts,
    face: Option<usize>,
    (x, y): (f32, f32),
    size: f32,
    run: &[KrillaGlyph],
    line: &str,
) {
    if let Some(font) = face.and_then(|face| fonts.font(face)) {
        surface.draw_glyphs(Point::from_xy(x, y), run, font.clone(), line, size, false);
    }
}

/// Returns a colour of the library.
fn color(Ink(red, green, blue): Ink) -> rgb::Color {
    rgb::Color::new(red, green, blue)
}

/// Returns an opaque fill.
fn fill(ink: Ink) -> Fill {
    Fill { paint: color(ink).into(), opacity: NormalizedF32::ONE, rule: FillRule::default() }
}
