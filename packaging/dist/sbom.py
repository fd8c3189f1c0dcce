#!/usr/bin/env python3
"""Writes the SBOM (software bill of materials) of one target, in CycloneDX 1.6 as JSON.

    packaging/dist/sbom.py TARGET

The libraries are those that Cargo links into the program (`cargo metadata`), and each one's licence is
the one it declares. The document is written and validated by the CycloneDX project's own library.
The same commit makes the same document.
"""

import datetime
import os
import pathlib
import sys
import uuid

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.schema import SchemaVersion
from packageurl import PackageURL

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import notices  # noqa: E402 (the folder above has it)


def checksums():
    """Checksums of the packages' archives, from Cargo.lock."""
    import tomllib

    with open("Cargo.lock", "rb") as lock:
        packages = tomllib.load(lock)["package"]
    return {(p["name"], p["version"]): p.get("checksum") for p in packages}


def component(package, checksum, kind):
    url = PackageURL("cargo", None, package["name"], package["version"])
    licence = package["license"]
    return Component(
        type=kind,
        name=package["name"],
        version=package["version"],
        purl=url,
        bom_ref=str(url),
        description=package["description"],
        licenses=[LicenseFactory().make_from_string(licence.replace("/", " OR "))] if licence else [],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=checksum)] if checksum else [],
    )


def main():
    target = sys.argv[1]
    metadata = notices.graph(target)
    root = metadata["resolve"]["root"]
    wanted = notices.linked(metadata)
    packages = {package["id"]: package for package in metadata["packages"]}
    sums = checksums()

    def made(key, kind):
        package = packages[key]
        return component(package, sums[package["name"], package["version"]], kind)

    components = {key: made(key, ComponentType.LIBRARY) for key in wanted}
    program = made(root, ComponentType.APPLICATION)
    bom = Bom(components=components.values())
    bom.metadata.component = program
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    bom.metadata.timestamp = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"{program.purl}/{target}/{epoch}")
    components[root] = program
    for node in metadata["resolve"]["nodes"]:
        if node["id"] in components:
            below = {dependency["pkg"] for dependency in node["deps"]} & wanted
            bom.register_dependency(components[node["id"]], [components[key] for key in below])
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong:
        sys.exit(f"not CycloneDX: {wrong}")
    print(text)


if __name__ == "__main__":
    sys.exit(main())
