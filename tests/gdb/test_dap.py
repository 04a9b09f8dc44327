"""gdb -i=dap (16.3 and 18.1), as an editor drives it, held against the guest's record. gdb 13.1 has no adapter."""
import base64
import re
import subprocess

import pytest

from conftest import SETS, TOP, OneSession, auto_load, editor_settings, gdb_argv
from dap import DAP, Refused
from images import an_excluded_range, read_physical

HAS_DAP = subprocess.run(gdb_argv("-nx", "-batch", "-ex", "python import gdb.dap"), cwd=TOP, capture_output=True,
                         check=False).stderr == b""
pytestmark = [pytest.mark.once, pytest.mark.skipif(not HAS_DAP, reason="this gdb has no DAP adapter")]


def start():
    return DAP(gdb_argv(*auto_load(), "-q", "-i=dap"), cwd=TOP)


@OneSession
def session(dump):
    """(an adapter that has DUMP open, its capabilities, the stop): the configuration of README.md and nothing else."""
    dap, settings = start(), editor_settings(dump, "type", "gdb-dap")
    return dap, *dap.start(settings.pop("request"), **settings)


@pytest.fixture
def dap(dump):
    return session(dump)[0]


def pointed(dap, pointer):
    """What a pointer to a structure points to, opened."""
    return dap.children(dap.children(pointer)["value"])


def test_attach_stops_where_it_died(dump, dap):
    _, capabilities, stop = session(dump)
    assert stop["reason"] == "attach" and stop["allThreadsStopped"]
    for what in ("supportsModulesRequest", "supportsDisassembleRequest", "supportsReadMemoryRequest"):
        assert capabilities[what]
    name = next(t["name"] for t in dap.request("threads")["threads"] if t["id"] == stop["threadId"])
    assert "panicked" in name or dump.scenario == "qemu"
    dap.event("output", lambda body: f"Linux {dump.info['release']}, {dump.info['smp']} CPUs" in body["output"])


def test_threads_are_cpus_then_tasks(dump, dap):
    threads = dap.request("threads")["threads"]
    assert [t["id"] for t in threads] == list(range(1, len(threads) + 1))
    for n in range(int(dump.info["smp"])):
        assert f": CPU {n}," in threads[n]["name"]
    names = {int(m[2]): m[1] for t in threads if (m := re.fullmatch(r"(.*): .*\bpid (\d+)\b.*", t["name"]))}
    for role in ("futex", "name_parentheses", "namespaces", "dead"):
        pid = dump.pid(role)
        assert names[pid] == dump.oracle.tasks[pid].comm.decode(errors="backslashreplace"), role


def test_stack_is_that_of_proc(dump, dap):
    pid = dump.pid("futex")
    thread = dap.thread_of(pid)
    frames = dap.request("stackTrace", threadId=thread)["stackFrames"]
    names = iter(f["name"] for f in frames)
    recorded = [f for f in dump.oracle.tasks[pid].stack if not f.startswith("entry_")]
    assert len(recorded) > 3 and all(name in names for name in recorded), frames
    paged = [f["name"] for at in range(0, len(frames), 3)
             for f in dap.request("stackTrace", threadId=thread, startFrame=at, levels=3)["stackFrames"]]
    assert paged == [f["name"] for f in frames]
    assert all(f["line"] > 0 and f["source"]["name"] for f in frames if f["name"] in recorded)


def test_scopes_and_variables(dump, dap):
    """The call of read(2) that waits in a pipe: its arguments, its struct file, the registers of the task."""
    frame = dap.frame_of(dap.thread_of(dump.pid("blocked_reader")), "vfs_read")
    scopes = {s["name"]: s for s in dap.request("scopes", frameId=frame["id"])["scopes"]}
    assert {"Arguments", "Registers"} <= set(scopes)
    arguments = dap.children(scopes["Arguments"])
    assert {"file", "buf", "count", "pos"} <= set(arguments)
    assert int(arguments["file"]["memoryReference"], 16) > 1 << 63
    assert "f_op" in pointed(dap, arguments["file"])
    # The registers are those of the thread, whatever frame asks.
    registers = dap.children(scopes["Registers"])
    assert int(registers["rip"]["value"].split()[0], 16) > 1 << 63
    assert registers["rax"]["value"] == "<unavailable>"
    # One that the compiler left nothing of does not take the others with it.
    frame = dap.frame_of(dap.thread_of(dump.pid("blocked_reader")), "ksys_read")
    scope = next(s for s in dap.request("scopes", frameId=frame["id"])["scopes"] if s["name"] == "Arguments")
    assert {"fd", "buf", "count"} <= set(dap.children(scope))


def test_globals(dump, dap):
    """All of the scheduler's, though a per-CPU one is at no address and one is a register; each says so itself."""
    frame = dap.frame_of(dap.thread_of(dump.pid("blocked_reader")), "schedule")
    scope = next(s for s in dap.request("scopes", frameId=frame["id"])["scopes"] if s["name"] == "Globals")
    found = dap.children(scope)
    assert len(found) == scope["namedVariables"] > 100
    assert found["current_stack_pointer"]["value"].strip('"').startswith("<error: symbol requires a frame")
    assert any(v["value"].startswith("<error: Cannot access memory at address") for v in found.values())


def test_why_a_read_failed_is_an_important_output(dump, dap):
    """Of what a person typed; not of what an editor opens by itself."""
    def said():
        return [e["body"]["output"] for e in dap.events if e["event"] == "output" and e["body"].get("category") == "important"]

    before = len(said())
    for context, expression in (("repl", "x/4x 0"), ("watch", "*(int *)0"), ("repl", "print *(int *)0x1000")):
        with pytest.raises(Refused, match="Cannot access memory"):
            dap.request("evaluate", expression=expression, context=context)
    assert [re.sub(r" is not mapped.*\n", "", text) for text in said()[before:]] == ["0x0", "0x1000"]


def test_a_task_struct_expands(dump, dap):
    pid = dump.pid("futex")
    value = dap.request("evaluate", expression=f"*$task({pid})", context="watch")
    assert value["type"] == "struct task_struct" and value["namedVariables"] > 100
    members = dap.children(value, start=0, count=value["namedVariables"])
    assert members["pid"]["value"] == str(pid) and members["tgid"]["value"] == str(pid)
    assert dump.oracle.tasks[pid].comm.decode() in dap.request("evaluate", expression=f"$task({pid})->comm", context="hover")["result"]
    assert pointed(dap, members["real_parent"])["pid"]["value"] == str(dump.oracle.tasks[pid].ppid)
    assert {"next", "prev"} <= set(dap.children(members["tasks"]))


def test_commands_in_the_debug_console(dump, dap):
    text = dap.request("evaluate", expression="kernel ps 1", context="repl")["result"]
    assert re.search(r"^>?\s+1\s+0\s.*\binit$", text, re.M)
    with pytest.raises(Refused, match="4000000"):
        dap.request("evaluate", expression="kernel ps 4000000", context="repl")
    with pytest.raises(Refused, match="no task with pid"):
        dap.request("evaluate", expression="$task(4000000)", context="watch")


def test_modules(dump, dap):
    modules = dap.request("modules")
    assert modules["totalModules"] == len(modules["modules"])
    names = {m["name"].rpartition("/")[2].removesuffix(".debug") for m in modules["modules"]}
    for line in dump.oracle.text("proc/modules").splitlines():
        assert f"{line.split()[0]}.ko" in names, line


def test_disassembly_and_memory(dump, dap):
    symbols = dict(reversed(line.split()[::2]) for line in dump.oracle.text("proc/kallsyms").splitlines())
    at = int(symbols["schedule"], 16)
    instructions = dap.request("disassemble", memoryReference=hex(at), instructionCount=8)["instructions"]
    assert len(instructions) == 8 and int(instructions[0]["address"], 16) == at
    assert instructions[0]["symbol"] == "schedule"
    banner = f"Linux version {dump.info['release']} ".encode()
    where = hex(int(symbols["linux_banner"], 16))
    assert base64.b64decode(dap.request("readMemory", memoryReference=where, count=len(banner))["data"]) == banner
    for address, says in ("0x0", "not mapped|no user memory"), ("0xdead000000000100", "not canonical"):
        with pytest.raises(Refused, match=says):
            dap.request("readMemory", memoryReference=address, count=8)


@pytest.mark.parametrize("request_", ["continue", "next", "stepIn", "stepOut"])
def test_resuming_is_refused_and_the_dump_stays(dap, request_):
    with pytest.raises(Refused, match="this is a crash dump"):
        dap.request(request_, threadId=1)
    assert dap.request("stackTrace", threadId=1)["stackFrames"]
    assert not [e for e in dap.events if e["event"] in ("continued", "terminated", "exited")]


def test_writing_is_refused(dap):
    with pytest.raises(Refused, match="Writing to memory is not allowed"):
        dap.request("setExpression", expression="init_task.pid", value="7")
    assert dap.request("evaluate", expression="init_task.pid", context="watch")["result"] == "0"


@pytest.fixture
def one():
    if not SETS:
        pytest.skip("no dumps were made")
    return SETS[0]


def test_the_dump_alone(one):
    """Its vmlinux is beside it and is found by its build-id; `disconnect` ends gdb, whatever it is to do to the dump."""
    with start() as dap:
        dap.start("attach", target=str(one.vmcore))
        # The output comes through a pipe of its own; what is asked later is answered later.
        dap.event("output", lambda body: "Linux " + one.info["release"] in body["output"])
        assert "warning" not in dap.output()
        assert dap.frame_of(dap.thread_of(one.pid("futex")), "__schedule")["line"] > 0
        assert dap.request("disconnect", terminateDebuggee=True) == {}
        assert dap.process.wait(60) == 0


@pytest.mark.scenario("sysrq")
def test_missing_memory(dump):
    """What makedumpfile left out: a client gets what is before it, exactly, and the reason."""
    path = dump.in_format("d31")[0]
    first, size = an_excluded_range(path, 100)
    before = read_physical(dump.in_format("elf")[0], first - 16, 16)
    says = r"was excluded from the dump \(makedumpfile -d 31\)"
    with start() as dap:
        dap.start("attach", program=str(dump.vmlinux), target=path)
        base = int(dap.request("evaluate", expression="page_offset_base", context="watch")["result"])
        read = dap.request("readMemory", memoryReference=hex(base + first), offset=-16, count=64)
        assert read == {"address": hex(base + first - 16), "data": base64.b64encode(before).decode(), "unreadableBytes": 48}
        dap.event("output", lambda body: re.search(says, body["output"]))
        with pytest.raises(Refused, match=says):
            dap.request("readMemory", memoryReference=hex(base + first), count=64)
        read = dap.request("readMemory", memoryReference=hex(base + first - 16), count=16)
        assert base64.b64decode(read["data"]) == before and not read.get("unreadableBytes")


@pytest.mark.scenario("sysrq")
@pytest.mark.parametrize("with_program", [True, False])
def test_parts_of_a_split_set(dump, with_program):
    parts = dump.in_format("split")
    with start() as dap:
        dap.start("attach", target=",".join(parts), **({"program": str(dump.vmlinux)} if with_program else {}))
        assert dap.thread_of(dump.pid("futex")) and dap.frame_of(1, "__crash_kexec")["line"] > 0
        described = dap.request("evaluate", expression="kernel dump", context="repl")["result"]
        assert [n for n in (1, 2, 3) if f"vmcore.split{n}" in described] == [1, 2, 3] and "missing" not in described


@pytest.fixture
def awkward(tmp_path):
    """A directory whose name is a trap for whoever builds commands."""
    directory = tmp_path / "it's a \"test\", \\o"
    directory.mkdir()
    return directory


@pytest.mark.parametrize("member", ["target", "coreFile"])
def test_awkward_names(one, awkward, member):
    (awkward / "vm core").symlink_to(one.vmcore)
    (awkward / 'vm"linux').symlink_to(one.vmlinux)
    with start() as dap:
        attach(dap, program=str(awkward / 'vm"linux'), **{member: str(awkward / "vm core")})
        assert dap.frame_of(dap.thread_of(one.pid("futex")), "__schedule")["line"] > 0


def test_a_dump_that_describes_itself(one, awkward):
    """No vmlinux was named and none is beside it."""
    (awkward / "vm core").symlink_to(one.vmcore)
    with start() as dap:
        dap.start("attach", target=str(awkward / "vm core"))
        frame = dap.frame_of(dap.thread_of(one.pid("futex")), "__schedule")
        assert "source" not in frame
        pid = dap.request("evaluate", expression=f"$task({one.pid('futex')})->pid", context="watch")
        assert pid["result"] == str(one.pid("futex"))


@pytest.mark.parametrize("file,says", [("/nonexistent/vmcore", "/nonexistent/vmcore"), ("nonexistent/vmcore", "nonexistent/vmcore"),
                                       ("/bin/true", "not a kernel dump"), ("/bin/true,/bin/false", "not a kernel dump")])
def test_what_is_no_dump_says_so(one, file, says):
    with start() as dap, pytest.raises(Refused, match=says):
        dap.start("attach", program=str(one.vmlinux), target=file)


def test_opening_the_first_time(one, tmp_path):
    """gdb finds our index in its cache when it loads the program, and does not make its own; and no thread starts at the stop."""
    cache = ["-iex", f"set index-cache directory {tmp_path}"]
    with DAP(gdb_argv(*cache, *auto_load(), "-q", "-i=dap"), cwd=TOP) as dap:
        dap.start("attach", program=str(one.vmlinux), target=str(one.vmcore))
        assert ": CPU 0," in dap.request("threads")["threads"][0]["name"]
        assert not [e for e in dap.events if e["event"] == "thread"]
        stats = dap.request("evaluate", expression="show index-cache stats", context="repl")["result"]
        assert re.search(r"hits \(this session\): [1-9]", stats) and "misses (this session): 0" in stats, stats
    assert [path.suffix for path in tmp_path.iterdir()] == [".gdb-index"]


def test_settings_for_another_editor(one):
    settings = editor_settings(one, "adapter", "GDB")
    with start() as dap:
        dap.start(settings.pop("request"), **settings)
        assert ": CPU 0," in dap.request("threads")["threads"][0]["name"]


def attach(dap, **arguments):
    """gdb 17 and later can be given a core file, too: if it is a kernel dump it is opened as one."""
    try:
        dap.start("attach", **arguments)
    except Refused as error:
        if "coreFile" not in arguments or "attach requires either 'pid' or 'target'" not in str(error):
            raise
        pytest.skip("this gdb's attach knows no coreFile")


def test_core_file(one):
    with start() as dap:
        attach(dap, program=str(one.vmlinux), coreFile=str(one.vmcore))
        assert ": CPU 0," in dap.request("threads")["threads"][0]["name"]


def test_programs_are_debugged_as_ever(tmp_path):
    """Without a dump nothing is changed: a process is launched, continued and ends."""
    with start() as dap:
        dap.request("initialize", adapterID="gdb")
        launch = dap.send("launch", program="/bin/true", stopOnEntry=True)
        dap.request("configurationDone")
        dap.response(launch)
        stop = dap.event("stopped")
        dap.request("continue", threadId=stop["threadId"])
        assert dap.event("exited")["exitCode"] == 0
