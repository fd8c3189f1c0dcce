//! The credential, and how it was obtained.

use super::list;
use crate::evidence::identity::{CredentialForm, IdentityHop, TokenClaims, Trimmed, Withheld};
use crate::render::text_writer::TextWriter;
use crate::render::{text, token_request};

pub(super) fn identity(writer: &mut TextWriter, hop: &IdentityHop) {
    writer.write_blank_line();
    writer.set_label("identity");
    let source = hop.source.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
    let form = match hop.looks_like {
        Some(CredentialForm::Jwt) => ", looks like a JWT",
        Some(CredentialForm::Reference) => ", a reference to a vault",
        Some(CredentialForm::Placeholder) => ", a placeholder",
        Some(CredentialForm::OpenaiKey) => ", looks like a key of OpenAI's own platform",
        Some(CredentialForm::Base64) => ", looks like the base64 of a key",
        Some(CredentialForm::Quoted) => ", in quotes",
        Some(CredentialForm::Named) => ", NAME=value",
        Some(CredentialForm::Url) => ", a URL",
        Some(CredentialForm::Opaque) => ", opaque",
        None => "",
    };
    let kind = match hop.withheld {
        Some(Withheld::NoToken) => "no token",
        _ => text::credential(hop.kind),
    };
    writer.write_text(&format!("{kind}{source}{form}"));
    if let Some(why) = hop.withheld.filter(|why| *why != Withheld::NoToken) {
        writer.write_text(&format!("not sent: {}", text::withheld(why)));
    }
    if let Some(mode) = &hop.file_mode_open {
        writer.write_text(&format!("other users can read the file: mode {mode}"));
    }
    if let Some(trimmed) = hop.trimmed {
        writer.write_text(match trimmed {
            Trimmed::LineEnd => "a trailing line end was not sent",
            Trimmed::Blanks => "surrounding blanks were not sent",
        });
    }
    writer.write_text(&format!("expected audiences: {}", list(&hop.wanted_audiences)));
    if let Some(claims) = &hop.claims {
        token(writer, claims);
    }
    for other in &hop.skipped_sources {
        writer.write_text(&format!("not used: {}, {}", other.source, other.reason));
    }
    token_request::configured(writer, &hop.configured);
    if let Some(how) = &hop.acquisition {
        token_request::block(writer, how);
    }
}

fn token(writer: &mut TextWriter, claims: &TokenClaims) {
    let claims_text = [
        ("aud", &claims.audience),
        ("iss", &claims.issuer),
        ("sub", &claims.subject),
        ("tid", &claims.tenant),
        ("oid", &claims.object),
        ("appid", &claims.application),
        ("idtyp", &claims.subject_kind),
        ("ver", &claims.version),
        ("xms_mirid", &claims.managed_identity),
        ("scp", &claims.scopes),
        ("exp", &claims.expires),
    ];
    for (name, value) in claims_text {
        if let Some(value) = value {
            writer.write_indented(2, &format!("{name} {value}"));
        }
    }
    if !claims.roles.is_empty() {
        writer.write_indented(2, &format!("roles {}", list(&claims.roles)));
    }
    if let Some(seconds) = claims.expires_in_s {
        writer.write_indented(2, &format!("ends {seconds} s after the walk's start"));
    }
    if let Some(seconds) = claims.not_before_in_s {
        writer.write_indented(2, &format!("begins {seconds} s after the walk's start"));
    }
}
