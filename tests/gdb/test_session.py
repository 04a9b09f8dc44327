"""Ways in and out: launcher, auto-load, jit-reader-load, MI, help; what goes wrong says so and leaves gdb alive."""
import fcntl
import os
import pty
import re
import shlex
import signal
import subprocess
import tempfile

import pytest

from conftest import BUILD, GDB, LAUNCHER, SETS, TOP, auto_load, gdb_argv, run_gdb, wait_for


@pytest.fixture(scope="module")
def one():
    if not SETS:
        pytest.skip("no dumps were made")
    return SETS[0]


def plain_gdb(*arguments, stdin=None, env=None):
    result = subprocess.run(gdb_argv(*arguments), input=stdin, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=300, cwd=TOP, env={**os.environ, **(env or {})},
                            **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))
    assert result.returncode >= 0, result.stdout
    return result.stdout.decode(errors="backslashreplace")


def test_auto_load_attaches_gdb_vmlinux_vmcore(dump):
    out = plain_gdb("-batch", *auto_load(), dump.vmlinux, dump.vmcore, "-ex", "kernel sys")
    assert f"RELEASE: {dump.info['release']}" in out
    assert "not a core dump" not in out


def test_auto_load_interactive_and_quit_without_question(one):
    out = plain_gdb("-q", *auto_load(), one.vmlinux, one.vmcore, stdin=b"kernel ps 1\nquit\n")
    assert "COMM" in out
    assert "Quit anyway" not in out and "y or n" not in out


def test_auto_load_leaves_others_alone(one):
    out = plain_gdb("-batch", *auto_load(), "/bin/true", "-ex", "info files")
    assert "/bin/true" in out and "vmcore" not in out


def test_jit_reader_load(one):
    out = plain_gdb("-nx", "-batch", "-iex", "set index-cache enabled on", one.vmlinux,
                    "-ex", f"jit-reader-load {BUILD / '.libs' / 'vmcore.abi3.so'}",
                    "-ex", f"target vmcore {one.vmcore}", "-ex", "kernel ps 1", "-ex", "jit-reader-unload",
                    "-ex", "kernel ps 1")
    assert out.count("COMM") == 2


def test_interpreter_mi(one):
    out = plain_gdb("-q", "-i=mi2", *auto_load(), one.vmlinux, one.vmcore,
                    stdin=b'-thread-info 1\n-stack-list-frames\n-data-evaluate-expression init_task.pid\n-exec-continue\n'
                          b'-thread-info 1\n-gdb-exit\n')
    assert out.count("^done,threads=") == 2
    assert "^done,stack=" in out
    assert '^done,value="0"' in out
    assert "it cannot be resumed" in out


def test_attach_again_and_detach(one):
    out = one.gdb(f"target vmcore {one.vmcore}", "kernel ps 1", "detach", "kernel ps 1", f"target vmcore {one.vmcore}",
                  "kernel ps 1", "print init_task.pid")
    assert out.count("COMM") == 2
    assert "no kernel dump is open" in out
    assert "$1 = 0" in out


def test_settings_come_back(one):
    out = one.gdb("show may-write-memory", "detach", "show may-write-memory")
    assert "is off" in out and "is on" in out


@pytest.mark.parametrize("file,says", [("/nonexistent", "/nonexistent"), ("/bin/true", "/bin/true"),
                                       ("/dev/null", "/dev/null"), ("", "file name")])
def test_bad_file_is_one_clear_line_and_the_session_goes_on(one, file, says):
    out = plain_gdb("-batch", *auto_load(), one.vmlinux, "-ex", f"target vmcore {file}", "-ex", "print 6*7",
                    "-ex", f"target vmcore {one.vmcore}", "-ex", "print init_task.pid")
    assert says in out
    assert "$1 = 42" in out and "$2 = 0" in out
    assert "Python" not in out and "Traceback" not in out


def test_a_failed_attach_keeps_the_open_dump(one):
    out = one.gdb("target vmcore /bin/true", "kernel ps 1")
    assert "COMM" in out


def test_symbols_are_whole_after_a_dump_was_closed(dump):
    """gdb 13 and later made an internal error of a variable that was read for a shared object and then for a program."""
    output = dump.gdb("disconnect", "target vmcore /dev/null", "x/s &linux_banner", "print 40 + 2")
    assert "internal-error" not in output and "= 42" in output


def test_no_thread_prints_an_exception(dump):
    """A zombie has neither stack nor registers."""
    output = dump.gdb("thread apply all -s -q bt 2")
    assert "Exception" not in output and "Error" not in output


def test_wrong_vmlinux_is_refused(one):
    other = next((s for s in SETS if s.kernel != one.kernel), None)
    if not other:
        pytest.skip("needs dumps of two kernels")
    out = run_gdb(other.vmlinux, one.vmcore, ["print 6*7"])
    assert one.info["release"] in out and other.info["release"] in out
    assert "$1 = 42" in out


def test_exit_status(one):
    one.gdb("kernel ps 1", status=0)
    one.gdb("kernel ps 4000000", status=1)


def test_help_and_completion(one):
    out = one.gdb("help kernel", "help kernel ps", "help target vmcore", "complete kernel p", "complete kernel ps -",
                  "complete set vmcore ", "help set vmcore module-path")
    assert "kernel ps" in out and "kernel ps -k" in out
    assert "set vmcore module-path" in out
    for command in ("ps", "log", "sys", "mod", "bt"):
        text = one.gdb(f"help kernel {command}")
        assert "Example" in text, command
    topics = ["kernel", "kernel python", "target vmcore", "set vmcore", "function task", "function cpu_curr", "function per_cpu",
              "function container_of", *(f"kernel {c}" for c in ("ps", "log", "sys", "mod", "bt")),
              *(f"set vmcore {s}" for s in ("module-path", "vmlinux", "force-vmlinux", "zero-excluded", "threads"))]
    topics += [f"kernel {c}" for c in re.findall(r"^kernel (\S+?)(?:, kernel \S+)? -- ", out, re.M)]
    assert len(topics) > 50
    # What gdb prints at attaching comes first, with the dump's path in it.
    texts = one.gdb(*(c for topic in topics for c in ("echo HELP\\n", f"help {topic}"))).split("HELP\n")[1:]
    for topic, text in zip(topics, texts, strict=True):
        assert text.strip() and all(len(line) <= 80 for line in text.splitlines()
                                    if not line.startswith('Type "help')), topic


def test_completion_of_words(one):
    """gdb breaks words at '-' and '/', kernel commands do not."""
    out = one.gdb("complete kernel bt swapper/", "complete kernel mod -s virtio_n", "complete kernel ps -k",
                  "complete kernel ps -C ", "complete ps -")
    assert "kernel bt swapper/0\n" in out and "kernel mod -s virtio_net\n" in out
    assert "kernel ps -k\n" in out and "\nps -A\n" in out
    assert "kernel ps -C" not in out


def test_kernel_alone_and_with_nonsense(one):
    assert "kernel ps --" in one.gdb("kernel")
    assert "no command `kernel nonsense`" in one.gdb("kernel nonsense")


@pytest.mark.parametrize("command", [
    "find /h &_text, &_end, 0x1234567890123456, 0x1234567890123456, 1, 2, 3, 4, 5, 6, 7", "x/10000000gx &_text"])
def test_ctrl_c_stops_one_command(one, command):
    """On a terminal: the command that runs ends at once, the next one is not hurt, and gdb quits without a question. Again and
    again, so that the command is never over before the key comes."""
    *outside, inside = shlex.split(GDB)
    argv = [*outside, str(LAUNCHER), f"--gdb={inside}", str(one.vmlinux), str(one.vmcore), "-nx", "-q",
            "-ex", "set pagination off", "-ex", "set style enabled off", "-ex", "python print('re' + 'ady')"]
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(TOP)
        os.execvp(argv[0], argv)
    try:
        wait_for(fd, rb"ready", 300)
        os.write(fd, f"while 1\n{command}\necho round\\n\nend\n".encode())
        wait_for(fd, rb"\n(round\r|0x[0-9a-f]+ <\w+\+\d+>:)", 120)
        os.write(fd, b"\x03")
        wait_for(fd, rb"(?s)(Quit|KeyboardInterrupt).*\(gdb\) ", 60)
        os.write(fd, b"print 6*7\n")
        assert b"Quit" not in wait_for(fd, rb"= 42\r", 30)
        os.write(fd, b"quit\n")
        assert b"y or n" not in wait_for(fd, None, 30)
    finally:
        os.close(fd)
        os.kill(pid, signal.SIGKILL)    # a gdb that goes on must not keep the tests waiting
        os.waitpid(pid, 0)


def test_nothing_is_left_behind(one):
    with tempfile.TemporaryDirectory(prefix="vmcore.", dir="/tmp") as directory:
        out = run_gdb(one.vmlinux, one.vmcore, ["shell ls $TMPDIR", "kernel ps 1", "bt"], env={"TMPDIR": directory})
        assert "gdb-vmcore." in out
        assert not os.listdir(directory)


def test_a_temporary_directory_that_is_not_there(one):
    assert "RELEASE" in run_gdb(one.vmlinux, one.vmcore, ["kernel sys"], env={"TMPDIR": "/nonexistent/directory"})


def test_what_killed_gdbs_left_is_swept(one):
    """Directories of sessions whose gdb is gone, and of sockets that no gdb came to: not those of others, nor such as are new."""
    with tempfile.TemporaryDirectory(prefix="vmcore.", dir="/tmp") as directory:
        names = {"gdb-vmcore.AAAAAA": True, "gdb-vmcore-BBBBBB": True, "gdb-vmcore.CCCCCC": False, "gdb-vmcore-other": False, "another": False}
        for name in names:
            os.mkdir(f"{directory}/{name}")
            open(f"{directory}/{name}/file", "w").close()
            if "C" not in name:
                os.utime(f"{directory}/{name}", (0, 0))
        held = os.open(f"{directory}/gdb-vmcore.CCCCCC", os.O_RDONLY)
        os.utime(f"{directory}/gdb-vmcore.CCCCCC", (0, 0))
        fcntl.flock(held, fcntl.LOCK_SH)        # its gdb lives
        run_gdb(one.vmlinux, one.vmcore, ["kernel ps 1", "bt 1"], env={"TMPDIR": directory, "XDG_RUNTIME_DIR": directory})
        os.close(held)
        assert set(os.listdir(directory)) == {name for name, goes in names.items() if not goes}


def test_info_target_and_the_program_comes_back(one):
    """gdb looks for vmlinux's entry point where vmlinux is not: without a warning while the dump is open; afterwards its program is there."""
    out = one.gdb("info target", "print init_task.pid", "disconnect", "python print('=closed=')", "info files", "print init_task.pid")
    open_, closed = out.split("=closed=\n")
    assert "Remote target using gdb-specific protocol" in open_ and "$1 = 0" in open_ and "Cannot find section" not in open_
    # gdb as it is without us: vmlinux's entry point is a physical address, and then it does say that.
    assert "$2 = 0" in closed and f"`{one.vmlinux.resolve()}', file type" in closed
    # Nor is it lost where a dump that could not be opened came before.
    out = run_gdb(one.vmlinux, f"{one.vmlinux.parent / 'config'}@0",
                  ["print init_task.comm", f"target vmcore {one.vmcore}", "disconnect", "print init_task.comm"])
    assert "Cannot access memory" in out and re.search(r"^\$1 = \"swapper\\000", out, re.M), out
    out = one.gdb(f"target vmcore {one.vmcore}", "bt 1", "info target")
    assert "Cannot find section" not in out and "#0 " in out


def test_a_failed_open_is_said_once(one):
    out = plain_gdb("-batch", *auto_load(), one.vmlinux, "-ex", f"target vmcore {one.vmlinux.parent / 'config'}@0", "-ex", "kernel ps", "-ex", "kernel bt",
                    "-ex", "kernel dump")
    reason = re.search(r"@0: (.*?)[;:.]", out)
    assert reason and out.count(reason[1]) == 2, out       # when it failed, and where `kernel dump' says why
    assert out.count("open as physical memory only; `kernel dump' says why") == 2
