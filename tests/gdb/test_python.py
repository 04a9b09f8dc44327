"""Python's module vmcore, held against what the guest recorded of itself, and against `kernel COMMAND -j`."""
import functools
import json
import re

import pytest

from conftest import as_json, pc_name, sp_name
from test_records import recorded_dmesg
from test_stacks import is_subsequence
from test_tasks import TRANSIENT, recorded

pytestmark = pytest.mark.once

# The machines that these were run on.
held = pytest.mark.machine("amd64", "arm64")

EVERYTHING = """
import gdb, json, vmcore
print(json.dumps({
    "tasks": [{**{k: getattr(t, k) for k in ("pid", "tgid", "ppid", "comm", "state", "cpu", "kernel_thread", "address")},
               "value": int(t.value), "type": str(t.value.type), "value_pid": int(t.value["pid"]),
               "stack": [(f.pc, f.function, f.offset, f.module) for f in t.stack()]} for t in vmcore.tasks()],
    "cpus": [(c.number, c.online, c.panicked, c.task.pid, c.registers, c.registers_source) for c in vmcore.cpus()],
    "modules": [(m.name, m.address, m.size, m.build_id, str(m.value.type), m.value["name"].string(), m.refcount)
                for m in vmcore.modules()],
    "log": [(r.level, r.timestamp_ns, r.text) for r in vmcore.log()],
    "system": vmcore.system().release,
    "one": vmcore.task(1).comm,
}))
"""


@functools.lru_cache(maxsize=None)
def everything(dump):
    return json.loads(dump.python(EVERYTHING))


@held
def test_tasks(dump):
    tasks = {t["pid"]: t for t in everything(dump)["tasks"] if t["pid"]}
    for tid, task in recorded(dump).items():
        got = tasks[tid]
        assert got["tgid"] == task.tgid and got["comm"] == as_json(task.comm)
        assert got["kernel_thread"] == (task.tid == 2 or task.ppid == 2)
    assert not [t["comm"] for pid, t in tasks.items()
                if pid not in dump.oracle.tasks and not TRANSIENT.match(t["comm"].encode())]
    for t in everything(dump)["tasks"]:
        assert t["value"] == t["address"] and t["value_pid"] == t["pid"] and t["type"] == "struct task_struct *"
    assert everything(dump)["one"] == "init"


@held
def test_stacks(dump):
    checked = 0
    for t in everything(dump)["tasks"]:
        task = dump.oracle.tasks.get(t["pid"])
        if task and task.stack and dump.has_slept_since(task):
            names = [name for _, name, _, _ in t["stack"]]
            assert is_subsequence(task.stack, names), (t["comm"], task.stack, names)
            checked += 1
    assert checked > 50
    zombies = [t for t in everything(dump)["tasks"] if t["state"] == "ZO"]
    assert zombies and not any(t["stack"] for t in zombies)


@held
def test_cpus(dump):
    cpus = everything(dump)["cpus"]
    assert [c[0] for c in cpus] == list(range(int(dump.info["smp"])))
    assert all(online for _, online, *_ in cpus)
    if dump.scenario in ("sysrq", "oops"):
        assert [pid for _, _, panicked, pid, *_ in cpus if panicked] == [1]
    for number, _, _, pid, registers, source in cpus:
        assert source == "cpu-note" and registers[pc_name(dump)] and registers[sp_name(dump)]
    threads = dump.gdb(*(f"thread apply {n + 1} -q print/x ${sp_name(dump)}" for n in range(len(cpus))))
    assert [hex(c[4][sp_name(dump)]) for c in cpus] == [line.split("= ")[1] for line in threads.splitlines() if line.startswith("$")]


@held
def test_modules(dump):
    lines = [line.split() for line in dump.oracle.text("proc/modules").splitlines()]
    got = {name: (size, kind, again) for name, _, size, _, kind, again, _ in everything(dump)["modules"]}
    assert {(line[0], int(line[1])) for line in lines} == {(name, size) for name, (size, _, _) in got.items()}
    assert all(kind == "struct module *" and again == name for name, (_, kind, again) in got.items())
    sizes = {name: len(build_id) for name, _, _, build_id, *_ in everything(dump)["modules"]}
    assert set(sizes.values()) == {40}


@held
def test_log_and_system(dump):
    records = [(level, ns // 1000, line) for level, ns, text in everything(dump)["log"] for line in text.split("\n")]
    dmesg = recorded_dmesg(dump)
    assert len(dmesg) > 100 and records[:len(dmesg)] == dmesg
    assert everything(dump)["system"] == dump.info["release"]


def test_run_is_what_json_prints(dump):
    for command in ("ps -k", "mod", "sys", "bt 1", "log -l err"):
        printed = json.loads(dump.python(f"import json, vmcore\nprint(json.dumps(vmcore.run('kernel {command}')))"))
        assert printed == dump.json(f"kernel {command}", attached=True)


def test_run_says_that_it_is_a_part(dump):
    """What in a shell is the status."""
    out = dump.python('''
import vmcore
for command in "ps 1", "ps 1 4000001", "sym init_task nothing_of_this_name", "sym init_task":
    print(command, "|", vmcore.run(command).get("incomplete"))
''')
    said = dict(line.split(" | ") for line in out.splitlines() if " | " in line)
    assert said["ps 1"] == said["sym init_task"] == "None"
    assert "no task has the PID 4000001" in said["ps 1 4000001"] and "nothing_of_this_name" in said["sym init_task nothing_of_this_name"]


def test_numbers(dump):
    """What has more than 64 bits is no address and no pid, whatever its last 64 bits are."""
    out = dump.python("""
import vmcore
for call in (lambda: vmcore.task(1 << 70), lambda: vmcore.task((1 << 64) + 1), lambda: vmcore.task(1.5), lambda: vmcore.read(1 << 64, 8),
             lambda: vmcore.read(-1 << 70, 8)):
    try: print(call())
    except (OverflowError, TypeError) as e: print(type(e).__name__)
address = int(vmcore.task(1).address)
print(vmcore.read(address - (1 << 64), 8) == vmcore.read(address, 8))
""").split()
    assert out == ["OverflowError", "OverflowError", "TypeError", "OverflowError", "OverflowError", "True"]


def test_memory(dump):
    out = dump.python("""
import gdb, vmcore
banner = vmcore.read(gdb.parse_and_eval("(unsigned long)&linux_banner"), 300)
print(repr(banner.split(b"\\n")[0].decode()))
def attempt(call):
    try:
        return call()
    except vmcore.MissingMemory as e:
        return f"{isinstance(e, gdb.MemoryError)} {e}"
print(attempt(lambda: vmcore.read(0xffff000000000000, 8)))
print(attempt(lambda: vmcore.read(1 << 50, 8, physical=True)))
print(len(vmcore.read(address=gdb.parse_and_eval("&_text"), size=5000000)), vmcore.read(int(gdb.parse_and_eval("&_text")), 0))
""").splitlines()
    assert out[0][1:-1] == dump.oracle.text("proc/version").strip()
    assert re.match("True .*(not mapped|not a valid address: not canonical with 4 levels)", out[1])
    assert out[2].startswith("True ") and "does not exist" in out[2]
    assert out[3] == "5000000 b''"


@held
def test_memory_of_a_process(dump):
    """The role "memory" wrote "rig user page N" at a fixed address of its own, and left a page out."""
    pid, base = dump.pid("memory"), int(dump.info["memory.base"], 16)
    page = int(dump.info["memory.hole"])    # that page was never touched
    out = dump.python(f"""
import vmcore
task = vmcore.task({pid})
for address in {base}, {base} + 4096 * {page}:
    try:
        print(task.read(address, 15))
    except vmcore.MissingMemory as e:
        print(e)
print(task.read(int(task.value), 8) == vmcore.read(task.address, 8))
""").splitlines()
    assert out[0] == "b'rig user page 0'"
    assert "not mapped" in out[1]
    assert out[2] == "True"


def test_wrong_use_raises_and_nothing_crashes(dump):
    out = dump.python("""
import gdb, vmcore
def attempt(call):
    try:
        print("no exception", call())
    except (gdb.GdbError, gdb.error, AttributeError, TypeError, ValueError, MemoryError, OverflowError) as e:
        print(type(e).__name__, e)
for call in (lambda: vmcore.task(4000000), lambda: vmcore.task(-1), lambda: vmcore.task("x"), lambda: vmcore.task(),
             lambda: vmcore.run("nonsense"), lambda: vmcore.run(""), lambda: vmcore.run("ps -Z"), lambda: vmcore.run(5),
             lambda: vmcore.read(0xffffffff81000000, -1), lambda: vmcore.read(0xffffffff81000000, 1 << 62),
             lambda: vmcore.read(0x400000, 4), lambda: vmcore.Task().value, lambda: vmcore.Task().stack(),
             lambda: vmcore.CPU().task, lambda: repr(vmcore.Module())):
    attempt(call)
""")
    assert "no exception" not in out and len(out.splitlines()) == 15


def test_objects_of_a_closed_dump(dump):
    """What they know stays; what they would have to read does not come from another dump."""
    out = dump.python(f"""
import gdb, vmcore
task, module, cpu, record = vmcore.task(1), vmcore.modules()[0], vmcore.cpus()[0], vmcore.log()[0]
cache, walk = vmcore.slab_caches()[0], vmcore.list_for_each(gdb.parse_and_eval("&init_task.tasks"), "task_struct", "tasks")
before = record.text
def attempts():
    for call in (lambda: task.value, task.stack, lambda: task.read(0, 1), lambda: module.value, lambda: cpu.task,
                 task.vmas, task.files, task.mounts, cache.objects, lambda: next(walk)):
        try:
            print("no exception", call())
        except gdb.GdbError as e:
            print(e)
gdb.execute("detach")
attempts()
for call in vmcore.tasks, vmcore.cpus, vmcore.modules, vmcore.log, vmcore.system, lambda: vmcore.read(0, 1):
    try:
        print("no exception", call())
    except gdb.GdbError as e:
        print(e)
gdb.execute("target vmcore {dump.vmcore}", to_string=True)
attempts()
print("still", task.comm, len(before) > 10 and record.text == before == vmcore.log()[0].text, vmcore.task(1).value["pid"])
""")
    assert out.count("this is of a dump that was closed") == 20
    assert out.count("no kernel dump is open") == 6
    assert "still init True 1" in out
    assert "no exception" not in out


def test_help(dump):
    text = dump.gdb("help kernel python", "python import vmcore; print(vmcore.__doc__)")
    functions = {"tasks", "task", "cpus", "modules", "log", "system", "read", "run", "slab_caches", "runqueues", "timers", "locks", "pages",
                 "list_for_each", "list_for_each_reverse", "hlist_for_each", "rbtree_for_each", "xarray_for_each", "maple_for_each"}
    for name in functions:
        assert len(re.findall(rf"(?<!\w){name}\b", text)) >= 2, name
    names = dump.python("import vmcore\nprint(*(n for n in dir(vmcore) if not n.startswith('_')))").split()
    assert set(names) == functions | {"MissingMemory", "Task", "Frame", "Stack", "CPU", "Module", "LogRecord", "System", "List", "Walk", "SlabCache",
                                      "SlabObject", "VMA", "File", "Mount", "RunQueue", "Timer", "Wait"}
    undocumented = dump.python("import vmcore\nprint(*(n for n in dir(vmcore) if not n.startswith('_') and not getattr(vmcore, n).__doc__))")
    assert not undocumented.split()
