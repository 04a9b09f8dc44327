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
        # Each page that was there still is. (The vsyscall page is no VMA.)
        assert len(theirs.keys() - ours.keys()) < 5 + len(theirs) // 50, pid
    assert compared > 500


def test_pages_in_swap_are_the_guests(dump):
    """Bit 62 of pagemap's entry; bits 0 to 4 are the number of the swap file, 5 to 54 the page in it. x86's own entries have them since 4.18
    at 59 and, inverted, at 9 (6b28baca9b1f)."""
    if "16k" in dump.kernel:
        pytest.skip("the guest's recorder takes every page for one of 4 KiB")
    pid = dump.pid("swapped")
    record = dump.oracle.tasks[pid].files["pages"].decode()
    theirs = {int(at, 16): int(entry, 16) & (1 << 55) - 1 for at, entry in re.findall(r"^(\w+) (\w+)$", record, re.M) if int(entry, 16) >> 62 == 1}
    ours = {int(page["virtual"], 16): int(page["swap_entry"], 16) for vma in spaces(dump)[pid]["vmas"] for page in vma["pages"] if page["swap_entry"]}
    assert set(ours) == set(theirs) and len(ours) == 8
    if dump.machine in ("amd64", "i386"):
        assert {at: entry >> 59 | ((~entry << 5) % (1 << 64) >> 14) << 5 for at, entry in ours.items()} == theirs
    text = dump.gdb(*(f"kernel vtop -c {pid} -u {at:x}" for at in ours), status=1)
    assert {int(at, 16) for at in re.findall(r"^vtop: 0x([0-9a-f]+) is .*swapped out", text, re.M)} == set(ours)


@pytest.mark.once
def test_parts_of_it(dump):
    """-R, -P and -M: what is shown is what is there without them; whose it is said, and nobody else's."""
    pid = max((pid for pid in recorded_maps(dump)), key=lambda pid: len(recorded_maps(dump)[pid]))
    whole = spaces(dump)[pid]
    some = whole["vmas"][1]
    pids = " ".join(str(pid) for pid in sorted(recorded_maps(dump)))

    def get(arguments):
        return dump.json(f"kernel vm {arguments}")["tasks"]

    plain = [{key: value for key, value in vma.items() if key != "pages"} for vma in whole["vmas"]]
    name = next(vma["name"] for vma in plain if vma["name"] and vma["name"].startswith("/"))[-6:]
    assert get(f"-R {name} {pid}")[0]["vmas"] == [vma for vma in plain if name in (vma["name"] or "")]
    # In it, its own address, and a page's: which other processes may have, too.
    assert [t["vmas"] for t in get(f"-R {int(some['start'], 16) + 0x123:x} {pid}")] == [[plain[1]]]
    assert [t["vmas"] for t in get(f"-R {some['vma'][2:]} {pids}") if t["pid"] == pid] == [[plain[1]]]
    page = next(page for vma in whole["vmas"] for page in vma["pages"] if page["physical"])
    owners = {t["pid"] for t in spaces(dump).values() for vma in t["vmas"] for p in vma["pages"]
              if p["physical"] and 0 <= int(page["physical"], 16) - int(p["physical"], 16) < p["size"]}
    assert {t["pid"] for t in get(f"-R {page['physical']} {pids}")} == owners and pid in owners
    assert [vma["pages"] for vma in get(f"-P {some['vma'][2:]} {pid}")[0]["vmas"]] == [some["pages"]]
    ours = get(f"-M {whole['mm'][2:]}")[0]
    assert ours["vmas"] == plain and ours["mm"] == whole["mm"]
    values = dump.python(f"p = gdb.parse_and_eval('(struct vm_area_struct *){some['vma']}'); print(int(p['vm_start']), int(p['vm_end']))").split()
    for option in ("-R", "-P"):
        text = get(f"-v -d {option} {some['vma'][2:]} {pid}")[0]["vmas"][0]["structure"][0]["value"]
        assert re.findall(r"vm_(?:start|end) = (\d+)", text) == values
    assert f"map_count = {len(plain)}," in get(f"-m -d {pid}")[0]["structure"][0]["value"]
    for arguments, said in ((f"-R no-such-file {pid}", 'no VMA has "no-such-file"'), (f"-P 1000 {pid}", "none of its VMAs is at 0x1000"),
                            ("-x 1", "-x and -d go with -m or -v"), (f"-M {whole['mm'][2:]} 1", "no task is wanted")):
        assert said in dump.gdb(f"kernel vm {arguments}", status=1)


def test_flags_have_the_kernels_names(dump):
    assert dump.json("kernel vm -f 73")["flags"][0]["names"] == "read|write|mayread|maywrite|mayexec"
    assert "vm -f: zz is no hexadecimal number" in dump.gdb("kernel vm -f zz", status=1)
    task = dump.json("kernel vm 2")["tasks"][0]
    assert task["mm"] is None and task["notes"] == ["it has no address space of its own"]
