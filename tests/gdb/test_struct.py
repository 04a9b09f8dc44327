"""`kernel struct`, `eval` and `ascii`: gdb's own ptype and print, and the guest's record, say the same of the same memory."""
import functools
import json
import re
import struct

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]

TYPES = ["list_head", "page", "task_struct", "file_operations", "rq", "dentry", "kuid_t"]


def flat(members):
    for member in members:
        yield member
        yield from flat(member.get("members", []))


@functools.lru_cache(maxsize=None)
def said(dump):
    """{command: what it printed}, all from one gdb."""
    commands = [f"kernel struct -j {name}" for name in TYPES]
    for name in TYPES:
        full = name if name.endswith("_t") else f"struct {name}"
        commands += [f"ptype /o {full}", f"print sizeof({full})"]
    commands += ["kernel struct -j task_struct.pid,comm,se.vruntime,sched_reset_on_fork,comm[2] init_task",
                 "print init_task.comm", "print &((struct task_struct *)0)->se.vruntime",
                 "kernel struct -j rq.cpu,nr_running runqueues:a", "kernel p -j runqueues.nr_running:a",
                 "kernel struct -j list_head modules", "print/r modules",
                 "kernel struct -j list_head modules 3", "kernel struct -j list_head modules -c -3",
                 "kernel struct -j -r list_head modules", "kernel rd -j modules 2", "kernel struct -j -o list_head modules",
                 "kernel struct -j -p task_struct.parent,comm,mm init_task", "print &init_task", "print init_task.parent->pid",
                 "kernel struct -j task_struct.pid,comm -l task_struct.tasks (init_task.tasks.next)",
                 "kernel struct -o list_head", "kernel *list_head.next modules", "kernel * list_head modules", "kernel union list_head modules",
                 "kernel eval -j init_task + 4k", "kernel eval -j sizeof(struct page) * 3", "print sizeof(struct page) * 3",
                 "complete kernel struct list_hea"]
    script = dump.gdb(*[word for c in commands for word in ("python print('\\n=command=')", c)])
    return dict(zip(commands, [part.strip("\n") for part in script.split("=command=\n")[1:]], strict=True))


def result(dump, command):
    text = said(dump)[command]
    return json.loads(text.splitlines()[-1]) if " -j" in command else text


def value_of(dump, command):
    return re.search(r"\$\d+ = (.*)", result(dump, command), re.S)[1]


def test_layouts_are_gdbs(dump):
    """Each line of ptype /o that has an offset is a member of ours, in the same order, with the same size and bits."""
    for name in TYPES:
        full = name if name.endswith("_t") else f"struct {name}"
        (ours,) = result(dump, f"kernel struct -j {name}")["types"]
        assert ours["size"] == int(value_of(dump, f"print sizeof({full})")) and ours["type"] == full
        theirs = {}
        # A union's members have a size and no offset; a structure's both. Members of structures with a tag are gone into as well: left out.
        for offset, bit, size, rest in re.findall(r"^/\* +(\d+)(?:: *(\d+))? +\| +(\d+) \*/ {4}(\S.*);$", result(dump, f"ptype /o {full}"), re.M):
            theirs.setdefault(re.sub(r"\s+", " ", rest), (int(offset), int(size)))
        top = {member["name"]: member for member in ours["members"] if member["name"]}
        for declaration, (offset, size) in theirs.items():
            found = re.search(r"\(\*+(\w+)|(\w+)(?:\[\d*\])*(?: : \d+)?$", declaration)
            member = top[found[1] or found[2]]
            assert (member["offset"], member["size"]) == (offset, size), (name, declaration)
        assert theirs and all(m["offset"] + m["size"] <= ours["size"] or m["bit_size"] for m in flat(ours["members"]))


def test_values_are_gdbs(dump):
    (entry,) = result(dump, "kernel struct -j task_struct.pid,comm,se.vruntime,sched_reset_on_fork,comm[2] init_task")["structures"]
    values = {v["member"]: v["value"] for v in entry["values"]}
    assert values["pid"] == "0" and values["comm"] == value_of(dump, "print init_task.comm")
    assert values["comm[2]"].startswith("97 'a'") and values["sched_reset_on_fork"] == "0"
    (entry,) = result(dump, "kernel struct -j list_head modules")["structures"]
    assert re.sub(r"\s+", " ", entry["value"]).replace("{ ", "{").replace(" }", "}") == value_of(dump, "print/r modules")
    (pointers,) = result(dump, "kernel struct -j -p task_struct.parent,comm,mm init_task")["structures"]
    parent, comm, mm = pointers["values"]
    assert parent["type"] == "struct task_struct *" and f"\n  pid = {value_of(dump, 'print init_task.parent->pid')},\n" in parent["target"]
    assert comm["type"] == "char [16]" and comm["target"] is None and mm["value"].endswith("0x0") and mm["target"] is None


def test_cpus(dump):
    entries = result(dump, "kernel struct -j rq.cpu,nr_running runqueues:a")["structures"]
    values = {row["cpu"]: row["value"] for row in result(dump, "kernel p -j runqueues.nr_running:a")["values"]}
    assert {e["cpu"]: e["values"][1]["value"] for e in entries} == values
    assert all(int(e["values"][0]["value"]) == e["cpu"] for e in entries)


def test_arrays_raw_and_embedded(dump):
    size = 2 * (4 if dump.machine == "i386" else 8)
    (one,) = result(dump, "kernel struct -j list_head modules")["structures"]
    after = result(dump, "kernel struct -j list_head modules 3")["structures"]
    before = result(dump, "kernel struct -j list_head modules -c -3")["structures"]
    at = int(one["address"], 16)
    assert [int(e["address"], 16) for e in after] == [at, at + size, at + 2 * size] and after[0] == one == before[2]
    assert [int(e["address"], 16) for e in before] == [at - 2 * size, at - size, at]
    (raw,) = result(dump, "kernel struct -j -r list_head modules")["structures"]
    assert raw["memory"] == result(dump, "kernel rd -j modules 2")["memory"]
    (placed,) = result(dump, "kernel struct -j -o list_head modules")["structures"]
    assert [int(m["address"], 16) for m in placed["members"]] == [at, at + size // 2]
    (init,) = result(dump, "kernel struct -j task_struct.pid,comm -l task_struct.tasks (init_task.tasks.next)")["structures"]
    assert init["values"][0]["value"] == "1" and init["values"][1]["value"].startswith('"init"')


def test_spellings(dump):
    word = 4 if dump.machine == "i386" else 8
    assert result(dump, "kernel struct -o list_head").splitlines()[-4:] == [
        "struct list_head {", "     [0] struct list_head *next;", f"     [{word}] struct list_head *prev;", f"}}  SIZE: {2 * word}"]
    both = [result(dump, c) for c in ("kernel * list_head modules", "kernel union list_head modules")]
    assert both[0] == both[1] and "prev = 0x" in both[0] and "  next = 0x" in result(dump, "kernel *list_head.next modules")
    assert "kernel struct list_head" in result(dump, "complete kernel struct list_hea").splitlines()


def test_eval(dump):
    symbol = int(dump.json("kernel sym init_task")["symbols"][0]["address"], 16)
    assert int(result(dump, "kernel eval -j init_task + 4k")["value"]["hexadecimal"], 16) == symbol + 4096
    assert result(dump, "kernel eval -j sizeof(struct page) * 3")["value"]["decimal"] == int(value_of(dump, "print sizeof(struct page) * 3"))


def test_errors(dump):
    text = dump.gdb("kernel struct", "kernel struct nonsense", "kernel struct u32", "kernel struct task_struct.nonsense init_task",
                    "kernel struct list_head.next.nonsense", "kernel struct list_head 10", "kernel struct list_head runqueues",
                    "kernel struct list_head modules:1", "kernel struct list_head modules 0", "kernel struct -c 3 list_head",
                    "kernel struct .x", "kernel struct list_head.", "kernel struct -u list_head 0", status=1)
    for part in ("struct: which one?", 'is called "nonsense"', "u32 is neither a structure nor a union", 'has no member "nonsense"',
                 "list_head.next.nonsense is no member, or one behind a pointer", "runqueues:a is all of them", "modules is not a per-CPU variable",
                 'COUNT is a number from 1 to 1048576, or from -1 to -1048576, not "0"', "at which address?"):
        assert part in text


@pytest.mark.every_machine
@pytest.mark.once
def test_offset_in_the_dumps_file(dump):
    """-f: the file's own program headers say where physical memory is."""
    path = next((dump.directory / n for n in ("vmcore.elf", "vmcore.qemu-elf") if (dump.directory / n).exists()), None)
    if not path:
        pytest.skip("no ELF dump")
    physical = int(next(row for row in dump.json("kernel vtop init_task")["translations"])["physical"], 16)
    wanted = None
    with open(path, "rb") as file:
        header = file.read(64)
        order = "<" if header[5] == 1 else ">"
        wide = header[4] == 2
        (at,), (size, count) = (struct.unpack_from(order + "Q", header, 32), struct.unpack_from(order + "HH", header, 54)) if wide else \
            (struct.unpack_from(order + "I", header, 28), struct.unpack_from(order + "HH", header, 42))
        for i in range(count):
            file.seek(at + i * size)
            data = file.read(size)
            if wide:
                kind, _, offset, _, start, inside = struct.unpack_from(order + "IIQQQQ", data)
            else:
                kind, offset, _, start, inside = struct.unpack_from(order + "IIIII", data)
            if kind == 1 and start <= physical < start + inside:
                wanted = offset + physical - start
    assert wanted
    out = dump.gdb(f"kernel struct -f task_struct.pid,comm {wanted:x}", "kernel struct -f list_head ffffffffffffff", vmcore=path)
    assert re.search(r'pid = 0\n  comm = "swapper', out), out
    assert "the dump's file has no memory" in out
    if dump.scenario == "sysrq":
        assert "memory is compressed" in dump.gdb("kernel struct -f list_head 10", status=1)
