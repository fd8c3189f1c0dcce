//! Files that a run writes: nothing that was walked or saved is lost by them.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::program::{Ran, alone, program, run, saved, text};

#[test]
fn no_file_is_replaced_by_what_was_read_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let report = saved(folder.path(), "healthy").display().to_string();
    let before = fs::read(&report).unwrap();
    let other_name = format!("{}/./{}", folder.path().display(), "healthy.json");
    let zip = folder.path().join("x.zip").display().to_string();
    for arguments in [
        ["--bundle", &report, "--format", "human"],
        ["--bundle", &other_name, "--format", "json"],
        ["-o", &report, "--format", "human"],
        ["-o", &other_name, "--format", "markdown"],
    ] {
        run(&[&["diagnose"], arguments.as_slice(), &[&report]].concat())
            .refused("would replace the report that is read");
    }
    let anonymised = ["diagnose", "--anonymise", "--format", "json", "-o", &report, &report];
    run(&anonymised).refused("would replace the report");
    run(&["diagnose", "-o", &zip, "--bundle", &zip, &report]).refused("the same file");
    run(&["127.0.0.1", "-o", &report, "--baseline", &report])
        .refused("would replace the baseline that is read");
    let second = saved(folder.path(), "zone-not-linked").display().to_string();
    for format in ["human", "json"] {
        for input in [&report, &second] {
            run(&["compare", "--format", format, "-o", input, &report, &second])
                .refused("would replace the ");
        }
    }
    assert_eq!(fs::read(&report).unwrap(), before);
    // The newer version of the same report, as people refresh saved ones.
    let ran = run(&["diagnose", "--format", "json", "-o", &report, &report]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
}

#[test]
fn no_key_file_of_an_application_or_an_inventory_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key").display().to_string();
    fs::write(&key, "canary").unwrap();
    let inventory = folder.path().join("targets.toml").display().to_string();
    fs::write(&inventory, format!("[[target]]\ntarget = \"myacct\"\napi_key_file = {key:?}\n"))
        .unwrap();
    for output in ["-o", "--bundle"] {
        for arguments in
            [&["app", "myacct", "--api-key-file", &key][..], &["check", "--config", &inventory]]
        {
            run(&[arguments, &[output, &key]].concat())
                .refused("would replace the key file that is read");
        }
    }
    assert_eq!(fs::read(&key).unwrap(), b"canary");
}

#[test]
fn a_place_that_cannot_be_written_is_named_before_the_first_walk() {
    for option in ["-o", "--bundle"] {
        run(&["127.0.0.1", option, "/nonexistent/x"]).refused("/nonexistent/x: No such file");
        run(&["127.0.0.1", option, "-"]).refused("standard output");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn results_of_repeated_checks_that_nothing_takes_are_an_error() {
    let full = || Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let folder = tempfile::tempdir().unwrap();
    for format in ["json-lines", "json", "human"] {
        let own = Path::new(env!("CARGO_BIN_EXE_aoai-probe"));
        let Some(mut command) = alone(own, folder.path(), true) else { return };
        command.args(["myacct", "--count", "2", "--interval", "0.2", "--format", format]);
        let ran = Ran::of(command.stdout(full()).output().unwrap());
        assert_eq!(ran.status, 64, "{format}: {}", ran.err);
        assert!(ran.err.contains("standard output"), "{format}: {}", ran.err);
    }
}

#[cfg(unix)]
#[test]
fn a_file_beyond_the_limit_of_its_size_loses_no_result() {
    let folder = tempfile::tempdir().unwrap();
    let report = saved(folder.path(), "healthy");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", r#"ulimit -f 0 && exec "$@""#, "sh", env!("CARGO_BIN_EXE_aoai-probe")]);
    command.args(["diagnose", "-o", text(&folder.path().join("out")), text(&report)]);
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.status, 64, "{}", ran.err);
    assert!(ran.err.contains("too large; the result is on standard output"), "{}", ran.err);
    assert!(ran.out.starts_with("WORKS"), "{}", ran.out);
}

#[test]
fn every_form_goes_to_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let bad = saved(folder.path(), "zone-not-linked");
    for (format, begins) in [
        ("human", "BROKEN at dns"),
        ("html", "<!DOCTYPE html><html lang=\"en\">"),
        ("json", "{"),
        ("json-lines", "{\"schema_version\""),
        ("nagios", "AOAI CRITICAL: dns (dns-zone-not-linked)"),
        ("prometheus", "# HELP probe_success"),
        ("junit", "<?xml"),
        ("github", "::error title=aoai-probe myacct.openai.azure.com::BROKEN at dns"),
        ("markdown", "# BROKEN at dns (dns-zone-not-linked)"),
    ] {
        let shown = run(&["diagnose", "--format", format, text(&bad)]);
        assert_eq!((shown.status, shown.err.as_str()), (2, ""));
        assert!(shown.out.starts_with(begins), "{}", shown.out);
        assert!(shown.out.ends_with('\n') && !shown.out.ends_with("\n\n"), "{format}");
        let file = folder.path().join(format);
        let ran = run(&["diagnose", "--format", format, "-o", text(&file), text(&bad)]);
        assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (2, "", ""));
        assert_eq!(fs::read_to_string(&file).unwrap(), shown.out, "{format}");
    }
}

#[test]
fn an_output_file_is_replaced_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let good = saved(folder.path(), "healthy");
    let out = folder.path().join("out.txt");
    fs::write(&out, "before").unwrap();
    let names = || {
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();

    // A failure leaves what was there.
    let ran = run(&["diagnose", "--output", text(&out), text(&folder.path().join("missing"))]);
    ran.refused("cannot be read");
    assert_eq!(fs::read_to_string(&out).unwrap(), "before");

    let ran = run(&["diagnose", "--output", text(&out), text(&good)]);
    assert_eq!(ran.went_well(), "");
    let written = fs::read_to_string(&out).unwrap();
    assert!(written.starts_with("WORKS"), "{written}");
    assert_eq!(names(), before, "no other file is left there");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o644);
    }

    for bad in [folder.path().join("no/such/folder/out.txt"), folder.path().to_owned()] {
        let ran = run(&["diagnose", "--output", text(&bad), text(&good)]);
        ran.refused("--output");
        assert!(ran.err.contains(text(&bad)), "{}", ran.err);
    }
    #[cfg(target_os = "linux")]
    {
        let ran = run(&["diagnose", "--output", "/proc/report.txt", text(&good)]);
        assert_eq!(ran.status, 64);
        let where_it_is = "; the result is on standard output";
        assert!(
            ran.err.contains("/proc/report.txt") && ran.err.contains(where_it_is),
            "{}",
            ran.err
        );
        assert!(ran.out.starts_with("WORKS"), "{}", ran.out);
    }
    assert_eq!(names(), before, "no other file is left there");

    // A relative name is a file here.
    let relative =
        program().args(["diagnose", "-o", "out.txt", text(&good)]).current_dir(&folder).output();
    assert_eq!(Ran::of(relative.unwrap()).status, 0);
}
