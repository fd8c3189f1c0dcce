pub fn carry(_: &str, _: &str, _: &str) -> Result<(), String> { Ok(()) }
