//! Whom a token is for and who gives it: by the target, its cloud and the environment.

use super::{Credential, acquire, authority};
use crate::services::{Cloud, SERVICES, Service};
use crate::target::Target;

impl Credential {
    /// The scope of a token for the target; none for a service that takes none.
    #[must_use]
    pub fn scope(&self, target: &Target) -> Option<String> {
        self.wanted_audiences(target).first().map(|audience| format!("{audience}/.default"))
    }

    /// The authority: `AZURE_AUTHORITY_HOST`, else that of the target's cloud (fact D24).
    ///
    /// # Errors
    ///
    /// What is wrong with the variable.
    pub fn authority(&self, target: &Target) -> Result<String, String> {
        let cloud = target.service().map_or(Cloud::Public, |service| service.cloud);
        match &self.authority_host {
            Some(host) => authority::host(host),
            None => Ok(acquire::authority(cloud).to_owned()),
        }
    }

    /// The target's service. Where `--service` alone says what it is, its cloud is that of
    /// `AZURE_AUTHORITY_HOST`, if the service is there.
    fn service(&self, target: &Target) -> Option<&'static Service> {
        let row = target.service()?;
        let host = self.authority_host.as_deref().and_then(|text| authority::host(text).ok());
        let cloud = host.as_deref().and_then(authority::cloud);
        let said = cloud.filter(|_| target.seen.cloud.is_none()).and_then(|cloud| {
            SERVICES.iter().find(|other| other.id == row.id && other.cloud == cloud)
        });
        Some(said.unwrap_or(row))
    }

    /// Audiences that the target's service takes, the preferred one first; a Foundry project takes
    /// `ai.azure.com` alone (facts G2b, X18).
    pub(super) fn wanted_audiences(&self, target: &Target) -> Vec<String> {
        let mut list: Vec<String> = self
            .service(target)
            .map(|service| service.audiences.iter().map(|&a| a.to_owned()).collect())
            .unwrap_or_default();
        if target.seen.kind == crate::evidence::TargetKind::Project {
            // The other audience is refused there, whatever the account takes (fact X18).
            list.retain(|audience| audience == "https://ai.azure.com");
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::super::find::tests::find;
    use super::*;

    #[test]
    fn authority_and_audience_are_those_of_the_targets_cloud() {
        let asks = |target: &str, service: Option<&str>, authority: &str| {
            let credential = find(&[("AZURE_AUTHORITY_HOST", authority)]).unwrap();
            let target = Target::parse(target, service).unwrap();
            (credential.authority(&target).unwrap(), credential.scope(&target))
        };
        let at = |host: &str, scope: &str| {
            (format!("https://{host}"), Some(format!("https://cognitiveservices.azure.{scope}")))
        };
        let (public, gov) = ("login.microsoftonline.com", "login.microsoftonline.us");
        assert_eq!(asks("a.openai.azure.com", None, ""), at(public, "com/.default"));
        assert_eq!(asks("a.openai.azure.us", None, ""), at(gov, "us/.default"));
        assert_eq!(asks("v.vault.azure.cn", None, "").0, "https://login.chinacloudapi.cn");
        // The variable wins, and does not change what the target is.
        assert_eq!(asks("a.openai.azure.com", None, gov), at(gov, "com/.default"));
        // A gateway's own name says nothing of its cloud: the variable does.
        let gateway = Some("openai");
        assert_eq!(asks("llm.contoso.example", gateway, ""), at(public, "com/.default"));
        assert_eq!(asks("llm.contoso.example", gateway, gov), at(gov, "us/.default"));
        let china = "https://login.chinacloudapi.cn";
        assert_eq!(asks("llm.contoso.example", gateway, china).0, china);
    }
}
