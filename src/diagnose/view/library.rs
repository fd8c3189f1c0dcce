//! Which library looks names up for applications, and how it asks resolvers: what is predicted of one
//! does not hold for another (fact D98).

use crate::evidence::Evidence;

/// Whether the library begins with any of its nameservers instead of the first. musl asks all at
/// once and does not know the option.
pub(in crate::diagnose) fn rotates(e: &Evidence) -> bool {
    Library::of(e).is_glibc() && e.vantage.resolver_config.rotates()
}

/// Whether the library asks as most do: over UDP, without EDNS.
pub(in crate::diagnose) fn asks_plain(e: &Evidence) -> bool {
    let options = &e.vantage.resolver_config.options;
    let otherwise = options.iter().any(|option| matches!(option.as_str(), "edns0" | "use-vc"));
    !(Library::of(e).is_glibc() && otherwise)
}

/// A resolver library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Library {
    /// glibc: three nameservers, one after the other; nsswitch.conf; every option of resolv.conf.
    Glibc,
    /// musl: three nameservers at once, the first answer counts; of the options `ndots`, `timeout` and
    /// `attempts`.
    Musl,
    /// Winsock with the DNS client of Windows: nameservers by interface, and a cache.
    Winsock,
    /// Another one.
    Other,
}

impl Library {
    /// The library of the walk's machine. Reports without the field are of versions that asked glibc
    /// on Linux.
    pub(in crate::diagnose) fn of(e: &Evidence) -> Self {
        let system = || e.vantage.os.split(' ').next().unwrap_or_default();
        let name = e.vantage.lookup_by.as_deref().unwrap_or_else(|| match system() {
            "linux" => "glibc",
            "windows" => "winsock",
            _ => "",
        });
        match name.split(' ').next() {
            Some("glibc") => Self::Glibc,
            Some("musl") => Self::Musl,
            Some("winsock") => Self::Winsock,
            _ => Self::Other,
        }
    }

    /// What sentences call it.
    pub(in crate::diagnose) const fn words(self) -> &'static str {
        match self {
            Self::Glibc => "the C library",
            Self::Musl => "musl",
            Self::Winsock => "Windows",
            Self::Other => "the system",
        }
    }

    /// Whether it reads nsswitch.conf, and every option of resolv.conf.
    pub(in crate::diagnose) const fn is_glibc(self) -> bool {
        matches!(self, Self::Glibc)
    }

    /// Whether it is that of Windows.
    pub(in crate::diagnose) const fn is_winsock(self) -> bool {
        matches!(self, Self::Winsock)
    }
}
