//! `--bundle`: a zip archive that other programs read, with what a team that helps needs.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::program::{Ran, program, saved};

/// The files of an archive, each with its text.
pub(crate) fn unpacked(file: &Path) -> Vec<(String, String)> {
    let bytes = fs::read(file).unwrap();
    let archive = rawzip::ZipArchive::from_slice(&bytes).unwrap();
    let mut entries = archive.entries();
    let mut files = Vec::new();
    while let Some(entry) = entries.next_entry().unwrap() {
        let name = String::from_utf8(entry.file_path().as_ref().to_vec()).unwrap();
        let packed = archive.get_entry(entry.wayfinder()).unwrap();
        let text = miniz_oxide::inflate::decompress_to_vec(packed.data()).unwrap();
        assert_eq!(rawzip::crc32(&text), entry.crc32(), "{name}");
        files.push((name, String::from_utf8(text).unwrap()));
    }
    files
}

fn text<'a>(files: &'a [(String, String)], name: &str) -> &'a str {
    files.iter().find(|(found, _)| found == name).map_or("", |(_, text)| text)
}

#[test]
fn a_bundle_has_the_report_and_what_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let report = saved(folder.path(), "zone-not-linked");
    let file = folder.path().join("bundle.zip");
    fs::write(&file, "an older one").unwrap();
    let mut command = program();
    command.args(["diagnose", "--bundle"]).arg(&file).arg(&report);
    command.envs([
        ("AZURE_OPENAI_API_KEY", "canary-key"),
        ("AZURE_OPENAI_ENDPOINT", "https://myacct.openai.azure.com/"),
        ("HTTPS_PROXY", "http://bob:canary@proxy.corp:3128"),
    ]);
    let ran = Ran::of(command.output().unwrap());
    assert_eq!((ran.status, ran.err.as_str()), (2, ""));
    assert!(ran.out.starts_with("BROKEN at dns"), "the report is shown as without it: {}", ran.out);

    let files = unpacked(&file);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["about.txt", "report.json", "report.html", "report.txt"]);
    assert!(text(&files, "report.txt").starts_with("BROKEN at dns"));
    assert!(text(&files, "report.html").starts_with("<!DOCTYPE html>"));
    let about = text(&files, "about.txt");
    for line in [
        concat!("aoai-probe  ", env!("CARGO_PKG_VERSION")),
        "command     diagnose",
        "anonymised  no",
        "AZURE_OPENAI_API_KEY  set\n",
        "AZURE_OPENAI_ENDPOINT  https://myacct.openai.azure.com/\n",
        "HTTPS_PROXY  http://***@proxy.corp:3128",
    ] {
        assert!(about.contains(line), "{line}\n{about}");
    }
    // What was saved can be judged again.
    let json = folder.path().join("again.json");
    fs::write(&json, text(&files, "report.json")).unwrap();
    let again = Ran::of(program().arg("diagnose").arg(&json).output().unwrap());
    assert_eq!(again.out, ran.out);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "only its owner reads it");
    }
}

#[test]
fn an_anonymised_bundle_names_no_one() {
    let folder = tempfile::tempdir().unwrap();
    let report = saved(folder.path(), "zone-not-linked");
    let file = folder.path().join("bundle.zip");
    let mut command = program();
    command.args(["diagnose", "--anonymise", "--bundle"]).arg(&file).arg(&report);
    command.envs([
        ("AZURE_OPENAI_ENDPOINT", "https://myacct.openai.azure.com/"),
        ("AZURE_TENANT_ID", "6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f"),
        ("AZURE_CONTOSO_KEY", "x"),
        ("NO_PROXY", "10.66.77.0/255.255.255.0,10.66.77.1-10.66.77.9,bp"),
        ("HTTPS_PROXY", "http://proxy.contoso.com:3128"),
        ("SSL_CERT_FILE", "/home/alice/contoso.pem"),
    ]);
    let ran = Ran::of(command.output().unwrap());
    assert_eq!((ran.status, ran.err.as_str()), (2, ""));
    let mut files = unpacked(&file);
    assert!(text(&files, "about.txt").contains("anonymised  yes"));
    assert!(text(&files, "about.txt").contains("https://account-1.openai.azure.com/"));
    files.push(("standard output".to_owned(), ran.out));
    for (name, text) in &files {
        for own in [
            "myacct",
            "contoso",
            "alice",
            "6b1d3f8e",
            "10.1.0.10",
            "20.62.58.5",
            "jump-0",
            "10.66.77",
            ",bp",
        ] {
            assert!(!text.to_lowercase().contains(own), "{own} is in {name}:\n{text}");
        }
    }
}

#[test]
fn other_programs_read_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let report = saved(folder.path(), "healthy");
    let file = folder.path().join("bundle.zip");
    Ran::of(program().args(["diagnose", "--bundle"]).arg(&file).arg(&report).output().unwrap());
    for (reader, arguments) in
        [("unzip", ["-tq"].as_slice()), ("python3", ["-m", "zipfile", "-t"].as_slice())]
    {
        match Command::new(reader).args(arguments).arg(&file).output() {
            Ok(ran) => {
                let text = String::from_utf8_lossy(&ran.stdout).into_owned();
                assert!(ran.status.success(), "{reader}: {text}");
            }
            Err(why) => {
                assert!(std::env::var_os("CI").is_none(), "CI has {reader} (.ci/packages): {why}");
                eprintln!("skipped: no {reader} here");
            }
        }
    }
}

#[test]
fn a_bundle_that_cannot_be_written_is_an_error_before_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let report = saved(folder.path(), "healthy");
    let ran = Ran::of(
        program().args(["diagnose", "--bundle", "/nowhere/b.zip"]).arg(&report).output().unwrap(),
    );
    ran.refused("--bundle /nowhere/b.zip: No such file");
}
