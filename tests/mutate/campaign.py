# SPDX-License-Identifier: GPL-3.0-or-later
"""The half of the mutation campaign that goes through stock gdb; tests/mutate/run starts it.

One gdb opens many damaged copies of a small real dump, one after the other, and runs every command on each: those of the plugin and
gdb's own. The damage of a case follows from its number alone. It is laid into a working copy and taken back afterwards. Some of it
comes while the dump is open: the file shrinks, or its memory changes.

Watched from outside: each case must end within LIMIT seconds, gdb must not die, no Python exception nor internal error may show up,
a failed `target vmcore` must say why, and after each case gdb must still do as told. Every CHECK cases the whole dump is opened again:
it must look as it did at first, and gdb must not have grown by more than GROWTH.
"""
import difflib
import os
import random
import re
import select
import shutil
import subprocess
import time

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
LIMIT = 100		# seconds for one case; most take one
CHECK = 50		# cases from one look at the whole dump to the next
GROWTH = 300 << 10	# KiB from the first such look on; a leak of 1 MB a case would be seen
SESSION = 400		# cases for one gdb
BAD = re.compile(r'internal-error|Fatal signal|Traceback|Python Exception|SystemError|AddressSanitizer|runtime error:|a problem internal')

PLUGIN = ['sys', 'sys -c', 'sys -t', 'kmem -i', 'kmem -o', 'kmem -v', 'kmem -V',
          'kmem init_task fff',
          'files -a', 'files -f 1',
          'kmem -s', 'slabtop', 'leak signal_cache', 'who-maps /bin/workload 1000', 'kmem -s dentry', 'kmem -S kmalloc-64',
          'runq', 'runq -g', 'runq -m',
          'vm 1', 'vm -p 1', 'vm -f 73',
          'vtop linux_banner init_task', 'vtop -c 1 -u 400000', 'ptov 1000000', 'pte 8000000005c9b063 0',
          'p runqueues.nr_running:a', 'list -h -o task_struct.tasks -s task_struct.pid,comm init_task', 'list -H -r -o module.list modules', 'tree -t xarray -p (&init_pid_ns.idr.idr_rt)',
          'struct task_struct.pid,comm,parent -p init_task', 'struct list_head modules 3', 'struct -r rq runqueues:a',
          'dis schedule', 'dis -l -r schedule+0x10', 'dis do_exit 20',
          'whatis init_task.mm', 'whatis -r 100-200 -m mutex',
          'eval init_task + 4k', 'ascii 65762078756e694c',
          'kmem -z', 'kmem -g', 'kmem -g ffff', 'kmem -h', 'kmem -f', 'kmem -F', 'kmem -n', 'kmem -p 0-20000', 'kmem -m flags,lru.next 100000',
          'ps', 'ps -p', 'ps -c', 'ps -g', 'ps -t', 'ps -l', 'ps -m', 'ps -a', 'ps -r', 'ps -S', 'ps -s', 'ps -A',
          'mount', 'mount -l',
          'timer', 'timer -r',
          'sig -g 1', 'sig -a 1',
          'irq -u', 'irq -s', 'irq -a',
          'foreach user sig', 'foreach active bt', 'set 1',
          'ps -j', 'log', 'log -Tdmc', 'log -j', 'mod', 'mod -u', 'mod -t', 'bt -a', 'bt -A', 'bt -A -u', 'bt -p', 'bt -l', 'bt -f 1',
          'bt -r 1', 'bt -t 2', 'bt -c all', 'bt -g 1', 'dump', 'dump -v', 'search -t init_task',
          'search -k -s init_task -l 100000 init_task', 'search -k -c -s init_task -l 100000 swapper',
          'rd init_task 40', 'rd -s init_task 20', 'rd -p 1000000 20', 'rd -u 400000 4', 'search -p -s 1000000 -l 400000 -h dead',
          'report', 'report -j', 'report -o /dev/null']
GDB = ['bt', 'bt full 3', 'info threads', 'thread apply all -s -q bt 3', 'thread 3', 'up', 'info registers rip', 'info sharedlibrary',
       'p init_task.comm', 'p $_siginfo', 'x/4i $pc', 'x/8gx &init_task', 'x/s &linux_banner', 'x/2gx 0', 'ptype struct list_head', 'p sizeof(struct module)',
       'info symbol $pc', 'find &init_task, +4096, (char)0x77', 'thread 1']


class Over(Exception):
    """gdb died or hangs: what it was doing."""


class Gdb:
    """A gdb with the plugin, that is told what to do over a pipe."""

    def __init__(self, vmlinux, dump):
        launcher = os.path.join(TOP, 'scripts', 'gdb-vmcore')
        self.process = subprocess.Popen([launcher, vmlinux, dump, '-q', '-nx', '-ex', 'set pagination off', '-ex', 'set confirm off',
                                         '-ex', 'set width 0'],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.number = 0
        self.run([], 120)

    def run(self, commands, limit):
        """What gdb prints. Each command is announced, so that a hang's culprit is the last one named."""
        self.number += 1
        mark = f'=over {self.number}='
        lines = []
        for command in commands:
            lines += [f'echo #{command}\\n', command]
        # That gdb evaluates and that Python runs: the session is whole.
        lines += [f'python print("=" + "over {self.number}" + "=")', '']
        text, fd, until = b'', self.process.stdout.fileno(), time.monotonic() + limit
        try:
            self.process.stdin.write('\n'.join(lines).encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        while mark.encode() not in text[-4096:]:
            ready, _, _ = select.select([fd], [], [], max(0, until - time.monotonic()))
            piece = os.read(fd, 1 << 16) if ready else b''
            if not piece:
                raise Over(('died' if ready else 'hung') + '\n' + text.decode(errors='replace'))
            text += piece
        return text.decode(errors='replace')

    def rss(self):
        """KiB."""
        for line in open(f'/proc/{self.process.pid}/status'):
            if line.startswith('VmRSS:'):
                return int(line.split()[1])
        return 0

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Copy:
    """A working copy of a dump, that can be damaged and made whole again."""

    def __init__(self, whole, path):
        self.whole, self.path = open(whole, 'rb'), path
        self.size = os.path.getsize(whole)
        self.touched, self.cut = [], None
        if not os.path.exists(path) or os.path.getsize(path) != self.size:
            shutil.copyfile(whole, path)
        else:
            self.mend_all()
        self.file = open(path, 'r+b', buffering=0)

    def mend_all(self):
        with open(self.path, 'r+b') as file:
            self.whole.seek(0)
            shutil.copyfileobj(self.whole, file, 1 << 20)

    def write(self, offset, data):
        if 0 <= offset < self.size:
            data = data[:self.size - offset]
            self.file.seek(offset)
            self.file.write(data)
            self.touched.append((offset, len(data)))

    def truncate(self, size):
        os.truncate(self.path, size)
        self.cut = size

    def mend(self):
        if self.cut is not None:
            at = self.cut
            self.file.seek(at)
            self.whole.seek(at)
            shutil.copyfileobj(self.whole, self.file, 1 << 22)
        for offset, size in self.touched:
            self.whole.seek(offset)
            self.file.seek(offset)
            self.file.write(self.whole.read(size))
        self.touched, self.cut = [], None


class Kernel:
    """A dump set of tests/rig in two forms, and where its structures are."""

    def __init__(self, name, directory, work):
        self.name, self.vmlinux = name, os.path.join(directory, 'vmlinux')
        self.small = self.strip(work)
        whole = os.path.join(directory, 'vmcore')
        self.compressed = Copy(whole, os.path.join(work, f'{name}.kdump'))
        whole = os.path.join(directory, 'vmcore.elf')
        self.elf = Copy(whole, os.path.join(work, f'{name}.elf'))
        self.places = self.find_places(whole)
        self.gdb, self.cases, self.reference, self.first_rss, self.most_rss = None, 0, None, 0, 0

    def strip(self, work):
        """vmlinux without DWARF and without the third of its symbols that only the linker and modules want: gdb then opens a dump
        in 0.3 s instead of three. Types come from BTF."""
        path = os.path.join(work, f'vmlinux-{self.name}')
        if not os.path.exists(path):
            subprocess.run(['objcopy', '-g', '--keep-section=.debug_frame', '-R', '.rela*', self.vmlinux, path + '.new'], check=True)
            names = subprocess.run(['nm', path + '.new'], stdout=subprocess.PIPE, check=True, text=True).stdout.split('\n')
            with open(path + '.names', 'w') as file:
                file.writelines(line.split()[2] + '\n' for line in names if re.search(r' [rd] (_|.*\.)', line))
            subprocess.run(['objcopy', f'--strip-symbols={path}.names', path + '.new'], check=True)
            os.rename(path + '.new', path)
        return path

    def find_places(self, elf):
        done = subprocess.run([os.path.join(TOP, 'build-fuzz', 'places'), self.vmlinux, elf], stdout=subprocess.PIPE, check=True, text=True)
        places = {}
        for line in done.stdout.splitlines():
            offset, size, address, what = line.split(' ', 3)
            places.setdefault(what, []).append((int(offset), int(size), int(address, 16)))
        return places


def wild(rng, kernel, own):
    """A value to write where ADDRESS is a place of its own: circles, wild and plausible pointers, insane counts."""
    kind = rng.randrange(8)
    if kind == 0:
        return own
    if kind == 1:
        return rng.choice([0, 1, 2**64 - 1, 2**31, 2**32 - 1, 2**63])
    if kind == 2:
        return rng.randrange(65536)
    if kind == 3:
        return rng.randrange(2**64)
    other = rng.choice(kernel.places[rng.choice(list(kernel.places))])[2]
    return (other + rng.choice([0, 0, 8, -8, 1])) % 2**64


def damage_memory(rng, kernel, copy):
    names = list(kernel.places)
    # One structure thoroughly, or a little of everything: the stacks are most places, so choose by name first.
    some = [rng.choice(names)] if rng.randrange(2) else names
    for _ in range(rng.choice([1, 2, 5, 40, 300])):
        offset, size, address = rng.choice(kernel.places[rng.choice(some)])
        copy.write(offset, (wild(rng, kernel, address) % 2**(8 * size)).to_bytes(size, 'little'))


def damage_bytes(rng, copy, start, end, most):
    for _ in range(rng.randrange(1, most)):
        copy.write(rng.randrange(start, min(end, copy.size)), bytes(rng.randrange(256) for _ in range(rng.choice([1, 1, 2, 8]))))


def damage(rng, kernel):
    """Returns the copy, the words for it, and what is to happen while it is open."""
    kind = rng.randrange(16)
    copy = kernel.elf if rng.randrange(2) else kernel.compressed
    elf = copy is kernel.elf
    tables = (1 << 16) if elf else (4 << 20)
    if kind == 0:
        copy.truncate(rng.randrange(copy.size))
        return copy, 'truncated', None
    if kind <= 2:
        damage_bytes(rng, copy, 0, rng.choice([128, 4096, 16384]), 20)
        return copy, 'headers', None
    if kind <= 4:
        damage_bytes(rng, copy, 0 if elf else 8192, tables, 400)
        return copy, 'tables', None
    if kind <= 6:
        damage_bytes(rng, copy, tables, copy.size, 3000)
        return copy, 'any memory' if elf else 'compressed pages', None
    if kind == 7:
        size = rng.choice([0, rng.randrange(copy.size), rng.randrange(65536)])
        return copy, 'shrinks while open', lambda: copy.truncate(size)
    if kind == 8:
        return kernel.elf, 'memory changes while open', lambda: damage_memory(rng, kernel, kernel.elf)
    damage_memory(rng, kernel, kernel.elf)
    return kernel.elf, 'kernel memory', None


class Campaign:
    def __init__(self, kernels, work, full):
        self.kernels, self.work, self.full = kernels, work, full
        self.results, self.kinds, self.findings, self.longest, self.growth = {}, {}, [], 0, 0

    def finding(self, number, kernel, what, words, text):
        path = os.path.join(self.work, f'finding-{number}.log')
        with open(path, 'w') as file:
            file.write(text)
        self.findings.append(number)
        print(f'FINDING: case {number} ({kernel.name}, {words}): {what}; see {path}', flush=True)

    def look(self, kernel):
        """The whole dump, as it should be. The growth since the first look, in KiB."""
        text = kernel.gdb.run([f'target vmcore {kernel.compressed.path}', 'kernel sys', 'kernel ps', 'kernel bt -a', 'kernel mod', 'bt'], LIMIT)
        # Each opening makes its modules' files in a new directory.
        text = re.sub(r'(?<=gdb-vmcore\.)\w{6}(?=/)|=over \d+=|warning: .*', '', text).replace('(gdb) ', '').strip()
        if kernel.reference is None:
            kernel.reference = text
            if not all(part in text for part in ('RELEASE', 'swapper/0', 'COMMAND', '#1 ')):
                raise SystemExit('the whole dump does not work:\n' + text[:4000])
        elif text != kernel.reference:
            raise Over('the whole dump looks different after damaged ones\n' + '\n'.join(difflib.unified_diff(kernel.reference.split('\n'), text.split('\n'), lineterm='')))
        kernel.most_rss = max(kernel.most_rss, kernel.gdb.rss())
        kernel.first_rss = kernel.first_rss or kernel.gdb.rss()
        if kernel.gdb.rss() - kernel.first_rss > GROWTH:
            raise Over(f'gdb grew from {kernel.first_rss >> 10} to {kernel.gdb.rss() >> 10} MiB in {kernel.cases} cases')
        self.growth = max(self.growth, kernel.gdb.rss() - kernel.first_rss)

    def start(self, kernel):
        if kernel.gdb:
            kernel.gdb.close()
        kernel.gdb = Gdb(kernel.vmlinux if self.full else kernel.small, kernel.compressed.path)
        kernel.cases = kernel.first_rss = 0
        self.look(kernel)
        self.look(kernel)
        kernel.first_rss = kernel.gdb.rss()

    def one(self, number, kernel):
        rng = random.Random(number)
        copy, words, later = damage(rng, kernel)
        started, what, text = time.monotonic(), None, ''
        words = f'{"ELF" if copy is kernel.elf else "kdump"}, {words}'
        commands = ['kernel ' + line for line in PLUGIN] + GDB
        rng.shuffle(commands)
        try:
            text = kernel.gdb.run([f'target vmcore {copy.path}'], LIMIT)
            if ' CPU' in text or ' tasks' in text:
                what = 'ran every command'
            else:
                what = 'refused' if re.search('dump|VMCOREINFO|vmlinux|read|ELF', text) else None
            if later:
                later()
            text += kernel.gdb.run(commands, LIMIT)
            if BAD.search(text) or what is None:
                self.finding(number, kernel, 'prints an internal error' if what else 'refused without a reason', words, text)
                what = 'finding'
            kernel.cases += 1
        except Over as over:
            self.finding(number, kernel, str(over).split('\n', 1)[0], words, text + str(over))
            what = 'finding'
            kernel.gdb.close()
            kernel.gdb = None
        copy.mend()
        self.results[what] = self.results.get(what, 0) + 1
        self.kinds[words] = self.kinds.get(words, 0) + 1
        self.longest = max(self.longest, time.monotonic() - started)

    def run(self, first, count, seconds):
        until = time.monotonic() + seconds
        for number in range(first, first + count):
            if time.monotonic() > until or len(self.findings) >= 20:
                break
            kernel = self.kernels[number % len(self.kernels)]
            if not kernel.gdb or kernel.cases >= SESSION:
                self.start(kernel)
            self.one(number, kernel)
            if kernel.gdb and kernel.cases % CHECK == CHECK - 1:
                try:
                    self.look(kernel)
                except Over as over:
                    self.finding(number, kernel, str(over).split('\n', 1)[0], 'the whole dump', str(over))
                    kernel.gdb.close()
                    kernel.gdb = None
            if number % 100 == 99:
                self.report()
        for kernel in self.kernels:
            if kernel.gdb:
                kernel.gdb.close()
        self.report()
        for words, number in sorted(self.kinds.items()):
            print(f'    {number:5} {words}')
        return not self.findings

    def report(self):
        results = ', '.join(f'{number} {what}' for what, number in sorted(self.results.items()))
        rss = ', '.join(f'{kernel.name} {kernel.most_rss >> 10}' for kernel in self.kernels)
        print(f'gdb: {sum(self.results.values())} damaged copies: {results}; {len(self.findings)} findings; the longest took '
              f'{self.longest:.1f} s; most memory, MiB: {rss}; growth at most {self.growth >> 10} MiB', flush=True)
