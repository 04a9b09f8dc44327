"""Modules whose names are no help: two of one name, names that are no text. gdb has each of them, and its functions."""
import json
import re

import pytest

from conftest import run_gdb
from pokes import Poked

pytestmark = [pytest.mark.every_machine, pytest.mark.once, pytest.mark.scenario("sysrq", "qemu")]


def functions_of(dump, name):
    """{name: address} of a module's code as the guest's kallsyms had it; what has a name of its own there."""
    found = {}
    for line in dump.oracle.text("proc/kallsyms").splitlines():
        match = re.match(r"([0-9a-f]+) [tT] (\w+)\t\[(.+)\]$", line)
        if match and match[3] == name:
            found.setdefault(match[2], []).append(int(match[1], 16))
    return {name: where[0] for name, where in found.items() if len(where) == 1}


def test_names_that_are_no_files(dump):
    modules = [m for m in dump.json("kernel mod")["modules"] if functions_of(dump, m["name"])][:4]
    first, second, bytes_, slashed = modules
    offset = int(dump.gdb("output (long)&((struct module *)0)->name").splitlines()[-1])
    # A function of each that no other address of the machine is called by.
    chosen = {m["address"]: max(functions_of(dump, m["name"]).items(), key=lambda item: len(item[0])) for m in modules}
    with Poked(dump) as copy:
        copy.locate(*(int(m["address"], 16) + offset for m in modules))
        for module, name in ((second, first["name"].encode()), (bytes_, b"m\xff\xfeod"), (slashed, b"../a b<&\"")):
            copy.write(int(module["address"], 16) + offset, name + b"\0")
        symbols = [f"info symbol {where:#x}" for _, where in chosen.values()]
        text = run_gdb(dump.vmlinux, copy.save(), ["info sharedlibrary", *symbols, "echo =begin=\\n", "kernel mod -j",
                                                   f"kernel mod -s {first['name']}"])
    before, after = text.split("=begin=\n")
    files = re.findall(r"(\S+\.ko)$", before.split(" in section")[0], re.M)
    assert len(files) == len(set(files)) == len(dump.json("kernel mod")["modules"])
    assert "warning: gdb knows nothing" not in before
    for name, _ in chosen.values():
        assert re.search(rf"^{re.escape(name)} in section ", before, re.M), (name, before)
    rows = {m["address"]: m["name"] for m in json.loads(next(line for line in after.splitlines() if line.startswith("{")))["modules"]}
    assert rows[second["address"]] == rows[first["address"]] == first["name"]
    assert rows[bytes_["address"]] == "m\uefff\ueffeod"
    # The one that has that name is loaded; of the other it is said that the file is another's.
    assert len(re.findall(rf"^[0-9a-f]+ +{first['name']} +", after, re.M)) == 2
    assert "no debug file for module " + first["name"] in after
