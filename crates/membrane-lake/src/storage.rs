//! Object stores: a local folder or an S3 bucket, and the test that a bucket is safe to commit to.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Once};

use deltalake::logstore::{
    LogStore, LogStoreFactory, ObjectStoreFactory, ObjectStoreRef, StorageConfig, default_logstore,
    logstore_factories, object_store_factories,
};
use deltalake::{DeltaResult, DeltaTableError};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};
use url::Url;

use crate::{LakeError, LakeOptions};

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
            std::fs::create_dir_all(&folder).map_err(|source| {
                let source = object_store::Error::Generic { store: "folder", source: Box::new(source) };
                LakeError::storage("make the data folder", source)
            })?;
            Ok(Arc::new(LocalFileSystem::new()))
        }
        "s3" | "s3a" => {
            register_s3();
            let settings = options.storage.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            Ok(Arc::new(bucket(root, settings)?))
        }
        other => Err(LakeError::Url { scheme: other.to_owned() }),
    }
}

/// Connects to the bucket of a URL.
pub(crate) fn bucket<'a>(
    root: &Url,
    settings: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<object_store::aws::AmazonS3, LakeError> {
    let mut builder = AmazonS3Builder::new().with_url(root.as_str());
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

/// Creates one object twice: the second must fail. The object is removed again.
pub(crate) async fn require_atomic_create(root: &Url, store: &dyn ObjectStore) -> Result<(), LakeError> {
    let folder = Path::from_url_path(root.path()).map_err(|source| {
        LakeError::storage("name the probe object", object_store::Error::InvalidPath { source })
    })?;
    // Not a secret, only unlike the probe of another hub that starts at this moment.
    let unlike_others = RandomState::new().hash_one("probe");
    let probe = folder.join("_membrane").join(format!("probe-{unlike_others:016x}"));
    let create = || store.put_opts(&probe, PutPayload::from_static(b"probe"), PutMode::Create.into());

    match create().await {
        Ok(_) => {}
        Err(error) if is_unsupported(&error) => return Err(not_atomic(root)),
        Err(source) => return Err(LakeError::storage("write a probe object to the storage", source)),
    }
    let second = create().await;
    if let Err(error) = store.delete(&probe).await {
        tracing::warn!(%error, "could not remove the probe object");
    }
    match second {
        Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(()),
        Ok(_) => Err(not_atomic(root)),
        Err(error) if is_unsupported(&error) => Err(not_atomic(root)),
        Err(source) => Err(LakeError::storage("write a probe object to the storage", source)),
    }
}

fn is_unsupported(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotSupported { .. } | object_store::Error::NotImplemented { .. })
}

fn not_atomic(root: &Url) -> LakeError {
    // PRIVACY: the URL could carry credentials before the `@`; only host and path are shown.
    let host = root.host_str().unwrap_or_default();
    LakeError::NotAtomic { location: format!("{}://{host}{}", root.scheme(), root.path()) }
}

/// Teaches the Delta library about S3, with the client of `object_store` itself.
fn register_s3() {
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
        let store = bucket(url, settings).map_err(DeltaTableError::generic)?;
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
