"""What is true of the dumps of every machine but amd64, on which all other tests run. `tests/gdb/make-sets all` makes them;
gdb-multiarch is needed for what gdb itself does."""
import json
import re
import struct

import pytest

from conftest import run_gdb
from machines import functions, in_gdb, sleepers, stacks, walk
from pokes import Poked

# uname -m, the size of a long, and is this pc, as gdb has it, one of user space?
MACHINES = {
    "arm64": ("aarch64", 8, lambda pc: pc < 1 << 52),
    "i386": ("i686", 4, lambda pc: pc < 0xc0000000),
    "s390x": ("s390x", 8, lambda pc: pc >> 63),     # marked by a bit that no address has: the spaces overlap
}

pytestmark = pytest.mark.machine(*MACHINES)


def test_stacks_of_sleepers(dump):
    """Down to the system call or the thread's start, as the guest's own /proc/PID/stack."""
    seen, compared = stacks(dump), 0
    for pid, recorded in sleepers(dump).items():
        found = functions(seen[pid])
        # The kernel begins with __switch_to or behind it.
        assert found[found.index(recorded[0]):][:len(recorded)] == recorded, pid
        compared += 1
    assert compared > 60


def test_every_stack_has_an_end(dump):
    """Nobody's stack is cut off."""
    for task in stacks(dump).values():
        assert task["complete"] or "has exited" in task["end"], task


def test_user_space_is_reached(dump):
    """At the end of a process's stack are its own registers."""
    ends = [stacks(dump)[pid]["frames"][-1] for pid in dump.roles & stacks(dump).keys() if stacks(dump)[pid]["frames"]]
    assert len(ends) > 30
    for frame in ends:
        assert frame["kind"] == "user" or frame["saved_registers"]["user"], frame


def test_tasks(dump):
    """Every process of the workload, by pid, name and parent."""
    shown = {task["pid"]: task for task in dump.json("kernel ps")["tasks"]}
    for pid in dump.roles:
        if pid in dump.oracle.tasks:
            assert shown[pid]["ppid"] == dump.oracle.tasks[pid].ppid
            assert shown[pid]["comm"].encode("latin-1", "replace")[:4] == dump.oracle.tasks[pid].comm[:4] or not dump.oracle.tasks[pid].comm.isascii()


@pytest.mark.scenario("sysrq", "qemu")
def test_a_cut_dump(dump, tmp_path):
    """Page tables lie at the end of memory, which is what a cut takes first: what is mapped linearly is read without them."""
    path = tmp_path / "vmcore"
    path.write_bytes(dump.vmcore.read_bytes()[:dump.vmcore.stat().st_size * 99 // 100])
    output = run_gdb(dump.vmlinux, path, ("kernel ps -j", "kernel sys -j"))
    tasks, system = (json.loads(line) for line in output.splitlines() if line.startswith("{"))
    whole = {task["task"]: (task["pid"], task["comm"]) for task in dump.json("kernel ps")["tasks"]}
    kept = {task["task"]: (task["pid"], task["comm"]) for task in tasks["tasks"]}
    assert kept.items() <= whole.items() and len(kept) > 0.9 * len(whole)
    assert system["system"]["panic"] == dump.json("kernel sys")["system"]["panic"]
    assert system["system"]["panic"] is not None or dump.scenario == "qemu"


def test_a_page_table_of_vmalloc_is_lost(dump):
    """What it maps is not known then: none of it is read as if it were of the direct map, which is read without tables."""
    addresses = [int(module["address"], 16) for module in dump.json("kernel mod")["modules"]]
    text = dump.gdb(*(f"kernel vtop -j {address:#x}" for address in addresses))
    tables = {}
    for address, line in zip(addresses, (line for line in text.splitlines() if line.startswith("{")), strict=True):
        found, = json.loads(line)["translations"]
        tables.setdefault(int(found["walk"][-1]["at"], 16) & -4096, []).append(address)
    table, lost = max(tables.items(), key=lambda one: len(one[1]))
    with Poked(dump) as copy:
        copy.exclude_physical(table)
        text = run_gdb(dump.vmlinux, copy.save(), [f"kernel rd -j {address:#x} 1" for address in addresses] + ["kernel mod -j"])
    missing = [address for address in addresses if f"{address:#x} cannot be translated: the" in text or f"{address:#x} is not mapped" in text]
    assert missing == lost, (text, list(map(hex, lost)))
    listed = json.loads(next(line for line in text.splitlines() if line.startswith('{"modules"')))["modules"]
    whole = {module["address"]: module["name"] for module in dump.json("kernel mod")["modules"]}
    assert {module["address"]: module["name"] for module in listed}.items() <= whole.items()


def test_what_is_calculated_is_said_to_be(dump):
    """vtop where a page table is lost: not the size of a page that nobody knows."""
    whole, = dump.json("kernel vtop linux_banner")["translations"]
    assert not whole["by_calculation"] and whole["page_size"]
    with Poked(dump) as copy:
        copy.exclude_physical(int(whole["walk"][-1]["at"], 16))
        text = run_gdb(dump.vmlinux, copy.save(), ["kernel vtop linux_banner", "kernel vtop linux_banner -j"])
    found, = json.loads(next(line for line in text.splitlines() if line.startswith("{")))["translations"]
    assert found["by_calculation"] and found["page_size"] is None and found["physical"] == whole["physical"]
    assert found["walk"] == whole["walk"][:-1]
    assert "PAGE SIZE: -" in text and "has been calculated" in text


def test_modules(dump):
    """Names and addresses of /proc/modules."""
    recorded = {}
    for line in dump.oracle.text("proc/modules").splitlines():
        fields = line.split()
        recorded[fields[0]] = int(fields[5], 16)
    shown = {module["name"]: int(module["base"], 16) for module in dump.json("kernel mod")["modules"]}
    assert shown == recorded


def test_log(dump):
    """dmesg as the guest read it, whole, at the start of ours."""
    recorded = [re.match(r"<(\d+)>\[ *(\d+)\.(\d+)\] (.*)", line).groups() for line in dump.oracle.text("dmesg").splitlines()]
    shown = [(str(8 * record["facility"] + record["level"]), str(record["timestamp_ns"] // 10**9),
              f"{record['timestamp_ns'] % 10**9 // 1000:06}", line)
             for record in dump.json("kernel log")["log"] for line in record["text"].split("\n")]
    assert len(recorded) > 100 and shown[:len(recorded)] == recorded


@in_gdb
@pytest.mark.scenario("sysrq", "qemu")
def test_who_waits_for_whom(dump):
    """The rig's task that waits for a mutex: which, and who has it, found on its stack. Where modules' data has no names in the dump
    it is not called after a function before it."""
    waiter, = (task for task in dump.json("kernel report")["blocked"] if task["pid"] == dump.pid("mutex_waiter"))
    assert f"rig_mutex at {waiter['lock']}" in dump.gdb("kernel mod -s vmcore_rig",
                                                       'printf "rig_mutex at %#lx\\n", &rig_mutex')
    assert [task["pid"] for task in waiter["waits_for"]] == [dump.pid("mutex_holder")]
    assert waiter["lock_name"] in (None, "rig_mutex [vmcore_rig]")


@pytest.mark.scenario("oops")
def test_oops(dump):
    """The functions of the rig's module that led to it, and what was interrupted: the first one, exactly."""
    task, = dump.json("kernel bt -p")["tasks"]
    found = functions(task)
    at = found.index("rig_oops_c")
    assert found[at:at + 3] == ["rig_oops_c", "rig_oops_b", "rig_oops_a"], found
    assert task["frames"][at]["kind"] == "interrupted" and task["frames"][at]["module"] == "vmcore_rig"
    assert task["complete"]


@pytest.mark.scenario("oops", "sysrq", "qemu", "qemu-panic")
def test_addresses_are_as_wide_as_the_machine(dump):
    """In text 8 digits on 32 bits, 16 on 64, as gdb and crash have them."""
    digits = 2 * MACHINES[dump.machine][1]
    shown = dump.gdb("kernel ps 1", "kernel bt 1")
    assert re.search(rf"^[> ]*1 +0 +\d+  [0-9a-f]{{{digits}}}  ", shown, re.M), shown
    frames = re.findall(r"^ *#\d+ \[([0-9a-f]+)\] .* at ([0-9a-f]+)", shown, re.M)
    assert frames and {len(address) for frame in frames for address in frame} == {digits}


# read, write and getpid by the numbers of each machine's asm/unistd.h.
SYSTEM_CALLS = {"arm64": (63, 64, 172), "i386": (3, 4, 20), "s390x": (3, 4, 20)}


def test_system_calls(dump):
    calls = {call["number"]: call["name"] for call in dump.json("kernel sys -c")["system_calls"]}
    assert [calls[number] for number in SYSTEM_CALLS[dump.machine]] == ["read", "write", "getpid"]
    assert 400 < len(calls) < 600


@in_gdb
def test_lines(dump):
    """Of system calls, and of sleepers' frames: those that gdb says, which reads the same file by itself."""
    calls = {call["name"]: call for call in dump.json("kernel sys -c read openat")["system_calls"]}
    assert re.fullmatch(r"fs/read_write\.c:\d+", calls["read"]["source"]) and re.fullmatch(r"fs/open\.c:\d+", calls["openat"]["source"])
    pid = min(sleepers(dump).keys() & dump.roles)
    task, = dump.json(f"kernel bt -l {pid}")["tasks"]
    frames = [frame for frame in task["frames"] if frame["kind"] == "call" and frame["line"]]
    assert len(frames) >= 4
    at = [int(frame["pc"], 16) - 1 for frame in frames]
    said = dump.gdb(*(f"info line *{address:#x}" for address in at))
    lines = re.findall(r'^(?:Line (\d+) of "([^"]+)"|No line .*)', said, re.M)
    assert len(lines) == len(frames)
    for frame, (line, path) in zip(frames, lines):
        # gdb names what was inlined there, the innermost.
        own = [each["line"] for each in frame.get("inlined") or []][:1] or [frame["line"]]
        assert own == [f"{path}:{line}"], frame
    # The line of the definition itself, not the end of the function before it.
    for name, path in (("read", "fs/read_write.c"), ("openat", "fs/open.c")):
        symbol = dump.json(f"kernel sym {calls[name]['address']}")["symbols"][0]["name"]
        defined = re.findall(rf"^(\d+):.*\b{symbol}\(", dump.gdb(f"info functions -n ^{symbol}$"), re.M)
        # s390x's is an alias, which DWARF does not have, and begins with its first line.
        defined = defined or re.findall(r"^Line (\d+) of", dump.gdb(f"info line *{calls[name]['address']}"), re.M)
        assert [calls[name]["source"]] == [f"{path}:{line}" for line in defined]


@in_gdb
def test_in_gdb(dump):
    """gdb's bt of sleepers: the same frames as ours, down to user space."""
    is_user, found = MACHINES[dump.machine][2], stacks(dump)
    pids = sorted(sleepers(dump).keys() & found.keys())
    pids = [pid for pid in pids if pid in dump.roles][:8] + [pid for pid in pids if pid not in dump.roles][:4]
    assert len(pids) > 8
    for pid, (pcs, reason) in walk(dump, pids).items():
        if pid in dump.roles:
            assert is_user(pcs.pop())
        ours = [int(frame["pc"], 16) for frame in found[pid]["frames"] if frame["kind"] != "user"]
        assert pcs == ours and reason == "0", pid


# As WALK, of all threads and without a command, at which the modules' files would be loaded.
SWITCH = """
import gdb
for thread in sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.num):
    thread.switch()
    frame, pcs = gdb.newest_frame(), []
    try:
        while frame:
            if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
                pcs.append(frame.pc())
            frame = frame.older()
    except gdb.error as error:
        pcs.append(str(error))
    print("frames:", thread.num, *pcs)
gdb.execute("info threads")
gdb.execute("thread apply all bt")
"""


@in_gdb
def test_every_thread_in_gdb(dump):
    """
    gdb's bt of every thread, of those in modules that it has no file of, too: the frames are ours, none is invented and none is
    missing. No stack ends as if it were damaged.
    """
    is_user = MACHINES[dump.machine][2]
    ours = {int(task["task"], 16): task for task in dump.json("kernel bt -A")["tasks"]}
    output = dump.python(SWITCH)
    tasks = {thread: int(task, 16) for thread, task in re.findall(r"^[* ] +(\d+) +Thread .*, task 0x([0-9a-f]+)\)", output, re.M)}
    walked = {line.split()[0]: line.split()[1:] for line in re.findall("^frames: (.*)", output, re.M)}
    assert tasks.keys() == walked.keys() and len(tasks) == len(ours) > 100
    passed = set()
    for thread, pcs in walked.items():
        task = ours[tasks[thread]]
        if not task["frames"]:
            assert pcs == ["PC", "not", "available"]
            continue
        pcs = [int(pc) for pc in pcs]
        if is_user(pcs[-1]):
            pcs.pop()
        assert pcs == [int(frame["pc"], 16) for frame in task["frames"] if frame["kind"] != "user"], task
        passed |= {frame["module"] for frame in task["frames"] if frame["module"]}
    assert passed, "no stack passes through a module"
    stopped = re.findall(r"^Backtrace stopped: .*", output, re.M)
    assert all("it has exited" in line for line in stopped), stopped


@in_gdb
@pytest.mark.scenario("sysrq")
def test_launcher_of_a_flattened_dump(dump, tmp_path):
    """The launcher takes the gdb that knows the machine, by the file alone: makedumpfile's stream has the dump's header behind its own."""
    header = b"makedumpfile".ljust(16, b"\0") + struct.pack(">qq", 1, 1)
    with open(dump.vmcore, "rb") as plain, open(tmp_path / "vmcore", "wb") as flat:
        flat.write(header.ljust(4096, b"\0"))
        at = 0
        while piece := plain.read(1 << 20):
            flat.write(struct.pack(">qq", at, len(piece)) + piece)
            at += len(piece)
        flat.write(struct.pack(">qq", -1, -1))
    output = run_gdb(None, tmp_path / "vmcore", ["kernel dump", "python print('known:', *gdb.architecture_names())"])
    known = re.search("^known: (.*)", output, re.M)[1].split()
    assert {"aarch64", "s390:64-bit"} < set(known) and "flattened, complete" in output, output
    assert "this gdb knows no" not in output, output


@in_gdb
def test_variables_in_gdb(dump):
    machine, size, _ = MACHINES[dump.machine]
    output = dump.gdb("p linux_banner", "p init_task.pid", "p (char *)init_uts_ns.name.machine", "info threads", "p sizeof(long)")
    assert f"Linux version {dump.info['release']}" in output and "swapper/0" in output
    assert re.search(r"^\$2 = 0$", output, re.M) and f'"{machine}"' in output
    assert re.search(rf"^\$4 = {size}$", output, re.M)


@in_gdb
def test_null_has_no_name(dump):
    """With all modules' files: none of their sections is left at 0."""
    names = [module["name"] for module in dump.json("kernel mod")["modules"]]
    assert "No symbol matches 0." in dump.gdb(*(f"kernel mod -s {name}" for name in names), "info symbol 0")


def test_names_of_code_alone(dump):
    """Without vmlinux, where the kernel describes no types (no BTF) and kallsyms has no data: each CPU's registers and stack are there as with
    vmlinux, in whatever order the machine has bytes; nothing that could not be looked for is called absent."""
    own = ("set vmcore symbols dump", f"target vmcore {dump.vmcore}")
    text = dump.gdb(*own, "python print('=begin=')", "kernel bt -a -j", "kernel mod", "kernel kmem -h", "kernel sys -j", "info threads", status=1)
    if "no CONFIG_KALLSYMS_ALL" not in text:
        pytest.skip("this kernel's kallsyms has data, too")
    text = text.split("=begin=\n", 1)[1]
    documents = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    alone = {task["cpu"]: [frame["function"] for frame in task["frames"]] for task in documents[0]["tasks"]}
    whole = {task["cpu"]: [frame["function"] for frame in task["frames"]] for task in dump.json("kernel bt -a")["tasks"]}
    assert alone.keys() == whole.keys() == set(range(int(dump.info["smp"])))
    # A module's code has no names here, which ends a stack that begins in it.
    same = [cpu for cpu in whole if alone[cpu] and alone[cpu][0]]
    assert same and all(alone[cpu][-1] == whole[cpu][-1] and len(alone[cpu]) > 3 for cpu in same)
    assert "the list of modules is not complete" in text and "is empty" not in text
    assert "built without" not in text and len(re.findall(r"^[* ] +\d+ +Thread", text, re.M)) == len(whole)


@pytest.mark.scenario("qemu")
def test_search_whatever_the_pages_of_the_dump(dump):
    """QEMU's kdumps of arm64 have pages of 64 KiB, the machine's are smaller: what is found is what its ELF dump has."""
    def found(name):
        text = run_gdb(dump.vmlinux, dump.directory / name, ["kernel search -k -j 0x4141", "kernel search -k -c -j 'Linux version'"])
        return [json.loads(line)["hits"] for line in text.splitlines() if line.startswith("{")]

    assert found("vmcore.qemu-zlib") == found("vmcore.qemu-elf") and all(found("vmcore.qemu-elf"))
