"""
What `make install`, `make uninstall` and `scripts/package deb` put where, of this build; no dump is needed. With
VMCORE_TEST_ROOT=DIR, a bare Debian (tests/rig/gdb-root makes one), the package is installed there and removed again, as root.
"""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build"


def run(*command, **options):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert result.returncode == 0, result.stdout
    return result.stdout


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


def test_install_and_uninstall(tmp_path):
    there = ["install", "uninstall"]
    for what in there:
        run("make", "-s", "-C", BUILD, what, f"DESTDIR={tmp_path}", "prefix=/usr", "datarootdir=/usr/share",
            "gdbinitdir=/etc/gdb/gdbinit.d", "libdir=/usr/lib")
        found = files(tmp_path)
        if what == "install":
            assert {"usr/bin/gdb-vmcore", "usr/lib/gdb-vmcore/vmcore.abi3.so", "etc/gdb/gdbinit.d/vmcore.gdb",
                    "usr/share/man/man1/gdb-vmcore.1", "usr/share/bash-completion/completions/gdb-vmcore",
                    "usr/share/zsh/site-functions/_gdb-vmcore", "usr/share/emacs/site-lisp/vmcore-gdb.el"} <= set(found)
    assert found == []
    assert not (tmp_path / "usr/lib/gdb-vmcore").exists()


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    if not shutil.which("dpkg-deb") or not shutil.which("dpkg-shlibdeps"):
        pytest.skip("Debian's dpkg-dev is needed")
    directory = tmp_path_factory.mktemp("package")
    run(TOP / "scripts/package", "deb", "--build", BUILD, "--output", directory,
        env=dict(os.environ, DEBFULLNAME="A Packager", DEBEMAIL="packager@gnu.org"))
    return next(directory.glob("gdb-vmcore_*.deb"))


def test_package(package, tmp_path):
    control = run("dpkg-deb", "--info", package)
    assert re.search(r"^ Depends: .*libdw1.*, gdb ", control, re.M)
    assert run("dpkg-deb", "--info", package, "conffiles").split() == ["/etc/gdb/gdbinit.d/vmcore.gdb"]
    run("dpkg-deb", "--extract", package, tmp_path)
    plugin = next(tmp_path.glob("usr/lib/*/gdb-vmcore/vmcore.abi3.so"))
    assert {re.sub(r"usr/lib/[^/]*/", "", name) for name in files(tmp_path)} == {
        "etc/gdb/gdbinit.d/vmcore.gdb", "usr/bin/gdb-vmcore", "gdb-vmcore/vmcore.abi3.so",
        "usr/share/bash-completion/completions/gdb-vmcore", "usr/share/doc/gdb-vmcore/changelog.gz",
        "usr/share/doc/gdb-vmcore/copyright", "usr/share/man/man1/gdb-vmcore.1.gz",
        "usr/share/emacs/site-lisp/vmcore-gdb.el", "usr/share/zsh/vendor-completions/_gdb-vmcore"}
    assert f'"/{plugin.parent.relative_to(tmp_path)}"' in (tmp_path / "etc/gdb/gdbinit.d/vmcore.gdb").read_text()
    sections = run("readelf", "-SW", plugin)
    assert ".debug_info" not in sections and ".symtab" not in sections
    assert "GNU_RELRO" in run("readelf", "-lW", plugin) and "BIND_NOW" in run("readelf", "-dW", plugin)
    version = run(tmp_path / "usr/bin/gdb-vmcore", "--version").split()[1]
    assert re.search(rf"^ Version: {re.escape(version)}$", control, re.M)
    assert f'"gdb-vmcore {version}"' in (TOP / "scripts/packaging/gdb-vmcore.1").read_text()


def test_lintian(package):
    if not shutil.which("lintian"):
        pytest.skip("lintian is not installed")
    out = run("lintian", "--fail-on", "error,warning", "--allow-root", package)
    assert "E:" not in out and "W:" not in out


def test_bash_completion(tmp_path):
    (tmp_path / "vmcore.flat").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "2026").mkdir()
    script = (f"source {TOP}/scripts/packaging/gdb-vmcore.bash; "
              "ask() { COMP_WORDS=(gdb-vmcore \"$@\"); COMP_CWORD=$#; _gdb_vmcore 2>/dev/null; echo \"${COMPREPLY[*]}\"; }; "
              "ask --v; ask ''; ask n")
    out = run("bash", "--norc", "-c", script, cwd=tmp_path).splitlines()
    assert out == ["--version", "2026 vmcore.flat", "notes.txt"]


def test_in_a_bare_root(package):
    root = os.environ.get("VMCORE_TEST_ROOT")
    if not root:
        pytest.skip("VMCORE_TEST_ROOT names no root")
    shutil.copy(package, pathlib.Path(root) / "tmp/gdb-vmcore.deb")
    try:
        run("chroot", root, "apt-get", "install", "-y", "--no-install-recommends", "/tmp/gdb-vmcore.deb")
        assert "target vmcore" in run("chroot", root, "gdb", "-batch", "-ex", "help target vmcore")
    finally:
        run("chroot", root, "apt-get", "purge", "-y", "gdb-vmcore")
    assert not (pathlib.Path(root) / "etc/gdb/gdbinit.d/vmcore.gdb").exists()
