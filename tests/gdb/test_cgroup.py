"""kernel cgroup, held against cgroupfs, /proc/PID/cgroup and /proc/cgroups as the guest recorded them, and gdb's own walk of the tree."""
import functools
import json
import re

import pytest

from pokes import Poked

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


@functools.lru_cache(maxsize=None)
def tree(dump):
    hierarchy, = dump.json("kernel cgroup")["hierarchies"]
    return hierarchy


TREE = """
root = gdb.parse_and_eval("&cgrp_dfl_root")
void = gdb.lookup_type("unsigned long")
offset = next(f.bitpos // 8 for f in gdb.lookup_type("struct cgroup_subsys_state").fields() if f.name == "sibling")
css = gdb.lookup_type("struct cgroup_subsys_state").pointer()
link = next(f.bitpos // 8 for f in gdb.lookup_type("struct task_struct").fields() if f.name == "cg_list")
print("hierarchy", int(root), int(root["nr_cgrps"]["counter"]))
tasks = {}
import vmcore
for task in vmcore.tasks():
    group = task.value["cgroups"]["dfl_cgrp"]
    if int(task.value["cg_list"]["next"]) != int(task.value["cg_list"].address):
        tasks[int(group)] = tasks.get(int(group), 0) + 1
def walk(cgroup, path, depth):
    print("cgroup", int(cgroup), depth, tasks.get(int(cgroup), 0), path or "/")
    head = cgroup["self"]["children"]
    node = head["next"]
    while node != head.address:
        child = gdb.Value(int(node) - offset).cast(void).cast(css)["cgroup"]
        walk(child, path + "/" + child["kn"]["name"].string(), depth + 1)
        node = node["next"]
walk(root["cgrp"].address, "", 0)
"""


def test_tree_as_gdb_walks_it(dump):
    kind, *lines = [line.split() for line in dump.python(TREE).splitlines()]
    assert kind == ["hierarchy", str(int(tree(dump)["root"], 16)), str(tree(dump)["nr_cgroups"])] and tree(dump)["id"] == 0
    ours = [[str(int(row["cgroup"], 16)), str(row["depth"]), row["path"]] for row in tree(dump)["cgroups"]]
    assert ours == [[address, depth, path] for _, address, depth, _, path in lines]
    # A task that is dying is on its list still, and counted no more.
    assert all(row["tasks"] <= int(line[3]) <= row["tasks"] + 3 for row, line in zip(tree(dump)["cgroups"], lines))


TIME = """
long, offsets = gdb.lookup_type("unsigned long"), gdb.parse_and_eval("__per_cpu_offset")
for at in AT:
    cgroup = gdb.Value(at).cast(long).cast(gdb.lookup_type("struct cgroup").pointer())
    names = {field.name for field in cgroup.dereference().type.fields()}
    parts = cgroup["rstat_base_cpu" if "rstat_base_cpu" in names else "rstat_cpu"]
    time = int(cgroup["bstat"]["cputime"]["sum_exec_runtime"])
    for cpu in range(4):
        part = gdb.Value((int(parts.cast(long)) + int(offsets[cpu])) % (1 << 8 * long.sizeof)).cast(long).cast(parts.type)
        time += int(part["bstat"]["cputime"]["sum_exec_runtime"]) - int(part["last_bstat"]["cputime"]["sum_exec_runtime"])
    print("TIME", at, time)
    where = [cgroup["bstat"], part["bstat"], part["last_bstat"]]
    print("PLACES", at, *(int(stat["cputime"]["sum_exec_runtime"].address) for stat in where))
print("TASK", int(gdb.parse_and_eval(f"$task({PID})->se.sum_exec_runtime")))
"""


def test_time_as_gdb_adds_it_up(dump):
    """The task in /rig/inner was alone there, and came when it had run already."""
    rows = {row["path"]: row for row in tree(dump)["cgroups"]}
    addresses = {int(row["cgroup"], 16): path for path, row in rows.items() if path != "/"}
    text = dump.python(f"AT, PID = {list(addresses)}, {dump.pid('memory')}\n" + TIME)
    said = {addresses[int(at)]: int(time) for at, time in re.findall(r"^TIME (\d+) (\d+)$", text, re.M)}
    assert {path: rows[path]["cpu_ns_at_least"] for path in said} == said and set(said) == {"/rig", "/rig/inner"}
    assert said["/rig/inner"] <= int(re.search(r"^TASK (\d+)$", text, re.M)[1]) and rows["/"]["cpu_ns_at_least"] is None
    places = {addresses[int(at)]: list(map(int, places.split())) for at, places in re.findall(r"^PLACES (\d+) ([\d ]+)$", text, re.M)}
    with Poked(dump) as copy:
        for place, value in zip(places["/rig"], (5 << 32, 700, 40)):
            copy.write_word(place, value, 8)
        first = dump_json(dump, copy.save())
    assert first["cpu_ns_at_least"] == (5 << 32) + 660


def test_tree_is_the_records(dump):
    counts = {int(line.split()[2]) for line in dump.oracle.text("proc/cgroups").splitlines()[1:] if line.split()[1] == "0"}
    assert {len(tree(dump)["cgroups"]), tree(dump)["nr_cgroups"]} == counts == {3}
    inside = [task.tid for task in dump.oracle.tasks.values() if task.files["cgroup"] == b"0::/rig/inner\n"]
    rows = {row["path"]: row for row in tree(dump)["cgroups"]}
    assert set(rows) == {"/", "/rig", "/rig/inner"} and inside == [dump.pid("memory")]
    assert (rows["/rig/inner"]["tasks"], rows["/rig"]["tasks"]) == (1, 0) and rows["/"]["tasks"] > 80
    assert not any(row["deleted"] for row in rows.values())


def test_tasks_cgroups_are_the_records(dump):
    roles = [pid for role in ("memory", "ipc", "namespaces", "threads") for pid in [dump.pid(role)]]
    for pid in roles:
        task, = dump.json(f"kernel cgroup -t {pid}")["tasks"]
        text = "".join(f"{row['hierarchy']}:{row['controllers']}:{row['path']}\n" for row in task["cgroups"])
        assert task["pid"] == pid and text.encode() == dump.oracle.tasks[pid].files["cgroup"]
    assert "cgroup: 1? A task's cgroups are shown by -t TASK" in dump.gdb("kernel cgroup 1", status=1)


COUNTERS = """
rig = gdb.Value(AT).cast(gdb.lookup_type("unsigned long")).cast(gdb.lookup_type("struct cgroup").pointer())
for kind, type, members in (("memory", "mem_cgroup", ("memory.usage", "memory.max")), ("pids", "pids_cgroup", ("counter", "limit"))):
    index = int(gdb.parse_and_eval(f"(int){kind}_cgrp_id"))
    base = rig["subsys"][index].cast(gdb.lookup_type("struct " + type).pointer())     # it begins with its css
    for member in members:
        value = base.dereference()
        for name in member.split("."):
            value = value[name]
        print(int(value["counter"] if value.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT else value))
"""


@pytest.mark.parametrize("path", ["/rig", "/rig/inner"])
def test_what_controllers_count(dump, path):
    """Of pages the kernel charges some in advance for each CPU, and gives them back when it likes."""
    def recorded(name):
        text = dump.oracle.text(f"sys/fs/cgroup{path}/{name}").strip()
        return text if text == "max" else int(text)
    row = next(row for row in tree(dump)["cgroups"] if row["path"] == path)
    assert [row[key] for key in ("pids", "pids_max", "memory_max_bytes")] == [recorded(name) for name in ("pids.current", "pids.max", "memory.max")]
    assert row["pids_max"] == (300 if path == "/rig/inner" else "max") and row["pids"] == 1
    memory, _, pids, _ = map(int, dump.python(f"AT = {int(row['cgroup'], 16)}\n" + COUNTERS).split())
    assert (row["memory_bytes"], row["pids"]) == (memory * 4096, pids)
    assert abs(row["memory_bytes"] - recorded("memory.current")) <= 64 * 4096 * 8


def dump_json(dump, vmcore):
    text = dump.gdb("kernel cgroup -j", vmcore=vmcore)
    hierarchy, = json.loads(next(line for line in text.splitlines() if line.startswith("{")))["hierarchies"]
    return next(row for row in hierarchy["cgroups"] if row["path"] == "/rig")
