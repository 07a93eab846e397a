//! What sources name and do not say: credentials, found in the environment or in files.

use std::io;

use membrane_catalog::Secret;
use membrane_catalog::yaml::{FileError, read_text};

use super::SecretText;

/// Bytes of a file with a credential.
const BYTES_MAX: u64 = 16 << 10;
/// Variables that are the hub's own: a source names none of them.
const OWN: &str = "MEMBRANE__";

/// Why a credential was not found.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or empty.
    #[error("the variable `{name}` of the environment is not set")]
    NoVariable {
        /// Its name.
        name: String,
    },
    /// The variable holds the hub's own configuration.
    #[error(
        "the variable `{name}` of the environment is the hub's own: a source names none that begins `{OWN}`"
    )]
    Own {
        /// Its name.
        name: String,
    },
    /// The file cannot be read.
    #[error("the file `{path}` cannot be read: {}", source.kind())]
    NoFile {
        /// Where it should be.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is empty, too large or not text.
    #[error("the file `{path}` holds no credential: it is empty, larger than 16 KiB or not UTF-8")]
    Unfit {
        /// Where it is.
        path: String,
    },
}

/// Finds a credential. It is asked for whenever it is used, so that a new one needs no new start.
///
/// # Errors
/// [`SecretError`], which names the place and never what is in it.
pub(crate) fn find(secret: &Secret) -> Result<SecretText, SecretError> {
    match secret {
        Secret::Env(name) if name.to_ascii_uppercase().starts_with(OWN) => {
            Err(SecretError::Own { name: name.clone() })
        }
        Secret::Env(name) => {
            #[expect(clippy::disallowed_methods, reason = "this is the configuration")]
            let found = std::env::var(name).ok().filter(|text| !text.trim().is_empty());
            let found = found.ok_or_else(|| SecretError::NoVariable { name: name.clone() })?;
            Ok(SecretText(found.trim().to_owned()))
        }
        Secret::File(path) => {
            let shown = path.display().to_string();
            let text = match read_text(path, BYTES_MAX) {
                Ok(text) => text,
                Err(FileError::Io(source)) => {
                    return Err(SecretError::NoFile { path: shown, source });
                }
                Err(FileError::Unfit(_)) => return Err(SecretError::Unfit { path: shown }),
            };
            let text = text.trim();
            if text.is_empty() {
                Err(SecretError::Unfit { path: shown })
            } else {
                Ok(SecretText(text.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(secret: &Secret) -> String {
        find(secret).map_or_else(|error| error.to_string(), |found| found.expose().to_owned())
    }

    #[test]
    fn a_credential_is_found_or_its_place_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Secret::File(path)
        };
        assert_eq!(told(&file("good", b"  s3cret\n")), "s3cret");
        assert!(told(&file("empty", b"\n")).ends_with("it is empty, larger than 16 KiB or not UTF-8"));
        assert!(told(&file("binary", b"\xff\xfe")).ends_with("it is empty, larger than 16 KiB or not UTF-8"));
        assert!(
            told(&Secret::File(folder.path().join("none"))).ends_with("cannot be read: entity not found")
        );
        assert_eq!(
            told(&Secret::Env("MEMBRANE_TEST_NO_SUCH_VARIABLE".to_owned())),
            "the variable `MEMBRANE_TEST_NO_SUCH_VARIABLE` of the environment is not set"
        );
        let own = told(&Secret::Env("MEMBRANE__KEYS__ROOT".to_owned()));
        assert!(own.contains("is the hub's own"), "{own}");
    }
}
