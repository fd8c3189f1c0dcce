#!/usr/bin/env python3
"""Prints the licence texts of every library that is linked into the program.

Most of their licences ask that their notice goes along with the binary. The texts are those in
the packages themselves, as cargo fetched them; equal ones are printed once. Asks no network.

    packaging/notices.py [TARGET]    by default for the machine that it runs on
"""

import json
import pathlib
import subprocess
import sys

NAMES = ("license", "licence", "copying", "copyright", "notice", "unlicense")


def linked(metadata):
    """The packages that normal dependencies lead to from the program."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found, left = set(), [metadata["resolve"]["root"]]
    while left:
        package = left.pop()
        if package in found:
            continue
        found.add(package)
        for dependency in nodes[package]["deps"]:
            # Of no kind is what is linked; "build" and "dev" are not.
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                left.append(dependency["pkg"])
    return found - {metadata["resolve"]["root"]}


def texts(package):
    """Licence texts in a package's own folder."""
    folder = pathlib.Path(package["manifest_path"]).parent
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.lower().startswith(NAMES):
            yield path.read_text(encoding="utf-8", errors="replace").strip().replace("\r\n", "\n")


def graph(platform):
    """What `cargo metadata` reports of the packages for one target."""
    return json.loads(
        subprocess.run(
            ["cargo", "metadata", "--locked", "--offline", "--format-version=1",
             f"--filter-platform={platform}"],
            check=True, capture_output=True, text=True,
        ).stdout
    )


def host():
    """The target of this machine."""
    version = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    return version.split("host: ")[1].split()[0]


def main():
    metadata = graph(sys.argv[1] if len(sys.argv) > 1 else host())
    wanted = linked(metadata)
    packages = sorted(
        (package for package in metadata["packages"] if package["id"] in wanted),
        key=lambda package: (package["name"], package["version"]),
    )
    of_text = {}
    for package in packages:
        name = f"{package['name']} {package['version']}"
        print(f"{name}: {package['license'] or 'see below'}")
        for text in texts(package):
            of_text.setdefault(text, []).append(name)
    for text, names in of_text.items():
        print("\n" + "=" * 78)
        print("\n".join(names) + "\n")
        print(text)


if __name__ == "__main__":
    sys.exit(main())
