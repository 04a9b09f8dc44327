"""bt -e, -E, -v, -T, -R, -I, -S, -d, and where stacks change: against the guest's record, its oops, and gdb's own reading."""
import functools
import re

import pytest

from conftest import pc_name, sp_name
from pokes import Poked

MAGIC = 0x57ac6e9d
OOPS_NAMES = {"R08": "r8", "R09": "r9"}


@functools.lru_cache(maxsize=None)
def exceptions(dump):
    return {task["pid"]: task.get("exception_frames", []) for task in dump.json("kernel bt -A -e")["tasks"] if task["pid"]}


def saved(frame, name):
    return int(frame["saved_registers"][name], 16) if isinstance(frame["saved_registers"][name], str) else frame["saved_registers"][name]


@pytest.mark.every_machine
def test_the_users_frame_is_what_proc_syscall_says(dump):
    """/proc/PID/syscall of a task that sleeps in a system call: ... SP PC."""
    checked = 0
    for pid, task in dump.oracle.tasks.items():
        words = task.files.get("syscall", b"").split()
        if pid not in exceptions(dump) or len(words) != 9 or not dump.has_slept_since(task):
            continue
        user = [f for f in exceptions(dump)[pid] if f["user"]]
        said = [(int(words[7], 16), int(words[8], 16))]
        assert [(saved(f, sp_name(dump)), saved(f, pc_name(dump))) for f in user] == (said if said != [(0, 0)] else []), (pid, words)
        if not user:
            continue        # a kernel thread
        assert user[0]["status"] == "frame"
        checked += 1
    assert checked > 10


@pytest.mark.every_machine
def test_kernel_threads_have_no_users_frame(dump):
    threads = [pid for pid, task in dump.oracle.tasks.items() if task.files.get("cmdline") == b"" and task.state in "SDI" and task.ppid == 2]
    assert len(threads) > 20
    assert [pid for pid in threads if any(f["user"] for f in exceptions(dump).get(pid, []))] == []


@pytest.mark.scenario("oops")
def test_the_oops_frame_has_the_registers_that_the_kernel_printed(dump):
    """They are above the function that faulted, where no unwinding goes."""
    text = (dump.directory / "console.log").read_text(errors="replace")
    text = text[text.rindex("BUG: kernel NULL pointer"):].split("Call Trace")[0]
    printed = {OOPS_NAMES.get(name, name.lower()): int(value, 16) for name, value in re.findall(r"\b(R[A-Z0-9]{2}): ([0-9a-f]{16})\b", text)}
    printed["rsp"] = int(re.search(r"RSP: 0018:([0-9a-f]+)", text)[1], 16)
    assert len(printed) > 14
    frames = [f for f in exceptions(dump)[1] if f["status"] == "start"]
    assert frames and all({name: saved(f, name) for name in printed} == printed for f in frames)
    shown = dump.gdb("kernel bt -e 1")
    assert re.search(r"KERNEL-MODE EXCEPTION FRAME AT .*\n +\[exception RIP: rig_oops_c\+0x\w+ \[vmcore_rig\]\]", shown), shown


@pytest.mark.scenario("sysrq", "oops", "nmi")
@pytest.mark.machine("amd64")
def test_what_interrupted_the_module_is_on_an_interrupts_stack(dump):
    """The crash's NMI, or IPI, on top of a CPU that spins in an interrupt: its registers are on that CPU's stack, and are bt's."""
    spinning = [int(k[3:]) for k, v in dump.info.items() if k in ("cpu0", "cpu1", "cpu2", "cpu3") and v in ("spin-hardirq", "spin-softirq")]
    assert spinning
    stacks = dump.json("kernel bt -E")["cpu_stacks"]
    for cpu in spinning:
        found = [f for s in stacks if s["cpu"] == cpu for f in s.get("exception_frames", []) if not f["user"]]
        note = dump.cpu_note(cpu)
        if dump.scenario == "nmi" and cpu == 0:
            continue        # its note is of the NMI's handler
        assert (note["rip"], note["rsp"], note["rbx"]) in [(saved(f, "rip"), saved(f, "rsp"), saved(f, "rbx")) for f in found], (cpu, note)
    assert {s["cpu"] for s in dump.json("kernel bt -E -c 1")["cpu_stacks"]} == {1}


@pytest.mark.every_machine
def test_stacks_change_where_gdb_reads_that_they_do(dump):
    """A frame is called the IRQ stack's if it lies where the kernel's own pointer says, by gdb's reading of it, and each such run of
    frames ends in a mark."""
    stacks = dump.json("kernel bt -a")["tasks"]
    changes = [(s, a["stack"]) for s in stacks for a, b in zip(s["frames"], s["frames"][1:]) if a["stack"] not in (None, "task") and b["stack"] != a["stack"]]
    text = dump.gdb("kernel bt -a")
    marks = re.findall(r"^--- <(\S.*) stack of CPU (\d+)> ---$", text, re.M)
    assert [(name, str(s["cpu"])) for s, name in changes] == marks
    softirq = [int(k[3:]) for k, v in dump.info.items() if re.fullmatch(r"cpu\d", k) and v in ("spin-softirq", "spin-hardirq")]
    for cpu in softirq:
        stack = next(s for s in stacks if s["cpu"] == cpu)
        kinds = [f["stack"] for f in stack["frames"] if f["kind"] != "user"]
        functions = [f["function"] for f in stack["frames"]]
        assert kinds[functions.index("rig_spin")] in ("IRQ", "softirq", "task"), kinds
    sleeping = [s for s in dump.json("kernel bt -A")["tasks"] if s["registers_source"] == "switch-out"]
    assert len(sleeping) > 50 and not [s for s in sleeping if any(f["stack"] not in ("task", None) for f in s["frames"])]


@pytest.mark.every_machine
@pytest.mark.once
def test_no_stack_has_overflown_and_gdb_reads_the_magic(dump):
    result = dump.json("kernel bt -v")
    code = ("import vmcore\nfor t in vmcore.tasks():\n  s = int(t.value['stack'])\n"
            "  if s: print(t.pid, hex(int(gdb.parse_and_eval('*(unsigned long *)%d' % s))))")
    read = [line.split() for line in dump.python(code).splitlines()]
    assert {magic for _, magic in read} == {hex(MAGIC)}
    assert result["stack_check"] == {"checked": len(read), "unknown": 0, "overflown": 0} and result["overflows"] == []


@pytest.mark.once
@pytest.mark.machine("amd64")
@pytest.mark.scenario("sysrq")
def test_an_overflow_is_found(dump):
    pid, other = dump.pid("nanosleep"), dump.pid("futex") if "pid.futex" in dump.info else 1
    code = f"import vmcore\nfor t in vmcore.tasks():\n  if t.pid in ({pid}, {other}): print(t.pid, int(t.value['stack']))"
    stacks = dict(map(int, line.split()) for line in dump.python(code).splitlines())
    with Poked(dump) as copy:
        copy.write(stacks[pid], b"\x41" * 8)
        copy.exclude(stacks[other])
        output = dump.gdb(f"kernel bt -v {pid} {other} 2 -j", vmcore=copy.save())
    assert f'"pid": {pid}, ' in output and "STACK_END_MAGIC is overwritten: 4141414141414141" in output
    assert '"checked": 2, "unknown": 1, "overflown": 1' in output and "cannot be read" in output


@pytest.mark.every_machine
@pytest.mark.once
def test_text_words_of_the_whole_stack(dump):
    pid = dump.pid("nanosleep")
    words = lambda option: [(w["address"], w["pc"]) for w in dump.json(f"kernel bt {option} {pid}")["tasks"][0]["text_words"]]
    live, whole = words("-t"), words("-T")
    assert live and whole[-len(live):] == live


@pytest.mark.every_machine
@pytest.mark.once
def test_only_stacks_with_the_function(dump):
    """Whom /proc/PID/stack has with a function, and who has slept since, is found by it."""
    for function in ("do_sys_poll", "pipe_read", "kthread", "schedule"):
        found = {t["pid"] for t in dump.json(f"kernel bt -A -R {function}")["tasks"]}
        recorded = {pid for pid, task in dump.oracle.tasks.items() if function in task.stack and dump.has_slept_since(task)}
        assert recorded <= found, (function, recorded - found)
        everyone = {t["pid"]: [f["function"] for f in t["frames"]] for t in dump.json("kernel bt -A")["tasks"]}
        called = {pid for pid, functions in everyone.items() if function in functions}
        assert called <= found
        for pid in found - called - {0}:        # it is among what is saved on the stack
            words = dump.json(f"kernel bt -r {pid}")["tasks"][0]["words"]
            assert [w for w in words if w["symbol"] == function + "+0x0"], (function, pid)
    task = next(t for t in dump.json("kernel bt -A")["tasks"] if t["pid"] == dump.pid("nanosleep"))
    one = dump.json(f"kernel bt -A -R {task['frames'][-2]['pc'] if task['frames'][-1]['kind'] == 'user' else task['frames'][-1]['pc']}")
    assert task["pid"] in {t["pid"] for t in one["tasks"]}


@pytest.mark.every_machine
@pytest.mark.once
def test_from_another_start(dump):
    pid = dump.pid("nanosleep")
    frames = next(t for t in dump.json("kernel bt -A")["tasks"] if t["pid"] == pid)["frames"]
    if frames[1]["sp"] is None or dump.machine == "arm64":
        pytest.skip("frames of this machine are found by their records, which two registers do not lead to")
    given = dump.json(f"kernel bt {pid} -I {frames[1]['pc']} -S {frames[1]['sp']}")["tasks"][0]
    assert given["registers_source"] == "given"
    assert given["frames"][0]["pc"] == frames[1]["pc"] and given["frames"][0]["sp"] == frames[1]["sp"]
    if dump.machine == "amd64":
        rest = [f["pc"] for f in given["frames"]]
        assert rest == [f["pc"] for f in frames[1:]][:len(rest)]
        if len(rest) + 1 < len(frames):
            assert not given["complete"] and "which is not known here" in given["end"]
        at = hex(int(frames[1]["sp"], 16) - 8)      # where frame 0's return address is
        assert [f["pc"] for f in dump.json(f"kernel bt {pid} -S {at}")["tasks"][0]["frames"]] == rest
    assert "is no code of the kernel" in dump.gdb(f"kernel bt {pid} -I 10 -S {frames[1]['sp']}")


@pytest.mark.every_machine
@pytest.mark.once
def test_offsets_in_decimal(dump):
    pid = dump.pid("nanosleep")
    offsets = [f["offset"] for f in dump.json(f"kernel bt {pid}")["tasks"][0]["frames"] if f["function"]]
    shown = [int(n) for n in re.findall(r"^ ?#\d+ .*?\S\+(\d+)(?: \[\w+\])? at ", dump.gdb(f"kernel bt -d {pid}"), re.M)]
    assert shown == offsets and "-x" in dump.gdb("kernel bt -x -d 1")


@pytest.mark.every_machine
@pytest.mark.scenario("sysrq", "qemu")
def test_slab_names_of_words(dump):
    """-F: pointers to objects whose cache gdb reads itself: tasks, their files, their memory."""
    code = """import gdb
def read(e):
    try: return gdb.parse_and_eval(e)
    except gdb.error: return None
caches = {m: read(c + '->name') for m, c in (('task', 'task_struct_cachep'), ('files', 'files_cachep'), ('mm', 'mm_cachep'))}
import vmcore
for t in vmcore.tasks():
    for member, name in caches.items():
        value = t.address if member == 'task' else int(t.value[member])
        if name is not None and value: print('IS', hex(value), name.string())
"""
    known = {int(address, 16): name for address, name in re.findall(r"^IS (0x\w+) (\S+)", dump.python(code), re.M)}
    assert len(known) > 20
    words = [w for task in dump.json("kernel bt -FF -A")["tasks"] for f in task.get("frames", []) for w in f.get("words", [])]
    found = [(int(w["value"], 16), int(w["object"], 16), w["cache"]) for w in words if w.get("object")]
    assert len(found) > 100 and all(0 <= value - start < 0x8000 for value, start, _ in found)
    assert {(start, name) for _, start, name in found if start in known} == {(start, known[start]) for _, start, _ in found if start in known}
    direct = {int(w["value"], 16): w.get("cache") for w in words if int(w["value"], 16) in known and not w["symbol"]}
    merged = {cache for value, cache in direct.items() if cache and cache != known[value]}
    assert direct and not merged and all(direct.values())
    value, start, name = found[0]
    shown = dump.gdb("kernel bt -F -A"), dump.gdb("kernel bt -FF -A")
    assert f"  [{name}]\n" in shown[0] and re.search(rf"  \[0*{start:x}:{re.escape(name)}\]\n", shown[1])
    assert "-F is of words" in dump.gdb("kernel bt -F -t", status=1)
