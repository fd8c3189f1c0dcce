//! `--expect closed` asks whether the public path refuses. Where something in between refuses
//! first, opening it is no fix: the block may be what keeps the path shut.

use crate::diagnosis::{Finding, Step};
use crate::evidence::{Evidence, Expect};

/// Puts the reason in place of each step that would open the way.
pub(super) fn keep_shut(e: &Evidence, finding: &mut Finding) {
    if e.asked.expect != Expect::Closed {
        return;
    }
    let Some(fix) = &mut finding.fix else { return };
    if !fix.steps.iter().any(|step| step.opens) {
        return;
    }
    // An alternative to a step that goes becomes the step itself.
    let mut gone = false;
    fix.steps.retain_mut(|step| {
        gone = step.opens || (gone && step.or);
        if gone && !step.opens {
            (step.or, gone) = (false, false);
        }
        !step.opens
    });
    fix.steps.push(Step::look(
        "open nothing for this check: the way is shut before the service is asked, for this \
         machine. Whether the service itself refuses shows from a network that reaches it",
    ));
}
