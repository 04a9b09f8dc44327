// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ELF dumps: /proc/vmcore as it is, makedumpfile -E, QEMU's dump-guest-memory, virsh dump
 * --memory-only. Both classes and byte orders, decoded by libelf.
 *
 * The ELF rule that memory beyond p_filesz is zero is not applied: /proc/vmcore and QEMU always
 * have p_filesz equal to p_memsz, and makedumpfile -E shortens p_filesz to leave out excluded pages
 * (write_elf_pages_cyclic in makedumpfile.c), those of zeros (-d 1) as any others. So what p_filesz does not cover is
 * excluded, and unknown; whether it was only zeros the file does not say.
 */
#include <elf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "dump/dump.h"
#include "dump/file.h"
#include "dump/flattened.h"
#include "dump/notes.h"

#define MAX_SEGMENTS   (16u << 20) /* 16 TiB in excluded runs of 256 pages (makedumpfile -E) */
#define XEN_CRASH_INFO 0x1000001   /* XEN_ELFNOTE_CRASH_INFO, xen/include/public/elfnote.h */
#define MAX_VSYSCALL   4096	   /* x86's page at 0xffffffffff600000 is in user cores too */
#define MAX_HEADER     128	   /* of a segment, bytes; they may be wider than we know them */
#define MAX_OVERLAP    1024 /* segments looked at for one address; real dumps have 2 at most */

struct elf {
	/* the highest end among ranges[0..i]: where a search backwards may stop */
	uint64_t *max_end;
	bool segments_lost;	/* of a stream that was cut: some, see find_lost_segments */
};

struct elf_header {
	bool is_64bit, big_endian;
	uint16_t type, machine, phentsize, shentsize;
	uint32_t nr_segments;
	uint64_t segments_offset, sections_offset;
};

static size_t phdr_size(const struct elf_header *header)
{
	return header->is_64bit ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

/*
 * Decodes COUNT structures of TYPE from the file's class and byte order. Both buffers are SIZE
 * bytes.
 */
static bool decode(const struct elf_header *header, Elf_Type type, const void *in, void *out,
		   size_t size)
{
	Elf_Data from = {
		.d_buf = (void *)in, .d_type = type, .d_size = size, .d_version = EV_CURRENT
	};
	Elf_Data to = { .d_buf = out, .d_type = type, .d_size = size, .d_version = EV_CURRENT };
	unsigned encoding = header->big_endian ? ELFDATA2MSB : ELFDATA2LSB;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return false;
	return header->is_64bit ? elf64_xlatetom(&to, &from, encoding) != NULL
				: elf32_xlatetom(&to, &from, encoding) != NULL;
}

static bool decode_header(const uint8_t *data, size_t size, struct elf_header *header)
{
	Elf64_Ehdr ehdr64;
	Elf32_Ehdr ehdr32;

	memset(header, 0, sizeof(*header));
	if (size < EI_NIDENT || memcmp(data, ELFMAG, SELFMAG) || data[EI_VERSION] != EV_CURRENT ||
	    (data[EI_CLASS] != ELFCLASS32 && data[EI_CLASS] != ELFCLASS64) ||
	    (data[EI_DATA] != ELFDATA2LSB && data[EI_DATA] != ELFDATA2MSB))
		return false;
	header->is_64bit = data[EI_CLASS] == ELFCLASS64;
	header->big_endian = data[EI_DATA] == ELFDATA2MSB;
	if (size < (header->is_64bit ? sizeof(ehdr64) : sizeof(ehdr32)))
		return false;
#define COPY_HEADER(ehdr)                                                                          \
	do {                                                                                       \
		if (!decode(header, ELF_T_EHDR, data, &(ehdr), sizeof(ehdr)))                      \
			return false;                                                              \
		header->type = (ehdr).e_type;                                                      \
		header->machine = (ehdr).e_machine;                                                \
		header->phentsize = (ehdr).e_phentsize;                                            \
		header->shentsize = (ehdr).e_shentsize;                                            \
		header->nr_segments = (ehdr).e_phnum;                                              \
		header->segments_offset = (ehdr).e_phoff;                                          \
		header->sections_offset = (ehdr).e_shoff;                                          \
	} while (0)
	if (header->is_64bit)
		COPY_HEADER(ehdr64);
	else
		COPY_HEADER(ehdr32);
#undef COPY_HEADER
	return true;
}

/*
 * With 65535 segments and more, their number is in sh_info of the first section header (gABI,
 * PN_XNUM).
 */
static bool read_extended_count(const struct dump_file *file, struct elf_header *header,
				struct error *error)
{
	uint8_t raw[sizeof(Elf64_Shdr)];
	size_t size = header->is_64bit ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	Elf64_Shdr shdr64;
	Elf32_Shdr shdr32;

	if (header->shentsize != size || !header->sections_offset)
		return error_set(error, ERROR_FORMAT,
				 "%s: its ELF header says PN_XNUM but there is no section header",
				 file->path);
	if (!dump_file_read(file, header->sections_offset, raw, size, error))
		return error_prefix(error, "the number of segments (PN_XNUM)");
	if (!decode(header, ELF_T_SHDR, raw, header->is_64bit ? (void *)&shdr64 : (void *)&shdr32,
		    size))
		return error_set(error, ERROR_FORMAT, "%s: cannot decode its section header",
				 file->path);
	header->nr_segments = header->is_64bit ? shdr64.sh_info : shdr32.sh_info;
	return true;
}

/* Reads the ELF header and finds how many segments the file really has. */
static bool read_header(const struct dump_file *file, struct elf_header *header,
			bool *truncated_ret, struct error *error)
{
	uint8_t raw[sizeof(Elf64_Ehdr)];
	size_t size = dump_file_read_some(file, 0, raw, sizeof(raw));
	uint64_t room;

	*truncated_ret = false;
	if (!decode_header(raw, size, header))
		return error_set(error, size < sizeof(raw) ? ERROR_TRUNCATED : ERROR_FORMAT,
				 "%s: bad or truncated ELF header (%zu bytes)", file->path, size);
	if (header->nr_segments == PN_XNUM && !read_extended_count(file, header, error))
		return false;
	if (!header->nr_segments)
		return true;
	if (header->phentsize < phdr_size(header) || header->phentsize > MAX_HEADER)
		return error_set(error, ERROR_FORMAT,
				 "%s: ELF program headers of %u bytes instead of %zu", file->path,
				 header->phentsize, phdr_size(header));
	/* The last one may end with the file, even where they are wider than what they hold. */
	room = header->segments_offset < file->size ? file->size - header->segments_offset : 0;
	room = room < phdr_size(header) ? 0 : 1 + (room - phdr_size(header)) / header->phentsize;
	*truncated_ret = header->nr_segments > room;
	if (*truncated_ret)
		header->nr_segments = room;
	if (header->nr_segments > MAX_SEGMENTS)
		return error_set(error, ERROR_FORMAT, "%s: %u ELF segments, at most %u make sense",
				 file->path, header->nr_segments, MAX_SEGMENTS);
	return true;
}

/* All program headers, as 64-bit ones. The caller frees them. */
static bool read_segments(const struct dump_file *file, const struct elf_header *header,
			  Elf64_Phdr **ret, struct error *error)
{
	size_t nr = header->nr_segments, size = nr * phdr_size(header);
	size_t wide = nr ? (nr - 1) * header->phentsize + phdr_size(header) : 0;
	uint8_t *raw = malloc(wide + 1);
	Elf64_Phdr *segments = calloc(nr + 1, sizeof(*segments));
	const Elf32_Phdr *raw32 = (const Elf32_Phdr *)raw;
	bool done = false;

	if (!raw || !segments) {
		error_no_memory(error, "ELF program headers", wide);
		goto out;
	}
	if (!dump_file_read(file, header->segments_offset, raw, wide, error)) {
		error_prefix(error, "ELF program headers");
		goto out;
	}
	for (size_t i = 1; wide != size && i < nr; i++)
		memmove(raw + i * phdr_size(header), raw + i * header->phentsize,
			phdr_size(header));
	if (size &&
	    !decode(header, ELF_T_PHDR, raw, header->is_64bit ? (void *)segments : raw, size)) {
		error_set(error, ERROR_FORMAT, "%s: cannot decode its ELF program headers",
			  file->path);
		goto out;
	}
	for (size_t i = 0; !header->is_64bit && i < nr; i++)
		segments[i] = (Elf64_Phdr){
			.p_type = raw32[i].p_type,
			.p_flags = raw32[i].p_flags,
			.p_offset = raw32[i].p_offset,
			.p_vaddr = raw32[i].p_vaddr,
			.p_paddr = raw32[i].p_paddr,
			.p_filesz = raw32[i].p_filesz,
			.p_memsz = raw32[i].p_memsz,
			.p_align = raw32[i].p_align,
		};
	done = true;
out:
	free(raw);
	if (done)
		*ret = segments;
	else
		free(segments);
	return done;
}

/*
 * makedumpfile -E -F writes its program headers as zeros first, then the ELF header, the notes and all pages, and last the program headers
 * again, now that it knows them. Of a stream that was cut before it is not known to which memory its pages belong, but the
 * notes are where they always are, right behind the program headers. Returns whether any are lost.
 */
static bool find_lost_segments(const struct dump_file *file, const struct elf_header *header, Elf64_Phdr *segments)
{
	uint64_t notes = header->segments_offset + (uint64_t)header->nr_segments * header->phentsize;
	uint32_t lost = 0;

	if (!file->flattened || !file->truncated)
		return false;
	for (uint32_t i = 0; i < header->nr_segments; i++)
		lost += segments[i].p_type == PT_NULL;
	if (lost && lost == header->nr_segments)
		segments[0] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = notes,
					    .p_filesz = flattened_record_rest(file, notes) };
	return lost;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct dump_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->file_offset < y->file_offset ? -1 : x->file_offset > y->file_offset;
}

static bool add_ranges(struct dump *dump, const Elf64_Phdr *segments, size_t nr,
		       struct error *error)
{
	struct elf *elf = dump->private;
	uint64_t end = 0;

	dump->ranges = calloc(nr + 1, sizeof(*dump->ranges));
	elf->max_end = calloc(nr + 1, sizeof(*elf->max_end));
	if (!dump->ranges || !elf->max_end)
		return error_no_memory(error, "memory ranges", nr * sizeof(*dump->ranges));
	for (size_t i = 0; i < nr; i++) {
		const Elf64_Phdr *segment = &segments[i];
		uint64_t size = segment->p_memsz > segment->p_filesz ? segment->p_memsz
								     : segment->p_filesz;

		if (segment->p_type != PT_LOAD || !size || segment->p_paddr > UINT64_MAX - size)
			continue;
		dump->ranges[dump->nr_ranges++] = (struct dump_range){
			.start = segment->p_paddr,
			.size = size,
			.virtual_start = segment->p_vaddr,
			.file_size = segment->p_filesz,
			.file_offset = segment->p_offset,
		};
		if (segment->p_filesz &&
		    (segment->p_offset > dump->files[0]->size ||
		     segment->p_filesz > dump->files[0]->size - segment->p_offset))
			dump->flags |= DUMP_TRUNCATED;
	}
	qsort(dump->ranges, dump->nr_ranges, sizeof(*dump->ranges), compare_ranges);
	for (size_t i = 0; i < dump->nr_ranges; i++) {
		if (dump->ranges[i].start + dump->ranges[i].size > end)
			end = dump->ranges[i].start + dump->ranges[i].size;
		elf->max_end[i] = end;
	}
	dump->max_pfn = end >> dump->page_shift;
	if (end & (dump->page_size - 1))
		dump->max_pfn++;
	return true;
}

/* ELF does not say; VMCOREINFO does. Without it, 64 KiB is what distributions use on ppc64. */
static void set_page_size(struct dump *dump)
{
	uint64_t size;

	if (!dump_vmcoreinfo_number(dump, "PAGESIZE", 10, &size))
		size = dump->machine == EM_PPC64 ? 65536 : 4096;
	if (size < 4096 || size > 65536 || size & (size - 1))
		size = 4096;
	dump->page_size = size;
	dump->page_shift = __builtin_ctzll(size);
}

/*
 * All PT_NOTEs. Together they cannot be longer than the file, unless they overlap, and then each of
 * millions of segments could cost as much time and memory as the whole file: what goes beyond it is
 * not read. (A flattened file may have holes of any length: its bytes on disk count.)
 */
static bool read_notes(struct dump *dump, const struct dump_file *file, const Elf64_Phdr *segments,
		       size_t nr, struct error *error)
{
	uint64_t left = file->raw_size;

	for (size_t i = 0; i < nr; i++) {
		uint64_t size = segments[i].p_filesz;

		if (segments[i].p_type != PT_NOTE || segments[i].p_offset >= file->size || !size) {
			if (segments[i].p_type == PT_NOTE && size)
				dump->flags |= DUMP_TRUNCATED;
			continue;
		}
		if (!left)
			break;
		if (!notes_read(dump, file, segments[i].p_offset, size, error))
			return false;
		if (size > file->size - segments[i].p_offset)
			size = file->size - segments[i].p_offset;
		left -= size < left ? size : left;
	}
	return true;
}

static bool elf_open(struct dump *dump, struct error *error)
{
	const struct dump_file *file = dump->files[0];
	Elf64_Phdr *segments = NULL;
	struct elf_header header;
	struct elf *elf;
	bool truncated, done;

	if (dump->nr_files > 1)
		return error_set(error, ERROR_USAGE,
				 "%s is an ELF dump, which is always one file, but %zu were given",
				 file->path, dump->nr_files);
	dump->private = calloc(1, sizeof(struct elf));
	if (!dump->private)
		return error_no_memory(error, "an ELF dump", sizeof(struct elf));
	if (!read_header(file, &header, &truncated, error) ||
	    !read_segments(file, &header, &segments, error))
		return false;
	elf = dump->private;
	elf->segments_lost = find_lost_segments(file, &header, segments);
	if (truncated)
		dump->flags |= DUMP_TRUNCATED;
	if (elf->segments_lost)
		dump_doubt(dump, "the stream ends before its program headers, which are written last: to which memory "
				 "its pages belong is not known");
	dump->machine = header.machine;
	dump->is_64bit = header.is_64bit;
	dump->big_endian = header.big_endian;
	strcpy(dump->compression, "none");
	done = read_notes(dump, file, segments, header.nr_segments, error);
	set_page_size(dump);
	done = done && add_ranges(dump, segments, header.nr_segments, error);
	free(segments);
	if (done && !dump->nr_ranges && truncated)
		return error_set(error, ERROR_TRUNCATED,
				 "%s: an ELF core with no memory in it: it is truncated inside its "
				 "program headers",
				 file->path);
	return done;
}

/*
 * The range to read ADDRESS from: one that has it in the file, otherwise one that only claims it,
 * otherwise NULL. Ranges may overlap (old x86_64 kernels give the kernel text a second PT_LOAD).
 * The search is bounded, or one segment over millions of others would make each read look at all of
 * them. *until_ret is where the answer may change: the start of the next range.
 */
static const struct dump_range *find_range_until(const struct dump *dump, uint64_t address,
						 uint64_t *until_ret)
{
	const struct elf *elf = dump->private;
	const struct dump_range *claimed = NULL;
	size_t low = array_up_to(dump->ranges, dump->nr_ranges, sizeof(*dump->ranges),
				 offsetof(struct dump_range, start), address);
	size_t looked_at = 0;

	*until_ret = low < dump->nr_ranges ? dump->ranges[low].start : UINT64_MAX;
	for (; low && elf->max_end[low - 1] > address && looked_at < MAX_OVERLAP;
	     low--, looked_at++) {
		const struct dump_range *range = &dump->ranges[low - 1];

		if (address - range->start < range->file_size)
			return range;
		if (address - range->start < range->size)
			claimed = range;
	}
	return claimed;
}

/* No segment has ADDRESS: that, too, may be because the headers are lost. */
static enum error_kind no_range(const struct dump *dump)
{
	const struct elf *elf = dump->private;

	return elf->segments_lost ? ERROR_TRUNCATED : ERROR_NOT_MAPPED;
}

static bool fail_no_range(const struct dump *dump, uint64_t address, struct error *error)
{
	if (no_range(dump) == ERROR_TRUNCATED)
		return error_set(error, ERROR_TRUNCATED,
				 "%s is truncated: where it has physical address 0x%" PRIx64 ", if it does, stood at its end",
				 dump->files[0]->path, address);
	return error_set(error, ERROR_NOT_MAPPED,
			 "physical address 0x%" PRIx64 " does not exist: no segment of the dump has it", address);
}

static const struct dump_range *find_range(const struct dump *dump, uint64_t address)
{
	uint64_t until;

	return find_range_until(dump, address, &until);
}

static bool elf_read_bytes(struct dump *dump, uint64_t address, void *buffer, size_t size,
			   struct error *error)
{
	while (size) {
		const struct dump_range *range = find_range(dump, address);
		uint64_t within, length;

		if (!range)
			return fail_no_range(dump, address, error);
		within = address - range->start;
		if (within >= range->file_size)
			return error_set(error, ERROR_EXCLUDED,
					 "physical address 0x%" PRIx64
					 " was excluded from the dump (or was zeros: an ELF dump "
					 "does not tell the two apart)",
					 address);
		length = range->file_size - within;
		if (length > size)
			length = size;
		if (range->file_offset > UINT64_MAX - within - length)
			return error_set(error, ERROR_FORMAT,
					 "the segment at 0x%" PRIx64 " has a bad file offset",
					 range->start);
		if (!dump_file_read(dump->files[0], range->file_offset + within, buffer, length,
				    error))
			return error_prefix(error, "physical address 0x%" PRIx64, address);
		buffer = (char *)buffer + length;
		address += length;
		size -= length;
	}
	return true;
}

static bool elf_read_page(struct dump *dump, uint64_t pfn, void *buffer, struct error *error)
{
	return elf_read_bytes(dump, pfn << dump->page_shift, buffer, dump->page_size, error);
}

/*
 * Whole pages from ADDRESS on that lie in one range and so one behind the other in the file, from
 * *OFFSET_RET on: their size in bytes. *kind_ret is ERROR_NONE, or why not even the first byte is
 * there.
 */
static uint64_t find_together(struct dump *dump, uint64_t address, size_t nr, uint64_t *offset_ret,
			      uint8_t *kind_ret)
{
	uint64_t until, within, size = nr << dump->page_shift;
	const struct dump_range *range = find_range_until(dump, address, &until);

	*kind_ret = !range					 ? no_range(dump)
		    : address - range->start >= range->file_size ? ERROR_EXCLUDED
								 : ERROR_NONE;
	if (*kind_ret)
		return 0;
	within = address - range->start;
	if (size > range->file_size - within)
		size = range->file_size - within;
	if (size > until - address)
		size = until - address;
	if (__builtin_add_overflow(range->file_offset, within, offset_ret))
		return 0;
	return size & ~(uint64_t)(dump->page_size - 1);
}

static size_t read_together(struct dump *dump, uint64_t address, size_t nr, void *buffer,
			    uint8_t *kind_ret)
{
	uint64_t offset, size = find_together(dump, address, nr, &offset, kind_ret);

	return size ? dump_file_read_some(dump->files[0], offset, buffer, size) >> dump->page_shift
		    : 0;
}

static const void *elf_map_pages(struct dump *dump, uint64_t pfn, size_t nr, size_t *nr_ret)
{
	uint64_t offset, size;
	uint8_t kind;

	size = find_together(dump, pfn << dump->page_shift, nr, &offset, &kind);
	*nr_ret = size >> dump->page_shift;
	return size ? dump_file_map(dump->files[0], offset, size) : NULL;
}

static void elf_read_pages(struct dump *dump, uint64_t pfn, size_t nr, void *buffer, uint8_t *kinds)
{
	struct error error;

	for (size_t i = 0, done; i < nr; i += done) {
		uint8_t *to = (uint8_t *)buffer + (i << dump->page_shift);

		done = read_together(dump, (pfn + i) << dump->page_shift, nr - i, to, &kinds[i]);
		memset(kinds + i, ERROR_NONE, done);
		/* In pieces, or not to the end. */
		if (!done && !kinds[i] && !elf_read_page(dump, pfn + i, to, &error))
			kinds[i] = error.kind;
		done += !done;
	}
}

static bool elf_read_page_start(struct dump *dump, uint64_t pfn, void *buffer, size_t size)
{
	return elf_read_bytes(dump, pfn << dump->page_shift, buffer, size, NULL);
}

static bool elf_find_page(struct dump *dump, uint64_t pfn, struct dump_place *place,
			  struct error *error)
{
	uint64_t address = pfn << dump->page_shift, within, length, until;
	const struct dump_range *range = find_range_until(dump, address, &until);

	/* A segment can begin inside a page. */
	if ((!range || address - range->start >= range->file_size) &&
	    until - address < dump->page_size)
		range = find_range(dump, until);
	if (!range)
		return fail_no_range(dump, address, error);
	within = address > range->start ? address - range->start : 0;
	if (within >= range->file_size)
		return error_set(error, ERROR_EXCLUDED,
				 "physical address 0x%" PRIx64 " was excluded", address);
	length = range->file_size - within;
	*place = (struct dump_place){ .file = dump->files[0],
				      .size = length < dump->page_size ? length : dump->page_size };
	if (__builtin_add_overflow(range->file_offset, within, &place->offset))
		return error_set(error, ERROR_FORMAT,
				 "the segment at 0x%" PRIx64 " has a bad file offset",
				 range->start);
	return true;
}

static bool elf_has_page(struct dump *dump, uint64_t pfn)
{
	uint64_t address = pfn << dump->page_shift, offset;
	const struct dump_range *range;

	if (pfn >= dump->max_pfn)
		return false;
	range = find_range(dump, address);
	return range && address - range->start < range->file_size &&
	       !__builtin_add_overflow(range->file_offset, address - range->start, &offset) &&
	       offset < dump->files[0]->size;
}

static void elf_close(struct dump *dump)
{
	struct elf *elf = dump->private;

	if (elf)
		free(elf->max_end);
	free(elf);
}

/*
 * Tells a kernel dump from a user-space core. The kernel writes no NT_PRPSINFO or NT_AUXV into
 * vmcores, and user cores have neither physical addresses nor, but for the page of vsyscall,
 * addresses in the kernel's half. /proc/kcore has NT_PRPSINFO too.
 */
static enum dump_probe looks_like_kernel(const struct dump *notes, const Elf64_Phdr *segments,
					 const struct elf_header *header)
{
	uint64_t kernel_half = header->is_64bit ? 1ull << 63 : 1ull << 31;

	if (notes->vmcoreinfo || notes_find(notes, "VMCOREINFO", 0) ||
	    notes_find(notes, "QEMU", 0) || notes_find(notes, "Xen", XEN_CRASH_INFO))
		return DUMP_CERTAINLY;
	for (size_t i = 0; header->is_64bit && i < header->nr_segments; i++)
		if (segments[i].p_type == PT_LOAD && segments[i].p_vaddr >= kernel_half &&
		    segments[i].p_memsz > MAX_VSYSCALL)
			return DUMP_CERTAINLY;
	if (notes_find(notes, "CORE", NT_PRPSINFO) || notes_find(notes, "CORE", NT_AUXV))
		return DUMP_NOT;
	for (size_t i = 0; i < header->nr_segments; i++)
		if (segments[i].p_type == PT_LOAD && segments[i].p_paddr)
			return DUMP_CERTAINLY;
	return header->machine == EM_S390 && notes_find(notes, "CORE", NT_PRSTATUS) ? DUMP_CERTAINLY
										    : DUMP_PERHAPS;
}

static enum dump_probe elf_probe(const struct dump_file *file, const uint8_t *data, size_t size)
{
	Elf64_Phdr *segments = NULL;
	struct elf_header header;
	struct dump notes = { 0 };
	enum dump_probe result;
	bool truncated;

	if (!decode_header(data, size, &header) || header.type != ET_CORE)
		return DUMP_NOT;
	/* Opening it will say what is wrong with it. */
	if (!read_header(file, &header, &truncated, NULL) ||
	    !read_segments(file, &header, &segments, NULL))
		return DUMP_PERHAPS;
	find_lost_segments(file, &header, segments);
	notes.big_endian = header.big_endian;
	read_notes(&notes, file, segments, header.nr_segments, NULL);
	result = looks_like_kernel(&notes, segments, &header);
	notes_free(&notes);
	free(segments);
	return result;
}

const struct dump_format dump_format_elf = {
	.name = "ELF",
	.description =
		"ELF core: /proc/vmcore, /proc/kcore, makedumpfile -E, QEMU dump-guest-memory",
	.probe = elf_probe,
	.open = elf_open,
	.read_page = elf_read_page,
	.has_page = elf_has_page,
	.close = elf_close,
	.read_bytes = elf_read_bytes,
	.read_page_start = elf_read_page_start,
	.find_page = elf_find_page,
	.read_pages = elf_read_pages,
	.map_pages = elf_map_pages,
};
