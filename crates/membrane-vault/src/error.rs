//! What can go wrong with keys and sealed values.

use std::io;
use std::path::PathBuf;

/// What can go wrong with keys and sealed values.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness")]
    Random,
    /// A text that should be a root key is not one.
    // PRIVACY: the text is not repeated; it may be a key with a typing mistake.
    #[error("not a root key: expected 64 hexadecimal digits")]
    RootKeyForm,
    /// The key file cannot be read.
    #[error("read key file `{}`", path.display())]
    KeyFileRead {
        /// The key file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The key file cannot be created.
    #[error("create key file `{}`", path.display())]
    KeyFileCreate {
        /// The key file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The key file may be read by others than its owner.
    #[error("key file `{}` is open to group or others; make it mode 0600", path.display())]
    KeyFileExposed {
        /// The key file.
        path: PathBuf,
    },
    /// A sealed value or a wrapped key cannot be opened. Whether the key is wrong, the place is wrong
    /// or a byte was changed is not told: AES-GCM cannot tell either.
    #[error("a sealed value cannot be opened")]
    Open,
    /// A value is too long to be sealed, or a name too long to be bound to it.
    #[error("a value cannot be sealed: it is too long")]
    Seal,
    /// A signature is not by the key that it should be by, or of another text.
    #[error("the signature is not valid")]
    Signature,
    /// A secret that is shared with a sender is of another form, or too short.
    // PRIVACY: it is not repeated.
    #[error("a shared secret is not of its form: too short, or not base64")]
    SharedSecret,
    /// What is to be encrypted in its format is not of the format: too few digits, or no digits.
    #[error("a value cannot be encrypted in its format")]
    Format,
}
