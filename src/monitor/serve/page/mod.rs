//! Pages for people: HTML that works without scripts, loads nothing from other hosts and is readable
//! on a phone and in a dark theme. `maud` escapes what comes from reports.
//!
//! Links are relative, so that a proxy may add a path prefix.

pub(super) mod finding;
mod layout;
pub(super) mod overview;
mod sparkline;
pub(super) mod target;

pub(super) use layout::{ICON, missing, style};
use layout::{ago, frame, query};

use crate::render::html::{badge, class};
use crate::render::progress::milliseconds;
