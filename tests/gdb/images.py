"""
Dumps as files, from the formats' descriptions: other containers for the memory of an ELF dump (VMware, /proc/kcore), and what a kdump
leaves out.
"""
import re
import shutil
import struct

PAGE = 4096


def segments(path):
    """PT_LOADs of an ELF dump: (file offset, physical address, size in the file)."""
    return [(h[2], h[4], h[5]) for h in program_headers(path) if h[0] == 1]


# Where an ELF header has e_phoff and e_phnum, and a program header, of 64 and of 32 bits.
PHOFF, PHNUM = {64: 32, 32: 28}, {64: 56, 32: 44}


def elf_kind(path):
    """(bits, order of bytes for struct) of an ELF file."""
    with open(path, "rb") as file:
        ident = file.read(6)
    return {1: 32, 2: 64}[ident[4]], {1: "<", 2: ">"}[ident[5]]


def program_headers(path):
    """(type, flags, offset, vaddr, paddr, filesz, memsz, align) of an ELF dump."""
    bits, order = elf_kind(path)
    with open(path, "rb") as file:
        header = file.read(64)
        offset, = struct.unpack_from(order + ("Q" if bits == 64 else "I"), header, PHOFF[bits])
        count, = struct.unpack_from(order + "H", header, PHNUM[bits])
        file.seek(offset)
        if bits == 64:
            return [struct.unpack(order + "IIQQQQQQ", file.read(56)) for _ in range(count)]
        found = [struct.unpack(order + "8I", file.read(32)) for _ in range(count)]
    return [(kind, flags, *rest, align) for kind, *rest, flags, align in found]


def pack_program_header(bits, order, header):
    if bits == 64:
        return struct.pack(order + "IIQQQQQQ", *header)
    kind, flags, *rest, align = header
    return struct.pack(order + "8I", kind, *(word & 0xffffffff for word in rest), flags, align)


def read_physical(path, address, size):
    """Memory out of an ELF dump."""
    offset, start = next((o, a) for o, a, length in segments(path) if a <= address and address + size <= a + length)
    with open(path, "rb") as file:
        file.seek(offset + address - start)
        return file.read(size)


def translate(path, address):
    """The physical address of a kernel address in an ELF64 dump with VMCOREINFO, along x86-64's page tables."""
    info = next(data.decode() for name, _, data in notes(path) if name == "VMCOREINFO")
    value = dict(re.findall(r"^(.+?)=(\S+)$", info, re.M))
    table = int(value["SYMBOL(swapper_pg_dir)"], 16) - 0xffffffff80000000 + int(value["NUMBER(phys_base)"])
    for level in range(4 if value.get("NUMBER(pgtable_l5_enabled)") == "1" else 3, -1, -1):
        entry, = struct.unpack("<Q", read_physical(path, table + (address >> 12 + 9 * level & 511) * 8, 8))
        assert entry & 1, f"{address:#x} is not mapped"
        table = entry & 0x000ffffffffff000
        if level == 0 or (level < 3 and entry & 0x80):
            size = PAGE << 9 * level
            return (table & ~(size - 1)) + address % size


def poke(path, address, data):
    """Writes DATA to the kernel address ADDRESS of an ELF64 dump; it lies in one page."""
    physical, found = translate(path, address), 0
    with open(path, "r+b") as file:
        for offset, start, size in segments(path):      # the kernel's image is there twice
            if start <= physical and physical + len(data) <= start + size:
                file.seek(offset + physical - start)
                found += file.write(data)
    assert found


def an_excluded_range(path, most):
    """
    (address, size) of at most MOST pages that a kdump leaves out, with pages before and behind that it has. The header says how long
    a block is, how many the sub header has and how many the two bitmaps behind it: pages that there were, pages that are there.
    """
    with open(path, "rb") as file:
        file.seek(428)
        block, sub_header, bitmaps, pages = struct.unpack("<IIII", file.read(16))
        file.seek((1 + sub_header) * block)
        were = file.read(bitmaps * block // 2)
        there = file.read(bitmaps * block // 2)
    kind = "".join("?EGP"[2 * (t >> bit & 1) + (w >> bit & 1)] for w, t in zip(were, there) for bit in range(8))[:pages]
    found = re.search(rf"(?<=P)E{{1,{most}}}(?=P)", kind)
    return found.start() * block, len(found[0]) * block


def lose_pages(path, target, frames):
    """A copy of a kdump in which the pages of these numbers were never written (their descriptors are 0)."""
    shutil.copyfile(path, target)
    with open(target, "r+b") as file:
        file.seek(428)
        block, sub_header, bitmaps, _ = struct.unpack("<IIII", file.read(16))
        file.seek((1 + sub_header) * block + bitmaps * block // 2)
        there = file.read(bitmaps * block // 2)
        for frame in frames:
            assert there[frame >> 3] >> (frame & 7) & 1, "that page is not in the dump"
            before = sum(byte.bit_count() for byte in there[:frame >> 3]) + (there[frame >> 3] & ((1 << (frame & 7)) - 1)).bit_count()
            file.seek((1 + sub_header + bitmaps) * block + before * 24)
            file.write(bytes(24))


def notes(path):
    """(name, type, data) of an ELF dump's notes."""
    result, order = [], elf_kind(path)[1]
    with open(path, "rb") as file:
        for kind, _, offset, _, _, size, _, _ in program_headers(path):
            if kind != 4:
                continue
            file.seek(offset)
            data, at = file.read(size), 0
            while at + 12 <= len(data):
                name_size, size, kind = struct.unpack_from(order + "III", data, at)
                at += 12
                name = data[at:at + name_size].rstrip(b"\0").decode()
                at += -(-name_size // 4) * 4
                result.append((name, kind, data[at:at + size]))
                at += -(-size // 4) * 4
    return result


def copy_range(source, offset, size, target):
    source.seek(offset)
    while size:
        piece = source.read(min(size, 1 << 22))
        target.write(piece)
        size -= len(piece)


# --- VMware: a checkpoint and the memory, in it or beside it ---

VMWARE_REGISTERS = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp",
                    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip", "eflags"]
BLOCK_ORDER = ["rax", "rcx", "rdx", "rbx", "rbp", "rsp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"]


def tag(name, value, *indices, size=4):
    head = len(name) << 8 | len(indices) << 6 | size
    return struct.pack("<H", head) + name.encode() + struct.pack(f"<{len(indices)}I", *indices) + value.to_bytes(size, "little")


def block(name, data, *indices, padding=0, size=None):
    head = len(name) << 8 | len(indices) << 6 | 0x3f
    size = len(data) if size is None else size
    return (struct.pack("<H", head) + name.encode() + struct.pack(f"<{len(indices)}I", *indices) +
            struct.pack("<QQH", size, size, padding) + bytes(padding) + data)


def vmware_cpus(elf, blocks):
    """The group `cpu` out of QEMU's notes: QEMUCPUState is version, size, 18 registers, 10 segments of 24 bytes, cr0 to cr4."""
    states = [data for name, kind, data in notes(elf) if name == "QEMU" and kind == 0]
    group = tag("cpu:numVCPUs", len(states))
    for cpu, state in enumerate(states):
        registers = dict(zip(VMWARE_REGISTERS, struct.unpack_from("<18Q", state, 8)))
        controls = struct.unpack_from("<5Q", state, 8 + 18 * 8 + 10 * 24)
        if blocks:
            group += block("gpregs", struct.pack("<16Q", *(registers[name] for name in BLOCK_ORDER)), cpu, padding=3)
            group += block("CR64", struct.pack("<9Q", *controls, 0, 0, 0, 0), cpu)
        else:
            for name in VMWARE_REGISTERS[:16]:
                group += tag(name, registers[name], cpu, size=8)
            for number, value in enumerate(controls):
                group += tag("CR64", value, cpu, number, size=8)
        group += tag("rip", registers["rip"], cpu, size=8) + tag("eflags", registers["eflags"], cpu)
        group += tag("something_else", 7, cpu, 1, 2, size=1) + block("unknown", b"12345", cpu, padding=1)
    return group + b"\0\0"


def write_vmware(elf, stem, inside):
    """STEM.vmss, with the memory INSIDE of it or in STEM.vmem; memory below 1 MiB apart, as if there were a hole."""
    ranges = [(offset, address, size) for offset, address, size in segments(elf) if size % PAGE == 0 and address % PAGE == 0]
    memory = tag("align_mask", 0xffff) + tag("regionsCount", len(ranges))
    page = 0
    for number, (_, address, size) in enumerate(ranges):
        memory += tag("regionPPN", address // PAGE, number) + tag("regionPageNum", page, number)
        memory += tag("regionSize", size // PAGE, number)
        page += size // PAGE
    cpus = vmware_cpus(elf, blocks=inside)
    groups = [("Checkpoint", b"\0\0"), ("cpu", cpus), ("memory", memory)]
    at = 12 + 80 * len(groups)
    header = struct.pack("<III", 0xbed2bed2, 8, len(groups))
    for name, data in groups:
        header += struct.pack("<64sQQ", name.encode(), at, len(data))
        at += len(data)
    with open(elf, "rb") as source, open(f"{stem}.vmss", "wb") as state:
        state.write(header + b"".join(data for _, data in groups))
        if inside:
            state.write(block("Memory", b"", padding=11, size=page * PAGE))
            target = state
        else:
            state.write(b"\0\0")
            target = open(f"{stem}.vmem", "wb")
        for offset, _, size in ranges:
            copy_range(source, offset, size, target)
        if inside:
            state.write(b"\0\0")
        else:
            target.close()


# --- /proc/kcore ---

def note(name, kind, data, order="<"):
    name = name.encode() + b"\0"
    return (struct.pack(order + "III", len(name), len(data), kind) + name.ljust(-(-len(name) // 4) * 4, b"\0") +
            data.ljust(-(-len(data) // 4) * 4, b"\0"))


def write_kcore(elf, path, page_offset):
    """
    As fs/proc/kcore.c writes it: an empty NT_PRSTATUS, NT_PRPSINFO, VMCOREINFO; vmalloc at physical address -1, which is no memory
    that can be had by its number; then the direct map. What vmalloc's segment holds is not written: the file is sparse and ends
    before it.
    """
    ranges = segments(elf)
    info = next(data for name, _, data in notes(elf) if name == "VMCOREINFO")
    area = note("CORE", 1, bytes(336)) + note("CORE", 3, b"R".rjust(2, b"\0").ljust(136, b"\0")) + note("CORE", 4, bytes(64))
    area += note("VMCOREINFO", 0, info)
    start = 64 + 56 * (2 + len(ranges))
    data = -(-(start + len(area)) // PAGE) * PAGE
    headers = struct.pack("<IIQQQQQQ", 4, 0, start, 0, 0, len(area), 0, 4)
    headers += struct.pack("<IIQQQQQQ", 1, 7, 1 << 45, 0xffffc90000000000, (1 << 64) - 1, 1 << 45, 1 << 45, PAGE)
    at = data
    for _, address, size in ranges:
        headers += struct.pack("<IIQQQQQQ", 1, 7, at, page_offset + address, address, size, size, PAGE)
        at += size
    with open(elf, "rb") as source, open(path, "wb") as target:
        target.write(b"\x7fELF\2\1\1".ljust(16, b"\0") +
                     struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2 + len(ranges), 0, 0, 0))
        target.write(headers + area)
        target.seek(data)
        for offset, _, size in ranges:
            copy_range(source, offset, size, target)
