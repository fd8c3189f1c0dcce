//! Rules whose cause lies at the proxy hop.

use crate::diagnose::Rule;

/// The rules of this hop.
pub(super) const RULES: &[Rule] = &[];
