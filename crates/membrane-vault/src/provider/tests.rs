use std::os::unix::fs::PermissionsExt;

use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn create_makes_a_private_file_in_a_private_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys/deep/root.key");
    let key = FileKey::create(&path).unwrap();
    assert_eq!(key.path(), path);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.trim_end(), *key.root_key().unwrap().to_hex());
    let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "no draft is left behind");
}

#[test]
fn create_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    let first = FileKey::create(&path).unwrap().root_key().unwrap();
    let second = FileKey::create(&path).unwrap().root_key().unwrap();
    assert_eq!(first.as_bytes(), second.as_bytes());

    let taken = folder.path().join("taken");
    fs::write(&taken, "not a key").unwrap();
    FileKey::create(&taken).unwrap();
    assert_eq!(fs::read_to_string(&taken).unwrap(), "not a key");
}

#[test]
fn concurrent_creators_end_with_one_key() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/root.key");
        let create = || FileKey::create(&path).unwrap().root_key().unwrap().to_hex();
        let keys = std::thread::scope(|scope| {
            let creators: Vec<_> = (0..8).map(|_| scope.spawn(create)).collect();
            creators.into_iter().map(|creator| creator.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}

#[test]
fn a_key_file_open_to_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    let key = FileKey::create(&path).unwrap();
    for exposed in [0o640, 0o604, 0o644, 0o620, 0o602, 0o610] {
        fs::set_permissions(&path, fs::Permissions::from_mode(exposed)).unwrap();
        let error = key.root_key().unwrap_err();
        assert!(matches!(error, VaultError::KeyFileExposed { .. }), "{exposed:o}");
        assert!(error.to_string().contains("0600"));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    key.root_key().unwrap();
}

#[test]
fn faults_name_the_file_and_show_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent.key");
    let error = FileKey::new(&path).root_key().unwrap_err();
    assert!(matches!(error, VaultError::KeyFileRead { .. }));
    assert!(error.to_string().contains("absent.key"));

    let broken = folder.path().join("broken.key");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&broken).unwrap();
    file.write_all("c0ffee".repeat(5_000).as_bytes()).unwrap();
    let error = FileKey::new(&broken).root_key().unwrap_err();
    assert!(matches!(error, VaultError::RootKeyForm));
    assert!(!format!("{error} {error:?}").contains("c0ffee"));

    let nowhere = FileKey::create(broken.join("root.key")).unwrap_err();
    assert!(matches!(nowhere, VaultError::KeyFileCreate { .. }));
}

#[test]
fn text_keys_are_read_and_not_shown() {
    let text = "3c".repeat(32);
    let key = TextKey::new(text.as_str());
    assert_eq!(*key.root_key().unwrap().to_hex(), text);
    assert_eq!(format!("{key:?}"), "TextKey(..)");
    assert!(TextKey::new("hunter2").root_key().is_err());
}
