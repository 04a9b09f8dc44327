"""kernel mount, held against /proc/PID/mountinfo as the guest recorded it: of PID 1, and of a task in a namespace of its own."""
import re

import pytest

from conftest import as_json

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


def unescaped(field):
    return as_json(re.sub(rb"\\(\d{3})", lambda match: bytes([int(match[1], 8)]), field))


def recorded(dump, pid):
    found = {}
    for line in dump.oracle.tasks[pid].files["mountinfo"].splitlines():
        before, _, behind = line.partition(b" - ")
        number, parent, device, root, point, flags = before.split()[:6]
        kind, source, options = behind.split()
        found[int(number)] = (int(parent), device.decode(), unescaped(root), unescaped(point), flags.decode(), kind.decode(),
                              unescaped(source), options.split(b",")[0] == b"ro")
    return found


def listed(dump, pid):
    return {m["id"]: (m["parent_id"], m["device"], m["root"], m["mount_point"], m["flags"], m["type"], m["source"], m["superblock_read_only"])
            for m in dump.json(f"kernel mount -n {pid}")["mounts"]}


@pytest.mark.parametrize("role", ["init", "namespaces"])
def test_mounts_are_the_guests(dump, role):
    pid = 1 if role == "init" else dump.pid(role)
    ours, theirs = listed(dump, pid), recorded(dump, pid)
    assert len(theirs) > 5
    assert {number: ours.get(number) for number in theirs} == theirs
    # The record leaves out what cannot be reached from its reader's root: the mount below that.
    assert {ours[number][5] for number in ours.keys() - theirs.keys()} <= {"rootfs", "nullfs"}


def test_words(dump):
    text = dump.gdb("kernel mount ext4 /proc", "kernel mount /nowhere ext4", status=1)
    assert text.count("/mnt/ext4") == 2 and len(re.findall(r" /proc$", text, re.M)) == 1
    assert "mount: /nowhere is no mount point" in text
