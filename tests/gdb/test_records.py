"""log, sys and mod, held against dmesg, uptime, loadavg, uname and /proc/modules of the guest."""
import collections
import json
import math
import re

import pytest

from pokes import Poked


def recorded_dmesg(dump):
    """[(level, text line)] of `dmesg -r`; lines without a prefix continue the one before."""
    lines = []
    for line in dump.oracle.text("dmesg").splitlines():
        m = re.match(r"<(\d+)>\[ *(\d+)\.(\d+)\] (.*)", line)
        if m:
            lines.append((int(m[1]) & 7, int(m[2]) * 10**6 + int(m[3]), m[4]))
    return lines


def test_log_has_every_recorded_line_in_order(dump):
    records = []
    for r in dump.json("kernel log")["log"]:
        for line in r["text"].split("\n"):
            records.append((r["level"], r["timestamp_ns"] // 1000, line))
    recorded = recorded_dmesg(dump)
    assert len(recorded) > 100
    assert records[:len(recorded)] == recorded


def test_log_text_is_dmesg(dump):
    lines = dump.gdb("python print('=begin=')", "kernel log").split("=begin=\n", 1)[1].splitlines()
    recorded = [re.sub(r"^<\d+>", "", line) for line in dump.oracle.text("dmesg").splitlines()]
    assert lines[:50] == recorded[:50]


def test_log_options(dump):
    first = recorded_dmesg(dump)[0][2]
    t = dump.gdb("python print('=begin=')", "kernel log -t").split("=begin=\n", 1)[1].splitlines()
    assert t[0] == first
    m = dump.gdb("kernel log -m")
    assert re.search(rf"^<{recorded_dmesg(dump)[0][0]}>.*{re.escape(first)}$", m, re.M)
    year = re.search(r"20\d\d", dump.gdb("kernel log -T"))
    assert year


def test_sys(dump):
    text = dump.gdb("kernel sys")
    uname = dump.oracle.text("uname").split()
    assert re.search(rf"RELEASE: {re.escape(dump.info['release'])}$", text, re.M)
    assert re.search(rf"NODENAME: {re.escape(uname[1])}$", text, re.M)
    assert re.search(rf"CPUS: {dump.info['smp']}\b", text)
    got = dump.json("kernel sys")["system"]
    uptime = float(dump.oracle.text("proc/uptime").split()[0])
    # Not before the last thing that it logged, whose clock may be some milliseconds off; and the rig gives no guest more time.
    logged = max(r["timestamp_ns"] for r in dump.json("kernel log")["log"]) / 1e9
    passed = got["uptime_ns"] / 1e9 - uptime
    assert max(uptime, logged - 0.1) <= got["uptime_ns"] / 1e9 and passed < 600 + 60 * int(dump.info["smp"])
    # What was ready to run, or waited uninterruptibly, pulled the average of 15 minutes towards its number as time passed.
    recorded = float(dump.oracle.text("proc/loadavg").split()[2])
    waiting = sum(t["state"] in ("RU", "UN") for t in dump.json("kernel ps")["tasks"] if t["pid"])
    left = math.exp(-passed / 900)
    assert recorded * left - 0.05 <= got["load_15"] <= recorded * left + (waiting + 2) * (1 - left) + 0.05


def test_taint(dump):
    """vmcore_rig is an unsigned module built outside of the kernel's tree."""
    text = dump.gdb("kernel sys")
    assert re.search(r"TAINTED: .*O.*out-of-tree", text)
    assert re.search(r"^\s+E\b.*unsigned", text, re.M)


def test_panic_message(dump):
    text = dump.gdb("kernel sys")
    if dump.scenario == "sysrq":
        assert re.search(r"PANIC: .*sysrq triggered crash", text)
    elif dump.scenario == "oops":
        assert re.search(r"PANIC: .*(Fatal exception|NULL pointer dereference)", text)
    elif dump.scenario == "nmi":
        assert re.search(r"PANIC: .*NMI", text)
    else:
        assert "sysrq triggered crash" not in text


def test_system_calls(dump):
    assert re.search(r"^\s*0\s+.*\bread\b", dump.gdb("kernel sys -c"), re.M) or \
        re.search(r"sys_read\b", dump.gdb("kernel sys -c"))


def recorded_modules(dump):
    """{name: (size, refcount, [used by], permanent)} of /proc/modules."""
    modules = {}
    for line in dump.oracle.text("proc/modules").splitlines():
        name, size, count, users, state, *_ = line.split()
        users = [user for user in users.split(",") if user and user != "-"]
        modules[name] = (int(size), int(count), [u for u in users if u != "[permanent]"], "[permanent]" in users)
    return modules


def test_modules(dump):
    got = {m["name"]: m for m in dump.json("kernel mod")["modules"]}
    recorded = recorded_modules(dump)
    assert set(got) == set(recorded) and len(recorded) > 8
    for name, (size, count, users, permanent) in recorded.items():
        assert got[name]["size"] == size, name
        assert sorted(filter(None, (got[name]["used_by"] or "").split(","))) == sorted(users), name
        assert got[name]["permanent"] == permanent, name


def test_module_sections(dump):
    """gdb has a module's functions where /sys/module/NAME/sections says its .text is."""
    text = dump.gdb("info sharedlibrary")
    for name in recorded_modules(dump):
        assert f"/{name}.ko" in text, name


def test_modules_symbols_types_and_lines(dump):
    """A module of the kernel's package, and the rig's own, which is beside the dump."""
    out = dump.gdb("kernel mod -s veth", "info line *veth_open", "print sizeof(struct veth_priv)",
                   "info symbol veth_open", "kernel mod -s vmcore_rig", "info line *rig_spin")
    assert re.search(r'Line \d+ of ".*drivers/net/veth.c" starts at address .* <veth_open>', out), out
    assert re.search(r"\$1 = [1-9]\d+", out)
    assert re.search(r"veth_open in section \.text", out)
    assert re.search(r'Line \d+ of ".*states.c" starts at address .* <rig_spin>', out), out


def test_a_module_is_found_by_address_first(dump):
    """As in a backtrace: gdb must map the address to a line before anyone named a function of the module."""
    address = dump.gdb("info address rig_spin").rpartition("0x")[2].split()[0].rstrip(".")
    out = dump.gdb("kernel mod -s vmcore_rig", f"info line *0x{address}")
    assert re.search(r'Line \d+ of ".*states.c"', out), out


def test_module_symbols_are_where_the_guest_had_them(dump):
    """Code and data of every module; since 6.4 a module's data may be below its code, far away."""
    lines = [line.split() for line in dump.oracle.text("proc/kallsyms").splitlines()]
    every = collections.Counter(word for address, _, name, *_ in lines for word in (address, name))
    found = {}
    for address, letter, name, *module in lines:
        if module and letter in "tTdDbB" and every[address] == every[name] == 1 and re.fullmatch(r"[a-z][a-z_0-9]+", name):
            found.setdefault((module[0], letter.upper()), []).append((name, int(address, 16)))
    symbols = [symbol for some in found.values() for symbol in some[:3]]
    assert len(symbols) > 20
    out = dump.gdb(*[f"info symbol {address:#x}" for _, address in symbols])
    for name, _ in symbols:
        assert re.search(rf"^{name} in section ", out, re.M), name


def test_modules_without_debug_files_have_names(dump):
    out = dump.gdb("info symbol veth_open")
    assert "veth_open in section .text" in out


AUDIT = """import gdb
def at(text): return int(gdb.parse_and_eval("(unsigned long)" + text)) & ((1 << 64) - 1)
print("AT", at("&audit_queue"), at("&audit_hold_queue"), at("&audit_retry_queue"), at("&__log_buf"), at("&((struct sk_buff *)0)->data"),
      at("&((struct sk_buff *)0)->len"), gdb.parse_and_eval("audit_queue.qlen + audit_hold_queue.qlen + audit_retry_queue.qlen"))
"""


@pytest.mark.every_machine
@pytest.mark.scenario("sysrq", "qemu")
@pytest.mark.once
def test_audit_records_that_wait(dump):
    """As many as the queues' own counters say, by gdb; and, in a copy, two that are put into them and one that leads nowhere."""
    queue, hold, retry, free, data, length, count = map(int, dump.python(AUDIT).split("AT ")[1].split())
    assert len(dump.json("kernel log -a")["audit"]) == count
    assert count or "no audit record waits" in dump.gdb("kernel log -a")
    texts = [b"audit(1790000000.123:4): syscall=59 comm=\"busybox\"", b"audit(1790000000.124:5): \xff and more"]
    with Poked(dump) as copy:
        order = "little" if copy.order == "<" else "big"
        word = copy.bits // 8
        places = [free, free + 0x1000]
        for skb, text, head in zip(places, texts, (queue, hold)):
            copy.write_word(skb, head)
            copy.write_word(head, skb)
            copy.write_word(skb + data, skb + 0x800)
            copy.write(skb + length, (16 + len(text)).to_bytes(4, order))
            copy.write(skb + 0x800, (16 + len(text)).to_bytes(4, order) + (1300).to_bytes(2, order) + bytes(10) + text)
        copy.write_word(retry, 1 << 62 if dump.machine == "s390x" else 8)      # its lowcore is at 0
        output = dump.gdb("kernel log -a", "kernel log -a -j", vmcore=copy.save(), status=1)
    assert f"type=1300 {texts[0].decode()}\ntype=1300 " in output and "not all could be read" in output
    rows = json.loads(next(line for line in output.splitlines() if line.startswith("{")))["audit"]
    assert [(r["queue"], int(r["skb"], 16), r["text"].encode(errors="replace")[:20]) for r in rows] == \
        [("waiting", places[0], texts[0][:20]), ("held", places[1], texts[1][:20])]
