//! What an inbox lists. Buckets are tested against a real server, with the sources.

use super::*;

fn write(root: &std::path::Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

async fn paths(inbox: &Inbox, most: usize) -> Result<Vec<String>, LakeError> {
    let files = inbox.list(|path| !path.ends_with(".part"), most).await?;
    Ok(files.into_iter().map(|file| file.path).collect())
}

#[tokio::test]
async fn a_folder_lists_its_files_oldest_first() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "b.csv", "b");
    write(root.path(), "a/c.csv", "cc");
    write(root.path(), "a/d.csv.part", "d");
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    std::fs::File::options()
        .write(true)
        .open(root.path().join("a/c.csv"))
        .unwrap()
        .set_modified(old)
        .unwrap();
    std::os::unix::fs::symlink("/etc", root.path().join("elsewhere")).unwrap();
    for folder in [root.path().display().to_string(), format!("file://{}", root.path().display())] {
        let inbox = Inbox::open(&folder, &LakeOptions::default()).unwrap();
        assert_eq!(paths(&inbox, 10).await.unwrap(), ["a/c.csv", "b.csv"]);
        assert!(matches!(paths(&inbox, 1).await, Err(LakeError::TooManyFiles { files_max: 1 })));
        let files = inbox.list(|_| true, 10).await.unwrap();
        let InboxBytes::File(path) = inbox.read(&files[0]).await.unwrap() else { panic!("a file") };
        assert_eq!(std::fs::read(path).unwrap(), b"cc");
        // A file that was written again is in another state.
        let before = files.iter().find(|file| file.path == "b.csv").unwrap().state.clone();
        write(root.path(), "b.csv", "longer than before");
        let files = inbox.list(|_| true, 10).await.unwrap();
        assert_ne!(files.iter().find(|file| file.path == "b.csv").unwrap().state, before);
    }
}

#[tokio::test]
async fn what_is_no_inbox_is_said() {
    let wrong = Inbox::open("ftp://host/x", &LakeOptions::default()).unwrap_err();
    assert!(matches!(wrong, LakeError::Url { scheme } if scheme == "ftp"));
    let missing = Inbox::open("/nowhere/at/all", &LakeOptions::default()).unwrap();
    assert!(matches!(paths(&missing, 10).await, Err(LakeError::Inbox { .. })));
}
