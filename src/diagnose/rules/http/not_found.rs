//! The path, the api-version or the project is unknown there (facts H17, H19, W9).

use crate::diagnose::{Because, Rule, View, account, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::http::Purpose;

use super::aim::aim;
use super::answered_by::AnsweredBy;
use super::said::said;

pub(super) const RULE: Rule = rule!(
    "http-not-found",
    Http,
    "404: the path, the api-version or the project is not known there",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let path = said.call.path.split('?').next().unwrap_or_default();
    let mut because = said
        .because(said.level(e), Sure::Inferred, format!("404 for {}: {path}", said.what()))
        .known_by("one text serves three faults: a wrong path, an api-version that does not exist, and an operation that this api-version does not have");
    if said.who() == AnsweredBy::GatewayFrame {
        because = because.known_by(
            "the frame is API Management's, without the service's apim-request-id: perhaps a \
             gateway in front has no such route",
        );
    }
    because = match said.call.purpose {
        Purpose::Project => because
            .owner("Application")
            .look("see the account's projects", account::command(e, "project list", "-o table"))
            .act(Step::local(
                "put the project's own endpoint into the application's configuration (keep the \
                 old line to undo it)",
            )),
        _ => because
            .owner("Application")
            .look(format!("see what {} is", e.target.host), aim(e).show(e))
            .act(Step::look(format!(
                "check the api-version ({}): it is a date of the API, not of a model",
                e.asked.api_version
            )))
            .act(Step::look(format!(
                "check that {} is the account itself and not another backend",
                e.target.host
            ))),
    };
    if aim(e).is_gateway() {
        because = because.known_by(format!(
            "{} is a gateway: its routes are its own, and the API's base path belongs into the URL",
            e.target.host
        ));
    }
    Some(because.check(reading::again(e)))
}
