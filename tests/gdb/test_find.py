"""`target vmcore` without a vmlinux: it is found by build-id where distributions keep it, beside the dump, compressed, or by debuginfod."""
import http.server
import os
import pty
import shlex
import shutil
import signal
import subprocess
import threading

import pytest

from conftest import GDB, LAUNCHER, TOP, SETS, gdb_argv, wait_for

PLUGIN = TOP / "build" / ".libs"


@pytest.fixture
def place(dump, tmp_path):
    """A directory with nothing but the dump in it, so that nothing is found beside it; and a cache of its own."""
    core = tmp_path / "dump" / "vmcore"
    core.parent.mkdir()
    core.symlink_to(dump.vmcore)
    return core


def open_alone(core, *commands, cache=None, env=None):
    """gdb with the plugin, no vmlinux, and the dump as its only file."""
    arguments = gdb_argv("-nx", "-batch", "-iex", "set index-cache enabled on",
                         "-iex", f"python import sys; sys.path.insert(0, '{PLUGIN}'); import vmcore")
    for command in [*commands, f"target vmcore {core}", "print init_task.comm", "kernel bt"]:
        arguments += ["-ex", command]
    environment = {**os.environ, **(env or {})}
    environment.pop("DEBUGINFOD_URLS", None)
    environment.update(env or {})
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                          env=environment)
    assert done.returncode >= 0
    return done.stdout.decode(errors="backslashreplace")


def is_good(output):
    return '"swapper/0' in output and "sysrq_handle_crash" in output


def real(dump):
    return dump.vmlinux.resolve()


@pytest.mark.scenario("sysrq")
@pytest.mark.parametrize("layout", ["vmlinux", "vmlinux-{release}", "boot/vmlinux-{release}", "lib/modules/{release}/vmlinux",
                                    ".build-id/{id2}/{rest}.debug"])
def test_debug_path(dump, place, tmp_path, layout):
    if dump.kernel != "6.1":
        pytest.skip("places are the same for every kernel")
    note = subprocess.run(["readelf", "-n", real(dump)], capture_output=True, text=True).stdout
    build_id = note.split("Build ID: ")[1].split()[0]
    path = tmp_path / "debug" / layout.format(release=dump.info["release"], id2=build_id[:2], rest=build_id[2:])
    path.parent.mkdir(parents=True)
    path.symlink_to(real(dump))
    output = open_alone(place, f"set vmcore debug-path /nonexistent:{tmp_path}/debug")
    assert f"vmlinux: {path}\n" in output
    assert is_good(output), output


@pytest.mark.scenario("sysrq")
def test_beside_the_dump_and_of_another_build(dump, place, tmp_path):
    """The wrong vmlinux lies in the first place: it is named with both build-ids, and the right one, beside the dump, is used."""
    other = next((s for s in SETS if s.kernel != dump.kernel), None)
    if not other:
        pytest.skip("needs a set of another kernel")
    wrong = tmp_path / "wrong" / "vmlinux"
    wrong.parent.mkdir()
    wrong.symlink_to(real(other))
    (place.parent / "vmlinux").symlink_to(real(dump))
    output = open_alone(place, f"set vmcore debug-path {tmp_path}/wrong")
    assert f"vmlinux: {place.parent}/vmlinux\n" in output
    assert is_good(output), output
    (place.parent / "vmlinux").unlink()
    output = open_alone(place, f"set vmcore debug-path {tmp_path}/wrong")
    assert f"{wrong}: its build-id is " in output and ", the dump's is " in output


@pytest.mark.scenario("sysrq")
def test_compressed(dump, place, tmp_path):
    if dump.kernel != "6.1":
        pytest.skip("600 MB are enough once")
    packed = place.parent / f"vmlinux-{dump.info['release']}.zst"
    subprocess.run(["zstd", "-q", "-1", "-T0", real(dump), "-o", packed], check=True)
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    output = open_alone(place, env=cache)
    assert is_good(output), output
    (unpacked,) = (tmp_path / "cache" / "gdb-vmcore" / "unpacked").iterdir()
    assert f"vmlinux: {unpacked}\n" in output
    assert unpacked.stat().st_size == real(dump).stat().st_size
    # Given by name, as gdb's argument would be.
    assert is_good(open_alone(place, f"set vmcore vmlinux {packed}", env=cache))
    shutil.rmtree(tmp_path / "cache")
    packed.unlink()


class DebugServer:
    """A debuginfod server with the one file, on this machine; it stops after HOLD bytes of it until go() is called."""

    def __init__(self, path, cache, hold=0):
        self.asked = asked = []
        self.cache = cache
        note = subprocess.run(["readelf", "-n", path], capture_output=True, text=True).stdout
        self.build_id = build_id = note.split("Build ID: ")[1].split()[0]
        self.gate = gate = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                if not self.path.endswith("/debuginfo") or build_id not in self.path:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(path.stat().st_size))
                self.end_headers()
                with open(path, "rb") as file:
                    self.wfile.write(file.read(hold))
                    assert gate.wait(120)
                    try:
                        shutil.copyfileobj(file, self.wfile, 1 << 22)
                    except OSError:     # the other side has given up
                        pass

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if not hold:
            gate.set()

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.environment = {"DEBUGINFOD_URLS": f"http://127.0.0.1:{self.server.server_port}",
                            "DEBUGINFOD_CACHE_PATH": str(self.cache)}
        return self

    def __exit__(self, *_):
        self.gate.set()
        self.server.shutdown()
        shutil.rmtree(self.cache, ignore_errors=True)


@pytest.mark.scenario("sysrq")
def test_debuginfod(dump, place, tmp_path):
    """Asked only if DEBUGINFOD_URLS names it."""
    with DebugServer(real(dump), tmp_path / "debuginfod") as server:
        output = open_alone(place, env=server.environment)
        assert is_good(output), output
        assert f"/buildid/{server.build_id}/debuginfo" in server.asked
        server.asked.clear()
        open_alone(place)
        assert server.asked == []


@pytest.mark.scenario("sysrq")
def test_debuginfod_on_a_terminal(dump, place, tmp_path):
    """A download shows how far it is; Ctrl-C ends it, gdb goes on, and asking again downloads it."""
    with DebugServer(real(dump), tmp_path / "debuginfod", hold=100 << 20) as server:
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update(server.environment, TERM="xterm")
            *outside, inside = shlex.split(GDB)
            argv = [*outside, str(LAUNCHER), f"--gdb={inside}", str(place), "-nx", "-q"]
            os.execvp(argv[0], argv)
        try:
            seen = wait_for(fd, rb"Downloading \[#+\.+\] +[1-9][0-9]?%", 120)
            os.write(fd, b"\x03")
            seen += wait_for(fd, rb"Quit\r\n.*\(gdb\) ", 30)
            assert b"no vmlinux" not in seen and len(server.asked) == 1
            server.gate.set()
            os.write(fd, b"target vmcore " + str(place).encode() + b"\n")
            seen = wait_for(fd, rb"(?s)#0 .*\(gdb\) ", 120)
            assert b"no vmlinux" not in seen and len(server.asked) == 2, seen
            os.write(fd, b"print init_task.comm\n")
            wait_for(fd, rb'"swapper/0', 60)
        finally:
            os.close(fd)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
