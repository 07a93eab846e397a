//! Objects in a folder of the local disk, durable when a put returns. The disk is waited for on other threads.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use membrane_log::{Objects, ObjectsError};

/// A folder.
#[derive(Clone)]
pub(crate) struct Folder(Arc<Disk>);

struct Disk {
    root: PathBuf,
    /// Whether to wait for the disk.
    syncs: bool,
    temporary: AtomicU64,
}

impl Folder {
    /// Takes a folder, which is made.
    pub(crate) fn new(root: PathBuf, syncs: bool) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        Ok(Self(Arc::new(Disk { root, syncs, temporary: AtomicU64::new(0) })))
    }

    /// Runs work on a thread that may wait.
    async fn run<T: Send + 'static>(
        &self,
        action: &'static str,
        path: &str,
        work: impl FnOnce(&Disk, &str) -> Result<T, ObjectsError> + Send + 'static,
    ) -> Result<T, ObjectsError> {
        let (disk, name) = (self.0.clone(), path.to_owned());
        let done = tokio::task::spawn_blocking(move || work(&disk, &name)).await;
        done.map_err(|error| failed(action, path)(io::Error::other(error)))?
    }
}

impl Disk {
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

impl Disk {
    fn put(&self, path: &str, bytes: &[u8]) -> Result<(), ObjectsError> {
        self.write(path, bytes, |from, to| fs::rename(from, to)).map_err(failed("write", path))
    }

    fn put_new(&self, path: &str, bytes: &[u8]) -> Result<(), ObjectsError> {
        match self.write(path, bytes, |from, to| fs::hard_link(from, to)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let there = self.read(path).map_err(failed("read", path))?;
                let is_same = there.is_some_and(|there| there == bytes);
                if is_same { Ok(()) } else { Err(ObjectsError::Exists { path: path.to_owned() }) }
            }
            written => written.map_err(failed("write", path)),
        }
    }

    fn compare_and_put(&self, path: &str, expected: Option<&[u8]>, bytes: &[u8]) -> Result<(), ObjectsError> {
        let lock = OpenOptions::new().create(true).append(true).open(self.root.join(".lock"));
        let lock = lock.map_err(failed("lock", path))?;
        lock.lock().map_err(failed("lock", path))?;
        if self.read(path).map_err(failed("read", path))?.as_deref() != expected {
            return Err(ObjectsError::Conflict { path: path.to_owned() });
        }
        self.put(path, bytes)
    }

    fn delete(&self, path: &str) -> Result<(), ObjectsError> {
        match fs::remove_file(self.root.join(path)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("delete", path)(error)),
            _ => Ok(()),
        }
    }
}

impl Objects for Folder {
    async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, ObjectsError> {
        self.run("read", path, |disk, path| disk.read(path).map_err(failed("read", path))).await
    }

    async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        self.run("write", path, move |disk, path| disk.put(path, &bytes)).await
    }

    async fn put_new(&self, path: &str, bytes: Vec<u8>) -> Result<(), ObjectsError> {
        self.run("write", path, move |disk, path| disk.put_new(path, &bytes)).await
    }

    async fn compare_and_put(
        &self,
        path: &str,
        expected: Option<&[u8]>,
        bytes: Vec<u8>,
    ) -> Result<(), ObjectsError> {
        let expected = expected.map(<[u8]>::to_vec);
        self.run("write", path, move |disk, path| disk.compare_and_put(path, expected.as_deref(), &bytes))
            .await
    }

    async fn delete(&self, path: &str) -> Result<(), ObjectsError> {
        self.run("delete", path, |disk, path| disk.delete(path)).await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, ObjectsError> {
        let list = |disk: &Disk, folder: &str| {
            let mut paths = Vec::new();
            disk.list_into(folder, &mut paths).map_err(failed("list", folder))?;
            Ok(paths)
        };
        self.run("list", folder, list).await
    }
}
