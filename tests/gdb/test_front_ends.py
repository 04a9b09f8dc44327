"""What front ends send when a person opens a core file, with every gdb: a kernel's dump is opened as by `target vmcore`, every
other core file is gdb's."""
import re
import subprocess

import pytest

from conftest import SETS, TOP, auto_load, gdb_argv
from mi import MI
from test_session import plain_gdb


@pytest.fixture(scope="module")
def one():
    if not SETS:
        pytest.skip("no dumps were made")
    return SETS[0]


@pytest.fixture(scope="module")
def crashed(tmp_path_factory):
    """(program, core) of a process that called abort(), as gdb itself writes a core."""
    directory = tmp_path_factory.mktemp("core")
    source, program, core = (directory / name for name in ("crashed.c", "crashed", "core.crashed"))
    source.write_text("#include <stdlib.h>\nvoid innermost(void) { abort(); }\nint main(void) { innermost(); }\n")
    subprocess.run(["gcc", "-g", "-o", program, source], check=True)
    plain_gdb("-nx", "-batch", program, "-ex", "run", "-ex", f"generate-core-file {core}", "-ex", "kill")
    assert core.exists()
    return program, core


def test_each_command_that_opens_a_core_file(one):
    """Compressed and ELF; twice in one session; a name in quotes is one for gdb 18, and for us."""
    elf, *_ = one.in_format("elf")
    out = plain_gdb("-batch", *auto_load(), one.vmlinux, "-ex", f"core-file {one.vmcore}", "-ex", "print $task(1)->pid",
                    "-ex", f"target core {elf}", "-ex", "print $task(1)->pid + 1", "-ex", f'core "{one.vmcore}"',
                    "-ex", "print $task(1)->pid + 2", "-ex", "core-file", "-ex", "kernel sys")
    assert all(f"${n} = {n}" in out for n in (1, 2, 3)), out
    assert "LWP" not in out and "no kernel dump is open" in out.rpartition("$3")[2]


@pytest.mark.parametrize("option", ["-c={}", "--core={}", "-core={}"])
def test_options(one, option):
    out = plain_gdb("-batch", *auto_load(), one.vmlinux, option.format(one.vmcore), "-ex", "kernel sys")
    assert f"RELEASE: {one.info['release']}" in out


def test_other_cores_are_gdbs(one, crashed):
    """Plain gdb is the oracle: what it prints of a core, it prints with the plugin, too. Then a dump, and the core again."""
    program, core = crashed
    commands = []
    for command in (f"core-file {core}", "backtrace", "info inferiors", f"target core {core}", "core-file", "core-file nothing",
                    "info threads"):
        commands += ["-ex", f"echo <{command}>\\n", "-ex", command]
    theirs = plain_gdb("-nx", "-batch", program, *commands)
    ours = plain_gdb("-batch", *auto_load(), program, *commands)
    # gdb has read all registers once more than it would; where it finds the core's too short it says that each time.
    theirs, ours = ("".join(line for line in text.splitlines(True) if ".reg-xstate" not in line)
                    for text in (theirs, ours))
    assert "SIGABRT" in theirs and ours == theirs
    out = plain_gdb("-batch", *auto_load(), one.vmlinux, "-ex", f"core-file {one.vmcore}", "-ex", f"core-file {core}",
                    "-ex", "info inferiors", "-ex", "kernel sys")
    assert "SIGABRT" in out and "(core)" in out and "no kernel dump is open" in out


def test_mi(one, crashed):
    """Also that nothing is printed past MI (mi.py is strict), and that the records of what changes arrive."""
    program, core = crashed
    with MI(gdb_argv(*auto_load(), "-q", "-i=mi3"), cwd=TOP) as mi:
        mi.done(f"-file-exec-file {one.vmlinux}")
        mi.done(f"-target-select core {one.vmcore}")
        assert any(r.klass == "thread-created" for r in mi.records)
        assert any(r.klass == "stopped" and "frame" in r.results for r in mi.records)
        assert mi.done("-data-evaluate-expression $task(1)->pid")["value"] == "1"
        mi.records.clear()
        mi.done(f"-target-select core {core}")
        assert any(r.klass == "thread-created" for r in mi.records)
        assert "SIGABRT" in "".join(mi.console)
        mi.log.clear()
        said = mi.error("-target-select core nothing")
        assert "nothing" in said and "nothing: No such file or directory." in said + "".join(mi.log)


def test_file(one, crashed, tmp_path):
    """`file` is what it was, of programs and of what is none; of a vmlinux gdb finds our index, whoever loads it."""
    program, _ = crashed
    commands = []
    for command in (f"file {program}", "info line innermost", "file nothing", "file", "info files", f"file -readnow {program}", "file /dev/null"):
        commands += ["-ex", f"echo <{command}>\\n", "-ex", command]
    assert plain_gdb("-batch", *auto_load(), *commands) == plain_gdb("-nx", "-batch", *commands)
    with MI(gdb_argv(*auto_load(), "-iex", f"set index-cache directory {tmp_path}", "-q", "-i=mi3"), cwd=TOP) as mi:
        mi.done(f"-file-exec-and-symbols {one.vmlinux}")
        mi.console.clear()
        mi.done('-interpreter-exec console "show index-cache stats"')
        assert re.search(r"Cache hits \(this session\): [1-9]", "".join(mi.console))
        assert [path.suffix for path in tmp_path.iterdir()] == [".gdb-index"]
        mi.done(f"-target-select core {one.vmcore}")
        assert mi.done("-data-evaluate-expression $task(1)->pid")["value"] == "1"


def test_non_stop_first(one):
    """What Eclipse sends before anything else: gdb waited for ever at opening."""
    with MI(gdb_argv(*auto_load(), "-q", "-i=mi3"), cwd=TOP) as mi:
        mi.done("-gdb-set non-stop 1")
        mi.done("-gdb-set mi-async 1")
        mi.done(f"-file-exec-file {one.vmlinux}")
        mi.done(f"-target-select core {one.vmcore}")
        before = mi.done("-stack-list-frames --thread 3")
        mi.done("-thread-select 3")
        assert mi.command("-exec-continue --all").klass == "running"
        assert mi.stopped()["thread-id"] == "3"
        assert mi.done("-stack-list-frames --thread 3") == before
        # Newer gdbs warn of a source file that is not there.
        assert not re.search(r"warning: (?!\d+\t)", "".join(mi.log)), mi.log
        mi.done("-target-detach")
        assert mi.done("-gdb-show non-stop")["value"] == "on"


@pytest.mark.scenario("oops")
def test_all_is_there_when_the_stop_is_announced(dump):
    """Threads, and debug files of the modules on the stack of the CPU that died: what a front end asks for at once it gets whole."""
    with MI(gdb_argv(*auto_load(), "-q", "-i=mi3"), cwd=TOP) as mi:
        mi.done(f"-file-exec-file {dump.vmlinux}")
        mi.done(f"-target-select core {dump.vmcore}")
        kinds = [record.klass for record in mi.records]
        assert kinds.count("stopped") == 1 and "thread-created" not in kinds[kinds.index("stopped"):]
        assert kinds.count("thread-created") == len(mi.done("-thread-info")["threads"]) > 100
        frame = mi.records[kinds.index("stopped")].results["frame"]
        # The innermost, an inlined function of the rig's module.
        assert frame["func"] == "rig_oops_c" and frame["fullname"].endswith("states.c") and int(frame["line"]) > 1, frame
