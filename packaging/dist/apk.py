#!/usr/bin/env python3
"""Lists an apk and checks that it is whole: packaging/dist/apk.py PACKAGE

An apk is two (signed: three) gzip streams one after the other: .PKGINFO, and the files, whose SHA-256
.PKGINFO names as `datahash`. Debian has no apk-tools.
"""

import hashlib
import io
import pathlib
import sys
import tarfile
import zlib


def streams(packed):
    """Each gzip stream as it is packed, and what it holds."""
    while packed:
        stream = zlib.decompressobj(31)
        plain = stream.decompress(packed)
        yield packed[: len(packed) - len(stream.unused_data)], plain
        packed = stream.unused_data


def main():
    parts = list(streams(pathlib.Path(sys.argv[1]).read_bytes()))
    (_, control), (data_packed, data) = parts[-2:]
    # The first archive has no end of its own.
    with tarfile.open(fileobj=io.BytesIO(control + bytes(1024))) as tar:
        about = tar.extractfile(".PKGINFO").read().decode()
    print(about)
    fields = dict(line.split(" = ", 1) for line in about.splitlines() if " = " in line)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        names = tar.getnames()
    print("\n".join(names))
    assert fields["pkgname"] == "aoai-probe"
    assert fields["datahash"] == hashlib.sha256(data_packed).hexdigest(), "datahash"
    assert "usr/bin/aoai-probe" in names, "the program"


if __name__ == "__main__":
    sys.exit(main())
