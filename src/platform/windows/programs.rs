//! Programs that are run, and their end.

/// Process groups are not known here: a program is left to itself.
pub(in crate::platform) struct Group;

impl Group {
    /// No group.
    pub(in crate::platform) const fn of(_: u32) -> Self {
        Self
    }

    /// Nothing to kill.
    pub(in crate::platform) const fn kill(&self) {}
}

/// Nothing to end.
pub const fn end_programs() {}
