//! The one integration binary: what a user can do, through the doors that users have.

mod architecture;
mod ingest;
mod program;
mod sql;
mod world;
