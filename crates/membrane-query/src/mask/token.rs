//! `token`: a keyed pseudonym of the asker's purpose or partner, as 22 characters of base64url.
//!
//! Equal values show equal tokens within one scope, so that they join and count; tokens of two scopes never
//! match, and nobody without the key can try values against them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use membrane_vault::{TOKEN_LENGTH, Tokenizer};

use crate::fault::ScanFault;
use crate::mask::doc::MaskDoc;

pub(crate) const DOC: MaskDoc = MaskDoc {
    name: "opaque",
    level: "token",
    types: "every type; shown as text",
    shows: "22 letters, digits, `-` and `_`, the same ones for equal values within one purpose or partner",
    examples: &[],
};

/// Characters of a shown token: 16 bytes in base64url without padding.
const SHOWN_LENGTH: usize = 22;

/// A shown token.
pub(super) struct Shown([u8; SHOWN_LENGTH]);

impl Shown {
    /// Returns the token as text.
    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Makes the shown token of a cell: of a stored token, or, given the tokenizer of storage tokens, of a value.
pub(super) fn show(cell: &[u8], stored: Option<&Tokenizer>, shown: &Tokenizer) -> Result<Shown, ScanFault> {
    let token: [u8; TOKEN_LENGTH] = match stored {
        Some(tokenizer) => tokenizer.token(cell),
        None => cell.try_into().map_err(|_| ScanFault::Shape)?,
    };
    let mut text = [b'-'; SHOWN_LENGTH];
    let written =
        URL_SAFE_NO_PAD.encode_slice(shown.token(&token), &mut text).map_err(|_| ScanFault::Shape)?;
    if written == SHOWN_LENGTH { Ok(Shown(text)) } else { Err(ScanFault::Shape) }
}

#[cfg(test)]
mod tests {
    use membrane_vault::{RootKey, Vault};

    use super::*;

    fn vault() -> Vault {
        Vault::new(&RootKey::from_hex(&"07".repeat(32)).unwrap())
    }

    #[test]
    fn a_stored_token_and_its_value_show_the_same() {
        let vault = vault();
        let (domain, shown) = (vault.tokenizer("phone"), vault.shown_tokenizer("purpose:operations"));
        let of_value = show(b"13800138000", Some(&domain), &shown).unwrap();
        let of_token = show(&domain.token(b"13800138000"), None, &shown).unwrap();
        assert_eq!(of_value.as_str(), of_token.as_str());
        assert_eq!(of_value.as_str().len(), SHOWN_LENGTH);
    }

    #[test]
    fn scopes_never_match() {
        let vault = vault();
        let domain = vault.tokenizer("phone");
        let one = show(b"13800138000", Some(&domain), &vault.shown_tokenizer("partner:acme")).unwrap();
        let other = show(b"13800138000", Some(&domain), &vault.shown_tokenizer("partner:globex")).unwrap();
        assert_ne!(one.as_str(), other.as_str());
    }

    #[test]
    fn what_is_no_stored_token_is_refused() {
        assert!(show(b"13800138000", None, &vault().shown_tokenizer("purpose:operations")).is_err());
    }
}
