//! The one integration binary: what a user can do, through the doors that users have.

mod api;
mod architecture;
mod ingest;
mod privacy;
mod program;
mod sql;
mod world;
