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
    assert "irq: 7? It takes no words" in text and "one of -a, -s, -d, -b at a time" in text and "-c goes with -s" in text
    assert {cpu["cpu"] for row in listed(dump, "-s -c 1").values() for cpu in row["counts"]} == {1}


def lettered(dump):
    """{name: (counts, or one number for all CPUs, the rest of the line)} of the record's lines without a number."""
    lines = dump.oracle.text("proc/interrupts").splitlines()
    found = {}
    for line in lines[1:]:
        if match := re.match(r"\s*([A-Za-z/]\w*/?\w*):((?:\s+\d+)+)(?:\s\s(.*))?$", line.rstrip()):
            found[match[1].upper()] = ([int(word) for word in match[2].split()], (match[3] or "").strip())
    return found


def test_what_has_no_number(dump):
    """Each line of the record is there by its name, and since then has only grown; what the kernel leaves out there may be more."""
    ours = {row["name"].upper(): row for row in dump.json("kernel irq -s")["machine"]}
    theirs = lettered(dump)
    # Machine checks are counted in variables of another kind where the kernel was built with more of them.
    assert set(theirs) <= set(ours) and len(theirs) >= 8, set(theirs) - set(ours)
    same = 0
    for name, (counts, text) in theirs.items():
        row = ours[name]
        mine = [cpu["count"] for cpu in row["counts"]] or [row["count"]]
        assert len(mine) == len(counts) and all(one >= other for one, other in zip(mine, counts)), name
        same += mine == counts
        assert not text or row["description"].split() == text.split()
    assert same >= len(theirs) // 2
    busy = {"amd64": "LOC", "i386": "LOC", "arm64": "IPI1", "s390x": "CLK"}[dump.machine]
    assert all(cpu["count"] > 100 for cpu in ours[busy]["counts"])


COUNTERS = """
long, offsets = gdb.lookup_type("unsigned long"), gdb.parse_and_eval("__per_cpu_offset")
def per_cpu(at, cpu):
    return (at.cast(long) + offsets[cpu].cast(long)).cast(at.type).dereference()
for cpu in range(4):
    if MACHINE in ("amd64", "i386"):
        stat = per_cpu(gdb.parse_and_eval("&irq_stat"), cpu)
        if any(field.name == "counts" for field in stat.type.strip_typedefs().fields()):
            info = gdb.parse_and_eval("irq_stat_info")
            for i in range(info.type.range()[1] + 1):
                print("COUNT", cpu, info[i]["symbol"].string(), int(stat["counts"][i]))
        else:
            for name, member in (("NMI", "__nmi_count"), ("LOC", "apic_timer_irqs"), ("RES", "irq_resched_count"), ("CAL", "irq_call_count"),
                                 ("TLB", "irq_tlb_count"), ("IWI", "apic_irq_work_irqs"), ("PMI", "apic_perf_irqs"), ("SPU", "irq_spurious_count")):
                print("COUNT", cpu, name, int(stat[member]))
    elif MACHINE == "s390x":
        for i in range(33):
            row = gdb.parse_and_eval(f"irqclass_sub_desc[{i}]")
            print("COUNT", cpu, row["name"].string(), int(per_cpu(gdb.parse_and_eval("&irq_stat"), cpu)["irqs"][int(row["irq"])]))
    else:
        for i in range(7):
            print("COUNT", cpu, f"IPI{i}", int(per_cpu(gdb.parse_and_eval(f"ipi_desc[{i}]->kstat_irqs"), cpu)))
"""


def test_counters_as_gdb_reads_them(dump):
    ours = {(row["name"], cpu["cpu"]): cpu["count"] for row in dump.json("kernel irq -s")["machine"] for cpu in row["counts"]}
    said = re.findall(r"^COUNT (\d) (\S+) (\d+)$", dump.python(f"MACHINE = {dump.machine!r}\n" + COUNTERS), re.M)
    assert len(said) >= 28 and all(ours[name, int(cpu)] == int(count) for cpu, name, count in said)


GATES = """
for i in range(256):
    gate = gdb.parse_and_eval(f"idt_table[{i}]")
    high = int(gate["offset_high"]) if any(field.name == "offset_high" for field in gate.type.strip_typedefs().fields()) else 0
    at = int(gate["offset_low"]) | int(gate["offset_middle"]) << 16 | high << 32
    print("GATE", i, int(gate["bits"]["p"]), int(gate["bits"]["type"]), int(gate["bits"]["dpl"]), int(gate["bits"]["ist"]), hex(at))
"""


def test_gates(dump):
    if dump.machine not in ("amd64", "i386"):
        assert "irq -d: this machine has no table of gates" in dump.gdb("kernel irq -d", status=1)
        return
    rows = dump.json("kernel irq -d")["gates"]
    ours = [(row["vector"], int(row["present"]), {"interrupt": 14, "trap": 15}.get(row["type"]) or int(row["type"] or 0), row["level"], row["stack"], row["address"])
            for row in rows if row["present"]]
    said = [(*map(int, words[:5]), words[5]) for words in re.findall(r"^GATE (\d+) (\d) (\d+) (\d) (\d) (\w+)$", dump.python(GATES), re.M)]
    assert len(rows) == len(said) == 256 and ours == [gate for gate in said if gate[1]] and len(ours) > 30
    handlers = {row["vector"]: row["handler"] for row in rows}
    assert "divide_error" in handlers[0] and "nmi" in handlers[2] and "page_fault" in handlers[14] and "int3" in handlers[3]
    assert {row["level"] for row in rows if row["vector"] == 3} == {3}


def test_bottom_halves(dump):
    there = {row["name"]: row["function"] for row in dump.json("kernel softirq")["softirqs"]}
    assert {row["name"]: row["function"] for row in dump.json("kernel irq -b")["softirqs"]} == there
    said = re.findall(r"^ACTION (\w+) (\w+)", dump.python("for i in range(10): a = int(gdb.parse_and_eval(f'softirq_vec[{i}].action')); "
                                                         "print('ACTION', gdb.parse_and_eval(f'softirq_to_name[{i}]').string(), "
                                                         "gdb.execute(f'info symbol {a}', to_string=True).split()[0] if a else None)"), re.M)
    assert len(said) == 10 and all((there[name] or "None") == function for name, function in said)
