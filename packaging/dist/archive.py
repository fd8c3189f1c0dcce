#!/usr/bin/env python3
"""Packs a folder as NAME.tar.gz or NAME.zip, the same bytes for the same files.

    packaging/dist/archive.py FOLDER ARCHIVE

The archive has one folder, named as FOLDER is. Times are SOURCE_DATE_EPOCH, owners are root, and
only the bit for executing is taken over. Needs Python alone, so that each system's runner can use it.
"""

import gzip
import os
import pathlib
import sys
import tarfile
import time
import zipfile


def files(folder):
    """Files below a folder with their names in the archive, in order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, (folder.name / path.relative_to(folder)).as_posix()


def mode(path):
    """0755 for a program, by its permissions or by its name where a system has none."""
    runs = os.access(path, os.X_OK) if os.name == "posix" else path.suffix == ".exe"
    return 0o755 if runs else 0o644


def tar_gz(folder, archive, epoch):
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", 9, raw, mtime=epoch) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for path, name in files(folder):
            about = tarfile.TarInfo(name)
            about.size = path.stat().st_size
            about.mode = mode(path)
            about.mtime = epoch
            about.uname = about.gname = "root"
            with path.open("rb") as content:
                tar.addfile(about, content)


def zip_(folder, archive, epoch):
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path, name in files(folder):
            about = zipfile.ZipInfo(name, time.gmtime(epoch)[:6])
            about.compress_type = zipfile.ZIP_DEFLATED
            about.create_system = 3  # Unix: the mode is read
            about.external_attr = (0o100000 | mode(path)) << 16
            packed.writestr(about, path.read_bytes())


def main():
    folder, archive = map(pathlib.Path, sys.argv[1:])
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    pack = zip_ if archive.suffix == ".zip" else tar_gz
    pack(folder, archive, epoch)


if __name__ == "__main__":
    sys.exit(main())
