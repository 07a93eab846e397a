//! A document as one HTML file, for screens and printers.
//!
//! It has no script and loads nothing: it works under `default-src 'none'; style-src 'unsafe-inline'`, which
//! it also asks for itself. Texts of the document stand between tags only, never in one.

mod blocks;
mod escape;

use blocks::{push_block, push_pairs};
use escape::{push_line, push_text};

use crate::{Document, Limits, Section, words};

/// The style sheet. It is the only thing in the file that is not of the document.
const STYLE: &str = include_str!("html/style.css");

/// What a browser may load for the file.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Writes a document as HTML.
#[must_use]
pub fn to_html(document: &Document, limits: &Limits) -> String {
    let mut out = String::new();
    push_head(&mut out, document);
    push_lead(&mut out, document);
    push_contents(&mut out, document.sections());
    out.push_str("<main>\n");
    for section in document.sections() {
        push_section(&mut out, section, limits);
    }
    out.push_str("</main>\n<footer>");
    push_line(&mut out, words::title(&document.title));
    out.push_str(" · ");
    push_line(&mut out, &document.id);
    out.push_str("</footer>\n</body>\n</html>\n");
    out
}

/// Writes everything before the body.
fn push_head(out: &mut String, document: &Document) {
    let language = &document.language;
    out.push_str(&format!("<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n"));
    out.push_str(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n"));
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    push_line(out, words::title(&document.title));
    out.push_str(&format!("</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"));
}

/// Writes the title and the facts.
fn push_lead(out: &mut String, document: &Document) {
    out.push_str("<header>\n<h1>");
    push_line(out, words::title(&document.title));
    out.push_str("</h1>\n");
    if !document.subject.trim().is_empty() {
        out.push_str("<p class=\"subject\">");
        push_text(out, &document.subject);
        out.push_str("</p>\n");
    }
    let id = ("Report", document.id.as_str());
    let facts = document.facts.iter().map(|fact| (fact.label.as_str(), fact.value.as_str()));
    push_pairs(out, "facts", std::iter::once(id).chain(facts));
    out.push_str("</header>\n");
}

/// Writes the table of contents.
fn push_contents(out: &mut String, sections: &[Section]) {
    if sections.is_empty() {
        return;
    }
    out.push_str(&format!(
        "<nav aria-label=\"{0}\">\n<p class=\"contents\">{0}</p>\n<ul>\n",
        words::CONTENTS
    ));
    for section in sections {
        let (depth, id) = (section.level.depth(), &section.id);
        out.push_str(&format!("<li class=\"depth-{depth}\"><a href=\"#{id}\">"));
        push_line(out, words::title(&section.heading));
        out.push_str("</a></li>\n");
    }
    out.push_str("</ul>\n</nav>\n");
}

/// Writes a section.
fn push_section(out: &mut String, section: &Section, limits: &Limits) {
    let (depth, id) = (section.level.depth() + 1, &section.id);
    out.push_str(&format!("<section id=\"{id}\">\n<h{depth}>"));
    push_line(out, words::title(&section.heading));
    out.push_str(&format!("</h{depth}>\n"));
    for block in &section.blocks {
        push_block(out, block, limits);
    }
    out.push_str("</section>\n");
}

#[cfg(test)]
mod tests;
