"""kernel timer: the wheel held against gdb's own reading of its lists and the kernel's bitmap of them, hrtimers against /proc/timer_list."""
import functools
import json
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]
FAR = 10000 * 10**9     # ns: what expires so late in the record is still pending in the dump


@functools.lru_cache(maxsize=None)
def listed(dump, option=""):
    return dump.json(f"kernel timer {option}")


WHEEL = """
import json
long = gdb.lookup_type("unsigned long")
def number(value):
    return int(value.cast(long))
for at in AT:
    base = gdb.Value(at).cast(long).cast(gdb.lookup_type("struct timer_base").pointer()).dereference()
    timers, words = [], [int(base["pending_map"][i]) for i in range(base["pending_map"].type.range()[1] + 1)]
    bits, full = [], []
    for i in range(base["vectors"].type.range()[1] + 1):
        node = base["vectors"][i]["first"]
        if words[i // (8 * long.sizeof)] >> i % (8 * long.sizeof) & 1:
            bits.append(i)
        if number(node):
            full.append(i)
        while number(node):
            timer = node.cast(gdb.lookup_type("struct timer_list").pointer())
            timers.append((number(timer), int(timer["expires"]), number(timer["function"])))
            node = node["next"]
    print("BASE", json.dumps([int(base["cpu"]), bits, full, sorted(timers)]))
print("COUNT", gdb.parse_and_eval("sizeof(timer_bases) / sizeof(struct timer_base)"))
"""


def test_the_wheel_is_what_gdb_reads_and_the_bitmap_says(dump):
    bases = listed(dump)["bases"]
    text = dump.python(f"AT = {[int(base['base'], 16) for base in bases]}\n" + WHEEL)
    read = [json.loads(line[5:]) for line in text.splitlines() if line.startswith("BASE ")]
    count = int(re.search(r"^COUNT (\d+)", text, re.M)[1])
    assert [(base["cpu"], base["index"]) for base in bases] == [(cpu, i) for cpu in sorted({b["cpu"] for b in bases}) for i in range(count)]
    for base, (cpu, bits, full, timers) in zip(bases, read, strict=True):
        assert base["cpu"] == cpu and bits == full
        assert sorted([int(t["timer"], 16), t["expires"], int(t["function_address"], 16)] for t in base["timers"]) == timers
        left = [t["left_ticks"] for t in base["timers"]]
        assert left == sorted(left)
    assert sum(len(base["timers"]) for base in bases) > 5
    assert not [note for note in listed(dump).get("notes", ()) if "pending_map" in note]


def test_jiffies_and_what_is_deferrable(dump):
    document = listed(dump)
    recorded = int(re.search(r"^jiffies: (\d+)", dump.oracle.text("proc/timer_list"), re.M)[1])
    jiffies, tick = document["now"]["jiffies"], document["now"]["tick_ns"]
    assert 0 <= jiffies - recorded < 600 * 10**9 / tick
    for base in document["bases"]:
        for timer in base["timers"]:
            assert (timer["left_ticks"] - timer["expires"] + jiffies) % 2**32 == 0 and timer["left_ns"] == timer["left_ticks"] * tick
            # The deferrable ones have a base of their own, the last, if there is more than one.
            assert ("D" in timer["flags"]) == (base["name"] == "deferrable") or not any(b["index"] for b in document["bases"])


def test_who_armed_them(dump):
    timers = [timer for base in listed(dump)["bases"] for timer in base["timers"]]
    works = {t["for_function"] for t in timers if t["function"] == "delayed_work_timer_fn"}
    assert None not in works and "vmstat_shepherd" in works
    assert all(t["comm"] for t in timers if t["function"] == "process_timeout")
    sleepers = {t["pid"] for clock in listed(dump, "-r")["clocks"] for t in clock["timers"] if t["function"] == "hrtimer_wakeup"}
    assert dump.pid("nanosleep") in sleepers


def recorded_hrtimers(dump):
    """(CPU, clock, function, soft, hard) of those that expire late enough."""
    found, cpu, clock, function = set(), None, None, None
    for line in dump.oracle.text("proc/timer_list").splitlines():
        if match := re.match(r"cpu: (\d+)", line):
            cpu = int(match[1])
        elif match := re.match(r" clock (\d+):", line):
            clock = int(match[1])
        elif match := re.match(r" #\d+: <\w+>, (\w+)", line):
            function = match[1]
        elif (match := re.match(r" # expires at (\d+)-(\d+) nsecs \[in (-?\d+)", line)) and int(match[3]) > FAR:
            found.add((cpu, clock, function, int(match[1]), int(match[2])))
    return found


def test_hrtimers_are_those_of_the_record(dump):
    ours = {(clock["cpu"], clock["index"], t["function"].split()[0], t["soft_expires_ns"], t["expires_ns"])
            for clock in listed(dump, "-r")["clocks"] for t in clock["timers"] if t["left_ns"] > FAR}
    assert ours == recorded_hrtimers(dump)
    assert len(ours) >= 3


def test_words(dump):
    assert {base["cpu"] for base in dump.json("kernel timer -C 0")["bases"]} == {0}
    assert "timer: 7? CPUs are chosen by -C" in dump.gdb("kernel timer 7", status=1)
