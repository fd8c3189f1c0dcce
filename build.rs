//! Packs the pages of the findings and the schema of reports: as they are, they would be 0.3 MB of
//! the program, whose size has a budget (`tests/it/budget.rs`). `src/texts.rs` unpacks them.

#![expect(
    clippy::disallowed_methods,
    reason = "Cargo names the folder in a variable, and the files are those of this tree"
)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    fold_identical_code();
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=docs/findings");
    println!("cargo:rerun-if-changed=docs/report.schema.json");
    let mut files: Vec<PathBuf> = fs::read_dir("docs/findings")?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    files.retain(|path| path.extension().is_some_and(|end| end == "md"));
    files.sort();
    files.push(Path::new("docs/report.schema.json").to_path_buf());
    // Name, zero, text, zero: neither holds a zero.
    let mut all = Vec::new();
    for path in files {
        let name = path.file_name().ok_or("a file without a name")?.to_string_lossy().into_owned();
        if name == "README.md" {
            continue;
        }
        println!("cargo:rerun-if-changed={}", path.display());
        all.extend_from_slice(name.as_bytes());
        all.push(0);
        all.extend_from_slice(&fs::read(&path)?);
        all.push(0);
    }
    let out = PathBuf::from(env::var("OUT_DIR")?).join("texts.deflate");
    fs::write(out, miniz_oxide::deflate::compress_to_vec(&all, 10))?;
    Ok(())
}

/// Lets the linker keep one copy of functions whose code is equal, where it is known to be LLD: the
/// default of rustc 1.90 and later on this target. Other linkers do not know the option.
fn fold_identical_code() {
    println!("cargo:rerun-if-env-changed=RUSTC_LINKER");
    let is = |name: &str, wanted: &str| env::var(name).is_ok_and(|value| value == wanted);
    let version = env::var("RUSTC").ok().and_then(|rustc| {
        let output = std::process::Command::new(rustc).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        text.split('.').nth(1)?.parse::<u32>().ok()
    });
    let configured = env::var("RUSTC_LINKER").is_ok()
        || env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("link"));
    if is("TARGET", "x86_64-unknown-linux-gnu")
        && is("PROFILE", "release")
        && version.is_some_and(|minor| minor >= 90)
        && !configured
    {
        println!("cargo:rustc-link-arg-bins=-Wl,--icf=all");
    }
}
