//! The answer of the system's own resolver (`getaddrinfo`).

use std::time::{Duration, Instant};

use super::context::Context;
use crate::evidence::Observed;
use crate::evidence::dns::SystemAnswer;
use crate::platform;
use crate::world::{FixedAnswer, SystemLookup};

/// `getaddrinfo` may take this much longer than a hop's deadline: glibc's own wait for a dead
/// first nameserver is 5 s, as is ours, and its answer comes just after.
const LOOKUP_GRACE: Duration = Duration::from_millis(200);

/// The system's answer for `host`, on a thread that the process does not wait for.
pub(super) async fn system_answer(context: &Context<'_>, host: &str) -> Observed<SystemAnswer> {
    let started_ms = context.elapsed_ms();
    let began = Instant::now();
    let ran = |saw| Observed::Ran { started_ms, took_ms: began.elapsed().as_secs_f64() * 1e3, saw };
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
            let (tell, told) = tokio::sync::oneshot::channel();
            let name = host.to_owned();
            // A new one each time, though it costs 0.1 ms: glibc remembers by thread that a
            // resolver could not answer A and AAAA together, and the next walk has to ask as an
            // application that has just started.
            let thread =
                std::thread::Builder::new().name("getaddrinfo".to_owned()).spawn(move || {
                    let _ = tell.send(platform::lookup(&name));
                });
            if let Err(error) = thread {
                return Observed::NotPossible {
                    says: format!("no thread for it: {}", crate::wire::words(&error)),
                };
            }
            match tokio::time::timeout(context.hop_timeout() + LOOKUP_GRACE, told).await {
                Ok(Ok(answer)) => ran(answer),
                Ok(Err(_)) | Err(_) => ran(SystemAnswer::Stalled),
            }
        }
    }
}
