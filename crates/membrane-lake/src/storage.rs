//! Object stores: a local folder or an S3 bucket, and the test that a bucket is safe to commit to.
//!
//! A request to a bucket that fails in a way that may pass (a broken connection, 5xx, 429 or a slow answer) is sent again after a
//! pause that doubles, up to 15 seconds. What was possibly done before its answer was lost is not sent again blindly: the
//! appender settles commits by reading the log. Large files go up in parts, each of which is sent again alone.

mod probe;

use std::sync::{Arc, Once};
use std::time::Duration;

use deltalake::logstore::{
    LogStore, LogStoreFactory, ObjectStoreFactory, ObjectStoreRef, StorageConfig, default_logstore,
    logstore_factories, object_store_factories,
};
use deltalake::{DeltaResult, DeltaTableError};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ClientConfigKey, ObjectStore, RetryConfig};
use url::Url;

use crate::error::in_folder;
use crate::lake::Patience;
use crate::{LakeError, LakeOptions};

pub(crate) use probe::require_atomic_create;

const S3_SCHEMES: [&str; 2] = ["s3", "s3a"];

/// Returns the URL with a slash at its end, so that names can be joined to it.
pub(crate) fn folder_url(url: &Url) -> Url {
    let mut folder = url.clone();
    if !folder.path().ends_with('/') {
        folder.set_path(&format!("{}/", folder.path()));
    }
    folder
}

/// Connects to the store that the URL names; its root is the file system's or the bucket's.
pub(crate) fn connect(root: &Url, options: &LakeOptions) -> Result<Arc<dyn ObjectStore>, LakeError> {
    match root.scheme() {
        "file" => {
            let folder = root.to_file_path().map_err(|()| LakeError::Url { scheme: "file".to_owned() })?;
            std::fs::create_dir_all(&folder)
                .map_err(|source| LakeError::storage("make the data folder", in_folder(source)))?;
            Ok(Arc::new(LocalFileSystem::new()))
        }
        "s3" | "s3a" => {
            register_s3();
            let settings = options.storage.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            Ok(Arc::new(bucket(root, settings, &options.patience)?))
        }
        other => Err(LakeError::Url { scheme: other.to_owned() }),
    }
}

/// Connects to the bucket of a URL. A setting that names a time-out wins over the patience.
pub(crate) fn bucket<'a>(
    root: &Url,
    settings: impl Iterator<Item = (&'a str, &'a str)>,
    patience: &Patience,
) -> Result<object_store::aws::AmazonS3, LakeError> {
    let retry = RetryConfig {
        max_retries: patience.retries_max,
        retry_timeout: Duration::from_secs(patience.retry_seconds),
        ..RetryConfig::default()
    };
    let timeout = format!("{} seconds", patience.request_seconds);
    let mut builder = AmazonS3Builder::new()
        .with_url(root.as_str())
        .with_retry(retry)
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), timeout);
    for (name, value) in settings {
        let key: AmazonS3ConfigKey =
            name.to_ascii_lowercase().parse().map_err(|_| LakeError::Setting { key: name.to_owned() })?;
        builder = builder.with_config(key, value);
    }
    // Last, so that no setting can switch it off: Delta's commits stand on it.
    builder
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .build()
        .map_err(|source| LakeError::storage("set up the S3 client", source))
}

/// Returns the address of a bucket's server, as the settings have it; empty where it follows from the region.
pub(crate) fn endpoint(options: &LakeOptions) -> String {
    let is_endpoint = |key: &str| {
        matches!(
            key.to_ascii_lowercase().as_str(),
            "aws_endpoint" | "aws_endpoint_url" | "endpoint" | "endpoint_url"
        )
    };
    let found = options.storage.iter().find(|(key, _)| is_endpoint(key));
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Teaches the Delta library about S3, with the client of `object_store` itself.
pub(crate) fn register_s3() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for scheme in S3_SCHEMES {
            if let Ok(key) = Url::parse(&format!("{scheme}://")) {
                object_store_factories().insert(key.clone(), Arc::new(S3));
                logstore_factories().insert(key, Arc::new(S3));
            }
        }
    });
}

struct S3;

impl ObjectStoreFactory for S3 {
    fn parse_url_opts(&self, url: &Url, config: &StorageConfig) -> DeltaResult<(ObjectStoreRef, Path)> {
        let settings = config.raw.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let store = bucket(url, settings, &Patience::default()).map_err(DeltaTableError::generic)?;
        Ok((Arc::new(store), Path::from_url_path(url.path())?))
    }
}

impl LogStoreFactory for S3 {
    fn with_options(
        &self,
        prefixed_store: ObjectStoreRef,
        root_store: ObjectStoreRef,
        location: &Url,
        options: &StorageConfig,
    ) -> DeltaResult<Arc<dyn LogStore>> {
        Ok(default_logstore(prefixed_store, root_store, location, options))
    }
}

#[cfg(test)]
mod tests;
