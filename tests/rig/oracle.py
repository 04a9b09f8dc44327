"""tests/rig/oracle.py: reads what the guest knew about itself before it crashed: oracle/ and info.txt of a dump set.

For tests, inside gdb's Python or out of it; only the standard library.

    set = oracle.Set(directory)
    set.info["pid.futex"]                      a value of info.txt
    set.text("proc/modules")                   a file of the oracle, whether kept compressed or not
    set.tasks[tid]["comm"]                     bytes of /proc/PID/task/TID/comm, and so on; see guest/record.c
    set.role("futex")                          the task of a role of the workload

As a program: oracle.py DIRECTORY [TID [FILE]] prints it.
"""

import gzip
import pathlib
import sys


class Set:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.info = {}
        for line in (self.directory / "info.txt").read_text().splitlines():
            key, _, value = line.partition("=")
            self.info[key] = value
        self._tasks = None

    def bytes(self, name):
        path = self.directory / "oracle" / name
        if path.exists():
            return path.read_bytes()
        return gzip.decompress(path.with_name(path.name + ".gz").read_bytes())

    def text(self, name):
        return self.bytes(name).decode("utf-8", "replace")

    @property
    def tasks(self):
        """tid -> {"tgid": int, file name: bytes}, in the order of /proc."""
        if self._tasks is None:
            self._tasks = dict(self._read_tasks(self.bytes("tasks")))
        return self._tasks

    def role(self, name):
        return self.tasks[int(self.info["pid." + name])]

    def stat(self, tid):
        """The fields of /proc/TID/stat: pid, comm (bytes), state, ppid, ... as proc(5) numbers them, less one."""
        text = self.tasks[tid]["stat"]
        start, end = text.index(b"("), text.rindex(b")")
        rest = text[end + 2:].decode().split()
        return [int(text[:start]), text[start + 1:end], rest[0]] + [int(word) for word in rest[1:]]

    @staticmethod
    def _read_tasks(data):
        position, task, last = 0, None, None
        while position < len(data):
            end = data.index(b"\n", position)
            mark, tgid, tid, rest = data[position:end].split(b" ", 3)
            name, size = rest.rsplit(b" ", 1)
            if mark != b"@":
                raise ValueError("no record at byte %d of tasks" % position)
            if tid != last:
                if task is not None:
                    yield int(last), task
                task, last = {"tgid": int(tgid)}, tid
            task[name.decode()] = data[end + 1:end + 1 + int(size)]
            position = end + 1 + int(size) + 1
        if task is not None:
            yield int(last), task


def main(arguments):
    dump_set = Set(arguments[0])
    if len(arguments) > 2:
        sys.stdout.buffer.write(dump_set.tasks[int(arguments[1])][arguments[2]])
    elif len(arguments) > 1:
        for name, value in dump_set.tasks[int(arguments[1])].items():
            print("%s: %r" % (name, value))
    else:
        for tid in dump_set.tasks:
            print(*dump_set.stat(tid)[:4])


if __name__ == "__main__":
    main(sys.argv[1:])
