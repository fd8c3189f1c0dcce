//! Rules whose cause lies at the dns hop.

mod zone_not_linked;

use crate::diagnose::Rule;

/// The rules of this hop.
pub(super) const RULES: &[Rule] = &[zone_not_linked::RULE];
