//! Texts of XML.

use quick_xml::events::Event;

/// Appends what a piece of text says, if it is one: text, a section of character data, a reference to a letter. `None`: it is no text that is known.
pub(crate) fn append(event: &Event<'_>, to: &mut String) -> Option<()> {
    match event {
        Event::Text(piece) => to.push_str(std::str::from_utf8(piece).ok()?),
        Event::CData(piece) => to.push_str(std::str::from_utf8(piece).ok()?),
        Event::GeneralRef(piece) => match piece.resolve_char_ref().ok()? {
            Some(letter) => to.push(letter),
            None => {
                let name = std::str::from_utf8(piece).ok()?;
                to.push_str(quick_xml::escape::resolve_predefined_entity(name)?);
            }
        },
        _ => {}
    }
    Some(())
}
