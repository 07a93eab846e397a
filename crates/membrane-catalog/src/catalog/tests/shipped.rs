//! The catalogs of this repository.
