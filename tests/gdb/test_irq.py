"""kernel irq, held against /proc/interrupts and /proc/irq/N/smp_affinity_list as the guest recorded them, and the kernel's own sums."""
import functools
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


@functools.lru_cache(maxsize=None)
def listed(dump, option=""):
    return {row["irq"]: row for row in dump.json(f"kernel irq {option}")["irqs"]}


def recorded(dump):
    """{number: (counts, the rest of the line)}"""
    lines = dump.oracle.text("proc/interrupts").splitlines()
    cpus = len(lines[0].split())
    found = {}
    for line in lines[1:]:
        if match := re.match(r"\s*(\d+):((?:\s+\d+){%d})\s+(.*)" % cpus, line):
            found[int(match[1])] = ([int(word) for word in match[2].split()], match[3].strip())
    return found


def test_counts_are_those_of_the_record_or_later(dump):
    """s390x has no lines with numbers; what came after the record can only have added."""
    ours, theirs = listed(dump, "-s"), recorded(dump)
    assert dump.machine == "s390x" or len(theirs) > 10
    assert set(theirs) <= set(ours)
    same = 0
    for number, (counts, rest) in theirs.items():
        row = ours[number]
        assert [cpu["cpu"] for cpu in row["counts"]] == list(range(len(counts)))
        assert all(mine["count"] >= count for mine, count in zip(row["counts"], counts))
        same += [cpu["count"] for cpu in row["counts"]] == counts
        words = rest.replace("-", " ").split()
        assert rest.startswith(row["chip"]) and str(row["hwirq"]) in words, (row, rest)
        assert rest.endswith(row["names"]) and row["names"]
        assert row["flow"] is None or re.search(rf"{row['hwirq']}-{row['flow']}\b", rest)
    assert same >= len(theirs) // 2


TOTALS = """
for at in AT:
    desc = gdb.Value(at).cast(gdb.lookup_type("unsigned long")).cast(gdb.lookup_type("struct irq_desc").pointer()).dereference()
    print("IRQ", int(desc["irq_data"]["irq"]), int(desc["tot_count"]))
"""


def test_sums_are_the_kernels(dump):
    """The kernel counts each interrupt a second time, over all CPUs (those that are each CPU's own, it does not)."""
    rows = listed(dump)
    text = dump.python(f"AT = {[int(row['irq_desc'], 16) for row in rows.values()]}\n" + TOTALS)
    said = {int(number): int(total) for number, total in re.findall(r"^IRQ (\d+) (\d+)", text, re.M)}
    assert set(said) == set(rows)
    per_cpu = {number for number, row in rows.items() if "percpu" in row["flow_handler"] or row["flow"] == "percpu"}
    assert {n: row["count"] for n, row in rows.items() if n not in per_cpu} == {n: total for n, total in said.items() if n not in per_cpu}


def test_affinity_is_that_of_the_record(dump):
    """Behind the record the guest moved those that let themselves be moved, all to one CPU."""
    same, moved = [], []
    for number, row in listed(dump, "-a -u").items():
        try:
            theirs = dump.oracle.text(f"proc/irq/{number}/smp_affinity_list").strip()
        except FileNotFoundError:
            continue
        (same if row["affinity"] == theirs else moved).append(row["affinity"])
    assert len(set(moved)) <= 1 and all(cpus.isdigit() for cpus in moved)
    assert dump.machine == "s390x" or len(same) > 10


def test_handlers_and_words(dump):
    names = {action["name"]: action for row in listed(dump).values() for action in row["actions"]}
    assert dump.machine == "s390x" or any(name.startswith("virtio0") and "vp_" in action["handler"] or "vring" in action["handler"]
                                          for name, action in names.items())
    assert set(listed(dump)) <= set(listed(dump, "-u"))
    text = dump.gdb("kernel irq 7", "kernel irq -a -s", "kernel irq -c 1", status=1)
    assert "irq: 7? It takes no words" in text and "one of -a, -s at a time" in text and "-c goes with -s" in text
    assert {cpu["cpu"] for row in listed(dump, "-s -c 1").values() for cpu in row["counts"]} == {1}
