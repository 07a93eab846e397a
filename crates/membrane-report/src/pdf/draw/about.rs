//! What a file says about itself: which standards it keeps, its title and language, its outline.

use krilla::SerializeSettings;
use krilla::configure::{Accessibility, Archival, Configuration, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::Point;
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};

use crate::pdf::head::{Place, short};
use crate::{Document, PdfError};

/// Returns the settings: tagged, and checked against PDF/UA-1, and PDF/A-2a where there is a date for it.
pub(super) fn settings(document: &Document) -> Result<SerializeSettings, PdfError> {
    let builder = ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1);
    let builder =
        if document.made_at.is_some() { builder.with_archival_validator(Archival::A2_A) } else { builder };
    let configuration: Configuration =
        builder.finish().map_err(|_| PdfError::Setting("the standards PDF/UA-1 and PDF/A-2a"))?;
    Ok(SerializeSettings { configuration, enable_tagging: true, ..SerializeSettings::default() })
}

/// Returns what the file says about itself.
pub(super) fn metadata(document: &Document) -> Metadata {
    let mut metadata = Metadata::new()
        .title(short(&document.title))
        .language(document.language.to_string())
        .creator("Membrane".to_owned())
        .document_id(document.id.clone());
    if !document.subject.trim().is_empty() {
        metadata = metadata.description(short(&document.subject));
    }
    if let Some(at) = document.made_at {
        let day = DateTime::new(at.year).month(at.month).day(at.day);
        let second = day.hour(at.hour).minute(at.minute).second(at.second);
        metadata = metadata.creation_date(second.utc_offset_hour(0).utc_offset_minute(0));
    }
    metadata
}

/// Returns the outline: the title, and the sections nested by their levels.
pub(super) fn outline(document: &Document, places: &[Place]) -> Outline {
    let mut outline = Outline::new();
    outline.push_child(bookmark(&document.title, Place { sheet: 0, y: 0.0 }));
    // The sections that are open, each with its depth.
    let mut open: Vec<(u8, OutlineNode)> = Vec::new();
    for (section, place) in document.sections().iter().zip(places) {
        close_bookmarks(&mut outline, &mut open, section.level.depth());
        open.push((section.level.depth(), bookmark(&section.heading, *place)));
    }
    close_bookmarks(&mut outline, &mut open, 0);
    outline
}

/// Ends the open sections that are at a depth or below it.
fn close_bookmarks(outline: &mut Outline, open: &mut Vec<(u8, OutlineNode)>, depth: u8) {
    while let Some((_, node)) = open.pop_if(|(deep, _)| *deep >= depth) {
        match open.last_mut() {
            Some((_, parent)) => parent.push_child(node),
            None => outline.push_child(node),
        }
    }
}

/// Returns a bookmark.
fn bookmark(title: &str, place: Place) -> OutlineNode {
    OutlineNode::new(short(title), destination(place)).with_open(true)
}

/// Returns where a link leads: a little above the place, so that a heading is not at the edge of the window.
pub(super) fn destination(place: Place) -> XyzDestination {
    XyzDestination::new(place.sheet, Point::from_xy(0.0, (place.y - 12.0).max(0.0)))
}
