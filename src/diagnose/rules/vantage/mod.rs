//! Rules whose cause lies at the vantage hop.

use crate::diagnose::Rule;

/// The rules of this hop.
pub(super) const RULES: &[Rule] = &[];
