"""Python's walkers of the kernel's containers, and the lists that tell what is missing in them, held against what the guest recorded."""
import json
import re

import pytest

from conftest import as_json
from pokes import Poked
from test_files import recorded
from test_kmem_slab import recorded as slabinfo
from test_tasks import recorded as recorded_tasks
from test_vm import recorded_maps

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]

HEAD = "import gdb, json, vmcore\nev = gdb.parse_and_eval\n"


def answer(dump, expression):
    return json.loads(dump.python(f"{HEAD}print(json.dumps({expression}))"))


def test_lists(dump):
    """The list of processes, from both ends; each leader that the guest recorded is in it, by its number in the kernel's own order."""
    forward, back, numbers = answer(dump, """(
        [int(t['pid']) for t in vmcore.list_for_each(ev('&init_task.tasks'), 'task_struct', 'tasks')],
        [int(t['pid']) for t in vmcore.list_for_each_reverse(ev('init_task.tasks'), 'struct task_struct', 'tasks')],
        [int(a) for a in vmcore.list_for_each(ev('&init_task.tasks'))])""")
    assert forward == back[::-1] and len(numbers) == len(forward) and forward[:2] == [1, 2]
    leaders = {pid for pid, task in recorded_tasks(dump).items() if task.tgid == pid}
    assert len(leaders) > 60 and leaders <= set(forward)


def test_trees(dump):
    """The pids' IDR, and a process's VMAs where a maple tree has them."""
    pids = answer(dump, "[(i, int(p['numbers'][0]['nr'])) for i, p in vmcore.xarray_for_each(ev('&init_pid_ns.idr.idr_rt'), 'struct pid')]")
    assert all(index == number for index, number in pids)
    assert {pid for pid in recorded_tasks(dump)} <= {index for index, _ in pids}
    maps = recorded_maps(dump)
    pid = max(maps, key=lambda pid: len(maps[pid]))
    if re.search(r"^type = struct maple_tree ", dump.gdb("ptype struct maple_tree"), re.M):
        ours = answer(dump, f"[(a, b + 1, int(v['vm_start'])) for a, b, v in vmcore.maple_for_each(ev('&$task({pid})->mm->mm_mt'), 'vm_area_struct')]")
        assert [(start, end) for start, end, _ in ours] == [(int(row[0], 16), int(row[1], 16)) for row in maps[pid] if not int(row[0], 16) >> 63]
        assert all(start == first for first, _, start in ours)
    else:   # before 6.1 (524e00b36e8c)
        ours = answer(dump, f"[int(v['vm_start']) for v in vmcore.rbtree_for_each(ev('&$task({pid})->mm->mm_rb'), 'vm_area_struct', 'vm_rb')]")
        assert ours == [int(row[0], 16) for row in maps[pid] if not int(row[0], 16) >> 63]


def test_hash_lists(dump):
    """A pid's tasks hang in an hlist: its leader is the one of its own number."""
    pids = sorted(pid for pid, task in recorded_tasks(dump).items() if task.tgid == pid)[:30]
    ours = answer(dump, f"[[int(t['pid']) for t in vmcore.hlist_for_each(ev(f'&$task({{p}})->thread_pid->tasks[0]'), 'task_struct', 'pid_links[0]')] "
                        f"for p in {pids}]")
    assert ours == [[pid] for pid in pids]


def test_objects_of_tasks(dump):
    maps, files = recorded_maps(dump), recorded(dump)
    pid = max(maps, key=lambda pid: len(maps[pid]))
    ours = answer(dump, f"[(v.start, v.end, v.permissions, v.name, int(v.value['vm_start']), v.pid) for v in vmcore.task({pid}).vmas()]")
    assert [row[:4] for row in ours] == [[int(start, 16), int(end, 16), permissions, name] for start, end, permissions, _, name in maps[pid]
                                         if not int(start, 16) >> 63]
    assert all(row[4] == row[0] and row[5] == pid for row in ours)
    for pid, task in list(files.items())[:5]:
        ours = dict(answer(dump, f"[(f.fd, f.path) for f in vmcore.task({pid}).files() if int(f.value) == f.address]"))
        theirs = {name[3:]: as_json(target) for name, target in task.files.items() if name.startswith("fd/")}
        assert {str(fd): path for fd, path in ours.items()} == theirs
    ours = answer(dump, "[[m.mount_point, m.type] for m in vmcore.task(1).mounts()]")
    theirs = [line.split() for line in dump.oracle.tasks[1].files["mountinfo"].decode().splitlines()]
    # mountinfo has what is below the root; what was mounted since is not in the record.
    theirs = [[fields[4], fields[fields.index("-") + 1]] for fields in theirs]
    assert theirs and [mount for mount in ours if mount in theirs] == theirs
    assert answer(dump, "[len(vmcore.task(2).vmas()), vmcore.task(2).vmas().notes]") == [0, ["it has no address space of its own"]]


def test_the_machines_lists(dump):
    sizes, objects, queues, timers, pages = answer(dump, """(
        {c.name: (c.size, int(c.value['size'])) for c in vmcore.slab_caches()},
        [(o.state, int(o.value) == o.address) for c in vmcore.slab_caches() if c.name == 'task_struct' for o in c.objects()],
        [(q.cpu, q.nr_running, int(q.value['nr_running']), int(q.value['cpu'])) for q in vmcore.runqueues()],
        [(t.cpu, t.expires, int(t.value['expires'])) for t in vmcore.timers()],
        sum(1 for page in vmcore.pages()))""")
    theirs = slabinfo(dump)
    assert theirs and all(sizes[name] == [record["size"]] * 2 for name, record in theirs.items())
    used = [whole for state, whole in objects if state != "free"]
    assert all(used) and len(used) >= len(recorded_tasks(dump))
    assert len(queues) == int(dump.info["smp"]) and all(a == b and cpu == number for cpu, a, b, number in queues)
    assert len(timers) > 5 and all(a == b for _, a, b in timers)
    total = int(re.search(r"^MemTotal:\s+(\d+)", dump.oracle.text("proc/meminfo"), re.M)[1])
    assert total * 1024 // (16384 if "16k" in dump.kernel else 4096) <= pages
    waits = answer(dump, "[(w.pid, w.kind, int(w.value['pid'])) for w in vmcore.locks()]")
    assert waits and all(pid == theirs for pid, _, theirs in waits)


@pytest.mark.scenario("sysrq")
def test_what_breaks_off(dump):
    """What is before the break comes, then the exception; a list that is an object has notes."""
    pids = sorted(pid for pid, task in recorded_tasks(dump).items() if task.tgid == pid)
    victim = pids[len(pids) // 2]
    at = int(re.search(r"= (\d+)", dump.gdb(f"print/u (unsigned long)&$task({victim})->tasks.next"))[1])
    with Poked(dump) as copy:
        copy.write_word(at, 8)
        code = HEAD + """
seen = []
try:
    for t in vmcore.list_for_each(ev('&init_task.tasks'), 'task_struct', 'tasks'):
        seen.append(int(t['pid']))
except Exception as e:
    print(json.dumps([seen, type(e).__name__, str(e)]))
"""
        script = copy.path.with_suffix(".py")
        script.write_text(code)
        text = dump.gdb("python print('=begin=')", f"source {script}", vmcore=copy.save())
        seen, kind, message = json.loads(text.split("=begin=\n", 1)[1].splitlines()[0])
    assert seen[-1] == victim and seen[:2] == [1, 2] and kind in ("MissingMemory", "MemoryError") and message


@pytest.mark.parametrize("call, error", [
    ("vmcore.list_for_each(ev('&init_task.tasks'), 'task_struct')", "TypeError of a type the member that is the node is needed"),
    ("vmcore.list_for_each(ev('&init_task.tasks'), 'nonsense', 'x')", 'error No symbol "nonsense"'),
    ("vmcore.list_for_each(ev('&init_task.tasks'), 'task_struct', 'nonsense')", 'error'),
    ("list(vmcore.xarray_for_each(0xdead000000000018))", "MissingMemory|GdbError"),
    ("vmcore.list_for_each()", "TypeError"),
])
@pytest.mark.once
def test_errors(dump, call, error):
    assert re.match(error, dump.python(f"{HEAD}try:\n    {call}\nexcept Exception as e:\n    print(type(e).__name__, e)\n"))
