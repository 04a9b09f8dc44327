"""kernel kmem's views of zones, nodes and pages, held against the guest's record in /proc and against each other."""
import collections
import functools
import re

import pytest

from test_kmem import RENAMED, recorded_vmstat, view

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


# --- -z, -n ---

def recorded_zones(dump):
    """[{"name":, "node":, figures..., "protection":, "cpus": [{...}]}], and the first node's counters."""
    zones, node = [], {}
    for line in dump.oracle.text("proc/zoneinfo").splitlines():
        head = re.match(r"Node (\d+), zone +(\w+)", line)
        if head:
            zones.append({"node": int(head[1]), "name": head[2], "cpus": []})
            cpu = False
        elif match := re.match(r" +protection: \((.*)\)", line):
            zones[-1]["protection"] = match[1]
        elif match := re.match(r" +cpu: (\d+)", line):
            zones[-1]["cpus"].append({"cpu": int(match[1])})
            cpu = True
        elif match := re.match(r" +(?:pages )?(vm stats threshold|\w+):? +(\d+)$", line):
            target = zones[-1]["cpus"][-1] if cpu and match[1] in ("count", "high", "batch", "high_min", "high_max", "vm stats threshold") \
                else zones[-1]
            target[match[1].replace("vm stats ", "")] = int(match[2])
    return zones


EXACT = ["boost", "min", "low", "high", "promo", "spanned", "present", "managed", "cma", "start_pfn"]


def test_zones_are_the_guests(dump):
    ours, theirs = view(dump, "z")["zones"], recorded_zones(dump)
    assert [(zone["node"], zone["name"]) for zone in ours] == [(zone["node"], zone["name"]) for zone in theirs]
    for zone, recorded in zip(ours, theirs):
        figures = {figure["name"]: figure["value"] for figure in zone["figures"]}
        if recorded["present"]:
            assert figures["start_pfn"] == recorded["start_pfn"]
        for name in EXACT:
            # A kernel without CMA, or a zone without pages, has fewer lines.
            if name in recorded and (name in figures or recorded[name]):
                assert figures[name] == recorded[name], (zone["name"], name)
        assert zone["protection"] == recorded["protection"]
        assert 0 <= figures["free"] <= figures["managed"], zone["name"]     # the lists themselves add up to it: below


def test_zones_have_the_guests_cpus(dump):
    compared = 0
    for zone, recorded in zip(view(dump, "z")["zones"], recorded_zones(dump)):
        if not recorded["present"]:
            continue
        assert len(zone["cpus"]) == len(recorded["cpus"])
        for cpu, theirs in zip(zone["cpus"], recorded["cpus"]):
            for name in ("cpu", "batch", "threshold", "high_min", "high_max"):
                if name in theirs:
                    assert cpu[name] == theirs[name], (zone["name"], name)
                    compared += 1
            assert 0 <= cpu["count"] <= 100000
    assert compared >= 3 * len(recorded["cpus"])


def test_zones_counters_are_the_counters(dump):
    """Of all zones together they are -V's."""
    sums = collections.Counter()
    for zone in view(dump, "z")["zones"]:
        for counter in zone.get("counters", []):
            sums[counter["name"]] += counter["value"]
    all_of_them = {row["name"]: row["value"] for row in view(dump, "V")["counters"]}
    shared = sums.keys() & all_of_them.keys()
    assert len(shared) > 8
    assert {name: sums[name] for name in shared} == {name: all_of_them[name] for name in shared}
    record = recorded_vmstat(dump)
    if "NUMA_HIT" in sums:
        assert record["numa_hit"] <= sums["NUMA_HIT"] < record["numa_hit"] * 2 + 1000
    assert sums["NR_FREE_PAGES"] > 1000


def test_nodes(dump):
    result = view(dump, "n")
    zones = recorded_zones(dump)
    node, = result["nodes"]
    with_pages = [zone for zone in zones if zone["present"]]
    assert node["start_pfn"] == min(zone["start_pfn"] for zone in with_pages)
    assert node["start_pfn"] + node["spanned"] == max(zone["start_pfn"] + zone["spanned"] for zone in with_pages)
    assert node["present"] == sum(zone["present"] for zone in with_pages)
    # One node: its counters are all.
    counters = {row["name"]: row["value"] for row in node["counters"]}
    all_of_them = {row["name"]: row["value"] for row in view(dump, "V")["counters"]}
    assert len(counters) > 30 and counters == {name: all_of_them[name] for name in counters}
    if dump.machine == "i386":
        assert "sections" not in result         # FLATMEM
        return
    first = result["sections"][0]
    step = int(result["sections"][1]["physical"], 16) - int(first["physical"], 16) if len(result["sections"]) > 1 else 0
    for number, section in enumerate(result["sections"]):
        assert section["flags"] == "PMOE"
        assert int(section["physical"], 16) == int(first["physical"], 16) + number * step == section["number"] * step or not step
    assert int(result["sections"][-1]["physical"], 16) // page_size(dump) < node["start_pfn"] + node["spanned"]
    assert {block["state"] for block in result["blocks"]} == {"online"}
    assert int(result["blocks"][0]["start"], 16) == int(first["physical"], 16)


# --- -f, -F ---

def recorded_free(dump):
    """{(node, zone, type or None): [blocks of each order]}: buddyinfo's under None, pagetypeinfo's under their types."""
    found = {}
    for line in dump.oracle.text("proc/buddyinfo").splitlines():
        match = re.match(r"Node (\d+), zone +(\w+)((?: +\d+)+)", line)
        found[int(match[1]), match[2], None] = list(map(int, match[3].split()))
    for line in dump.oracle.text("proc/pagetypeinfo").splitlines():
        if match := re.match(r"Node +(\d+), zone +(\w+), type +(\w+)((?: +\d+)+)", line):
            found[int(match[1]), match[2], match[3].lower()] = list(map(int, match[4].split()))
    return found


def test_free_lists(dump):
    """What a zone counts, its lists have, and so do the CPUs'; both add up to the zone's counter. Where nothing moved it is the record."""
    result, recorded = view(dump, "f"), recorded_free(dump)
    assert "notes" not in result
    zones = {zone["name"]: zone for zone in recorded_zones(dump)}
    same = compared = 0
    for zone in result["free_lists"]:
        kinds = [name for name in zone["orders"][0] if name not in ("order", "free", "notes")]
        assert {kind for node, name, kind in recorded if kind} == set(kinds)
        assert sum(row["free"] << row["order"] for row in zone["orders"]) == zone["free"]
        for row in zone["orders"]:
            assert sum(row[kind] for kind in kinds) == row["free"] and "notes" not in row
            for kind in kinds:
                there = recorded[zone["node"], zone["name"], kind][row["order"]]
                compared += 1
                same += row[kind] == there
            if zone["free"] == zones[zone["name"]]["free"]:
                assert row["free"] == recorded[zone["node"], zone["name"], None][row["order"]]
        for cpu in zone["cpus"]:
            assert cpu["count"] == cpu["listed"]
    assert compared > 50 and same > compared * .6


def test_free_pages(dump):
    """Each is once in them; they are what the page array has as free, and the CPUs' have no users."""
    listed, by_pfn = dump.json("kernel kmem -F")["free_pages"], {page["pfn"]: page for page in pages(dump)}
    frames = [row["pfn"] + i for row in listed for i in range(1 << row["order"])]
    assert len(frames) == len(set(frames)) > 1000
    zone_names = [zone["name"] for zone in recorded_zones(dump)]
    for row in listed:
        page = by_pfn[row["pfn"]]
        assert page["page"] == row["page"] and zone_names[page["zone"]] == row["zone"] and page["refcount"] == 0
        assert (page["type"] == "buddy") == (row["cpu"] is None), row
    assert {page["pfn"] for page in pages(dump) if page["type"] == "buddy"} == {row["pfn"] for row in listed if row["cpu"] is None}


# --- -g, -h ---

def test_flags_are_gdbs(dump):
    """gdb has the enumeration; names behind __NR_PAGEFLAGS are other names of the same bits."""
    said = dump.python("for f in gdb.lookup_type('enum pageflags').fields(): print('FLAG', f.name[3:], f.enumval)")
    theirs = []
    for line in re.findall(r"FLAG (\S+) (\d+)", said):
        if line[0] == "R_PAGEFLAGS":
            break
        theirs.append((line[0], int(line[1])))
    ours = [(row["name"], row["bit"]) for row in view(dump, "g")["page_flags"]]
    assert len(ours) > 15 and ours == [flag for flag in theirs if not flag[0].startswith("NR_PAGEFLAGS")][:len(ours)]
    assert len(theirs) - len(ours) <= 1
    first, second = ours[1][0], ours[5][0]
    assert dump.json("kernel kmem -g 22")["flags"][0]["names"] == f"{first}|{second}"
    assert "kmem -g: zz is no hexadecimal number" in dump.gdb("kernel kmem -g zz", status=1)


def test_pools_of_huge_pages(dump):
    pools = {pool["size"]: pool for pool in view(dump, "h")["pools"]}
    meminfo = dict(re.findall(r"(\w+): +(\d+)", dump.oracle.text("proc/meminfo")))
    if "Hugepagesize" not in meminfo:       # the machine has none
        assert not pools
        return
    pool = pools[int(meminfo["Hugepagesize"]) * 1024]
    assert pool["name"] == f"hugepages-{meminfo['Hugepagesize']}kB"
    assert [pool[name] for name in ("total", "free", "reserved", "surplus")] == \
        [int(meminfo[f"HugePages_{name}"]) for name in ("Total", "Free", "Rsvd", "Surp")]


# --- -p, -m ---

@functools.lru_cache(maxsize=None)
def page_size(dump):
    return 16384 if "16k" in dump.kernel else 4096


@functools.lru_cache(maxsize=None)
def pages(dump):
    return view(dump, "p")["pages"]


def test_pages_are_in_their_zones(dump):
    """The zone that a page's flags name is the one whose span it is in."""
    zones = {number: zone for number, zone in enumerate(recorded_zones(dump))}
    seen = 0
    for page in pages(dump):
        for number, zone in zones.items():
            if zone["spanned"] and zone["start_pfn"] <= page["pfn"] < zone["start_pfn"] + zone["spanned"]:
                assert page["zone"] == number and page["node"] == zone["node"], page
                seen += 1
    assert seen >= sum(zone["present"] for zone in zones.values())


def test_compound_pages(dump):
    by_address = {page["page"]: page for page in pages(dump)}
    tails = [page for page in pages(dump) if page["head"]]
    assert len(tails) > 500
    for page in tails:
        head = by_address[page["head"]]
        assert "head" in head["flag_names"].split("|") and head["pfn"] < page["pfn"] < head["pfn"] + (1 << 10), page


def test_types_are_counted(dump):
    """What the kernel counts it has marked: page tables; slabs, with those of more than one page."""
    counters = {row["name"]: row["value"] for row in view(dump, "V")["counters"]}
    kinds = collections.Counter(page["type"] for page in pages(dump))
    marked = kinds["table"]
    # s390x has tables of which two are in a page, and its own are not counted.
    assert marked == counters["NR_PAGETABLE"] or dump.machine in ("s390x", "i386") and abs(marked - counters["NR_PAGETABLE"]) < 100
    by_address = {page["page"]: page for page in pages(dump)}

    def is_slab(page):
        return page["type"] in ("slab", "large_kmalloc") or "slab" in page["flag_names"].split("|")
    slabs = sum(is_slab(by_address[page["head"] or page["page"]]) for page in pages(dump))
    counted = (counters["NR_SLAB_RECLAIMABLE_B"] + counters["NR_SLAB_UNRECLAIMABLE_B"])
    # kmalloc()'s large pieces have no mark in old kernels.
    unmarked = sum(not page["type"] and not page["mapping"] and "lru" not in page["flag_names"].split("|") for page in pages(dump))
    assert slabs <= counted <= slabs + unmarked


def test_a_page_by_any_address(dump):
    """The page of init_task is the same by its address, by that of its struct page, and by its physical address."""
    page, = dump.json("kernel kmem -p init_task")["pages"]
    for word in (page["page"][2:], page["physical"]):
        assert dump.json(f"kernel kmem -p {word}")["pages"] == [page]
    assert page in pages(dump)
    size = page_size(dump)
    start = int(page["physical"], 16)
    some = dump.json(f"kernel kmem -p {start:x}-{start + 3 * size + 1:x}")["pages"]
    assert [row["pfn"] for row in some] == [page["pfn"] + i for i in range(4)]


def test_members_are_gdbs(dump):
    row, = dump.json("kernel kmem -m _refcount.counter,private,lru.next init_task")["members"]
    said = dump.python(f"p = gdb.parse_and_eval('*(struct page *){row['page']}')\n"
                       "print(int(p['_refcount']['counter']), int(p['private']), int(p['lru']['next']))").split()[-3:]
    private = int(row["private"], 16) if isinstance(row["private"], str) else row["private"]
    assert [row["_refcount.counter"], private, int(row["lru.next"], 16)] == list(map(int, said))


def test_what_is_no_page(dump):
    assert "no struct page for" in dump.gdb("kernel kmem -p fffffffff000-fffffffff100", status=1)
    assert "page.lru is no number" in dump.gdb("kernel kmem -m lru", status=1)
    assert "the kernel has no page.nonsense" in dump.gdb("kernel kmem -m nonsense", status=1)
