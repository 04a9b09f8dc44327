"""Stacks that tracing changed, and code that the kernel made while it ran: the scenarios traced and seccomp.

What is on them comes from the guest's record, where the kernel itself could follow them, else from what the guest was
told to do. The general tests of stacks (test_stacks.py) run on these sets as well.
"""
import json
import pathlib
import re

import pytest

from pokes import Poked
from test_stacks import gdb_stacks, native_stacks, pid_of, plain

SYSTEM_CALL = ["do_syscall_64", "entry_SYSCALL_64"]

# From the function that waits to the system call, where /proc/PID/stack breaks off: two of the tracers have taken one
# return address, which the kernel's own unwinder does not undo (6.1, 6.12).
NAP = ["do_nanosleep", "hrtimer_nanosleep", "common_nsleep", "__x64_sys_clock_nanosleep"] + SYSTEM_CALL

CPUS = {
    "optprobe": ["rig_trace_spin", "on_kprobe", "opt_pre_handler", "optimized_callback", "kprobe_optinsn_page",
                 "rig_optprobe_target", "kthread", "ret_from_fork"],
    "ftrace": ["rig_trace_spin", "ftrace_trampoline", "rig_ftrace_target", "kthread", "ret_from_fork"],
    "bpf": ["rig_trace_spin", "ftrace_trampoline", "bpf_user_rnd_u32", "bpf_prog_TAG_rig", "bpf_test_run",
            "bpf_prog_test_run_skb"] + SYSTEM_CALL,
}


def name(function):
    # A label of the module's is where the optimized probe is, and on_ftrace() jumps to rig_trace_spin().
    function = re.sub(r"^bpf_prog_[0-9a-f]{16}_", "bpf_prog_TAG_", function or "")
    return plain(re.sub(r" \[\w+\]$", "", {"rig_trace_here": "rig_optprobe_target"}.get(function, function)))


def names(frames):
    return [name(f["function"]) for f in frames]


def gdb_names(frames):
    return [name(f["function"]) for f in frames if not f["inline"] and f["pc"] >> 63]


def same(functions, wanted):
    """
    Newer kernels have a second function, in C, behind one of assembly that has its name here; on_ftrace() jumps away; 5.10
    calls it through another one, and what the system call's own function is called is the compiler's choice.
    """
    passed_over = ("on_ftrace", "ftrace_ops_assist_func", "__do_sys_bpf", "__sys_bpf", "__x64_sys_bpf")
    rest = [f for i, f in enumerate(functions) if f not in passed_over and functions[i - 1:i] != [f]]
    return rest == wanted


def native(dump, *options, pid=None, cpu=None):
    tasks = dump.json(" ".join(["kernel bt", *options, *(["-c", str(cpu)] if cpu is not None else [str(pid)])]))["tasks"]
    assert len(tasks) == 1
    return tasks[0]


def ends(functions, wanted):
    return functions[-len(wanted):] == wanted


@pytest.mark.scenario("traced")
def test_sleepers_whose_return_addresses_were_replaced(dump):
    for role in ("nap", "pipe", "poll"):
        pid = dump.pid(f"traced_{role}")
        task = native(dump, pid=pid)
        recorded = [name(f) for f in dump.oracle.tasks[pid].stack]
        theirs = next(s for s in gdb_stacks(dump) if pid_of(s) == pid)
        wanted = NAP if role == "nap" else recorded
        if recorded[-1] != SYSTEM_CALL[-1]:     # the kernel breaks off at a trampoline; 5.10 has a wrong name for it
            recorded.pop()
            wanted = NAP if role == "nap" else SYSTEM_CALL
        for functions in (names(task["frames"]), gdb_names(theirs["frames"])):
            assert ends(functions, wanted), (role, functions, recorded)
        assert not recorded or recorded[0] in names(task["frames"])
        assert theirs["end"] == "outermost"


@pytest.mark.scenario("traced")
def test_the_trampolines_were_there(dump):
    """Or the test above says nothing. The dump's own memory has them, gdb's view of it has not."""
    found = set()
    for role in ("nap", "pipe", "poll"):
        for line in dump.gdb(f"kernel bt -f {dump.pid(f'traced_{role}')}").splitlines():
            word = re.match(r"\s+([0-9a-f]{16}): +([0-9a-f]{16})\s+(return_to_handler|arch_rethook_trampoline|kretprobe_trampoline)\+0x0", line)
            if word:
                found.add(word[3])
                seen = dump.gdb(f"x/gx 0x{word[1]}")
                assert f"0x{word[2]}" not in seen.splitlines()[-1], (line, seen)
    assert "return_to_handler" in found and len(found) == 2     # a kretprobe's are called otherwise before 6.1


@pytest.mark.scenario("traced")
def test_cpus_in_generated_code(dump):
    cpus = {int(k[3:]): v for k, v in dump.info.items() if re.fullmatch(r"cpu\d+", k) and v in CPUS}
    assert sorted(cpus.values()) == sorted(CPUS)
    for cpu, what in cpus.items():
        task, theirs = native(dump, cpu=cpu), gdb_stacks(dump)[cpu]
        wanted = [name(f) for f in CPUS[what]]
        for functions in (names(task["frames"]), gdb_names(theirs["frames"])):
            assert "rig_trace_spin" in functions, (what, functions)
            functions = functions[functions.index("rig_trace_spin"):]       # an interrupt may be on top of it
            assert same(functions, wanted), (what, functions)
        assert theirs["end"] == "outermost"


def stacks_of(output):
    return [json.loads(line) for line in output.split("=begin=\n", 1)[1].splitlines() if line.startswith("{")]


STACKS = ("python print('=begin=')", f"source {pathlib.Path(__file__).parent / 'stacks.py'}")


@pytest.mark.scenario("traced")
def test_with_the_dumps_own_symbols(dump):
    """Without a vmlinux: the same frames, `kernel bt`'s and gdb's."""
    own = ("set vmcore symbols dump", f"target vmcore {dump.vmcore}")
    out = dump.gdb(*own, "python print('=begin=')", "kernel bt -A -j")
    tasks = {s["pid"]: s for s in json.loads(out.split("=begin=\n", 1)[1].splitlines()[0])["tasks"] if s["pid"]}
    for pid, task in native_stacks(dump).items():
        assert [f["pc"] for f in tasks[pid]["frames"]] == [f["pc"] for f in task["frames"]], task["comm"]
    stacks = stacks_of(dump.gdb(*own, *STACKS))
    for cpu in (1, 2, 3):
        theirs = [f["pc"] for f in stacks[cpu]["frames"] if f["pc"] >> 63]
        assert theirs == [int(f["pc"], 16) for f in native(dump, cpu=cpu)["frames"]], stacks[cpu]
        assert stacks[cpu]["end"] == "outermost"


@pytest.mark.scenario("traced")
def test_names_are_the_kernels(dump):
    """Those that /proc/kallsyms has for generated code."""
    checked = set()
    for line in dump.oracle.text("tracing/kallsyms").splitlines():
        match = re.fullmatch(r"([0-9a-f]{16}) t (\S+)\t\[(bpf|__builtin__\w+)\]", line)
        if match:
            assert match[2] in dump.gdb(f"kernel sym {match[1]}").splitlines()[-1], line
            checked.add(match[3])
    assert checked == {"bpf", "__builtin__ftrace", "__builtin__kprobes"}


@pytest.mark.scenario("traced")
def test_a_list_that_is_not_in_the_dump(dump):
    """Where what tracing kept was left out a stack ends, and that is said; nobody goes on with a trampoline's "caller"."""
    pid = dump.pid("traced_poll")
    kept = int(re.search(r"(0x[0-9a-f]+)$", dump.gdb(f"print/x (unsigned long)$task({pid})->ret_stack"))[1], 16)
    with Poked(dump) as copy:
        copy.exclude(kept)
        path = copy.save()
        text = dump.gdb(f"kernel bt {pid}", vmcore=path)
        assert "return_to_handler, put there by tracing" in text and "excluded" in text, text
        assert re.findall(r"^ *#\d+ \[\w+\] (\w+)", text, re.M)[-1] in ("do_sys_poll", "do_poll"), text
        theirs = next(s for s in stacks_of(dump.gdb(*STACKS, vmcore=path)) if pid_of(s) == pid)
        assert gdb_names(theirs["frames"])[-1] in ("do_sys_poll", "do_poll"), theirs
        assert theirs["end"] != "outermost", theirs


@pytest.mark.scenario("traced")
def test_arguments_below_a_trampoline(dump):
    """They are in registers that the trampoline has saved: no value, or the right one."""
    cpu = next(int(k[3:]) for k, v in dump.info.items() if k.startswith("cpu") and v == "ftrace")
    out = dump.gdb("kernel mod -s", f"thread {cpu + 1}", "frame function rig_ftrace_target", "print number")
    assert out.splitlines()[-1] in ("$1 = <optimized out>", "$1 = 1"), out


# What a filter's program is called, and who may call it.
FILTERS = {"seccomp": ({"bpf_prog_seccomp"}, {"__seccomp_filter"}),
           "socket": ({"bpf_prog", "bpf_prog_pack"}, {"sk_filter_trim_cap", "unix_dgram_sendmsg"})}


@pytest.mark.scenario("seccomp")
def test_cpus_in_a_classic_filter(dump):
    """Three CPUs do hardly anything else, so one at least was in it. Nothing in the kernel lists a socket's filter: its memory says
    that it is a program."""
    caught = 0
    for cpu in (1, 2, 3):
        frames, theirs = native(dump, cpu=cpu)["frames"], gdb_stacks(dump)[cpu]
        functions = names(frames)
        programs, callers = FILTERS[dump.info[f"cpu{cpu}"]]
        at = next((i for i, name in enumerate(functions) if name in programs), None)
        if at is None:
            continue
        caught += 1
        assert callers & set(functions[at + 1:at + 4]), functions
        assert functions[-1] == "entry_SYSCALL_64"
        assert gdb_names(theirs["frames"]) == functions and theirs["end"] == "outermost"
    assert caught
