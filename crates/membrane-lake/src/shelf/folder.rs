//! Objects as files of this machine.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;

/// Files that are being written begin with this; they are no objects.
const WRITING: &str = ".writing-";
/// Who holds it replaces objects.
const LOCK: &str = ".lock";
/// How long the lock is waited for: whoever has it writes one small file.
const LOCKED_MAX: Duration = Duration::from_secs(5);
const LOCK_PAUSE: Duration = Duration::from_millis(5);

pub(super) async fn read(root: PathBuf, name: String) -> io::Result<Option<Vec<u8>>> {
    blocking(move || found(fs::read(root.join(name)))).await
}

pub(super) async fn put(root: PathBuf, name: String, bytes: Bytes) -> io::Result<()> {
    blocking(move || {
        let path = root.join(name);
        let written = Written::beside(&root, &path, &bytes)?;
        fs::rename(&written.0, &path)?;
        sync_above(&path)
    })
    .await
}

pub(super) async fn put_new(root: PathBuf, name: String, bytes: Bytes) -> io::Result<bool> {
    blocking(move || {
        let path = root.join(name);
        let written = Written::beside(&root, &path, &bytes)?;
        match fs::hard_link(&written.0, &path) {
            Ok(()) => sync_above(&path).map(|()| true),
            // Who made it may have been killed before its name was synced.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => sync_above(&path).map(|()| false),
            Err(error) => Err(error),
        }
    })
    .await
}

pub(super) async fn replace(
    root: PathBuf,
    name: String,
    expected: Vec<u8>,
    bytes: Bytes,
) -> io::Result<bool> {
    blocking(move || {
        let path = root.join(name);
        // Of all processes of this machine one is here at a time; the lock goes with the file that holds it.
        let _lock = lock(&root.join(LOCK))?;
        if found(fs::read(&path))?.is_none_or(|found| found != expected) {
            return Ok(false);
        }
        let written = Written::beside(&root, &path, &bytes)?;
        fs::rename(&written.0, &path)?;
        sync_above(&path).map(|()| true)
    })
    .await
}

pub(super) async fn delete(root: PathBuf, name: String) -> io::Result<()> {
    blocking(move || found(fs::remove_file(root.join(name))).map(drop)).await
}

pub(super) async fn list(root: PathBuf, below: String) -> io::Result<Vec<String>> {
    blocking(move || {
        let (mut names, mut folders) = (Vec::new(), vec![below]);
        while let Some(folder) = folders.pop() {
            let Some(entries) = found(fs::read_dir(root.join(&folder)))? else { continue };
            for entry in entries {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                match entry.file_type()? {
                    kind if kind.is_dir() => folders.push(path),
                    kind if kind.is_file() && !name.starts_with('.') => names.push(path),
                    _ => {}
                }
            }
        }
        Ok(names)
    })
    .await
}

/// Takes the lock, unless somebody keeps it for longer than any process of the hub does.
fn lock(path: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    let until = Instant::now() + LOCKED_MAX;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "another process keeps the lock"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// A file with the bytes of an object that is not in its place yet; it is removed when this is dropped.
struct Written(PathBuf);

impl Written {
    fn beside(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let folder = path.parent().unwrap_or(root);
        if !folder.is_dir() {
            fs::create_dir_all(folder)?;
            // The folders that may be new, up to the one in which the shelf lies.
            for above in folder.ancestors().take_while(|above| above.starts_with(root)) {
                sync_above(above)?;
            }
        }
        // A file that is there may be another name of an object, left by a process of the same number that was killed: it is never written to.
        let (written, mut file) = loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{WRITING}{}-{number}", std::process::id()));
            match File::options().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                opened => break (Self(path), opened?),
            }
        };
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(written)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // It was moved, most often.
        let _ = fs::remove_file(&self.0);
    }
}

/// Syncs the name of a file or folder.
fn sync_above(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
