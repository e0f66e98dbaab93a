//! Linux: rtnetlink, `/proc` and `/proc/sys`.

pub(crate) mod attribution;
mod churn;
mod coverage;
pub(crate) mod decode;
pub(crate) mod dump;
pub(super) mod monitor;
pub(crate) mod namespace;
pub(crate) mod read;
pub(crate) mod regions;
pub(crate) mod route_decoder;
pub(crate) mod routes;
pub(crate) mod socket;
pub(crate) mod sysctls;

#[cfg(test)]
pub(crate) mod testing;

pub(super) use read::read;
