//! Draws the sheets: with `mark`, the one module that speaks to the library that writes PDF.

mod about;
mod foot;
mod item;

use krilla::Document as Pdf;
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::error::KrillaError;
use krilla::geom::Rect;
use krilla::page::{Page, PageSettings};

use self::about::{destination, metadata, outline, settings};
use self::foot::Foot;
use self::item::draw_item;
use super::flow::Flow;
use super::head::{Place, short};
use super::mark::Marks;
use super::sheet::Item;
use crate::{Document, PdfError};

/// Draws the sheets and returns the file. `places` tells where the sections begin.
pub(super) fn draw(document: &Document, flow: Flow<'_>, places: &[Place]) -> Result<Vec<u8>, PdfError> {
    let Flow { fonts, paper, sheets, tree, .. } = flow;
    let mut pdf = Pdf::new_with(settings(document)?);
    let mut marks = Marks::new(&tree);
    let foot = Foot::new(document, fonts, paper);
    let count = sheets.len();
    for (at, sheet) in sheets.into_iter().enumerate() {
        let size =
            PageSettings::from_wh(paper.width, paper.height).ok_or(PdfError::Setting("a page size"))?;
        let mut page = pdf.start_page_with(size);
        let mut surface = page.surface();
        for item in &sheet.items {
            draw_item(&mut surface, fonts, &mut marks, item);
        }
        for item in foot.items(fonts, at + 1, count) {
            draw_item(&mut surface, fonts, &mut marks, &item);
        }
        marks.close(&mut surface);
        surface.finish();
        for item in &sheet.items {
            link_item(&mut page, &mut marks, item, document, places);
        }
        page.finish();
    }
    pdf.set_metadata(metadata(document));
    pdf.set_outline(outline(document, places));
    pdf.set_tag_tree(marks.finish(tree));
    pdf.finish().map_err(|error| PdfError::Write(reason(&error)))
}

/// Makes an item a link, if it is one.
fn link_item(page: &mut Page<'_>, marks: &mut Marks, item: &Item, document: &Document, places: &[Place]) {
    let Item::Link { x, y, width, height, section, node } = item else { return };
    let (heading, place) = (document.sections().get(*section), places.get(*section));
    if let (Some(heading), Some(place), Some(rect)) =
        (heading, place, Rect::from_xywh(*x, *y, *width, *height))
    {
        let link = LinkAnnotation::new(rect, Target::Destination(destination(*place).into()));
        let id = page.add_tagged_annotation(Annotation::new_link(link, Some(short(&heading.heading))));
        marks.link(*node, id);
    }
}

/// Says why a file was refused. PRIVACY: the library's own words may quote the document, so of a check that
/// failed only its name is told.
fn reason(error: &KrillaError) -> String {
    match error {
        KrillaError::Validation(errors) => {
            let name = |error: &dyn std::fmt::Debug| {
                let text = format!("{error:?}");
                text.split(['(', ' ']).next().unwrap_or_default().to_owned()
            };
            let mut names: Vec<String> = errors.iter().map(|(error, _)| name(error)).collect();
            names.sort();
            names.dedup();
            names.join(", ")
        }
        KrillaError::Font(..) => "a font cannot be embedded".to_owned(),
        KrillaError::Limit(_) => "it is too large for PDF".to_owned(),
        _ => "a fault in how it was built".to_owned(),
    }
}
