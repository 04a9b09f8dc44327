"""kernel softirq, held against /proc/softirqs as the guest recorded it, and what is pending against gdb's own reading."""
import functools
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


@functools.lru_cache(maxsize=None)
def listed(dump, option=""):
    return dump.json(f"kernel softirq {option}")


def test_counts_are_those_of_the_record_or_later(dump):
    head, *lines = dump.oracle.text("proc/softirqs").splitlines()
    theirs = {name.strip(): list(map(int, rest.split())) for name, _, rest in (line.partition(":") for line in lines)}
    ours = {row["name"]: [cpu["count"] for cpu in row["counts"]] for row in listed(dump)["softirqs"]}
    assert list(ours) == list(theirs) and len(ours) == 10
    assert all(len(ours[name]) == len(head.split()) and all(mine >= its for mine, its in zip(ours[name], counts)) for name, counts in theirs.items())
    assert sum(ours[name] == counts for name, counts in theirs.items()) >= 3 and sum(ours["TIMER"]) > 100
    assert {row["name"]: row["function"] for row in listed(dump)["softirqs"]}["TIMER"].startswith("run_timer_softirq")


PENDING = """
places = ["__softirq_pending", "pcpu_hot.softirq_pending", "irq_stat.__softirq_pending"]
long, offsets = gdb.lookup_type("unsigned long"), gdb.parse_and_eval("__per_cpu_offset")
for cpu in range(4):
    if MACHINE == "s390x":
        print(cpu, int(gdb.parse_and_eval(f"lowcore_ptr[{cpu}]->softirq_pending")))
        continue
    for place in places:
        try:
            at = gdb.parse_and_eval("&" + place)
        except gdb.error:
            continue
        here = (at.cast(long) + offsets[cpu].cast(long)).cast(at.type)
        print(cpu, int(here.dereference()))
        break
"""


def test_pending_as_gdb_reads_it(dump):
    theirs = {int(cpu): int(mask) for cpu, mask in map(str.split, dump.python(f"MACHINE = {dump.machine!r}\n" + PENDING).splitlines())}
    names = [row["name"] for row in listed(dump)["softirqs"]]
    assert {row["cpu"]: row["mask"] for row in listed(dump)["cpus"]} == theirs and len(theirs) == 4
    assert all(row["pending"] == " ".join(name for i, name in enumerate(names) if row["mask"] >> i & 1) for row in listed(dump)["cpus"])


def test_threads_and_words(dump):
    assert all(dump.oracle.tasks[row["ksoftirqd_pid"]].comm == b"ksoftirqd/%d" % row["cpu"] for row in listed(dump)["cpus"])
    one = listed(dump, "-c 1")
    assert [row["cpu"] for row in one["cpus"]] == [1] and {cpu["cpu"] for row in one["softirqs"] for cpu in row["counts"]} == {1}
    text = dump.gdb("kernel softirq 7", "kernel softirq", status=1)
    assert "softirq: 7? It takes no words" in text and re.search(r"^TIMER( +\d+){4}  run_timer_softirq$", text, re.M)
