//! Rules whose cause lies at the tcp hop.

use crate::diagnose::Rule;

/// The rules of this hop.
pub(super) const RULES: &[Rule] = &[];
