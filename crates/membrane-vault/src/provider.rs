//! Where the root key comes from: a file, or the text of a configuration value.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::{RootKey, VaultError, random};

/// Gives the root key.
pub trait KeyProvider: Send + Sync {
    /// Returns the root key.
    ///
    /// # Errors
    /// A [`VaultError`] that says why there is none.
    fn root_key(&self) -> Result<RootKey, VaultError>;
}

/// A root key in a file of mode 0600: 64 hexadecimal digits and a line feed.
#[derive(Debug, Clone)]
pub struct FileKey(PathBuf);

/// A key file is 65 bytes; whatever is much longer is something else.
const KEY_FILE_LENGTH_MAX: usize = 256;
const EXPOSED: u32 = 0o077;

impl FileKey {
    /// Names a key file. Nothing is read yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Names a key file, and makes it with a new root key when there is none. An existing file is never
    /// written to, and of several processes that create at once all end up with the same key. A missing
    /// folder is made with mode 0700.
    ///
    /// # Errors
    /// [`VaultError::KeyFileCreate`] when the folder or the file cannot be made,
    /// [`VaultError::Random`] when the operating system gave no randomness.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, VaultError> {
        let path = path.into();
        if !path.exists() {
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            let draft = draft_path(&path, folder)?;
            place_new_key(&path, folder, &draft)
                .map_err(|source| VaultError::KeyFileCreate { path: path.clone(), source })?;
        }
        Ok(Self(path))
    }

    /// Returns the path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl KeyProvider for FileKey {
    fn root_key(&self) -> Result<RootKey, VaultError> {
        let fault = |source| VaultError::KeyFileRead { path: self.0.clone(), source };
        let file = File::open(&self.0).map_err(fault)?;
        // The open file is looked at, not the path: nobody can swap it in between.
        if file.metadata().map_err(fault)?.mode() & EXPOSED != 0 {
            return Err(VaultError::KeyFileExposed { path: self.0.clone() });
        }
        let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_LENGTH_MAX));
        file.take(KEY_FILE_LENGTH_MAX as u64).read_to_string(&mut text).map_err(fault)?;
        RootKey::from_hex(&text)
    }
}

/// A name next to the key file that no other creator uses.
fn draft_path(path: &Path, folder: &Path) -> Result<PathBuf, VaultError> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.new", hex::encode(random::bytes::<8>()?)));
    Ok(folder.join(name))
}

/// Writes a whole key under a name of its own, then links it to the real name, which fails when that
/// exists: a reader sees no key or a whole one, and the first creator wins.
fn place_new_key(path: &Path, folder: &Path, draft: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    let written = write_key(&mut file);
    let linked = written.and_then(|()| match fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let removed = fs::remove_file(draft);
    linked.and(removed)?;
    File::open(folder)?.sync_all()
}

fn write_key(file: &mut File) -> io::Result<()> {
    file.write_all(RootKey::generate().to_hex().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// A root key in the text of a configuration value or an environment variable.
pub struct TextKey(Zeroizing<String>);

impl TextKey {
    /// Takes the text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }
}

impl KeyProvider for TextKey {
    fn root_key(&self) -> Result<RootKey, VaultError> {
        RootKey::from_hex(&self.0)
    }
}

impl fmt::Debug for TextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextKey(..)")
    }
}

#[cfg(test)]
mod tests;
