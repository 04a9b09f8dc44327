"""
The kernel log where a record of it is damaged: the others are as the guest has recorded them, and of that one what can be known.

The guest's own dmesg says what is right.
"""
import json
import re

import pytest

from conftest import run_gdb
from pokes import Poked
from test_records import recorded_dmesg

pytestmark = [pytest.mark.every_machine, pytest.mark.once, pytest.mark.scenario("sysrq", "qemu")]


def find(dump, places):
    """The ring's places are expressions of gdb's."""
    code = "import gdb\nprint(*(int(gdb.parse_and_eval('&' + e)) for e in %r))" % (places,)
    return [int(word) for word in dump.python(code).split("\n")[-2].split()]


def numbered(dump):
    """Of the first records: number: text, as the guest had them. Records begin with 0, and the ring has not gone round."""
    lines = [(level, text) for level, _, text in recorded_dmesg(dump)]
    records = dump.json("kernel log")["log"]
    at = 0
    for record in records[:200]:
        for line in record["text"].split("\n"):
            assert (record["level"], line) == lines[at]
            at += 1
    assert [r["seq"] for r in records] == list(range(records[0]["seq"], records[0]["seq"] + len(records)))
    return records


def test_one_record(dump):
    """Its number, its time and its length; two descriptors that say they are free and another's."""
    right = numbered(dump)
    # Of more than one line none: the length of such a one is not to be known.
    # And none that is near the ring's oldest: what is free there is as it should be.
    chosen = [r for r in right[100:200] if "\n" not in r["text"] and len(r["text"]) > 30][:6]
    number, time, long, none, free, other = (r["seq"] for r in chosen)
    ring = "prb->desc_ring."
    count = 1 << int(dump.gdb("output prb->desc_ring.count_bits").splitlines()[-1])
    assert len(right) < count
    where = find(dump, [f"{ring}infos[{number % count}].seq", f"{ring}infos[{time % count}].ts_nsec", f"{ring}infos[{long % count}].text_len",
                        f"{ring}infos[{none % count}].text_len", f"{ring}descs[{free % count}].state_var", f"{ring}descs[{other % count}].state_var"])
    with Poked(dump) as copy:
        copy.locate(*where)
        copy.write_word(where[0], 0xdeadbeef00, 8)
        copy.write_word(where[1], 0x6b6b6b6b6b6b6b6b, 8)
        copy.write_word(where[2], 60000, 2)
        copy.write_word(where[3], 0, 2)
        copy.write_word(where[4], 3 << copy.bits - 2 | copy.read_word(where[4]))
        copy.write_word(where[5], copy.read_word(where[5]) ^ 0x1000)
        text = run_gdb(dump.vmlinux, copy.save(), ["kernel log", "echo =begin=\\n", "kernel log -j", "kernel sys"], status=None)
    shown, found = text.split("=begin=\n")
    found = json.loads(next(line for line in found.splitlines() if line.startswith("{")))
    damaged = {r["seq"]: r for r in found["log"]}
    lost = {free, other}
    assert sorted(damaged) == [r["seq"] for r in right if r["seq"] not in lost]
    for record in right:
        if record["seq"] in lost:
            continue
        got = damaged[record["seq"]]
        if record["seq"] == time:
            assert got["timestamp_ns"] is None and got["time"] is None
            got = {**got, "timestamp_ns": record["timestamp_ns"], "time": record["time"]}
        if record["seq"] in (long, none):
            # Where its level stood in front the end of the text is there twice; nothing tells it from a text that ends so.
            assert record["text"].startswith(got["text"]) and len(record["text"]) - len(got["text"]) in (0, 2)
            got = {**got, "text": record["text"]}
        assert got == record
    assert re.search(r"^\[ +-\] ", shown, re.M)
    notes = " ".join(found["notes"])
    assert "2 records of the log could not be read; the first: the descriptor of record" in notes
    assert "4 records of the log are damaged; the first: record" in notes


def test_why_it_died_is_known(dump):
    """A damaged time makes no secret of it."""
    right = dump.json("kernel sys")["system"]
    last = dump.json("kernel log")["log"][-1]["seq"]
    count = 1 << int(dump.gdb("output prb->desc_ring.count_bits").splitlines()[-1])
    where, = find(dump, [f"prb->desc_ring.infos[{last % count}].ts_nsec"])
    with Poked(dump) as copy:
        copy.write_word(where, ~0, 8)
        path = copy.save()
        found = json.loads(next(line for line in run_gdb(dump.vmlinux, path, ["kernel sys -j"], status=0).splitlines() if line.startswith("{")))
        run_gdb(dump.vmlinux, path, ["kernel log"], status=1)
    assert found["system"]["panic"] == right["panic"]


def test_a_clock_that_no_machine_has(dump):
    """The timekeeper's poison is not 250 years; the ticks tell the time then."""
    right = dump.json("kernel sys")["system"]
    if "timekeeper_data" in dump.gdb("info variables -q ^timekeeper_data$"):
        where, = find(dump, ["timekeeper_data[0].timekeeper.tkr_mono.base"])
    else:       # it ends tk_core, which has no type in some kernels
        keeper = dump.gdb("print sizeof(tk_core)", "print sizeof(struct timekeeper)").split()
        sizes = [int(keeper[i + 1]) for i, word in enumerate(keeper) if word == "="]
        where, base = find(dump, ["tk_core", "((struct timekeeper *)0)->tkr_mono.base"])
        where += sizes[0] - sizes[1] + base
    with Poked(dump) as copy:
        copy.write_word(where, 0x6b6b6b6b6b6b6b6b, 8)
        text = run_gdb(dump.vmlinux, copy.save(), ["kernel sys", "kernel sys -j"])
    found = json.loads(next(line for line in text.splitlines() if line.startswith("{")))["system"]
    # Ticks are what they were told to count: a guest's may be late by seconds. It says that it counted.
    assert found["uptime_ns"] is None or abs(found["uptime_ns"] - right["uptime_ns"]) < 30e9 and "inferred from counted ticks" in text
    assert re.search("DATE: -$", text, re.M)
