"""kernel config: out of a file where the kernel does not carry its own, held against that file and what the guest says of itself."""
import json
import re

import pytest

from test_schemas import validator

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


def options(text):
    found = {}
    for line in text.splitlines():
        is_set, is_not = re.match(r"(CONFIG_\w+)=(.*)$", line), re.match(r"# (CONFIG_\w+) is not set$", line)
        if is_set or is_not:
            found[(is_set or is_not)[1]] = is_set[2] if is_set else "n"
    return found


@pytest.fixture
def place(dump, tmp_path):
    """The dump and vmlinux in a directory of their own, with nothing beside them."""
    (tmp_path / "vmcore").symlink_to(dump.vmcore)
    return tmp_path


def test_out_of_a_file(dump, place):
    name = place / f"config-{dump.info['release']}"
    text = (dump.directory / "config").read_text()
    name.write_text(text)
    rows = [line for line in dump.gdb("kernel config -j", vmcore=place / "vmcore").splitlines() if line.startswith("{")]
    document = json.loads(rows[0])
    validator("config").validate(document)
    assert {row["option"]: row["value"] for row in document["config"]} == options(text) and len(document["config"]) > 2000
    assert document["notes"] == [f"out of {name}, by its name: the kernel does not carry its own (CONFIG_IKCONFIG)"]
    # The kernel was built so: /proc/version has SMP, the log says how many CPUs at most.
    assert options(text)["CONFIG_SMP"] == "y" and " SMP " in dump.oracle.text("proc/version")


def test_none_and_a_bad_one(dump, place):
    name = place / f"config-{dump.info['release']}"
    missing = dump.gdb("kernel config", vmcore=place / "vmcore", status=1)
    assert f"there is no file config-{dump.info['release']} beside vmlinux, beside the dump or in /boot" in missing
    name.write_bytes(b"CONFIG_SMP=y\n\0\0\0")
    assert f"{name} is no kernel's configuration" in dump.gdb("sys config", vmcore=place / "vmcore", status=1)
    name.write_text("CONFIG_SMP=y\n# CONFIG_NUMA is not set\n")
    text = dump.gdb("kernel config num", "kernel config -j smp", "kernel config sorrow", vmcore=place / "vmcore", status=1)
    assert "\n# CONFIG_NUMA is not set\n" in text and '{"config": [{"option": "CONFIG_SMP", "value": "y"}]' in text
    assert 'config: no option\'s name has "sorrow" in it' in text
