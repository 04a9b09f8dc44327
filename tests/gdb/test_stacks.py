"""Stacks: gdb's own (through our CFI) and `kernel bt` (native) against each other and against the guest's record."""
import functools
import json
import pathlib
import re

import pytest

HERE = pathlib.Path(__file__).parent
SLEEPING = "SDTt"


@functools.lru_cache(maxsize=None)
def gdb_stacks(dump):
    text = dump.gdb("kernel mod -s", "python print('=begin=')", f"source {HERE / 'stacks.py'}").split("=begin=\n", 1)[1]
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def pid_of(stack):
    return stack["id"] - 10000000 if 10000000 < stack["id"] < 20000000 else None


@functools.lru_cache(maxsize=None)
def native_stacks(dump):
    return {s["pid"]: s for s in dump.json("kernel bt -A")["tasks"] if s["pid"]}


@functools.lru_cache(maxsize=None)
def native_lines(dump):
    """By gdb's number of the thread, the CPUs', else by the pid."""
    cpus = {("thread", s["cpu"] + 1): s for s in dump.json("kernel bt -a -l")["tasks"]}
    return cpus | {s["pid"]: s for s in dump.json("kernel bt -A -l")["tasks"] if s["pid"]}


def plain(name):
    """The function's name without what compilers add to its parts; gdb and kallsyms may choose different labels
    of the system call's entry."""
    name = re.sub(r"\.(isra|part|constprop|cold)(\.\d+)*", "", name or "")
    return {"entry_SYSCALL_64_after_hwframe": "entry_SYSCALL_64", "ret_from_fork_asm": "ret_from_fork",
            "handle_softirqs": "__do_softirq"}.get(name, name)


def is_subsequence(short, long):
    rest = iter(long)
    return all(any(plain(f) == plain(g) for g in rest) for f in short)


def test_every_stack_ends_cleanly(dump):
    """But for tasks that have exited: they have no stack any more, and nothing is made up for them."""
    bad = []
    for stack in gdb_stacks(dump):
        task = dump.oracle.tasks.get(pid_of(stack))
        if task and task.state in "ZX":
            assert stack["error"] == "PC not available" and not stack["frames"]
        elif stack["error"] or stack["end"] != "outermost":
            bad.append((stack["name"], stack["error"], stack["end"], [f["function"] for f in stack["frames"]]))
    assert not bad


def test_sleeping_tasks_against_proc_stack(dump):
    """/proc/PID/stack leaves out the scheduler's functions and what is inlined; all it has must be there, in order. The roles
    sleep to the end; of other tasks the dump says whether they did."""
    roles = {int(v) for k, v in dump.info.items() if k.startswith("pid.")}
    checked = []
    for stack in gdb_stacks(dump):
        task = dump.oracle.tasks.get(pid_of(stack))
        if not task or task.state not in SLEEPING + "I" or not task.stack:
            continue
        if task.tid not in roles and not dump.has_slept_since(task):
            continue
        names = [f["function"] for f in stack["frames"]]
        assert is_subsequence(task.stack, names), (task.comm, task.stack, names)
        checked.append(task.tid)
    assert len(checked) > 50 and len(set(checked) - roles) > 20


def test_native_agrees_with_gdb_frame_by_frame(dump):
    native = native_stacks(dump)
    compared = 0
    for stack in gdb_stacks(dump):
        pid = pid_of(stack)
        if pid not in native:
            continue
        ours = [int(f["pc"], 16) for f in native[pid]["frames"]]
        theirs = [f["pc"] for f in stack["frames"] if not f["inline"]]
        # Where user space begins gdb has one more frame; `kernel bt` shows the user's registers instead.
        ours, theirs = ([pc for pc in list if pc >> 63] for list in (ours, theirs))
        assert ours == theirs, (stack["name"], [f["function"] for f in native[pid]["frames"]],
                                [f["function"] for f in stack["frames"]])
        compared += 1
    assert compared > 50


def chains(frames):
    """Of each of gdb's frames that is no inlined one: it and those inlined in it, innermost first."""
    result, chain = [], []
    for frame in frames:
        if frame["tail"]:
            continue
        chain.append(frame)
        if not frame["inline"]:
            result.append(chain)
            chain = []
    return result


def place_of(frame):
    return f"{frame['file']}:{frame['line']}" if frame["file"] and frame["line"] else None


def test_lines_and_inlined_functions_are_gdbs(dump):
    """`kernel bt -l` reads vmlinux's DWARF itself. Not compared where gdb takes the address after a call for the place:
    in the first frame of a sleeping task, in entry code (a signal's frames to gdb), and in what called that."""
    compared, inlined, in_modules, native = 0, 0, 0, native_lines(dump)
    for stack in gdb_stacks(dump):
        key = pid_of(stack) or ("thread", stack["id"])
        if key not in native:
            continue
        ours = [f for f in native[key]["frames"] if f["kind"] != "user"]
        calls = False       # is the next frame, to gdb, in the middle of a call?
        for frame, chain in zip(ours, chains(stack["frames"])):
            assert int(frame["pc"], 16) == chain[-1]["pc"]
            called, calls = calls, not chain[-1]["signal"]
            if chain[-1]["signal"] or not (called or frame["exact"]):
                continue
            expected = [(f["function"], place_of(f)) for f in chain[:-1]]
            assert [(f["function"], f["line"]) for f in frame.get("inlined", [])] == expected, (stack["name"], frame, chain)
            assert frame["line"] == place_of(chain[-1]), (stack["name"], frame, chain)
            if ".S:" not in (frame["line"] or ""):      # assembly has several labels for one place
                assert plain(frame["function"]) == plain(chain[-1]["function"])
            compared += 1
            inlined += len(expected)
            in_modules += bool(frame["module"] and frame["line"])
    assert compared > 300 and inlined > 40 and in_modules > 3


def test_frames_in_the_rigs_module_have_lines(dump):
    """Its .ko with debug information is beside the dump, and other dumps have it at other addresses."""
    rig = [f for s in gdb_stacks(dump) for f in s["frames"] if (f["function"] or "").startswith("rig_")]
    assert rig
    assert [f for f in rig if not f["line"]] == []


def test_bt_has_the_line_of_the_call(dump):
    """Also where gdb's own frames have the line after it: the first frame of a sleeping task and entry code."""
    pid = dump.pid("nanosleep")
    num = next(s["num"] for s in gdb_stacks(dump) if pid_of(s) == pid)
    shown = re.findall(r"^#\d+ .* at (\S+)$", dump.gdb(f"thread {num}", "python print('=bt=')", "bt").split("=bt=")[1], re.M)
    native = re.findall(r"^    (?:.* at )?(\S+:\d+)$", dump.gdb(f"kernel bt -l {pid}"), re.M)
    assert len(native) > 3
    assert shown[0] == native[0]
    assert is_subsequence(native, shown)


def cpu_functions(dump, cpu):
    return [f["function"] for f in gdb_stacks(dump)[cpu]["frames"]]


# What the guest was made to do on a CPU (info.txt: cpuN=...) and the functions that must then be on its stack, in order.
CPU_WORK = {
    "spin-thread": ["kthread", "ret_from_fork"],
    "spin-softirq": ["__do_softirq"],
    "spin-hardirq": ["__hrtimer_run_queues"],
    "sysrq-crash": ["panic", "sysrq_handle_crash", "write_sysrq_trigger", "vfs_write", "ksys_write", "do_syscall_64",
                    "entry_SYSCALL_64_after_hwframe"],
}


def test_what_each_cpu_was_made_to_do(dump):
    checked = 0
    for key, work in dump.info.items():
        cpu = re.fullmatch(r"cpu(\d+)", key)
        if cpu and work in CPU_WORK and not (work == "sysrq-crash" and dump.scenario.startswith("qemu")):
            names = cpu_functions(dump, int(cpu[1]))
            assert is_subsequence(CPU_WORK[work], names), (cpu[1], work, names)
            checked += 1
    if dump.scenario == "sysrq":
        assert checked >= 3


def test_locals_of_an_interrupted_function(dump):
    """rig_spin() keeps a local struct of known contents (tests/rig/module/vmcore_rig.c) while it spins."""
    spinning = {int(k[3:]): v for k, v in dump.info.items() if re.fullmatch(r"cpu\d+", k) and v.startswith("spin-")}
    spinning = {cpu: what for cpu, what in spinning.items() if what != "spin-user"}
    if not spinning:
        pytest.skip("no CPU spins in the module in this scenario")
    for cpu, what in spinning.items():
        out = dump.gdb(f"thread {cpu + 1}", "bt 1", "frame function rig_spin", "print/x mark.magic", "print mark.what",
                       "print mark.cpu")
        assert "$1 = 0x1122334455667788" in out, out
        assert f'$2 = "{what}' in out and f"$3 = {cpu}" in out, out


def test_user_mode_cpu(dump):
    spinning = [k for k, v in dump.info.items() if v == "spin-user"]
    if not spinning:
        pytest.skip("no CPU was in user mode in this scenario")
    cpu = int(spinning[0][3:])
    stack, note = gdb_stacks(dump)[cpu], dump.cpu_note(cpu)
    *kernel, user = stack["frames"]
    assert stack["frames"][0]["pc"] == note["rip"] and user["pc"] < 1 << 47 and stack["end"] == "outermost"
    if note["cs"] & 3:
        assert not kernel
    else:       # the crash's NMI, or the dump that was asked for so, came in an interrupt on top of the loop
        assert dump.scenario != "qemu"
        assert all(f["pc"] >> 63 for f in kernel)
        assert kernel[-1]["signal"] and re.match(r"asm_(sysvec|common_interrupt|exc)|error_return|common_interrupt_return|"
                                                 "swapgs_restore", kernel[-1]["function"]), kernel[-1]


@pytest.mark.scenario("oops")
def test_oops_goes_through_the_exception(dump):
    names = [plain(f) for f in cpu_functions(dump, 0)]
    functions = [f for f in names if f]
    exception = [f for f in functions if f in ("asm_exc_page_fault", "exc_page_fault")]
    assert "entry_SYSCALL_64" in functions
    assert any(f.startswith("rig_") for f in functions), functions
    assert exception or functions[0].startswith("rig_"), functions


@pytest.mark.scenario("nmi")
def test_nmi_above_softirq(dump):
    """NMI stack, IRQ stack, task stack: one backtrace."""
    names = cpu_functions(dump, 0)
    assert is_subsequence(["panic", "unknown_nmi_error", "exc_nmi", "asm_exc_nmi", "__do_softirq"], names), names


def test_bt_names_entry_code(dump):
    text = dump.gdb("thread 1", "bt")
    assert "<signal handler called>" not in text


def test_bt_shows_lines_and_inlined_functions(dump):
    stacks = gdb_stacks(dump)
    assert any(f["inline"] for s in stacks for f in s["frames"])
    schedule = [f for s in stacks for f in s["frames"] if f["function"] == "schedule"]
    assert schedule and all(f["line"] for f in schedule)


def test_panicked_thread_is_selected(dump):
    if not dump.info.get("cpu0") in ("sysrq-crash", "oops", "bug"):
        pytest.skip("this scenario does not panic on CPU 0")
    assert re.search(r"Current thread is 1 ", dump.gdb("thread"))


def test_backtrace_options(dump):
    groups = dump.gdb("kernel bt -A -u")
    counted = [int(n) for n in re.findall(r"^\s*(\d+) tasks?\b", groups, re.M)]
    assert counted == sorted(counted, reverse=True) and counted[0] > 1
    for option in ("-f", "-r", "-t", "-l"):
        assert "PID:" in dump.gdb(f"kernel bt {option} {dump.pid('init')}")
    lines = dump.gdb(f"kernel bt -l {dump.pid('init')}")
    assert re.search(r"\.[chS]:? ?\d+", lines)
