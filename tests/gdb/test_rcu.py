"""kernel rcu, held against gdb's own walk of RCU's tree from the other end, and the lists of callbacks counted."""
import functools
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


@functools.lru_cache(maxsize=None)
def rcu(dump):
    return dump.json("kernel rcu")


TREE = """
gdb.execute("set max-value-size unlimited")
state, levels = gdb.parse_and_eval("&rcu_state"), int(gdb.parse_and_eval("rcu_num_lvls"))
print("state", int(state), int(state["gp_seq"].cast(gdb.lookup_type("long"))), int(state["expedited_sequence"].cast(gdb.lookup_type("long"))),
      int(state["gp_kthread"]["pid"]), state["name"].string())
for i in range(int(gdb.parse_and_eval("rcu_num_nodes"))):
    node = state["node"][i]
    if int(node["level"]) != levels - 1:
        continue
    for cpu in range(int(node["grplo"]), int(node["grphi"]) + 1):
        print("cpu", cpu, int(node["qsmask"]) >> cpu - int(node["grplo"]) & 1, int(node["expmask"]) >> cpu - int(node["grplo"]) & 1)
    first = node["blkd_tasks"].address
    entry = first["next"]
    while entry != first:
        print("reader", int(entry))
        entry = entry["next"]
for address in DATA:
    data = gdb.Value(address).cast(gdb.lookup_type("unsigned long")).cast(gdb.lookup_type("struct rcu_data").pointer())
    count, head = 0, data["cblist"]["head"]
    while head:
        count, head = count + 1, head["next"]
    print("list", int(data["cpu"]), count)
"""


@functools.lru_cache(maxsize=None)
def tree(dump):
    text = dump.python(f"DATA = {[int(row['rcu_data'], 16) for row in rcu(dump)['cpus']]}\n" + TREE)
    return [line.split() for line in text.splitlines()]


def test_state_and_holders(dump):
    state, cpus = rcu(dump)["state"], rcu(dump)["cpus"]
    line, = (words[1:] for words in tree(dump) if words[0] == "state")
    assert line == [str(int(state["rcu_state"], 16)), *(str(state[key]) for key in ("gp_seq", "expedited_sequence", "thread_pid", "name"))]
    holders = {int(cpu): (gp == "1", exp == "1") for kind, cpu, gp, exp in (words for words in tree(dump) if words[0] == "cpu")}
    assert {row["cpu"]: (row["holds"], row["holds_expedited"]) for row in cpus} == {row["cpu"]: holders[row["cpu"]] for row in cpus}
    assert len(rcu(dump).get("readers", [])) == sum(words[0] == "reader" for words in tree(dump))
    assert state["running"] == (state["gp_seq"] & 3 != 0) and (state["running"] or not any(row["holds"] for row in cpus))
    assert {row["cpu"]: row["comm"] for row in cpus}[1].startswith("rig spin")


def test_callbacks_are_as_many_as_are_listed(dump):
    counted = {int(cpu): int(count) for kind, cpu, count in (words for words in tree(dump) if words[0] == "list")}
    assert {row["cpu"]: row["callbacks"] for row in rcu(dump)["cpus"]} == counted and set(counted) == {0, 1, 2, 3}


def test_how_long_it_runs(dump):
    """The rig has the kernel keep quiet of stalls, but not forget when it would complain."""
    state = rcu(dump)["state"]
    hertz = int(re.search(r"^CONFIG_HZ=(\d+)$", (dump.directory / "config").read_text(), re.M)[1])
    text = dump.gdb("python print('AGE', int(gdb.parse_and_eval('jiffies')) - int(gdb.parse_and_eval('rcu_state.gp_start')), "
                    "int(gdb.parse_and_eval('rcu_cpu_stall_timeout')))", "kernel rcu 1")
    age, timeout = map(int, re.search(r"^AGE (-?\d+) (\d+)", text, re.M).groups())
    if state["running"]:
        assert (state["age_ticks"], state["stalled"]) == (age, age // hertz >= timeout)
    else:
        assert state["age_ticks"] is None and state["stalled"] is None
    assert "rcu: 1? It takes no words" in text
