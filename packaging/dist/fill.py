#!/usr/bin/env python3
"""Fills the manifests of other package managers, packaging/manifests, for one release.

    packaging/dist/fill.py VERSION URL SUMS FOLDER

URL is where the release's files are, without a slash at the end; SUMS is its SHA256SUMS. In a
template, @VERSION@ and @URL@ are these, and @SHA256:NAME@ is the checksum of the file NAME. @WINDOWS@ is
the target of the Windows build: that of Microsoft's compiler if the release has one. A manifest that
names a file which the release does not have is not written, and is reported.
"""

import pathlib
import re
import sys


def main():
    version, url, sums, folder = sys.argv[1:]
    checksums = {}
    for line in pathlib.Path(sums).read_text(encoding="ascii").splitlines():
        checksum, name = line.split()
        checksums[name] = checksum
    targets = [f"x86_64-pc-windows-{compiler}" for compiler in ("msvc", "gnu")]
    windows = next(
        (target for target in targets if f"aoai-probe-{version}-{target}.zip" in checksums),
        targets[0],
    )
    templates = pathlib.Path(__file__).parent.parent / "manifests"
    for template in sorted(path for path in templates.rglob("*") if path.is_file()):
        text = template.read_text(encoding="utf-8")
        for name, value in {"VERSION": version, "URL": url, "WINDOWS": windows}.items():
            text = text.replace(f"@{name}@", value)
        missing = [
            name for name in re.findall(r"@SHA256:([^@]+)@", text) if name not in checksums
        ]
        place = pathlib.Path(folder) / template.relative_to(templates)
        if missing:
            print(f"{place}: not written, the release has no {missing[0]}", file=sys.stderr)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        filled = re.sub(r"@SHA256:([^@]+)@", lambda found: checksums[found[1]], text)
        place.write_text(filled, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
