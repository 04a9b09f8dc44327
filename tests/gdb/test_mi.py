"""GDB/MI, as an IDE speaks it: gdb's own commands on CPUs and tasks, and ours (-vmcore-...), held against the guest's record.

Every line gdb prints goes through mi.py's grammar, which knows nothing but MI.
"""
import json
import re

import pytest

from conftest import SETS, TOP, OneSession, as_json, auto_load, gdb_argv, pc_name
from images import an_excluded_range, read_physical
from mi import MI

pytestmark = pytest.mark.once

COMMANDS = [        # MI's and the console's of the same meaning
    ("-vmcore-tasks", "ps"), ("-vmcore-tasks -k -l", "ps -k -l"), ("-vmcore-tasks -t 1", "ps -t 1"),
    ("-vmcore-tasks 'rig.*'", "ps 'rig.*'"), ("-vmcore-cpus", "ps -A"), ("-vmcore-cpus -C 0,1 -l", "ps -A -C 0,1 -l"),
    ("-vmcore-modules", "mod"), ("-vmcore-modules -t", "mod -t"), ("-vmcore-log", "log"), ("-vmcore-log -l err", "log -l err"),
    ("-vmcore-system", "sys"), ("-vmcore-system -t", "sys -t"), ("-vmcore-system -c 0 1", "sys -c 0 1"), ("-vmcore-report", "report"),
    ("-vmcore-kmem -o", "kmem -o"), ("-vmcore-list -H -o module.list modules", "list -H -o module.list modules"),
    ("-vmcore-print -x runqueues.nr_running:a", "p -x runqueues.nr_running:a"),
    ("-vmcore-tree -t xarray \"(&init_pid_ns.idr.idr_rt)\"", "tree -t xarray (&init_pid_ns.idr.idr_rt)"),
    ("-vmcore-eval -b 128m", "eval -b 128m"), ("-vmcore-ascii 4c", "ascii 4c"),
    ("-vmcore-whatis list_head", "whatis list_head"),
    ("-vmcore-disassemble schedule 3", "dis schedule 3"),
    ("-vmcore-struct list_head modules", "struct list_head modules"),
    ("-vmcore-translate linux_banner", "vtop linux_banner"),
    ("-vmcore-runq -c 1", "runq -c 1"),
    ("-vmcore-files 1", "files 1"),
    ("-vmcore-mounts -n 1", "mount -n 1"),
    ("-vmcore-timers -C 1", "timer -C 1"),
    ("-vmcore-foreach 1 sig", "foreach 1 sig"),
    ("-vmcore-set", "set"), ("-vmcore-locks", "locks"), ("-vmcore-workqueues -d", "workqueue -d"), ("-vmcore-wait-queue kauditd_wait", "waitq kauditd_wait"), ("-vmcore-task -R pid,comm 1", "task -R pid,comm 1"),
    ("-vmcore-ipc -n 1", "ipcs -n 1"),
    ("-vmcore-rcu", "rcu"),
    ("-vmcore-soft-interrupts -c 1", "softirq -c 1"),
    ("-vmcore-cgroups -t 1", "cgroup -t 1"),
    ("-vmcore-hung-tasks 1", "hung 1"),
    ("-vmcore-lockups -c 1", "lockup -c 1"),
    ("-vmcore-file-users /dev/console", "fuser /dev/console"),
    ("-vmcore-bpf -m", "bpf -m"),
    ("-vmcore-interrupts", "irq"), ("-vmcore-interrupts -s -c 1", "irq -s -c 1"),
    ("-vmcore-signals 1", "sig 1"), ("-vmcore-signals -s 10200", "sig -s 10200"),
    ("-vmcore-stacks -a", "bt -a"), ("-vmcore-stacks 1", "bt 1"), ("-vmcore-stacks -A -u", "bt -A -u"),
    ("-vmcore-dump", "dump"), ("-vmcore-memory-map", "dump"), ("-vmcore-symbol schedule", "sym schedule"),
    ("-vmcore-symbol -q rig_sp", "sym -q rig_sp"), ("-vmcore-memory linux_banner 4", "rd linux_banner 4"),
    ("-vmcore-memory ffffffffffffff00 2", "rd -g ffffffffffffff00 2"),
    ("-vmcore-memory -x -32 -d jiffies 2", "rd -x -32 -d jiffies 2"),
    ("-vmcore-search -x 3 -c \"Linux version\"", "search -x 3 -c 'Linux version'"),
]


def start(*arguments):
    return MI(gdb_argv(*auto_load(), "-q", "-i=mi3", *arguments), cwd=TOP)


@OneSession
def session(dump):
    """A gdb that has DUMP open; tests name their thread and leave nothing behind."""
    mi = start()
    mi.done(f"-file-exec-and-symbols {dump.vmlinux}")
    mi.done(f'-interpreter-exec console "target vmcore {dump.vmcore}"')
    return mi


@pytest.fixture
def mi(dump):
    mi = session(dump)
    mi.console.clear(), mi.log.clear(), mi.records.clear()
    return mi


def thread_of(mi, pid):
    return next(t for t in mi.done("-thread-info")["threads"] if re.search(rf"\bpid {pid}\b", t["details"] + t["target-id"]))


def as_mi(value):
    """JSON as MI says it."""
    if isinstance(value, dict):
        return {k: as_mi(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [as_mi(v) for v in value]
    if isinstance(value, bool):
        return "y" if value else "n"
    return str(value)


@pytest.mark.parametrize("command,console", COMMANDS)
def test_our_commands_say_what_json_says(mi, command, console):
    text = mi.console_of(f"kernel {console} -j".replace('"', '\\"'))
    assert mi.done(command) == as_mi(json.loads(text))


def test_tasks_are_those_of_the_guest(dump, mi):
    tasks = {int(t["pid"]): t for t in mi.done("-vmcore-tasks")["tasks"]}
    for role in ("name_parentheses", "name_utf8", "name_xml", "name_newline", "futex", "dead"):
        pid = dump.pid(role)
        assert tasks[pid]["comm"] == as_json(dump.oracle.tasks[pid].comm), role
    assert tasks[dump.pid("dead")]["state"] == "ZO" and tasks[dump.pid("futex")]["state"] == "IN"
    assert tasks[1]["kernel_thread"] == "n" and tasks[2]["kernel_thread"] == "y"


def test_cpus_modules_log_and_memory_map(dump, mi):
    cpus = mi.done("-vmcore-cpus")["tasks"]
    assert sorted(int(t["cpu"]) for t in cpus) == list(range(int(dump.info["smp"])))
    modules = {m["name"]: m for m in mi.done("-vmcore-modules")["modules"]}
    for line in dump.oracle.text("proc/modules").splitlines():
        name, size, *_ = line.split()
        assert modules.pop(name)["size"] == size
    assert not modules
    log = [line for record in mi.done("-vmcore-log")["log"] for line in record["text"].split("\n")]
    recorded = [re.sub(r"^<\d+>\[ *\d+\.\d+\] ", "", line) for line in dump.oracle.text("dmesg").splitlines()]
    assert log[:100] == recorded[:100]
    kinds = {r["kind"] for r in mi.done("-vmcore-memory-map")["memory"]}
    assert kinds == {"memory", "hole"}


def test_our_errors_are_errors(mi):
    assert "no option -Q" in mi.error("-vmcore-tasks -Q")
    assert "4000000" in mi.error("-vmcore-tasks 4000000")
    assert "not canonical" in mi.error("-vmcore-memory 0xdead000000000100")
    assert "no module" in mi.error("-vmcore-modules -- -nonsense")
    assert "needs" in mi.error("-vmcore-cpus -C")
    assert mi.done("-data-evaluate-expression 6*7")["value"] == "42"


def test_words_are_not_split_again(mi):
    assert "two words" in mi.error('-vmcore-tasks "two words"')
    assert "too many" in mi.error("-vmcore-tasks " + "1 " * 200) or "more than" in mi.error("-vmcore-tasks " + "1 " * 200)


def test_threads(dump, mi):
    answer = mi.done("-thread-info")
    threads = answer["threads"]
    cpus = int(dump.info["smp"])
    assert [int(t["id"]) for t in threads] == list(range(1, len(threads) + 1))
    for n, thread in enumerate(threads[:cpus]):
        assert re.search(rf"\bCPU {n}\b", thread["details"] + thread["target-id"])
        assert thread["core"] == str(n)
    assert len(threads) == len(mi.done("-vmcore-tasks")["tasks"])
    assert "panicked" in threads[int(answer["current-thread-id"]) - 1]["details"] or "panic" not in dump.scenario
    assert thread_of(mi, dump.pid("futex"))["name"] == dump.oracle.tasks[dump.pid("futex")].comm.decode()


def test_stack_of_a_task(dump, mi):
    """What /proc/PID/stack had, from the outermost frame that both name; gdb's has inlined functions between."""
    pid = dump.pid("futex")
    thread = thread_of(mi, pid)["id"]
    frame = mi.done(f"-thread-select {thread}")["frame"]
    frames = mi.done(f"-stack-list-frames --thread {thread}")["stack"]
    assert frame["addr"] == frames[0]["addr"]
    names = iter(f.get("func", "??") for f in frames)
    recorded = [f for f in dump.oracle.tasks[pid].stack if not f.startswith("entry_")]
    assert len(recorded) > 3 and all(name in names for name in recorded), frames
    assert int(mi.done(f"-stack-info-depth --thread {thread}")["depth"]) == len(frames)
    assert len(mi.done(f"-stack-list-frames --thread {thread} 1 2")["stack"]) == 2


def test_variables_of_frames(dump, mi):
    """The workload's read(2) waits in a pipe with the file and the buffer of the call."""
    thread = thread_of(mi, dump.pid("blocked_reader"))["id"]
    frames = mi.done(f"-stack-list-frames --thread {thread}")["stack"]
    level = next(f["level"] for f in frames if f.get("func") == "vfs_read")
    variables = {v["name"]: v for v in
                 mi.done(f"-stack-list-variables --thread {thread} --frame {level} --all-values")["variables"]}
    assert {"file", "buf", "count", "pos"} <= set(variables) and variables["file"]["arg"] == "1"
    assert mi.done(f"-stack-list-arguments --thread {thread} --simple-values {level} {level}")["stack-args"]


def test_expressions_and_memory(dump, mi):
    assert mi.done(f'-data-evaluate-expression "$task({dump.pid("futex")})->pid"')["value"] == str(dump.pid("futex"))
    banner = f"Linux version {dump.info['release']} "
    memory = mi.done(f"-data-read-memory-bytes &linux_banner {len(banner)}")["memory"][0]
    assert bytes.fromhex(memory["contents"]) == banner.encode()
    # A process's own memory, as it wrote it.
    base, own, other = int(dump.info["memory.base"], 16), thread_of(mi, dump.pid("memory"))["id"], thread_of(mi, 2)["id"]
    memory = mi.done(f"-data-read-memory-bytes --thread {own} {base + 4096 * 100:#x} 17")["memory"][0]
    assert bytes.fromhex(memory["contents"]) == b"rig user page 100"
    assert mi.error(f"-data-read-memory-bytes --thread {other} {base:#x} 16")
    for address in ("0", "0xdead000000000100"):
        assert "Unable to read memory" in mi.error(f"-data-read-memory-bytes {address} 8")
    assert "Cannot access memory" in mi.error('-data-evaluate-expression "*(long *)0xdead000000000100"')


def test_why_memory_is_missing_is_in_the_log(mi):
    """As a record of MI's, once for what a person has asked for; not for what a front end looks at by itself."""
    assert "Cannot access memory" in mi.error('-interpreter-exec console "print *(long *)0xdead000000000100"')
    assert [line for line in mi.log if "not canonical" in line], mi.log
    mi.log.clear()
    assert mi.error('-data-evaluate-expression "*(long *)0xdead000000000100"') and not mi.log


@pytest.mark.scenario("sysrq")
def test_missing_memory(dump):
    """What makedumpfile left out: the bytes around it, exactly, and why it is not there; gdb's own commands have no room for a reason."""
    path = dump.in_format("d31")[0]
    with start("-ex", f"set vmcore vmlinux {dump.vmlinux}", "-ex", f"target vmcore {path}") as mi:
        base = int(mi.done("-data-evaluate-expression page_offset_base")["value"])
        first, size = an_excluded_range(path, 100)
        at, end = base + first, base + first + size
        around = mi.done(f"-vmcore-memory {at - 16:x} {(size + 32) // 8}")
        assert [row["address"] for row in around["memory"]] == [hex(at - 16), hex(end)]
        [missing] = around["missing"]
        assert (missing["start"], missing["last"], missing["bytes"]) == (hex(at), hex(end - 1), str(size))
        assert missing["reason"] == "excluded" and "was excluded from the dump (makedumpfile -d 31)" in missing["text"]
        whole = dump.in_format("elf")[0]
        before, behind = (read_physical(whole, address, 16).hex() for address in (first - 16, first + size))
        assert [row["bytes"] for row in around["memory"]] == [before, behind]
        # gdb's own: not a byte more than there is.
        blocks = mi.done(f"-data-read-memory-bytes {at - 16:#x} 32")["memory"]
        assert [(b["begin"], b["end"], b["contents"]) for b in blocks] == [(hex(at - 16), hex(at), before)]
        assert "Unable to read memory" in mi.error(f"-data-read-memory-bytes {at:#x} 16")
        assert "Cannot access memory" in mi.error(f'-data-evaluate-expression "*(long *){at:#x}"')


def test_registers_and_disassembly(dump, mi):
    thread = thread_of(mi, dump.pid("futex"))["id"]
    names = mi.done("-data-list-register-names")["register-names"]
    pc = names.index(pc_name(dump))
    value = mi.done(f"-data-list-register-values --thread {thread} x {pc}")["register-values"]
    frame = mi.done(f"-stack-list-frames --thread {thread} 0 0")["stack"][0]
    assert value == [{"number": str(pc), "value": frame["addr"]}]
    # All of a CPU's; what a sleeping task does not keep is <unavailable>, no error.
    assert len(mi.done("-data-list-register-values --thread 1 x")["register-values"]) > 16
    assert len(mi.done(f"-data-list-register-values --thread {thread} x")["register-values"]) > 16
    instructions = mi.done("-data-disassemble -a schedule -- 0")["asm_insns"]
    symbols = dict(reversed(line.split()[::2]) for line in dump.oracle.text("proc/kallsyms").splitlines())
    assert int(instructions[0]["address"], 16) == int(symbols["schedule"], 16)
    assert all(i["func-name"] == "schedule" for i in instructions)
    assert any(re.match(r"call|jmp", i["inst"]) and "schedule" in i["inst"] for i in instructions)


def test_variable_objects(dump, mi):
    pid = dump.pid("futex")
    made = mi.done(f'-var-create t * "$task({pid})"')
    assert made["type"] == "struct task_struct *" and int(made["numchild"]) > 100
    children = {c["exp"]: c for c in mi.done("-var-list-children --all-values t")["children"]}
    assert children["pid"]["value"] == str(pid) and children["pid"]["name"] == "t.pid"
    assert dump.oracle.tasks[pid].comm.decode() in mi.done('-data-evaluate-expression "(char *)$task(%d)->comm"' % pid)["value"]
    parents = mi.done("-var-list-children --all-values t.real_parent")["children"]
    assert {c["exp"]: c for c in parents}["pid"]["value"] == str(dump.oracle.tasks[pid].ppid)
    assert mi.done("-var-info-path-expression t.pid")["path_expr"]
    assert mi.done("-var-update --all-values *")["changelist"] == []
    # A CPU's: of a frame.
    made = mi.done('-var-create --thread 1 --frame 0 c * "$cpu_curr(0)"')
    assert made["type"] == "struct task_struct *"
    mi.done("-var-list-children c")
    running = next(t for t in mi.done("-vmcore-cpus")["tasks"] if t["cpu"] == "0")
    assert mi.done("-var-evaluate-expression c.pid")["value"] == running["pid"]
    for name in ("t", "c"):
        assert int(mi.done(f"-var-delete {name}")["ndeleted"]) > 100


@pytest.mark.parametrize("command", ["-exec-continue", "-exec-next", "-exec-step-instruction", "-exec-finish", "-exec-run"])
def test_resuming_is_refused_and_the_dump_stays(mi, command):
    mi.done("-thread-select 1")
    before = mi.done("-stack-list-frames --thread 1")
    mi.log.clear(), mi.console.clear()
    result = mi.command(command)
    if result.klass == "running":
        mi.stopped()
    assert result.klass in ("running", "error")
    said = "".join(mi.log + mi.console) + str(result.results)
    assert "this is a crash dump" in said and "warning" not in said and "signal" not in str(mi.records), said
    assert mi.done("-thread-info 1")["threads"][0]["state"] == "stopped"
    assert mi.done("-stack-list-frames --thread 1") == before


def test_target_select_and_detach():
    """-target-select TYPE is gdb's `target TYPE`, also for a type that is a Python command."""
    if not SETS:
        pytest.skip("no dumps were made")
    one = SETS[0]
    with start() as mi:
        assert "no kernel dump is open" in mi.error("-vmcore-tasks")
        assert mi.done(f"-vmcore-dump {one.vmcore}")["dump"]["release"] == one.info["release"]
        assert "/bin/true" in mi.error("-target-select vmcore /bin/true")
        mi.done(f"-file-exec-and-symbols {one.vmlinux}")
        result = mi.command(f"-target-select vmcore {one.vmcore}")
        assert result.klass in ("connected", "done"), result
        assert any(r.klass == "thread-created" for r in mi.records)
        assert mi.done("-vmcore-tasks 1")["tasks"][0]["comm"] == "init"
        assert mi.done("-target-detach") == {}
        assert "no kernel dump is open" in mi.error("-vmcore-tasks")
        assert mi.done("-data-evaluate-expression 6*7")["value"] == "42"


def test_a_language_without_letters():
    """Where the host's character set lacks a comm's letters, they are escaped, not an error."""
    if not SETS:
        pytest.skip("no dumps were made")
    one = SETS[0]
    pid = one.pid("name_utf8")
    comm = one.oracle.tasks[pid].comm.decode()
    with start("-ex", "set host-charset ASCII", "-ex", f"set vmcore vmlinux {one.vmlinux}",
               "-ex", f"target vmcore {one.vmcore}") as mi:
        got = mi.done(f"-vmcore-tasks {pid}")["tasks"][0]["comm"]
        assert got == comm.encode("ascii", "backslashreplace").decode() and "\\" in got
