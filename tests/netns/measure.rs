use std::path::Path;
pub fn outside() -> Result<(), String> { Ok(()) }
pub fn inside(_: &Path, _: &Path) -> Result<(), String> { Ok(()) }
pub fn cost(_: &[&str]) -> Result<(), String> { Ok(()) }
