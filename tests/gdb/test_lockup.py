"""kernel lockup: held against gdb's own reading of what the detectors know, the roles of the CPUs, and a lockup that is written into the dump."""
import functools
import json
import re

import pytest

from pokes import Poked

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


@functools.lru_cache(maxsize=None)
def rows(dump):
    return {row["cpu"]: row for row in dump.json("kernel lockup")["cpus"]}


READ = """
long, offsets = gdb.lookup_type("unsigned long"), gdb.parse_and_eval("__per_cpu_offset")
flags = {"i386": "eflags", "amd64": "eflags", "arm64": "cpsr", "s390x": "pswm"}[MACHINE]

def per_cpu(name, cpu):
    try:
        at = gdb.parse_and_eval("&" + name)
    except gdb.error:
        return None
    here = (at.cast(long) + offsets[cpu].cast(long)).cast(at.type).dereference()
    return here["counter"] if here.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT else here

def count(cpu):
    if MACHINE == "s390x":
        return gdb.parse_and_eval(f"lowcore_ptr[{cpu}]->preempt_count")
    if MACHINE == "arm64":
        return gdb.parse_and_eval(f"$cpu_curr({cpu})->thread_info.preempt.count")
    found = per_cpu("__preempt_count", cpu)
    return per_cpu("pcpu_hot.preempt_count", cpu) if found is None else found

for cpu in range(4):
    for name in ("watchdog_touch_ts", "watchdog_report_ts", "hrtimer_interrupts", "hrtimer_interrupts_saved"):
        value = per_cpu(name, cpu)
        print(cpu, name, None if value is None else int(value))
    print(cpu, "preempt", int(count(cpu)) & 0x7fffffff)
    gdb.execute(f"thread {cpu + 1}", to_string=True)
    print(cpu, "flags", int(gdb.parse_and_eval("$" + flags)))
    arrival = gdb.parse_and_eval(f"$cpu_curr({cpu})->sched_info.last_arrival")
    print(cpu, "arrival", int(arrival))
"""
KEYS = {"watchdog_touch_ts": "touch_ts", "watchdog_report_ts": "report_ts", "hrtimer_interrupts": "ticks", "hrtimer_interrupts_saved": "ticks_checked"}


def test_as_gdb_reads_it(dump):
    now = dump.json("kernel lockup")["watchdog"]["now_ns"]
    seen = 0
    for cpu, name, value in re.findall(r"^(\d) (\w+) (\w+)$", dump.python(f"MACHINE = {dump.machine!r}\n" + READ), re.M):
        row, value = rows(dump)[int(cpu)], None if value == "None" else int(value)
        if name in KEYS:
            assert row[KEYS[name]] == value, (cpu, name)
        elif name == "preempt":
            state = row["state"]
            assert row["preempt_count"] == value
            assert value == (state["preempt_off"] | state["in_softirq"] << 8 | state["softirqs_off"] << 9 | state["hardirq_depth"] << 16 |
                             state["nmi_depth"] << 20)
        elif name == "flags":
            on = {"amd64": value >> 9, "i386": value >> 9, "arm64": ~value >> 7, "s390x": value >> 57}[dump.machine] & 1
            assert row["interrupts_on"] == bool(on)
        else:
            assert row["switched_ns"] == (now - value if value and row["pid"] else None)
        seen += 1
    assert seen == 4 * 7


def test_roles(dump):
    """CPU 1 spins in a kernel thread, 2 in a softirq above its idle task, 3 in user space: tests/rig/scenarios/sysrq."""
    # (An NMI may have stopped another one in a softirq on top of what it does.)
    assert rows(dump)[2]["state"]["in_softirq"]
    assert rows(dump)[1]["pid"] != 0 and rows(dump)[2]["pid"] == 0 and rows(dump)[2]["switched_ns"] is None
    assert [row["comm"] for cpu, row in rows(dump).items() if cpu != 0] == [dump.json(f"kernel ps {row['pid']}")["tasks"][0]["comm"] if row["pid"] else "swapper/2"
                                                                          for cpu, row in rows(dump).items() if cpu != 0]
    if dump.scenario == "sysrq":    # the CPU that crashed had switched its interrupts off
        assert rows(dump)[0]["interrupts_on"] is False and rows(dump)[0]["state"]["nmi_depth"] == 0


ADDRESSES = """
long, offsets = gdb.lookup_type("unsigned long"), gdb.parse_and_eval("__per_cpu_offset")
def per_cpu(name):
    return (int(gdb.parse_and_eval("&" + name).cast(long)) + int(offsets[1])) % (1 << 8 * long.sizeof)
print(int(gdb.parse_and_eval("&watchdog_enabled")), per_cpu("watchdog_touch_ts"), per_cpu("hrtimer_interrupts"), per_cpu("hrtimer_interrupts_saved"),
      int(gdb.parse_and_eval("sizeof(hrtimer_interrupts)")))
"""
SAYS, SAID = b"ierarchical RCU implementation.", b" soft lockup: CPU#1 in the rig."


@pytest.mark.once
def test_a_lockup(dump):
    if dump.machine == "s390x":
        pytest.skip("its kernel has no detector: test_words")
    enabled, touch, ticks, checked, size = map(int, dump.python(ADDRESSES).split())
    now = dump.json("kernel lockup")["watchdog"]["now_ns"]
    assert now >> 30 > 3
    with Poked(dump) as copy:
        copy.write_word(enabled, 3)
        copy.write_word(touch, 1)
        copy.write_word(ticks, 7, size)
        copy.write_word(checked, 7, size)
        data = copy.path.read_bytes()
        assert SAYS in data and len(SAYS) == len(SAID)
        copy.path.write_bytes(data.replace(SAYS, SAID))
        vmcore = copy.save()
        text = dump.gdb("kernel lockup -j", vmcore=vmcore)
        log = dump.gdb("kernel log", vmcore=vmcore).splitlines()
    said = json.loads(next(line for line in text.splitlines() if line.startswith("{")))
    row = said["cpus"][1]
    assert said["watchdog"]["soft_enabled"] and said["watchdog"]["hard_enabled"] and row["touched_seconds"] == (now >> 30) - 1
    late = row["touched_seconds"] > said["watchdog"]["soft_seconds"]
    assert [verdict["verdict"].split(":")[0] for verdict in row["verdicts"]] == ["soft lockup"] * late + ["no tick since the NMI watchdog looked last"]
    assert all(other["verdicts"] == [] for other in said["cpus"] if other["cpu"] != 1)
    message, = [message for message in said["messages"] if SAID.decode() in message["text"]]
    first = next(i for i, line in enumerate(log) if re.match(r"\[ *0\.000000\] ", line))
    assert SAID.decode() in log[first + message["line"] - 1]


def test_words(dump):
    one = dump.json("kernel lockup -c 1")
    assert [row["cpu"] for row in one["cpus"]] == [1] and one["messages"] == dump.json("kernel lockup")["messages"]
    text = dump.gdb("kernel lockup 7", "kernel lockup", status=1)
    assert "lockup: 7? It takes no words" in text and ("this kernel has no detector of soft lockups" in text) == (dump.machine == "s390x")
