//! `--expect closed` asks whether the public path refuses. If something in between refuses first,
//! opening it is not a fix: the block may be what keeps the path closed.

use crate::diagnosis::{Finding, Step};
use crate::evidence::{Evidence, Expect};

/// Replaces each step that would open the path by the reason not to.
pub(super) fn drop_opening_steps(e: &Evidence, finding: &mut Finding) {
    if e.options.expect != Expect::Closed {
        return;
    }
    let Some(fix) = &mut finding.fix else { return };
    if !fix.steps.iter().any(|step| step.opens) {
        return;
    }
    // An alternative to a removed step becomes the step itself.
    let mut gone = false;
    fix.steps.retain_mut(|step| {
        gone = step.opens || (gone && step.or);
        if gone && !step.opens {
            (step.or, gone) = (false, false);
        }
        !step.opens
    });
    fix.steps.push(Step::inspect(
        "open nothing for this check: this machine's path is closed before it reaches the \
         service. A network that reaches the service shows whether the service itself refuses",
    ));
}
