//! What goes wrong in a world, between the question and the answer.

use serde_json::{Value, json};

use super::arm::GRAPH_PATH;
use super::http::{Asked, Reply};
use super::resources::kind_of;
use super::world::Does;
use super::{Mock, errors, versions};

/// What is done in place of an answer, or to it.
pub enum Outcome {
    /// It is sent, so many milliseconds late.
    Send(Reply, u64),
    Silent,
    Close,
    /// A body without an end.
    Endless,
}

/// Text that a terminal would obey.
const ESCAPES: &str = "\u{1b}[31m\u{1b}]0;owned\u{7}\rWORKS: privately\n\u{8}\u{202e}";

impl Mock {
    /// The answer, or what a world has in its place.
    pub fn outcome(&self, asked: &Asked) -> Outcome {
        let place = format!("{} {}", asked.target, asked.body).to_ascii_lowercase();
        let found = self.faults.iter().enumerate().find(|(number, fault)| {
            let once = fault.does == Does::ThrottleOnce
                && self.state().refused.contains(&(*number, asked.target.clone()));
            place.contains(&fault.at.to_ascii_lowercase()) && !once
        });
        let Some((number, fault)) = found else { return Outcome::Send(self.answer(asked), 0) };
        let text = |status: u16, kind: &str, body: &str| {
            let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
            Reply { status, headers, body: body.to_owned() }
        };
        let throttled = || match asked.path.eq_ignore_ascii_case(GRAPH_PATH) {
            true => errors::graph_throttled(),
            false => errors::throttled(),
        };
        let reply = match fault.does {
            Does::ThrottleOnce => {
                self.state().refused.push((number, asked.target.clone()));
                throttled()
            }
            Does::Throttle => throttled(),
            Does::Slow => return Outcome::Send(self.answer(asked), fault.ms),
            Does::Silent => return Outcome::Silent,
            Does::Close => return Outcome::Close,
            Does::Endless => return Outcome::Endless,
            Does::Garbage => text(200, "application/json", "\u{1}\u{2}{\"value\": canary-garbage"),
            Does::OtherShape => text(
                200,
                "application/json",
                r#"{"value":{"a":[1,2]},"data":"x","properties":[null],"nextLink":7}"#,
            ),
            Does::Html => text(200, "text/html", "<html><body>Please sign in.</body></html>"),
            Does::Redirect => text(302, "text/html", "")
                .with("Location", &format!("https://evil.example{}", asked.target)),
            Does::HostileNextLink => self.hostile(asked),
            Does::ServerError => Reply::json(
                500,
                &json!({ "error": {
                "code": "InternalServerError", "message": "The server had an error." }}),
            ),
            Does::PrivateLinkRestricted => errors::private_link_restricted(),
            Does::PublicRestricted => errors::public_restricted(),
            Does::Refuse => self.refusal(asked),
            Does::Absent => errors::not_found(
                &kind_of(&asked.path),
                asked.path.rsplit('/').next().unwrap_or_default(),
                "ai-rg",
            ),
            Does::OlderVersion => self.older(asked),
            Does::Escapes => Reply::json(200, &escaped(&self.answer(asked))),
        };
        Outcome::Send(reply, fault.ms)
    }

    fn hostile(&self, asked: &Asked) -> Reply {
        let reply = self.answer(asked);
        let Ok(mut body) = serde_json::from_str::<Value>(&reply.body) else { return reply };
        body["nextLink"] =
            format!("https://management.azure.com.evil.example{}", asked.target).into();
        Reply::json(reply.status, &body)
    }

    fn refusal(&self, asked: &Asked) -> Reply {
        let action = format!("{}/read", kind_of(&asked.path));
        errors::forbidden(&self.rights.object_id, &action, &asked.path)
    }

    /// The oldest version of a type is the only one.
    fn older(&self, asked: &Asked) -> Reply {
        let kind = kind_of(&asked.path);
        let oldest = versions::find(&kind).and_then(|kind| kind.versions.first());
        let (Some(oldest), Some(version)) = (oldest, asked.query("api-version")) else {
            return self.answer(asked);
        };
        match version == *oldest {
            true => self.answer(asked),
            false => errors::unknown_version(&kind, version, &["2014-04-01-preview", oldest]),
        }
    }
}

fn escaped(reply: &Reply) -> Value {
    fn of(value: &Value) -> Value {
        match value {
            Value::String(text) => format!("{text}{ESCAPES}").into(),
            Value::Array(all) => all.iter().map(of).collect(),
            Value::Object(all) => {
                let one = |(key, value): (&String, &Value)| match key.as_str() {
                    // The next page is asked for all the same.
                    "nextLink" | "$skipToken" => (key.clone(), value.clone()),
                    _ => (key.clone(), of(value)),
                };
                Value::Object(all.iter().map(one).collect())
            }
            other => other.clone(),
        }
    }
    of(&serde_json::from_str(&reply.body).unwrap_or_default())
}
