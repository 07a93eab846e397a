//! Writes all files of a sample.

use std::fs;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use crate::channels::{CHANNELS, GROUND_TRUTH_FOLDER, write_ground_truth};
use crate::out_file::Monitor;
use crate::world::World;
use crate::{FileReport, SampleError, SampleOptions, SampleReport};

type Written = Result<Vec<FileReport>, SampleError>;

/// Writes the files of a sample into its folder, each named after its dataset, and the ground truth
/// into `ground-truth` below it. `progress` hears of each file's rows so far, now and then.
///
/// Each channel has a thread of its own and draws the members that it needs, so that memory does not
/// depend on their number. A file has its name only when it is whole.
///
/// # Errors
///
/// When an option is out of range or a file cannot be written. Other files may then be there already.
pub fn generate(
    options: &SampleOptions,
    progress: &mut dyn FnMut(&str, u64),
) -> Result<SampleReport, SampleError> {
    options.check()?;
    let folder = options.out.join(GROUND_TRUTH_FOLDER);
    fs::create_dir_all(&folder).map_err(|source| SampleError::Write { path: folder.clone(), source })?;

    let world = World::new(options);
    let stop = AtomicBool::new(false);
    let (sender, receiver) = channel();
    let monitor = Monitor::new(sender, &stop);
    let (written, truth) = thread::scope(|scope| {
        let world = &world;
        let workers: Vec<_> = CHANNELS
            .iter()
            .map(|write| {
                let monitor = monitor.clone();
                scope.spawn(move || or_give_up(&monitor, write(world, &monitor)))
            })
            .collect();
        let truth = {
            let monitor = monitor.clone();
            scope.spawn(move || or_give_up(&monitor, write_ground_truth(world, &monitor)))
        };
        drop(monitor);
        listen(&receiver, progress);
        let written: Vec<Written> = workers.into_iter().map(|worker| joined(worker.join())).collect();
        (written, joined(truth.join()))
    });
    report(written, truth)
}

/// Passes progress on until every worker is done.
fn listen(receiver: &Receiver<(&'static str, u64)>, progress: &mut dyn FnMut(&str, u64)) {
    for (file, rows) in receiver {
        progress(file, rows);
    }
}

fn or_give_up<T>(monitor: &Monitor<'_>, written: Result<T, SampleError>) -> Result<T, SampleError> {
    if written.is_err() {
        monitor.give_up();
    }
    written
}

fn joined<T>(joined: thread::Result<Result<T, SampleError>>) -> Result<T, SampleError> {
    joined.unwrap_or(Err(SampleError::GivenUp))
}

/// Puts the files in order, or returns the fault that made the others give up.
fn report(
    written: Vec<Written>,
    truth: Result<FileReport, SampleError>,
) -> Result<SampleReport, SampleError> {
    let mut files = Vec::new();
    let mut given_up = false;
    for result in written {
        match result {
            Ok(reports) => files.extend(reports),
            Err(SampleError::GivenUp) => given_up = true,
            Err(fault) => return Err(fault),
        }
    }
    let ground_truth = truth?;
    if given_up {
        return Err(SampleError::GivenUp);
    }
    files.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(SampleReport { files, ground_truth })
}

#[cfg(test)]
mod tests;
