// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/kdump_header.h"

#include <elf.h>
#include <string.h>

#include "base/bytes.h"
#include "dump/file.h"

#define VERSION_OFFSET	    8
#define UTS_OFFSET	    12
#define UTS_FIELD	    65
#define MAX_HEADER_SIZE	    464
#define MAX_SUB_HEADER_SIZE 104

/*
 * Where things are in the two sizes of the main header; the fields after status follow it as 32-bit
 * ones.
 */
struct main_layout {
	unsigned timestamp, status, size;
};

static const struct main_layout main_64 = { 408, 424, 464 };
static const struct main_layout main_32 = { 404, 412, 452 };

/* Where things are in the three forms of the sub header; lengths are of the machine's word size. */
struct sub_layout {
	unsigned phys_base, dump_level, split, start_pfn, end_pfn, vmcoreinfo_offset,
		vmcoreinfo_size, notes_offset, notes_size, eraseinfo_offset, eraseinfo_size,
		start_pfn_64, end_pfn_64, max_pfn_64, size;
};

static const struct sub_layout sub_64 = {
	0, 8, 12, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104
};
/* 64-bit integers on 4 bytes: i386, and QEMU for all 32-bit machines. */
static const struct sub_layout sub_32 = { 0, 4, 8, 12, 16, 20, 28, 32, 40, 44, 52, 56, 64, 72, 80 };
/* 64-bit integers on 8 bytes: arm, ppc, mips. */
static const struct sub_layout sub_32_aligned = { 0,  4,  8,  12, 16, 24, 32, 40,
						  48, 56, 64, 72, 80, 88, 96 };

struct machine_name {
	const char *name;
	uint16_t machine;
	bool is_64bit;
};

static const struct machine_name machine_names[] = {
	{ "x86_64", EM_X86_64, true },
	{ "aarch64", EM_AARCH64, true },
	{ "aarch64_be", EM_AARCH64, true },
	{ "arm64", EM_AARCH64, true },
	{ "ppc64", EM_PPC64, true },
	{ "ppc64le", EM_PPC64, true },
	{ "s390x", EM_S390, true },
	{ "riscv64", EM_RISCV, true },
	{ "loongarch64", EM_LOONGARCH, true },
	{ "mips64", EM_MIPS, true },
	{ "ia64", EM_IA_64, true },
	{ "sparc64", EM_SPARCV9, true },
	{ "i386", EM_386, false },
	{ "i486", EM_386, false },
	{ "i586", EM_386, false },
	{ "i686", EM_386, false },
	{ "arm", EM_ARM, false },
	{ "armv6l", EM_ARM, false },
	{ "armv7l", EM_ARM, false },
	{ "armv8l", EM_ARM, false },
	{ "ppc", EM_PPC, false },
	{ "riscv32", EM_RISCV, false },
	{ "mips", EM_MIPS, false },
};

static const struct machine_name *find_machine(const char *name)
{
	for (size_t i = 0; i < sizeof(machine_names) / sizeof(machine_names[0]); i++)
		if (!strcmp(machine_names[i].name, name))
			return &machine_names[i];
	return NULL;
}

uint16_t kdump_machine(const char *name)
{
	const struct machine_name *machine = find_machine(name);

	return machine ? machine->machine : 0;
}

const char *kdump_machine_name(uint16_t machine, bool is_64bit)
{
	const char *found = NULL;

	/* The first of several names, and of the right width where there are two. */
	for (size_t i = 0; machine && i < sizeof(machine_names) / sizeof(machine_names[0]); i++) {
		if (machine_names[i].machine != machine)
			continue;
		if (machine_names[i].is_64bit == is_64bit)
			return machine_names[i].name;
		found = found ? found : machine_names[i].name;
	}
	return found;
}

bool kdump_header_probe(const uint8_t *data, size_t size)
{
	return size >= KDUMP_SIGNATURE_SIZE && (!memcmp(data, "KDUMP   ", KDUMP_SIGNATURE_SIZE) ||
					  !memcmp(data, "DISKDUMP", KDUMP_SIGNATURE_SIZE));
}

/* Copies one utsname field, dropping what no terminal should see. */
static void copy_name(char *to, const uint8_t *from)
{
	size_t i;

	for (i = 0; i < UTS_FIELD - 1 && from[i]; i++)
		to[i] = from[i] >= 0x20 && from[i] < 0x7f ? from[i] : '?';
	to[i] = '\0';
}

/*
 * Decodes the main header as if written by such a machine. False if the numbers then make no sense.
 */
static bool decode_main(const uint8_t *data, size_t size, bool is_64bit, bool big_endian,
			struct kdump_header *header)
{
	const struct main_layout *layout = is_64bit ? &main_64 : &main_32;
	const uint8_t *status = data + layout->status;

	if (size < layout->size)
		return false;
	header->is_64bit = is_64bit;
	header->big_endian = big_endian;
	header->version = bytes_u32(data + VERSION_OFFSET, big_endian);
	header->timestamp = is_64bit ? bytes_u64(data + layout->timestamp, big_endian)
				     : bytes_u32(data + layout->timestamp, big_endian);
	header->status = bytes_u32(status, big_endian);
	header->block_size = bytes_u32(status + 4, big_endian);
	header->sub_blocks = bytes_u32(status + 8, big_endian);
	header->bitmap_blocks = bytes_u32(status + 12, big_endian);
	header->max_pfn = bytes_u32(status + 16, big_endian);
	header->nr_cpus = bytes_u32(status + 36, big_endian);
	/* A dump of nothing at all has neither a bitmap nor, from some writers, a sub header. */
	return header->version <= 1000 && header->block_size >= 4096 &&
	       header->block_size <= 65536 && !(header->block_size & (header->block_size - 1)) &&
	       header->sub_blocks <= (1u << 30) / header->block_size &&
	       (header->max_pfn ? header->sub_blocks && header->bitmap_blocks
				: header->sub_blocks <= 1 && !header->bitmap_blocks);
}

/* Tries all four kinds of machine; where two make sense, utsname decides. */
static bool find_layout(const uint8_t *data, size_t size, struct kdump_header *header)
{
	const struct machine_name *machine = find_machine(header->uts.machine);
	bool found = false;

	for (unsigned kind = 0; kind < 4; kind++) {
		struct kdump_header try = *header;

		if (!decode_main(data, size, !(kind & 2), kind & 1, &try))
			continue;
		if (found && !(machine && machine->is_64bit == try.is_64bit))
			continue;
		*header = try;
		found = true;
	}
	return found;
}

static uint64_t word(const struct kdump_header *header, const uint8_t *data)
{
	return header->is_64bit ? bytes_u64(data, header->big_endian)
				: bytes_u32(data, header->big_endian);
}

static void decode_sub(const uint8_t *data, const struct sub_layout *layout,
		       struct kdump_header *header)
{
	bool big_endian = header->big_endian;

	header->phys_base = word(header, data + layout->phys_base);
	if (header->version >= 1)
		header->dump_level = (int)bytes_u32(data + layout->dump_level, big_endian);
	if (header->version >= 2) {
		header->split = bytes_u32(data + layout->split, big_endian) != 0;
		header->start_pfn = word(header, data + layout->start_pfn);
		header->end_pfn = word(header, data + layout->end_pfn);
	}
	if (header->version >= 3) {
		header->vmcoreinfo_offset = bytes_u64(data + layout->vmcoreinfo_offset, big_endian);
		header->vmcoreinfo_size = word(header, data + layout->vmcoreinfo_size);
	}
	if (header->version >= 4) {
		header->notes_offset = bytes_u64(data + layout->notes_offset, big_endian);
		header->notes_size = word(header, data + layout->notes_size);
	}
	if (header->version >= 5) {
		header->eraseinfo_offset = bytes_u64(data + layout->eraseinfo_offset, big_endian);
		header->eraseinfo_size = word(header, data + layout->eraseinfo_size);
	}
	if (header->version >= 6) {
		header->start_pfn = bytes_u64(data + layout->start_pfn_64, big_endian);
		header->end_pfn = bytes_u64(data + layout->end_pfn_64, big_endian);
		header->max_pfn = bytes_u64(data + layout->max_pfn_64, big_endian);
	}
}

/* Is this where such an area can be: behind the main header and in the file, or nowhere at all? */
static bool area_is_sane(const struct kdump_header *header, uint64_t offset, uint64_t size,
			 uint64_t file_size)
{
	return offset ? offset >= header->block_size && offset <= file_size : !size;
}

/*
 * With the right layout, the 64-bit page count's low half is the main header's, and offsets make
 * sense.
 */
static bool sub_is_sane(const struct kdump_header *decoded, const struct kdump_header *main,
			const struct dump_file *file)
{
	/* makedumpfile writes UINT32_MAX there where the count does not fit, QEMU cuts it off. */
	if (decoded->version >= 6 && (uint32_t)decoded->max_pfn != (uint32_t)main->max_pfn &&
	    !(main->max_pfn == UINT32_MAX && decoded->max_pfn > UINT32_MAX))
		return false;
	return area_is_sane(decoded, decoded->vmcoreinfo_offset, decoded->vmcoreinfo_size,
			    file->size) &&
	       area_is_sane(decoded, decoded->notes_offset, decoded->notes_size, file->size) &&
	       area_is_sane(decoded, decoded->eraseinfo_offset, decoded->eraseinfo_size,
			    file->size);
}

static void read_sub(const struct dump_file *file, struct kdump_header *header)
{
	uint8_t data[MAX_SUB_HEADER_SIZE] = { 0 };
	struct kdump_header decoded = *header;
	uint64_t main_max_pfn = header->max_pfn;

	/* A file cut off inside gives zeros, which mean "not said" everywhere. */
	dump_file_read_some(file, header->block_size, data, sizeof(data));
	decode_sub(data, header->is_64bit ? &sub_64 : &sub_32, &decoded);
	if (!header->is_64bit && !sub_is_sane(&decoded, header, file)) {
		struct kdump_header aligned = *header;

		decode_sub(data, &sub_32_aligned, &aligned);
		if (sub_is_sane(&aligned, header, file))
			decoded = aligned;
	}
	*header = decoded;
	if (!header->max_pfn)
		header->max_pfn = main_max_pfn;
}

bool kdump_header_read(const struct dump_file *file, struct kdump_header *header,
		       struct error *error)
{
	uint8_t data[MAX_HEADER_SIZE];
	size_t size = dump_file_read_some(file, 0, data, sizeof(data));

	memset(header, 0, sizeof(*header));
	header->dump_level = -1;
	if (size < main_32.size)
		return error_set(error, ERROR_TRUNCATED,
				 "%s is truncated inside its header, after %zu bytes", file->path,
				 size);
	header->diskdump = data[0] == 'D';
	copy_name(header->uts.sysname, data + UTS_OFFSET);
	copy_name(header->uts.nodename, data + UTS_OFFSET + UTS_FIELD);
	copy_name(header->uts.release, data + UTS_OFFSET + 2 * UTS_FIELD);
	copy_name(header->uts.version, data + UTS_OFFSET + 3 * UTS_FIELD);
	copy_name(header->uts.machine, data + UTS_OFFSET + 4 * UTS_FIELD);
	if (!find_layout(data, size, header))
		return error_set(error, size < sizeof(data) ? ERROR_TRUNCATED : ERROR_FORMAT,
				 "%s: the kdump header makes no sense on any machine (block size "
				 "0x%x): damaged, or still being written",
				 file->path, bytes_u32(data + main_64.status + 4, false));
	if (!header->diskdump && header->sub_blocks)
		read_sub(file, header);
	return true;
}
