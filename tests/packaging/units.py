#!/usr/bin/env python3
"""Checks that units use nothing newer than a version of systemd: units.py VERSION FILE...

systemd only logs a directive that it does not know and goes on without it: a sandbox would be missing,
and no test with a newer systemd notices. Each directive is therefore listed with the version that
brought it ("Added in version" of systemd's manual pages); one that is not listed is an error.
"""

import sys

# Directives that are older than any systemd in use: up to version 219 (RHEL 7).
OLD = """
Description Documentation Wants After Type ExecStart ExecReload WatchdogSec TimeoutStartSec
TimeoutStopSec Restart RestartSec RestartPreventExitStatus SuccessExitStatus LimitNOFILE User Group
UMask ProtectHome PrivateTmp PrivateDevices RestrictAddressFamilies CapabilityBoundingSet
NoNewPrivileges SystemCallArchitectures SystemCallFilter SystemCallErrorNumber WantedBy OnCalendar
AccuracySec Persistent StartLimitBurst ProtectSystem
""".split()

SINCE = dict.fromkeys(OLD, 0) | {
    "TasksMax": 227,
    "AmbientCapabilities": 229,
    "RandomizedDelaySec": 229,
    "StartLimitIntervalSec": 230,
    "MemoryMax": 231,
    "RestrictRealtime": 231,
    "MemoryDenyWriteExecute": 231,
    "PrivateUsers": 232,
    "ProtectControlGroups": 232,
    "ProtectKernelModules": 232,
    "ProtectKernelTunables": 232,
    "RemoveIPC": 232,
    "DynamicUser": 232,
    "BindReadOnlyPaths": 233,
    "RestrictNamespaces": 233,
    "KeyringMode": 235,
    "LockPersonality": 235,
    "StateDirectory": 235,
    "StateDirectoryMode": 235,
    "PrivateMounts": 239,
    "ProtectHostname": 242,
    "RestrictSUIDSGID": 242,
    "ProtectKernelLogs": 244,
    "ProtectClock": 245,
    "FixedRandomDelay": 247,
    "LoadCredential": 247,
    "ProcSubset": 247,
    "ProtectProc": 247,
    "SetCredential": 247,
    "PrivateIPC": 248,
}
# Values that are newer than their directive.
VALUES = {"%d": 250, "@system-service": 239, "strict": 232}


def newer(version, line):
    """What a line of a unit needs that this version does not have."""
    name, _, value = line.partition("=")
    if name not in SINCE:
        yield f"{name}: not in the table of tests/packaging/units.py"
    elif SINCE[name] > version:
        yield f"{name} is of systemd {SINCE[name]}"
    for part, since in VALUES.items():
        if part in value and since > version:
            yield f"{part} is of systemd {since}"


def main():
    version, *files = sys.argv[1:]
    wrong = 0
    for file in files:
        with open(file, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                line = line.strip()
                if not line or line[0] in "#;[":
                    continue
                for words in newer(int(version), line):
                    print(f"{file}:{number}: {words}")
                    wrong += 1
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
