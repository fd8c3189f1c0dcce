//! Rules whose cause lies at the http hop.

use crate::diagnose::Rule;

/// The rules of this hop.
pub(super) const RULES: &[Rule] = &[];
