//! What the fuzz targets share: how bytes become certificates, and what must hold whatever they are.
#![forbid(unsafe_code)]

pub mod format;
pub mod issuance;
pub mod list;
pub mod mutation;
pub mod pieces;
pub mod pool;
pub mod webroot;
