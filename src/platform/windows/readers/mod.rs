//! What Windows hands out as bytes and numbers, read without a call to it: compiled and tested on
//! every system, with what real machines gave.

pub(in crate::platform) mod adapter;
pub(in crate::platform) mod echo;
pub(in crate::platform) mod smbios;
