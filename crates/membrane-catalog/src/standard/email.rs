//! E-mail addresses: no spaces around, small letters, plain width, the domain as it is in DNS.

use super::{Part, width};
use crate::FormatCheck;
use crate::format::{is_mail_domain, is_mail_local};

const LOCAL_BYTES_MAX: usize = 64;
const BYTES_MAX: usize = 254;

pub(super) fn standard(text: &str) -> Option<String> {
    let folded = width::fold(text).to_lowercase();
    let address = folded.strip_prefix("mailto:").unwrap_or(&folded).trim();
    let (local, domain) = address.rsplit_once('@')?;
    let domain = idna::domain_to_ascii(domain.trim_end_matches('.')).ok()?;
    let fits = is_local(local) && is_mail_domain(domain.as_bytes());
    let standard = format!("{local}@{domain}");
    (fits && standard.len() <= BYTES_MAX).then_some(standard)
}

/// Tells whether this is the part before the `@`: in ASCII as servers in practice take it, or in other letters (RFC 6531).
fn is_local(local: &str) -> bool {
    if local.is_ascii() {
        return is_mail_local(local.as_bytes());
    }
    let fits = |letter: char| {
        if letter.is_ascii() {
            is_mail_local(letter.encode_utf8(&mut [0; 4]).as_bytes())
        } else {
            letter.is_alphanumeric()
        }
    };
    local.len() <= LOCAL_BYTES_MAX && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(fits))
}

pub(super) fn is_standard(text: &str) -> bool {
    FormatCheck::Email.accepts(text)
        && !text.bytes().any(|byte| byte.is_ascii_uppercase())
        // Labels that are coded must be coded well.
        && !text.contains("xn--")
}

pub(super) fn part(part: Part, standard: &str) -> Option<&str> {
    match part {
        Part::Domain => standard.rsplit_once('@').map(|(_, domain)| domain),
        _ => None,
    }
}
