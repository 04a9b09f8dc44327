"""`target vmcore` without a vmlinux: it is found by build-id where distributions keep it, beside the dump, compressed, or by debuginfod."""
import http.server
import os
import shutil
import subprocess
import threading

import pytest

from conftest import TOP, SETS, gdb_argv

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


@pytest.mark.scenario("sysrq")
def test_debuginfod(dump, place, tmp_path):
    """A server with the one file: asked only if DEBUGINFOD_URLS names it."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if not self.path.endswith("/debuginfo") or build_id not in self.path:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(real(dump).stat().st_size))
            self.end_headers()
            with open(real(dump), "rb") as file:
                shutil.copyfileobj(file, self.wfile, 1 << 22)

        def log_message(self, *_):
            pass

    note = subprocess.run(["readelf", "-n", real(dump)], capture_output=True, text=True).stdout
    build_id = note.split("Build ID: ")[1].split()[0]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {"DEBUGINFOD_URLS": f"http://127.0.0.1:{server.server_port}",
                   "DEBUGINFOD_CACHE_PATH": str(tmp_path / "debuginfod")}
    try:
        output = open_alone(place, env=environment)
        assert is_good(output), output
        assert f"/buildid/{build_id}/debuginfo" in asked
        asked.clear()
        open_alone(place)
        assert asked == []
    finally:
        server.shutdown()
        shutil.rmtree(tmp_path / "debuginfod", ignore_errors=True)
