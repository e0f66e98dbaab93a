//! Linux: rtnetlink, `/proc` and `/proc/sys`.

pub(crate) mod decode;
