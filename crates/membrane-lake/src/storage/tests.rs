//! Settings and URLs.

use super::*;
use crate::{Lake, LakeOptions};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[tokio::test]
async fn faults_of_url_and_settings_are_told() {
    let error = Lake::open(&url("ftp://host/x"), LakeOptions::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "the data URL must be file:///FOLDER or s3://BUCKET/FOLDER, not `ftp:`");
    let storage = [("AWS_SECRET_ACCES_KEY".to_owned(), "hush".to_owned())].into();
    let options = LakeOptions { storage, ..LakeOptions::default() };
    assert_eq!(format!("{options:?}"), r#"{"AWS_SECRET_ACCES_KEY"}"#);
    let error = Lake::open(&url("s3://bucket"), options).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "storage setting `AWS_SECRET_ACCES_KEY` is not one that the object store knows"
    );
}

#[test]
fn a_time_out_among_the_settings_wins_over_the_patience() {
    let settings = [("aws_region", "us-east-1"), ("timeout", "7 seconds")];
    let built = |settings: &[(&'static str, &'static str)]| {
        let bucket = bucket(&url("s3://bucket"), settings.iter().copied(), &Patience::default()).unwrap();
        format!("{bucket:?}")
    };
    assert!(built(&settings).contains("7s"), "{}", built(&settings));
    assert!(built(&settings[..1]).contains("60s"), "{}", built(&settings[..1]));
    assert!(built(&settings).contains("max_retries: 10, retry_timeout: 180s"), "{}", built(&settings));
}

#[tokio::test]
async fn a_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("a/b");
    let url = Url::from_file_path(&data).unwrap();
    Lake::open(&url, LakeOptions::default()).await.unwrap();
    assert!(data.is_dir());
}
