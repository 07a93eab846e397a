//! Objects in a folder of the local disk, durable when a put returns.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use membrane_log::{Objects, ObjectsError};

/// A folder.
pub(crate) struct Folder {
    root: PathBuf,
    /// Whether to wait for the disk.
    syncs: bool,
    temporary: AtomicU64,
}

impl Folder {
    /// Takes a folder, which is made.
    pub(crate) fn new(root: PathBuf, syncs: bool) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        Ok(Self { root, syncs, temporary: AtomicU64::new(0) })
    }

    /// Writes a file that is whole before it has its name.
    fn write(
        &self,
        path: &str,
        bytes: &[u8],
        name: impl Fn(&Path, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let target = self.root.join(path);
        let folder = target.parent().unwrap_or(&self.root);
        self.make_folder(folder)?;
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = self.root.join(format!(".new-{}-{number}", std::process::id()));
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        if self.syncs {
            file.sync_data()?;
        }
        let named = name(&temporary, &target);
        // After a rename it is gone already.
        let _ = fs::remove_file(&temporary);
        named?;
        self.sync_folder(folder)
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(parent) = folder.parent() {
            self.make_folder(parent)?;
            match fs::create_dir(folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                _ => self.sync_folder(parent)?,
            }
        }
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if self.syncs { File::open(folder)?.sync_all() } else { Ok(()) }
    }

    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.root.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            // A folder on the way may be missing, or be a file.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list_into(&self, folder: &str, paths: &mut Vec<String>) -> io::Result<()> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                self.list_into(&path, paths)?;
            } else {
                paths.push(path);
            }
        }
        Ok(())
    }
}

fn failed(action: &'static str, path: &str) -> impl FnOnce(io::Error) -> ObjectsError {
    move |error| ObjectsError::Failed { action, path: path.to_owned(), source: error.into() }
}

impl Objects for Folder {
    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ObjectsError> {
        self.read(path).map_err(failed("read", path))
    }

    async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        self.write(path, &bytes, |from, to| fs::rename(from, to)).map_err(failed("write", path))
    }

    async fn put_new(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        match self.write(path, &bytes, |from, to| fs::hard_link(from, to)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let there = self.read(path).map_err(failed("read", path))?;
                if there.as_ref() == Some(&bytes) {
                    Ok(())
                } else {
                    Err(ObjectsError::Exists { path: path.to_owned() })
                }
            }
            written => written.map_err(failed("write", path)),
        }
    }

    async fn compare_and_put(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: Vec<u8>,
    ) -> Result<(), ObjectsError> {
        let lock = OpenOptions::new().create(true).append(true).open(self.root.join(".lock"));
        let lock = lock.map_err(failed("lock", path))?;
        lock.lock().map_err(failed("lock", path))?;
        if self.read(path).map_err(failed("read", path))?.as_deref() != expected {
            return Err(ObjectsError::Conflict { path: path.to_owned() });
        }
        self.put(path, bytes).await
    }

    async fn delete(&self, path: &str) -> Result<(), ObjectsError> {
        match fs::remove_file(self.root.join(path)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("delete", path)(error)),
            _ => Ok(()),
        }
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ObjectsError> {
        let mut paths = Vec::new();
        self.list_into(folder, &mut paths).map_err(failed("list", folder))?;
        Ok(paths)
    }
}
