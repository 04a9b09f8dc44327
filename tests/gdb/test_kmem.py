"""kernel kmem: what memory is used for, held against what the guest recorded of itself in /proc."""
import collections
import functools
import json
import re

import pytest

from conftest import run_gdb
from pokes import Poked
from test_report import EXACT, NEAR, meminfo

pytestmark = [pytest.mark.every_machine, pytest.mark.once]


@functools.lru_cache(maxsize=None)
def view(dump, letter):
    return dump.json(f"kernel kmem -{letter}")


def test_memory_is_the_guests_meminfo(dump):
    """(test_report holds every row.)"""
    ours = {row["name"]: row["bytes"] for row in view(dump, "i")["memory"]}
    theirs = meminfo(dump)
    for name, slack in {**dict.fromkeys(EXACT, 0), **NEAR}.items():
        # Where the hardware has no huge pages the kernel leaves the row out.
        assert (name in ours) == (name in theirs) or (name == "Hugetlb" and ours[name] == 0), name
        assert name not in theirs or abs(ours[name] - theirs[name]) <= slack, name
    assert sum(part["bytes"] for part in view(dump, "i")["memory_parts"]) == ours["MemTotal"]


# --- -v ---

AREA = re.compile(r"0x\w+-0x\w+ +(\d+) (\S+?)\+0x(\w+)/0x\w+(?: \[(\w+)\])?(?: pages=(\d+))?(?: phys=0x(\w+))?((?: ioremap| vmalloc| vmap| user)*)")


def recorded_areas(dump):
    """(Addresses are hashed there.) Those whose caller is known."""
    found = collections.Counter()
    for line in dump.oracle.text("proc/vmallocinfo").splitlines():
        match = AREA.match(line)
        if match:
            size, name, offset, module, pages, physical, kinds = match.groups()
            caller = name + (f" [{module}]" if module else "") + (f"+0x{offset}" if offset != "0" else "")
            found[int(size), caller, int(pages or 0), int(physical or "0", 16), kinds.strip()] += 1
    return found


def test_areas_are_the_guests(dump):
    areas = view(dump, "v")["areas"]
    starts = [int(area["start"], 16) for area in areas]
    assert starts == sorted(starts)
    assert all(int(a["end"], 16) <= int(b["start"], 16) for a, b in zip(areas, areas[1:]))
    ours = collections.Counter((a["size"], a["caller"], a["pages"], int(a["physical"] or "0", 16), a["kinds"])
                               for a in areas if a["vm_struct"])
    recorded = recorded_areas(dump)
    stack, _ = max(recorded.items(), key=lambda item: item[1])      # tasks came and went since
    gone, came = recorded - ours, ours - recorded
    assert sum(recorded.values()) > 50
    assert {area for area in gone if area[0] != stack[0]} == set(), gone
    assert sum(n for area, n in came.items() if area[0] != stack[0]) <= 5, came
    assert sum(gone.values()) + sum(came.values()) < sum(recorded.values()) / 10


def test_where_an_address_is(dump):
    """Its stack is an area of the task's own; an address that is in none is said, and the others are shown."""
    pid = dump.pid("mutex_holder") if "pid.mutex_holder" in dump.info else 1
    task, stack = map(int, dump.python(f"import vmcore\nt = vmcore.task({pid})\nprint(t.address, int(t.value['stack']))").split()[-2:])
    if dump.machine == "i386":      # stacks are pages of the direct map
        stack = int(view(dump, "v")["areas"][0]["start"], 16)
    area, = dump.json(f"kernel kmem -v {stack + 0x1234:x}")["areas"]
    assert int(area["start"], 16) == stack and (dump.machine == "i386" or "vmalloc" in area["kinds"])
    text = dump.gdb(f"kernel kmem -v {stack:x} {task:x}", status=1)
    assert f"{stack:x}" in text and f"kmem -v: 0x{task:x} is in no area" in text


# --- -V ---

# Where /proc/vmstat has another name than the enumerator.
RENAMED = {"nr_anon_mapped": "nr_anon_pages", "nr_file_mapped": "nr_mapped", "nr_file_dirty": "nr_dirty",
           "nr_slab_reclaimable_b": "nr_slab_reclaimable", "nr_slab_unreclaimable_b": "nr_slab_unreclaimable",
           "nr_kernel_stack_kb": "nr_kernel_stack", "nr_pagetable": "nr_page_table_pages", "nr_secondary_pagetable": "nr_sec_page_table_pages",
           "nr_vmscan_immediate": "nr_vmscan_immediate_reclaim", "nr_zone_write_pending": "nr_zone_write_pending"}


def recorded_vmstat(dump):
    return {name: int(value) for name, value in map(str.split, dump.oracle.text("proc/vmstat").splitlines())}


def test_counters_are_the_guests(dump):
    ours = {RENAMED.get(row["name"].lower(), row["name"].lower()): row["value"] for row in view(dump, "V")["counters"]}
    theirs = recorded_vmstat(dump)
    both = ours.keys() & theirs.keys()
    assert len(both) > 40 and len(both) > len(ours) * .85, sorted(ours.keys() - theirs.keys())
    same = [name for name in both if ours[name] == theirs[name]]
    assert len(same) > len(both) * .5
    total = next(row["bytes"] for row in view(dump, "i")["memory"] if row["name"] == "MemTotal")
    # The record itself lies in memory; no other 20 MB moved.
    moved = {name for name in both if abs(ours[name] - theirs[name]) * 4096 > 20 << 20}
    assert moved <= {"nr_free_pages", "nr_free_pages_blocks", "nr_file_pages", "nr_shmem", "nr_inactive_anon", "nr_zone_inactive_anon",
                     "nr_active_anon", "nr_zone_active_anon", "nr_slab_reclaimable", "nr_dirtied", "nr_written"}, moved
    assert ours["nr_free_pages"] * 4096 < total


def test_events_are_the_guests(dump):
    """In the same order, though some have other names there. They only grow, and most did not."""
    ours = view(dump, "V")["events"]
    theirs = [(name, value) for name, value in recorded_vmstat(dump).items() if name != "nr_unstable"]     # of old, always 0
    theirs = theirs[[name for name, _ in theirs].index("pgpgin"):]
    assert len(ours) == len(theirs)
    alike = [name for row, (name, _) in zip(ours, theirs) if row["name"].lower().replace("_", "") == name.replace("_", "")]
    assert len(alike) > len(ours) * .7
    less = [(row, name, value) for row, (name, value) in zip(ours, theirs) if row["value"] < value and not name.startswith("nr_")]
    assert not less
    assert len([row for row, (_, value) in zip(ours, theirs) if row["value"] == value]) > len(ours) * .6
    faults = {row["name"]: row["value"] for row in ours}["PGFAULT"]
    assert faults < 2 * dict(theirs)["pgfault"]


def test_offsets(dump):
    """gdb reads the kernel's array itself."""
    for row in view(dump, "o")["offsets"]:
        value = dump.python(f"print(int(gdb.parse_and_eval('(unsigned long)__per_cpu_offset[{row['cpu']}]')))").splitlines()[-1]
        assert int(row["offset"], 16) == int(value)


def test_one_view(dump):
    assert "kmem: one view at a time" in dump.gdb("kernel kmem -i -v", status=1)
    assert "kmem: which view?" in dump.gdb("kernel kmem", status=1)
    assert "kmem: -i takes no addresses" in dump.gdb("kernel kmem -i 0", status=1)


@pytest.mark.every_machine
@pytest.mark.scenario("sysrq", "qemu")
def test_a_counter_that_is_lost_is_no_zero(dump):
    """Of the parts that it belongs to, and of the rest, nothing is known; the others are what they were."""
    whole = {part["part"]: part for part in dump.json("kernel kmem -i")["memory_parts"]}
    at, total = (dump.gdb(f"print/x (unsigned long)&{name}").splitlines()[-1].split()[-1] for name in ("pcpu_nr_populated", "_totalram_pages"))
    assert int(at, 16) & -4096 != int(total, 16) & -4096
    with Poked(dump) as copy:
        copy.exclude(int(at, 16))
        text = run_gdb(dump.vmlinux, copy.save(), ["kernel kmem -i -j"])
    found = json.loads(next(line for line in text.splitlines() if line.startswith("{")))
    lost = {part["part"] for part in found["memory_parts"] if part["bytes"] is None}
    assert {"per_cpu", "other"} <= lost and found["notes"]
    for part in found["memory_parts"]:
        assert part["part"] in lost and part["percent"] is None or part == whole[part["part"]]
