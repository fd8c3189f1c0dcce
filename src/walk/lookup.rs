//! The answer of the system's own resolver (`getaddrinfo`).

use std::time::{Duration, Instant};

use super::context::Context;
use crate::evidence::Observed;
use crate::evidence::dns::SystemAnswer;
use crate::world::{FixedAnswer, SystemLookup};
use crate::{blocking, platform};

/// `getaddrinfo` may take this much longer than a hop's deadline: glibc's own wait for a dead
/// first nameserver is 5 s, as is ours, and its answer comes just after.
const LOOKUP_GRACE: Duration = Duration::from_millis(200);

/// The system's answer for `host`.
pub(super) async fn system_answer(context: &Context<'_>, host: &str) -> Observed<SystemAnswer> {
    let started_ms = context.elapsed_ms();
    let began = Instant::now();
    let ran =
        |value| Observed::Done { started_ms, took_ms: began.elapsed().as_secs_f64() * 1e3, value };
    match &context.world.lookup {
        SystemLookup::Fixed(table) => {
            let unknown = || SystemAnswer::Failed { code: "EAI_NONAME".to_owned() }.into();
            let FixedAnswer { answer, after } = table.get(host).cloned().unwrap_or_else(unknown);
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            if answer == SystemAnswer::Stalled {
                tokio::time::sleep(context.hop_timeout() + LOOKUP_GRACE).await;
            }
            ran(answer)
        }
        SystemLookup::Getaddrinfo => {
            let name = host.to_owned();
            let lookup = blocking::run_blocking(move || platform::lookup(&name));
            match tokio::time::timeout(context.hop_timeout() + LOOKUP_GRACE, lookup).await {
                Ok(Ok(answer)) => ran(answer),
                Ok(Err(error)) => Observed::NotPossible {
                    message: format!("no thread for it: {}", crate::wire::words(&error)),
                },
                Err(_) => ran(SystemAnswer::Stalled),
            }
        }
    }
}
