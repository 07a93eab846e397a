//! Files that appear when they are whole, and word of how far they are.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

use crate::SampleError;

const BUFFER_BYTES: usize = 1 << 18;

/// A file under another name until it is finished; dropped before, it is gone.
#[derive(Debug)]
pub(crate) struct OutFile {
    file: Option<BufWriter<File>>,
    published: bool,
    partial: PathBuf,
    path: PathBuf,
}

impl OutFile {
    /// Opens a file to be written.
    pub(crate) fn create(folder: &Path, name: &str) -> Result<Self, SampleError> {
        let (path, partial) = (folder.join(name), folder.join(format!(".{name}.partial")));
        let file =
            File::create(&partial).map_err(|source| SampleError::Write { path: partial.clone(), source })?;
        Ok(Self { file: Some(BufWriter::with_capacity(BUFFER_BYTES, file)), published: false, partial, path })
    }

    /// Returns where the file will be.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name and returns its size.
    pub(crate) fn finish(mut self) -> Result<u64, SampleError> {
        self.publish().map_err(|source| SampleError::Write { path: self.path.clone(), source })
    }

    fn publish(&mut self) -> io::Result<u64> {
        self.flush()?;
        self.file = None;
        let bytes = fs::metadata(&self.partial)?.len();
        fs::rename(&self.partial, &self.path)?;
        self.published = true;
        Ok(bytes)
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        if !self.published {
            // Nothing more can be done about a file that cannot be removed.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// Tells how far a file is, and learns whether the others still go on.
#[derive(Debug, Clone)]
pub(crate) struct Monitor<'a> {
    sender: Sender<(&'static str, u64)>,
    stop: &'a AtomicBool,
}

impl<'a> Monitor<'a> {
    pub(crate) const fn new(sender: Sender<(&'static str, u64)>, stop: &'a AtomicBool) -> Self {
        Self { sender, stop }
    }

    /// Tells of the rows so far, now and then and at the end.
    pub(crate) fn tell(&self, file: &'static str, rows: u64) -> Result<(), SampleError> {
        // Nobody may listen any more.
        let _ = self.sender.send((file, rows));
        if self.stop.load(Ordering::Relaxed) { Err(SampleError::GivenUp) } else { Ok(()) }
    }

    /// Makes the others stop.
    pub(crate) fn give_up(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
