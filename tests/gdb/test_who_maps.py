"""`kernel who-maps`, held against /proc/PID/maps and pagemap as the guest recorded them, of the processes of its workload."""
import collections
import re

import pytest

from pokes import Poked

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


def processes(dump):
    """{pid: its files of /proc}: those that changed nothing since."""
    return {pid: dump.oracle.tasks[pid].files for pid in dump.roles if pid in dump.oracle.tasks and "maps" in dump.oracle.tasks[pid].files}


def recorded_maps(dump, path):
    found = set()
    for pid, files in processes(dump).items():
        for line in files["maps"].decode(errors="replace").splitlines():
            span, permissions, offset, _, _, *name = line.split(None, 5)
            if name == [path]:
                start, end = (int(number, 16) for number in span.split("-"))
                found.add((pid, start, end, permissions, int(offset, 16)))
    return found


def rows(subject):
    return {(row["pid"], int(row["start"], 16), int(row["end"], 16), row["permissions"], row["offset"]) for row in subject["mappings"]}


def test_file(dump):
    theirs = recorded_maps(dump, "/bin/workload")
    assert len(theirs) > 100
    subject, = dump.json("kernel who-maps /bin/workload")["subjects"]
    assert subject["kind"] == "file" and subject["path"] == "/bin/workload"
    assert {row for row in rows(subject) if row[0] in processes(dump)} == theirs
    # By its inode, and by each way that leads to it, the same.
    assert dump.json(f"kernel who-maps {subject['inode']}")["subjects"] == [subject]
    assert "no process has mapped a file of the path /bin/nothing" in dump.gdb("kernel who-maps /bin/nothing", status=1)


def frames(dump):
    """{pfn: {(pid, address)}} of pages that were there (bit 63 of pagemap's entries)."""
    found = collections.defaultdict(set)
    for pid, files in processes(dump).items():
        for at, entry in re.findall(r"^(\w+) (\w+)$", files.get("pages", b"").decode(), re.M):
            if int(entry, 16) >> 63:
                found[int(entry, 16) & (1 << 55) - 1].add((pid, int(at, 16)))
    return found


def test_pages(dump):
    if "16k" in dump.kernel:
        pytest.skip("the guest's recorder takes every page for one of 4 KiB")
    recorded = frames(dump)
    # Of many processes, of two (after fork), of one.
    chosen = [pfn for _, pfn in sorted(((-len(users), pfn) for pfn, users in recorded.items()))]
    chosen = chosen[:20] + [pfn for pfn in chosen if len(recorded[pfn]) == 2][:20] + [pfn for pfn in chosen if len(recorded[pfn]) == 1][::37][:20]
    subjects = dump.json("kernel who-maps " + " ".join(f"0x{pfn:x}" for pfn in chosen))["subjects"]
    kinds = collections.Counter()
    for pfn, subject in zip(chosen, subjects, strict=True):
        assert int(subject["pfn"], 16) == pfn
        if subject["kind"] not in ("file", "anonymous"):
            continue    # the page of zeros, the vDSO
        ours = {(row["pid"], int(row["address"], 16)) for row in subject["mappings"] if row["maps"]}
        assert all(row["maps"] is not None for row in subject["mappings"])
        # The guest went on; who had it then and did nothing has it still.
        assert recorded[pfn] <= ours, hex(pfn)
        # The kernel itself counts how many VMAs have it; the walk found them all. (Two processes of vfork() share theirs.)
        if subject["mapcount"] is not None:
            assert len({row["vma"] for row in subject["mappings"] if row["maps"]}) == subject["mapcount"], hex(pfn)
        kinds[subject["kind"]] += 1
    assert kinds["file"] > 10 and kinds["anonymous"] > 10


def test_a_slab_is_nobodys(dump):
    task = dump.json("kernel ps 1")["tasks"][0]["task"]
    page, = dump.json(f"kernel kmem -p {task}")["pages"]
    subject, = dump.json(f"kernel who-maps {page['page']}")["subjects"]
    assert subject["kind"] == "slab" and subject["mappings"] == []


def test_a_tree_that_runs_in_a_circle(dump):
    """The left child of a VMA's node is made the node itself: that is said, and not gone through for ever."""
    subject, = dump.json("kernel who-maps /bin/workload")["subjects"]
    offset = int(re.search(r"= (\d+)", dump.gdb("print (long)&((struct vm_area_struct *)0)->shared"))[1])
    vma = int(subject["mappings"][len(subject["mappings"]) // 2]["vma"], 16)
    with Poked(dump) as copy:
        for word in (1, 2):     # rb_right, rb_left
            copy.write_word(vma + offset + word * copy.word, vma + offset)
        said = dump.gdb(f"kernel who-maps {subject['inode']}", vmcore=copy.save(), status=1)
    assert "who-maps: not all is known" in said and "the VMAs of the address_space at" in said
