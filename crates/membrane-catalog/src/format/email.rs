//! E-mail addresses as mail servers in practice accept them: the dot-atom form of RFC 5321 in ASCII.
//!
//! Quoted local parts, comments and address literals (`a@[10.0.0.1]`) are refused, and so is a domain
//! without a dot: in member data they are mistakes.

const ADDRESS_MAX: usize = 254;
const LOCAL_MAX: usize = 64;
const LABEL_MAX: usize = 63;

pub(super) fn accepts(value: &[u8]) -> bool {
    if value.len() > ADDRESS_MAX {
        return false;
    }
    let mut parts = value.split(|byte| *byte == b'@');
    let (Some(local), Some(domain), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    is_local(local) && is_domain(domain)
}

/// Tells whether this is what stands before the `@`.
pub(crate) fn is_local(local: &[u8]) -> bool {
    local.len() <= LOCAL_MAX
        && local.split(|byte| *byte == b'.').all(|atom| !atom.is_empty() && atom.iter().all(is_atom_byte))
}

fn is_atom_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(byte)
}

/// Tells whether this is a domain with a dot.
pub(crate) fn is_domain(domain: &[u8]) -> bool {
    let mut labels = 0_usize;
    let mut last: &[u8] = &[];
    for label in domain.split(|byte| *byte == b'.') {
        if !is_label(label) {
            return false;
        }
        labels += 1;
        last = label;
    }
    labels >= 2 && is_top(last)
}

fn is_label(label: &[u8]) -> bool {
    label.len() <= LABEL_MAX
        && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && label.first().is_some_and(|byte| *byte != b'-')
        && label.last().is_some_and(|byte| *byte != b'-')
}

/// A top-level domain has two letters or more, or is a coded international one.
fn is_top(label: &[u8]) -> bool {
    label.len() >= 2
        && (label.iter().all(u8::is_ascii_alphabetic)
            || label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"xn--")))
}
