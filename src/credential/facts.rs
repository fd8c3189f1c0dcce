//! What of a credential is evidence: everything but the secret.

use std::time::SystemTime;

use super::ways::{self, Proof, Way};
use super::{Acquired, Credential, authority, claims, looks_like_a_key};
use crate::evidence::identity::{
    CredentialForm, CredentialKind, IdentityHop, TokenClaims, TokenOutcome,
};
use crate::target::Target;

impl Credential {
    /// Tenant and client, as facts.
    #[must_use]
    pub fn ids(&self) -> (Option<String>, Option<String>) {
        // What is no id may be a secret that was put in the wrong variable. A tenant may be a
        // domain's name.
        let named = |text: &str| match looks_like_a_key(text) {
            true => Some("<not shown: it looks like a key>".to_owned()),
            false => Some(crate::evidence::text::clean(text, 200)),
        };
        let clean = |text: &str| Some(ways::shown_id(text));
        match &self.way {
            Some(Way::Entra { tenant, client, .. }) => {
                (authority::tenant(tenant).ok().and_then(|()| named(tenant)), clean(client))
            }
            Some(Way::Managed { identity, .. }) => {
                (None, identity.as_ref().and_then(|identity| clean(identity.id())))
            }
            _ => (None, None),
        }
    }

    /// Whether a client secret has the form of an id (8-4-4-4-12 hexadecimal digits).
    #[must_use]
    pub fn secret_is_id(&self) -> bool {
        let Some(Way::Entra { proof: Proof::ClientSecret(secret), .. }) = &self.way else {
            return false;
        };
        let groups: Vec<&str> = secret.expose().split('-').collect();
        groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
            && groups.iter().all(|group| group.bytes().all(|c| c.is_ascii_hexdigit()))
    }

    /// Whether a client secret begins or ends with a blank or a line end.
    #[must_use]
    pub fn secret_has_blank_ends(&self) -> bool {
        let Some(Way::Entra { proof: Proof::ClientSecret(secret), .. }) = &self.way else {
            return false;
        };
        secret.expose().trim() != secret.expose()
    }

    /// The evidence: everything but the secret.
    #[must_use]
    pub fn evidence(
        &self,
        target: &Target,
        now: SystemTime,
        acquired: Option<&Acquired>,
    ) -> IdentityHop {
        let secret = self.secret.as_ref().or(acquired.and_then(|a| a.token.as_ref()));
        let claims: Option<TokenClaims> = secret.and_then(|s| claims::read(s.expose(), now));
        let failed =
            acquired.is_some_and(|a| a.evidence.borrow().outcome != TokenOutcome::Acquired);
        IdentityHop {
            kind: match failed && !self.demanded {
                true => CredentialKind::None,
                false => self.kind,
            },
            source: self.source.clone(),
            looks_like: secret.map(|_| match claims {
                Some(_) => CredentialForm::Jwt,
                None => CredentialForm::Opaque,
            }),
            claims,
            wanted_audiences: self.wanted_audiences(target),
            not_taken: self.not_taken.clone(),
            file_mode_open: self.file_mode_open.clone(),
            trimmed: self.trimmed,
            withheld: None,
            acquisition: acquired.map(|acquired| acquired.evidence.borrow().clone()),
            configured: self.configured.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::find::tests::find;
    use super::super::{API_KEY_VARIABLE, file};
    use super::*;

    #[test]
    fn a_secret_in_the_form_of_an_id_is_told() {
        let with = |secret: &str| {
            find(&[
                ("AZURE_TENANT_ID", "t"),
                ("AZURE_CLIENT_ID", "c"),
                ("AZURE_CLIENT_SECRET", secret),
            ])
            .unwrap()
            .secret_is_id()
        };
        assert!(with("11111111-2222-3333-4444-5555aaaaBBBB"));
        assert!(!with("abc8Q~11111111-2222-3333-4444-555555555555"));
        assert!(
            !find(&[(API_KEY_VARIABLE, "11111111-2222-3333-4444-555555555555")])
                .unwrap()
                .secret_is_id()
        );
    }

    #[test]
    fn a_secret_in_the_place_of_an_id_or_a_path_is_not_shown() {
        let secret = "abc8Q~canary.1234_567-890abcdefgh";
        let ids = |client: &str| {
            let found = find(&[
                ("AZURE_TENANT_ID", "contoso.onmicrosoft.com"),
                ("AZURE_CLIENT_ID", client),
                ("AZURE_CLIENT_SECRET", "11111111-2222-3333-4444-555555555555"),
            ]);
            found.unwrap().ids()
        };
        let tenant = Some("contoso.onmicrosoft.com".to_owned());
        assert_eq!(ids(secret), (tenant.clone(), Some(ways::NO_ID.to_owned())));
        assert_eq!(ids("canary"), (tenant.clone(), Some(ways::NO_ID.to_owned())));
        let id = "11111111-2222-3333-4444-555555555555";
        assert_eq!(ids(id), (tenant, Some(id.to_owned())));
        let no = file::read("AZURE_CLIENT_CERTIFICATE_PATH", secret, Duration::from_secs(5));
        let says = no.unwrap_err().to_string();
        assert!(!says.contains("canary") && says.contains("not shown"), "{says}");
    }
}
