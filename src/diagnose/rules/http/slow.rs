//! The answer came, and took much longer than its round trips (fact T45).

use crate::diagnose::timing::{self, LONG_MS};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

pub(super) const RULE: Rule =
    rule!("http-slow", Http, "The answer takes a second longer than the path needs", Code(check))
        .about(crate::diagnose::About::Load);

fn check(e: &View<'_>) -> Option<Because> {
    let (index, took, waited) = timing::slowest_call(e)?;
    let (_, lost) = timing::lost(e);
    if !timing::went_through(e) || waited < LONG_MS || lost > 0 {
        return None;
    }
    let call = e.http.saw()?.calls.get(index)?;
    let (took, trip) = (timing::words(took), timing::words(timing::round_trip_ms(e)?));
    let proxied = reading::proxied(e);
    let says = match proxied {
        true => format!("the answer took {took} through the proxy, CONNECT {trip}"),
        false => format!("the answer took {took}, a round trip takes {trip}: not the path"),
    };
    let mut because = Because::new(Level::Risk, Sure::Inferred, says)
        .seen(format!("{} {} after {took}", call.method, call.path))
        .known_by(
            "the request and its answer are a few packets; the rest of the time passed in the \
             service, or in what stands before it: gateway, inspection, proxy",
        )
        .read_at(format!("/http/saw/calls/{index}"));
    let upstream = call.answer().and_then(|a| a.header("x-envoy-upstream-service-time"));
    if let Some(ms) = upstream {
        because = because.seen(format!("x-envoy-upstream-service-time: {ms} (ms)"));
    }
    if !proxied {
        because = because.ruled_out("loss on the way there: no segment of the call was sent again");
    }
    Some(
        because
            .owner("Application")
            .look(
                "see what the service measures (metric TimeToResponse)",
                "az monitor metrics list --resource <resource id> --metric AzureOpenAITimeToResponse",
            )
            .act(Step::look(
                "look at gateways and inspection between here and the service, then at its load",
            ))
            .check(reading::again(e)),
    )
}
