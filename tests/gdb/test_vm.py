"""kernel vm: address spaces, held against what the guest recorded of each task in /proc/PID/maps and pagemap."""
import functools
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


def recorded_maps(dump):
    """{pid: [(start, end, permissions, offset, name)]} of the workload's processes, which changed nothing since."""
    found = {}
    for pid in dump.roles:
        text = dump.oracle.tasks[pid].files.get("maps") if pid in dump.oracle.tasks else None
        if text:
            rows = []
            for line in text.decode().splitlines():
                span, permissions, offset, _, inode, *name = line.split(None, 5)
                start, end = span.split("-")
                rows.append((start.lstrip("0") or "0", end.lstrip("0"), permissions, int(offset, 16) if inode != "0" or "SYSV" in "".join(name) else None,
                             name[0] if name else ""))
            found[pid] = rows
    return found


@functools.lru_cache(maxsize=None)
def spaces(dump):
    pids = " ".join(map(str, sorted(recorded_maps(dump))))
    return {task["pid"]: task for task in dump.json(f"kernel vm -p {pids}")["tasks"]}


def test_maps_are_the_guests(dump):
    recorded = recorded_maps(dump)
    if not recorded:
        pytest.skip("the set has no maps of its tasks")
    compared = 0
    for pid, theirs in recorded.items():
        ours = [(vma["start"], vma["end"], vma["permissions"], vma["offset"], vma["name"]) for vma in spaces(dump)[pid]["vmas"]]
        assert ours == theirs, pid
        compared += len(ours)
    assert compared > 100


def test_pages_are_the_guests(dump):
    """The frames of pagemap: bits 0 to 54 of an entry that is present (bit 63)."""
    size = 4096
    if "16k" in dump.kernel:
        pytest.skip("the guest's recorder takes every page for one of 4 KiB")
    compared = 0
    for pid, task in spaces(dump).items():
        record = dump.oracle.tasks[pid].files.get("pages", b"").decode()
        theirs = {int(at, 16): int(entry, 16) & (1 << 55) - 1 for at, entry in re.findall(r"^(\w+) (\w+)$", record, re.M)
                  if int(entry, 16) >> 63}
        ours = {int(page["virtual"], 16) + i: (int(page["physical"], 16) + i) // size
                for vma in task["vmas"] for page in vma["pages"] if page["physical"] for i in range(0, page["size"], size)}
        for at in theirs.keys() & ours.keys():
            assert ours[at] == theirs[at], (pid, hex(at))
        compared += len(theirs.keys() & ours.keys())
        # Each page that was there still is: nothing was swapped out. (The vsyscall page is no VMA.)
        assert len(theirs.keys() - ours.keys()) < 5 + len(theirs) // 50, pid
    assert compared > 500


def test_flags_have_the_kernels_names(dump):
    assert dump.json("kernel vm -f 73")["flags"][0]["names"] == "read|write|mayread|maywrite|mayexec"
    assert "vm -f: zz is no hexadecimal number" in dump.gdb("kernel vm -f zz", status=1)
    task = dump.json("kernel vm 2")["tasks"][0]
    assert task["mm"] is None and task["notes"] == ["it has no address space of its own"]
