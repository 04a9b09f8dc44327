"""Eclipse CDT's debug adapter (npm's cdt-gdb-adapter: what the VS Code extension "CDT GDB Debug" and Theia run), driving our gdb
over MI, and driven here as an editor drives it. The configuration is the one of README.md."""
import base64
import functools
import os
import re
import shutil
import subprocess

import pytest

from conftest import GDB, TOP, OneSession, auto_load, editor_settings
from dap import DAP, Refused

pytestmark = [pytest.mark.once, pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")),
                                reason="no nodejs and npm: scripts/install-dependencies check")]


@functools.lru_cache(maxsize=None)
def adapter():
    """Where it is, or None and why npm could not fetch it: that says nothing about us."""
    result = subprocess.run([TOP / "tests" / "gdb" / "cdt" / "install"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            timeout=900, check=False)
    return result.stdout.strip() if result.returncode == 0 else None, result.stderr.strip()[-300:]


def gdb_program():
    """The adapter wants gdb to be one program."""
    path = TOP / "build" / "gdb-tests"
    path.mkdir(parents=True, exist_ok=True)
    wrapper = path / f"gdb-{os.getpid()}"
    wrapper.write_text(f'#!/bin/sh\nexec {GDB} "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def start():
    path, why = adapter()
    if not path:
        pytest.skip(f"no cdt-gdb-adapter: {why}")
    return DAP(["node", path], cwd=TOP)


def configuration(dump, **more):
    settings = editor_settings(dump, "type", "gdbtarget")
    assert settings.pop("request") == "attach"
    return {**settings, "gdb": str(gdb_program()), "gdbArguments": [*auto_load(), "-q"], "cwd": str(TOP), **more}


@OneSession
def session(dump):
    dap = start()
    return dap, *dap.start("attach", **configuration(dump))


@pytest.fixture
def dap(dump):
    return session(dump)[0]


def test_attach(dump, dap):
    _, capabilities, stop = session(dump)
    assert capabilities["supportsReadMemoryRequest"] and capabilities["supportsDisassembleRequest"]
    assert stop["allThreadsStopped"]
    name = next(t["name"] for t in dap.request("threads")["threads"] if t["id"] == stop["threadId"])
    assert "panicked" in name or dump.scenario == "qemu"
    assert f"Linux {dump.info['release']}, {dump.info['smp']} CPUs" in dap.output()


def test_threads_are_cpus_then_tasks(dump, dap):
    threads = dap.request("threads")["threads"]
    assert [t["id"] for t in threads] == list(range(1, len(threads) + 1))
    for n in range(int(dump.info["smp"])):
        assert f"(CPU {n}," in threads[n]["name"]
    names = {int(m[2]): m[1] for t in threads if (m := re.fullmatch(r"(.*) \(.*\bpid (\d+),.*", t["name"]))}
    for role in ("futex", "namespaces", "dead"):
        assert names[dump.pid(role)] == dump.oracle.tasks[dump.pid(role)].comm.decode(), role
    assert not any(t["running"] for t in threads)


def test_stack_is_that_of_proc(dump, dap):
    pid = dump.pid("futex")
    names = iter(f["name"] for f in dap.request("stackTrace", threadId=dap.thread_of(pid))["stackFrames"])
    recorded = [f for f in dump.oracle.tasks[pid].stack if not f.startswith("entry_")]
    assert len(recorded) > 3 and all(name in names for name in recorded)


def test_locals_and_registers(dump, dap):
    frame = dap.frame_of(dap.thread_of(dump.pid("blocked_reader")), "vfs_read")
    scopes = {s["name"]: s for s in dap.request("scopes", frameId=frame["id"])["scopes"]}
    variables = dap.children(scopes["Local"])
    assert {"file", "buf", "count", "pos"} <= set(variables)
    assert "f_op" in dap.children(variables["file"])
    registers = dap.children(scopes["Registers"])
    assert int(registers["rip"]["value"], 16) == int(frame["instructionPointerReference"], 16)


def test_a_task_struct_expands(dump, dap):
    pid = dump.pid("futex")
    frame = dap.request("stackTrace", threadId=1)["stackFrames"][0]
    value = dap.request("evaluate", expression=f"$task({pid})", frameId=frame["id"], context="watch")
    assert value["type"] == "struct task_struct *"
    members = dap.children(value)
    assert len(members) > 100
    assert members["pid"]["value"] == str(pid)
    letters = [int(v["value"].split()[0]) for v in dap.children(members["comm"]).values()]      # "114 'r'"
    assert bytes(letters).rstrip(b"\0") == dump.oracle.tasks[pid].comm
    parent = dap.children(members["real_parent"])
    assert parent["pid"]["value"] == str(dump.oracle.tasks[pid].ppid)


def test_memory_and_disassembly(dump, dap):
    symbols = dict(reversed(line.split()[::2]) for line in dump.oracle.text("proc/kallsyms").splitlines())
    banner = f"Linux version {dump.info['release']} ".encode()
    read = dap.request("readMemory", memoryReference="0x" + symbols["linux_banner"], count=len(banner))
    assert base64.b64decode(read["data"]) == banner
    with pytest.raises(Refused, match="Unable to read memory"):
        dap.request("readMemory", memoryReference="0xdead000000000100", count=8)
    instructions = dap.request("disassemble", memoryReference="0x" + symbols["schedule"], instructionCount=4)["instructions"]
    assert int(instructions[0]["address"], 16) == int(symbols["schedule"], 16)


def test_commands_in_the_debug_console(dap):
    dap.events.clear()
    frame = dap.request("stackTrace", threadId=1)["stackFrames"][0]
    dap.request("evaluate", expression=">kernel ps 1", context="repl", frameId=frame["id"])
    dap.event("output", lambda body: re.search(r"\s1\s+0\s.*\binit\s*$", body["output"]))


def test_continue_is_refused_and_the_dump_stays(dap):
    """-exec-continue: gdb says running, then stopped, and why; the editor never waits."""
    before = dap.request("stackTrace", threadId=1)
    dap.events.clear()
    dap.request("continue", threadId=1)
    assert dap.event("stopped")["allThreadsStopped"]
    assert "this is a crash dump, it cannot be resumed" in dap.output()
    for step in ("next", "stepIn", "stepOut"):
        with pytest.raises(Refused, match="this is a crash dump"):
            dap.request(step, threadId=1)
    after = dap.request("stackTrace", threadId=1)
    assert [f["name"] for f in after["stackFrames"]] == [f["name"] for f in before["stackFrames"]]
    assert not any(t["running"] for t in dap.request("threads")["threads"])


@pytest.mark.scenario("sysrq")
@pytest.mark.parametrize("way", ["connectCommands", "type"])
def test_each_way_to_name_the_target(dump, way):
    """The adapter runs connectCommands in place of `target TYPE PARAMETERS`."""
    targets = {"connectCommands": {"connectCommands": [f"target vmcore {dump.vmcore}"]},
               "type": {"type": "vmcore", "parameters": [str(dump.vmcore)]}}
    with start() as dap:
        dap.start("attach", **configuration(dump, target=targets[way]))
        assert len(dap.request("threads")["threads"]) > int(dump.info["smp"])
        assert f"Linux {dump.info['release']}" in dap.output()


def test_a_file_that_is_no_dump(dump):
    with start() as dap, pytest.raises(Refused, match="not a kernel dump"):
        dap.start("attach", **configuration(dump, target={"type": "vmcore", "parameters": ["/bin/true"]}))
