//! From the text of a file to an inventory.

mod reader;
mod refused;
mod settings;
mod target;

pub use reader::{Problem, read};
pub use target::is_name;
