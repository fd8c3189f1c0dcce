//! Why the system's lookup fails, by the codes of `getaddrinfo` and of Winsock alike.

/// The meaning of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupFailure {
    /// The name does not exist.
    NoSuchName,
    /// It has no address.
    NoAddress,
    /// The server that was asked gave no answer that could be used; another try may.
    TryAgain,
    /// The lookup failed for good: a server refused or failed.
    Failed,
    /// One whose code the program that looked the name up did not show: any of the others.
    NotShown,
    /// Another code, or a code that is not known.
    Other,
}

/// In place of a code: `getent` ends in the same way for each.
pub const CODE_NOT_SHOWN: &str = "code not shown by getent";

/// In place of a code: a process that looked a name up was killed by a fault of the C library's.
pub const CODE_CRASHES: &str = "crashes the program";

/// In place of a code: the lookup may kill the process, and whether it does could not be tried.
pub const CODE_NOT_CALLED: &str = "not called";

/// Codes by what they mean (getaddrinfo(3); Microsoft, Windows Sockets error codes).
const CODES: &[(&str, LookupFailure)] = &[
    ("EAI_NONAME", LookupFailure::NoSuchName),
    ("WSAHOST_NOT_FOUND", LookupFailure::NoSuchName),
    ("EAI_NODATA", LookupFailure::NoAddress),
    ("WSANO_DATA", LookupFailure::NoAddress),
    ("EAI_AGAIN", LookupFailure::TryAgain),
    ("WSATRY_AGAIN", LookupFailure::TryAgain),
    ("EAI_FAIL", LookupFailure::Failed),
    ("WSANO_RECOVERY", LookupFailure::Failed),
    (CODE_NOT_SHOWN, LookupFailure::NotShown),
];

impl LookupFailure {
    /// The meaning of a code by its name.
    #[must_use]
    pub fn of(code: &str) -> Self {
        let known = CODES.iter().find(|(name, _)| *name == code);
        known.map_or(Self::Other, |(_, meaning)| *meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_systems_codes_mean_the_same() {
        for (one, other) in [
            ("EAI_NONAME", "WSAHOST_NOT_FOUND"),
            ("EAI_NODATA", "WSANO_DATA"),
            ("EAI_AGAIN", "WSATRY_AGAIN"),
            ("EAI_FAIL", "WSANO_RECOVERY"),
            ("EAI 99", "WSA 10022"),
        ] {
            assert_eq!(LookupFailure::of(one), LookupFailure::of(other));
        }
        assert_eq!(LookupFailure::of("WSATRY_AGAIN"), LookupFailure::TryAgain);
        assert_eq!(LookupFailure::of(CODE_NOT_SHOWN), LookupFailure::NotShown);
    }
}
