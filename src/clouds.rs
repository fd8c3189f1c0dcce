//! The clouds of Azure: login hosts, Resource Manager, default audience. The only place that
//! lists them; which suffixes a service has in a cloud is in the service's own profile.

/// A cloud of Azure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// The public cloud.
    Public,
    /// Azure Government.
    UsGov,
    /// Azure operated by 21Vianet.
    China,
}

/// What is known of a cloud (fact D24; the older login hosts: believed).
struct Profile {
    /// The word used in evidence.
    name: &'static str,
    /// The word for people, before "cloud".
    words: &'static str,
    /// Its login hosts; the SDKs ask the first one.
    login_hosts: &'static [&'static str],
    /// The host of Azure Resource Manager (fact D24).
    resource_manager: &'static str,
}

const PUBLIC: Profile = Profile {
    name: "public",
    words: "public",
    login_hosts: &["login.microsoftonline.com", "login.microsoft.com", "login.windows.net"],
    resource_manager: "management.azure.com",
};

const US_GOV: Profile = Profile {
    name: "usgov",
    words: "US Government",
    login_hosts: &["login.microsoftonline.us"],
    resource_manager: "management.usgovcloudapi.net",
};

const CHINA: Profile = Profile {
    name: "china",
    words: "China",
    login_hosts: &["login.chinacloudapi.cn", "login.partner.microsoftonline.cn"],
    resource_manager: "management.chinacloudapi.cn",
};

impl Cloud {
    /// Every cloud.
    pub const ALL: [Self; 3] = [Self::Public, Self::UsGov, Self::China];

    const fn profile(self) -> &'static Profile {
        match self {
            Self::Public => &PUBLIC,
            Self::UsGov => &US_GOV,
            Self::China => &CHINA,
        }
    }

    /// The word used in evidence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.profile().name
    }

    /// The word for people, before "cloud".
    #[must_use]
    pub const fn words(self) -> &'static str {
        self.profile().words
    }

    /// The host that gives its tokens.
    #[must_use]
    pub const fn login_host(self) -> &'static str {
        self.profile().login_hosts[0]
    }

    /// The host of its Resource Manager.
    #[must_use]
    pub const fn resource_manager(self) -> &'static str {
        self.profile().resource_manager
    }

    /// The cloud that evidence names by this word.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cloud| cloud.name() == name)
    }

    /// The cloud whose login host this is, today's or an older one; none for any other host.
    #[must_use]
    pub fn of_login_host(host: &str) -> Option<Self> {
        let is = |known: &&str| known.eq_ignore_ascii_case(host);
        Self::ALL.into_iter().find(|cloud| cloud.profile().login_hosts.iter().any(&is))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_host_names_its_cloud() {
        for cloud in Cloud::ALL {
            assert_eq!(Cloud::of_login_host(&cloud.login_host().to_uppercase()), Some(cloud));
            assert_eq!(Cloud::named(cloud.name()), Some(cloud));
        }
        let older = Cloud::of_login_host("login.partner.microsoftonline.cn");
        assert_eq!(older, Some(Cloud::China));
        assert_eq!(Cloud::of_login_host("login.contoso.example"), None);
    }
}
