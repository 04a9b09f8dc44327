// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The command dump: what is in a dump file, as far as the file itself says. Needs no vmlinux, so it
 * is also what tells a person which one to look for, and what is missing from a dump that does not
 * open.
 */
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "commands/command.h"
#include "dump/count.h"
#include "dump/file.h"
#include "dump/notes.h"
#include "dump/packed/packed.h"

/* Up to 64 GiB counting takes seconds; above it must be asked for. */
#define MAX_UNASKED_PAGES (1ull << 24)

static const struct option options[] = { { 'v', NULL, "show VMCOREINFO too" },
					 { 'c', NULL,
					   "count the pages also of more than 64 GiB of memory" },
					 { 0 } };

enum {
	FORMAT,
	FORMAT_VERSION,
	COMPRESSION,
	STATUS,
	DUMP_LEVEL,
	PAGE_SIZE,
	MACHINE,
	CPUS,
	RELEASE,
	BUILD_ID,
	NODENAME,
	VERSION,
	DATE,
	TIMESTAMP,
	MEMORY,
	PAGES,
	PRESENT,
	ZERO,
	EXCLUDED,
	LOST,
	DAMAGED,
	FIRST_LOST,
	INFO_SIZE,
	INFO_SOURCE,
	DOUBT
};

static const struct column columns[] = {
	[FORMAT] = { "format", "FORMAT", 0, 0 },
	[FORMAT_VERSION] = { "header_version", "HEADER VERSION", 0, 0 },
	[COMPRESSION] = { "compression", "COMPRESSION", 0, 0 },
	[STATUS] = { "status", "STATUS", 0, 0 },
	[DUMP_LEVEL] = { "dump_level", "DUMP LEVEL", 0, 0 },
	[PAGE_SIZE] = { "page_size", "PAGE SIZE", 0, 0 },
	[MACHINE] = { "machine", "MACHINE", 0, 0 },
	[CPUS] = { "cpus", "CPUS", 0, 0 },
	[RELEASE] = { "release", "RELEASE", 0, 0 },
	[BUILD_ID] = { "build_id", "BUILD ID", 0, 0 },
	[NODENAME] = { "nodename", "NODENAME", 0, 0 },
	[VERSION] = { "version", "VERSION", 0, 0 },
	[DATE] = { "date", "DATE", 0, 0 },
	[TIMESTAMP] = { "date_seconds", NULL, 0, COLUMN_JSON_ONLY },
	[MEMORY] = { "memory_bytes", "MEMORY", 0, 0 },
	[PAGES] = { "pages", "PAGES", 0, 0 },
	[PRESENT] = { "pages_present", "  IN THE FILE", 0, 0 },
	[ZERO] = { "pages_zero", "  OF THEM ZERO", 0, 0 },
	[EXCLUDED] = { "pages_excluded", "  EXCLUDED", 0, 0 },
	[LOST] = { "pages_lost", "  LOST", 0, COLUMN_HIGHLIGHT },
	[DAMAGED] = { "pages_damaged", "  DAMAGED", 0, COLUMN_HIGHLIGHT },
	[FIRST_LOST] = { "first_lost", NULL, 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS },
	[INFO_SIZE] = { "vmcoreinfo_bytes", "VMCOREINFO", 0, 0 },
	[INFO_SOURCE] = { "vmcoreinfo_from_memory", NULL, 0, COLUMN_JSON_ONLY },
	[DOUBT] = { "doubt", "DOUBT", 0, COLUMN_HIGHLIGHT },
};

enum { FILE_SIZE, FILE_LOGICAL, FILE_NAME, FILE_WHAT };

static const struct column file_columns[] = {
	[FILE_SIZE] = { "bytes", "BYTES", 12, COLUMN_RIGHT },
	[FILE_LOGICAL] = { "logical_bytes", NULL, 0, COLUMN_JSON_ONLY },
	[FILE_NAME] = { "name", "FILE", 0, 0 },
	[FILE_WHAT] = { "note", "NOTE", 0, 0 },
};
static const struct shape file_shape = { "files", SHAPE_TABLE, file_columns,
					 ARRAY_SIZE(file_columns) };

enum { RANGE_START, RANGE_LAST, RANGE_SIZE, RANGE_PRESENT, RANGE_WHAT };

static const struct column range_columns[] = {
	[RANGE_START] = { "start", "FIRST BYTE", 16, COLUMN_ADDRESS },
	[RANGE_LAST] = { "last", "LAST BYTE", 16, COLUMN_ADDRESS },
	[RANGE_SIZE] = { "bytes", "SIZE", 10, COLUMN_RIGHT },
	[RANGE_PRESENT] = { "pages_present", "PAGES IN FILE", 13, COLUMN_RIGHT },
	[RANGE_WHAT] = { "kind", "KIND", 0, 0 },
};
static const struct shape range_shape = { "memory", SHAPE_TABLE, range_columns,
					  ARRAY_SIZE(range_columns) };

enum { NOTE_NUMBER, NOTE_NAME, NOTE_TYPE, NOTE_SIZE, NOTE_WHAT };

static const struct column note_columns[] = {
	[NOTE_NUMBER] = { "number", "NOTE", 4, COLUMN_RIGHT },
	[NOTE_NAME] = { "name", "NAME", 10, 0 },
	[NOTE_TYPE] = { "type", "TYPE", 5, COLUMN_RIGHT },
	[NOTE_SIZE] = { "bytes", "SIZE", 7, COLUMN_RIGHT },
	[NOTE_WHAT] = { "meaning", "MEANING", 0, 0 },
};
static const struct shape note_shape = { "elf_notes", SHAPE_TABLE, note_columns,
					 ARRAY_SIZE(note_columns) };

static const struct column info_columns[] = { { "text", "", 0, COLUMN_RAW } };
static const struct shape erased_shape = { "erased", SHAPE_PLAIN, info_columns, 1 };
static const struct shape info_shape = { "vmcoreinfo", SHAPE_PLAIN, info_columns, 1 };

static const struct shape shape = { "dump", SHAPE_LIST, columns, ARRAY_SIZE(columns) };

/* A run of memory: neighbouring ranges of the dump as one. */
struct region {
	uint64_t start, size, pages_present;
};

struct report {
	struct dump *dump;
	const struct host *host;
	struct region *regions;
	size_t nr_regions;
	uint64_t memory; /* bytes */
	struct page_counts counts;
	bool counted;
};

/*
 * makedumpfile -E makes a segment of each run between excluded pages; x86's old kernels describe
 * their text twice.
 */
static bool merge_ranges(struct report *report, struct error *error)
{
	const struct dump *dump = report->dump;

	report->regions = calloc(dump->nr_ranges + 1, sizeof(*report->regions));
	if (!report->regions)
		return error_no_memory(error, "the memory map",
				       dump->nr_ranges * sizeof(*report->regions));
	for (size_t i = 0; i < dump->nr_ranges; i++) {
		const struct dump_range *range = &dump->ranges[i];
		struct region *last = report->nr_regions ? &report->regions[report->nr_regions - 1]
							 : NULL;
		uint64_t end = range->start + range->size;

		if (last && range->start <= last->start + last->size) {
			if (end > last->start + last->size)
				last->size = end - last->start;
		} else {
			report->regions[report->nr_regions++] = (struct region){ range->start,
										 range->size, 0 };
		}
	}
	for (size_t i = 0; i < report->nr_regions; i++)
		report->memory += report->regions[i].size;
	return true;
}

static bool count_pages(struct report *report, bool asked, struct error *error)
{
	const struct host *host = report->host;
	struct page_counter *counter;
	bool done = true;

	report->counts.first_lost = UINT64_MAX;
	if (!asked && report->memory >> report->dump->page_shift > MAX_UNASKED_PAGES)
		return true;
	counter = page_counter_new(report->dump);
	if (!counter)
		return error_no_memory(error, "counting pages", 0);
	for (size_t i = 0; done && i < report->nr_regions; i++) {
		struct region *region = &report->regions[i];
		uint64_t before = report->counts.present;

		done = page_counter_add(counter, region->start, region->size, &report->counts,
					host ? host->interrupted : NULL,
					host ? host->context : NULL, error);
		region->pages_present = report->counts.present - before;
	}
	page_counter_free(counter);
	report->counted = done;
	return done;
}

/* --- text of single values --- */

static void add_words(struct buffer *text, const char *word)
{
	buffer_printf(text, "%s%s", text->size ? ", " : "", word);
}

static bool emit_status(struct output *output, const struct report *report)
{
	static const struct {
		unsigned flag;
		const char *text;
	} names[] = {
		{ DUMP_INCOMPLETE, "incomplete: its writer ran out of space" },
		{ DUMP_TRUNCATED, "truncated: the file is shorter than its headers say" },
		{ DUMP_SPLIT_MISSING, "parts of the split set are missing" },
		{ DUMP_EXCLUDED_VMEMMAP, "vmemmap pages excluded" },
		{ DUMP_FLATTENED, "flattened" },
	};
	const struct dump *dump = report->dump;
	struct buffer text = { 0 };
	bool more;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (dump->flags & names[i].flag)
			add_words(&text, names[i].text);
	if (report->counts.lost &&
	    !(dump->flags & (DUMP_INCOMPLETE | DUMP_TRUNCATED | DUMP_SPLIT_MISSING)))
		add_words(&text, "truncated");
	if (!(dump->flags & ~DUMP_FLATTENED) && !report->counts.lost)
		add_words(&text,
			  report->counted ? "complete" : "complete, as far as the headers say");
	if (dump->header_version)
		buffer_printf(&text, " (0x%x)", dump->header_status);
	more = output_bytes(output, STATUS, text.data, text.size);
	buffer_free(&text);
	return more;
}

static bool emit_level(struct output *output, int level)
{
	/* makedumpfile(8), -d */
	static const char *const bits[] = { "zero pages", "page cache", "private page cache",
					    "user data", "free pages" };
	struct buffer text = { 0 };
	bool more;

	if (level < 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (level >> i & 1)
			add_words(&text, bits[i]);
	more = output_uint_as(output, DUMP_LEVEL, level, "%d (%s%s)", level,
			      text.size ? "without " : "nothing excluded",
			      text.size ? text.data : "");
	buffer_free(&text);
	return more;
}

static const char *machine_name(const struct dump *dump)
{
	const char *name = dump_machine_name(dump);

	return name ? name : "not said";
}

static void size_text(uint64_t bytes, char *text, size_t size)
{
	if (bytes >= 10ull << 30)
		snprintf(text, size, "%.1f GiB", bytes / (double)(1ull << 30));
	else if (bytes >= 10ull << 20)
		snprintf(text, size, "%.1f MiB", bytes / (double)(1ull << 20));
	else
		snprintf(text, size, "%.1f KiB", bytes / 1024.0);
}

static bool emit_info_value(struct output *output, size_t column, const struct dump *dump,
			    const char *key)
{
	size_t length;
	const char *value = dump_vmcoreinfo(dump, key, &length);

	return !value || output_bytes(output, column, value, length);
}

static bool emit_kernel(struct output *output, const struct dump *dump)
{
	unsigned cpus = dump->nr_cpus;
	char text[64];
	time_t seconds = dump->timestamp;
	struct tm tm;

	for (size_t i = 0; !dump->nr_cpus && i < dump->nr_notes; i++)
		cpus += dump->notes[i].type == NT_PRSTATUS && !strcmp(dump->notes[i].name, "CORE");
	if ((cpus && !output_uint(output, CPUS, cpus)) ||
	    !(dump_vmcoreinfo(dump, "OSRELEASE", NULL)
		      ? emit_info_value(output, RELEASE, dump, "OSRELEASE")
		      : !dump->uts.release[0] ||
				output_string(output, RELEASE, dump->uts.release)) ||
	    !emit_info_value(output, BUILD_ID, dump, "BUILD-ID") ||
	    (dump->uts.nodename[0] && !output_string(output, NODENAME, dump->uts.nodename)) ||
	    (dump->uts.version[0] && !output_string(output, VERSION, dump->uts.version)))
		return false;
	if (!dump->timestamp || !localtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Z %Y", &tm))
		return true;
	return output_string(output, DATE, text) && output_uint(output, TIMESTAMP, dump->timestamp);
}

/* What is known of the pages that were left out. */
static const char *excluded_what(const struct dump *dump)
{
	if (dump->format == &dump_format_elf)
		return ", or zeros: an ELF dump does not tell the two apart";
	return dump_excluded_is_zero(dump) ? ", all of them zeros: nothing else was left out" : "";
}

static bool emit_counts(struct output *output, const struct report *report)
{
	const struct page_counts *counts = &report->counts;

	if (!report->counted)
		return output_uint_as(output, PAGES, report->memory >> report->dump->page_shift,
				      "%" PRIu64 " (not counted one by one: -c does)",
				      report->memory >> report->dump->page_shift);
	if (!output_uint(output, PAGES, counts->exist) ||
	    !output_uint(output, PRESENT, counts->present) ||
	    /* ELF and raw memory hold pages of zeros like any others. */
	    (report->dump->header_version && !output_uint(output, ZERO, counts->zero)) ||
	    !output_uint_as(output, EXCLUDED, counts->excluded, "%" PRIu64 "%s", counts->excluded,
			    counts->excluded ? excluded_what(report->dump) : ""))
		return false;
	if (!counts->lost)
		return output_uint(output, DAMAGED, counts->damaged) &&
		       output_uint(output, LOST, 0);
	return output_uint(output, DAMAGED, counts->damaged) &&
	       output_uint_as(output, LOST, counts->lost,
			      "%" PRIu64 ", the first at physical address 0x%" PRIx64, counts->lost,
			      counts->first_lost) &&
	       output_address(output, FIRST_LOST, counts->first_lost);
}

static const char *info_source(const struct dump *dump)
{
	if (dump->vmcoreinfo_corrected)
		return dump->vmcoreinfo_from_memory ? "found in memory, corrected" :
						      "in the file's notes, corrected";
	return dump->vmcoreinfo_from_memory ? "found in memory" : "in the file's notes";
}

static bool emit_headers(struct output *output, const struct report *report)
{
	const struct dump *dump = report->dump;
	char size[32];

	size_text(report->memory, size, sizeof(size));
	return output_begin(output, &shape) &&
	       output_printf(output, FORMAT, "%s%s%s", dump->variant,
			     dump->variant[0] ? ", by " : "", dump->format->name) &&
	       (!dump->header_version ||
		output_uint(output, FORMAT_VERSION, dump->header_version)) &&
	       output_string(output, COMPRESSION, dump->compression) &&
	       emit_status(output, report) && emit_level(output, dump->dump_level) &&
	       output_uint(output, PAGE_SIZE, dump->page_size) &&
	       output_string(output, MACHINE, machine_name(dump)) && emit_kernel(output, dump) &&
	       output_uint_as(output, MEMORY, report->memory, "%s", size) &&
	       emit_counts(output, report) &&
	       output_uint_as(output, INFO_SIZE, dump->vmcoreinfo ? dump->vmcoreinfo_size : 0,
			      dump->vmcoreinfo ? "%zu bytes, %s" : "none", dump->vmcoreinfo_size,
			      info_source(dump)) &&
	       output_bool(output, INFO_SOURCE, dump->vmcoreinfo_from_memory, NULL) &&
	       (!dump->doubt[0] || output_string(output, DOUBT, dump->doubt)) &&
	       output_end(output);
}

/* --- tables --- */

/* What there is to say about a file, beside its size. */
static void describe_file(const struct dump *dump, size_t i, struct buffer *text)
{
	const struct dump_file *file = dump->files[i];

	if (dump->format == &dump_format_raw && i < dump->nr_ranges)
		buffer_printf(text, "at physical 0x%" PRIx64, dump->ranges[i].start);
	if (file->packer)
		buffer_printf(text, "%s%s, ", text->size ? "; " : "", file->packer->name);
	if (file->unpacked_path)
		buffer_printf(text, "unpacked to %s", file->unpacked_path);
	else if (file->packer)
		buffer_string(text, "read as it is, by its table of blocks");
	if (file->packer && file->truncated && !file->flattened)
		buffer_string(text, "; it ends early");
	if (file->flattened)
		buffer_printf(text, "%sflattened: %" PRIu64 " bytes%s when put in order",
			      text->size ? "; " : "", file->size,
			      file->truncated ? ", without its end mark," : "");
}

static bool emit_files(struct output *output, const struct dump *dump)
{
	bool more = output_begin(output, &file_shape);

	for (size_t i = 0; more && i < dump->nr_files; i++) {
		const struct dump_file *file = dump->files[i];
		struct buffer text = { 0 };

		describe_file(dump, i, &text);
		more = output_row(output) && output_string(output, FILE_NAME, file->path) &&
		       output_uint(output, FILE_SIZE,
				   file->packer ? file->packed_size : file->raw_size) &&
		       output_uint(output, FILE_LOGICAL, file->size) &&
		       output_bytes(output, FILE_WHAT, text.data, text.size);
		buffer_free(&text);
	}
	return more && output_end(output);
}

static bool emit_region(struct output *output, uint64_t start, uint64_t size, const uint64_t *pages,
			const char *what)
{
	char text[32];

	size_text(size, text, sizeof(text));
	return output_row(output) && output_address(output, RANGE_START, start) &&
	       output_address(output, RANGE_LAST, start + size - 1) &&
	       output_uint_as(output, RANGE_SIZE, size, "%s", text) &&
	       (!pages || output_uint(output, RANGE_PRESENT, *pages)) &&
	       output_string(output, RANGE_WHAT, what);
}

static bool emit_regions(struct output *output, const struct report *report)
{
	uint64_t end = 0;

	if (!output_begin(output, &range_shape))
		return false;
	for (size_t i = 0; i < report->nr_regions; i++) {
		const struct region *region = &report->regions[i];

		if ((region->start > end &&
		     !emit_region(output, end, region->start - end, NULL, "hole")) ||
		    !emit_region(output, region->start, region->size,
				 report->counted ? &region->pages_present : NULL, "memory"))
			return false;
		end = region->start + region->size;
	}
	return output_end(output);
}

static const char *note_meaning(const struct dump *dump, const struct dump_note *note)
{
	static const struct {
		const char *name;
		uint32_t type;
		const char *meaning;
	} meanings[] = {
		{ "CORE", NT_PRSTATUS, "NT_PRSTATUS: registers of a CPU" },
		{ "CORE", NT_PRFPREG, "NT_PRFPREG: floating point registers of a CPU" },
		{ "CORE", NT_PRPSINFO, "NT_PRPSINFO" },
		{ "CORE", NT_TASKSTRUCT, "NT_TASKSTRUCT" },
		{ "QEMU", 0, "state of a CPU as QEMU had it" },
		{ "VMCOREINFO", 0, "the kernel's description of itself" },
		{ "ERASEINFO", 0, "what makedumpfile has erased" },
		/* include/uapi/linux/elf.h: what QEMU and s390's kdump write of other registers. */
		{ "LINUX", NT_X86_XSTATE, "NT_X86_XSTATE: extended registers of a CPU" },
		{ "LINUX", NT_S390_TIMER, "NT_S390_TIMER: CPU timer" },
		{ "LINUX", NT_S390_TODCMP, "NT_S390_TODCMP: clock comparator" },
		{ "LINUX", NT_S390_TODPREG, "NT_S390_TODPREG: TOD programmable register" },
		{ "LINUX", NT_S390_CTRS, "NT_S390_CTRS: control registers of a CPU" },
		{ "LINUX", NT_S390_PREFIX, "NT_S390_PREFIX: where a CPU's lowcore is" },
		{ "LINUX", NT_S390_VXRS_LOW, "NT_S390_VXRS_LOW: vector registers 0 to 15, right halves" },
		{ "LINUX", NT_S390_VXRS_HIGH, "NT_S390_VXRS_HIGH: vector registers 16 to 31" },
		{ "LINUX", NT_S390_GS_CB, "NT_S390_GS_CB: guarded storage" },
		{ "LINUX", NT_ARM_SVE, "NT_ARM_SVE: vector registers of a CPU" },
		{ "LINUX", NT_ARM_PAC_MASK, "NT_ARM_PAC_MASK: bits that sign addresses" },
		{ "LINUX", 0x700, "NT_VMCOREDD: a device's dump" },
	};

	if (dump->format == &dump_format_vmware)
		return "state of a CPU, from the checkpoint";
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (note->type == meanings[i].type && !strcmp(note->name, meanings[i].name))
			return meanings[i].meaning;
	return "";
}

/* vmware.c makes notes of QEMU's kind. */
static const char *note_name(const struct dump *dump, const struct dump_note *note)
{
	return dump->format == &dump_format_vmware ? "VMware" : note->name;
}

static bool emit_notes(struct output *output, const struct dump *dump)
{
	if (!dump->nr_notes)
		return output_note(output, "the dump has no notes: no CPU's registers are in it");
	if (!output_begin(output, &note_shape))
		return false;
	for (size_t i = 0; i < dump->nr_notes; i++) {
		const struct dump_note *note = &dump->notes[i];

		if (!output_row(output) || !output_uint(output, NOTE_NUMBER, i) ||
		    !output_string(output, NOTE_NAME, note_name(dump, note)) ||
		    !output_uint_as(output, NOTE_TYPE, note->type,
				    note->type > 0xff ? "0x%x" : "%u", note->type) ||
		    !output_uint(output, NOTE_SIZE, note->size) ||
		    !output_printf(output, NOTE_WHAT, "%s%s", note_meaning(dump, note),
				   note->truncated ? " (truncated)" : ""))
			return false;
	}
	return output_end(output);
}

static bool emit_info(struct output *output, const struct dump *dump)
{
	if (!dump->vmcoreinfo)
		return true;
	return output_begin(output, &info_shape) && output_row(output) &&
	       output_bytes(output, 0, dump->vmcoreinfo, dump->vmcoreinfo_size) &&
	       output_end(output);
}

/* What makedumpfile's filter commands have erased: one line of text for each. */
static bool emit_erased(struct output *output, const struct dump *dump)
{
	const struct dump_note *note = notes_find(dump, "ERASEINFO", 0);

	if (!note)
		return true;
	return output_begin(output, &erased_shape) && output_row(output) &&
	       output_bytes(output, 0, (const char *)note->data,
			    strnlen((const char *)note->data, note->size)) &&
	       output_end(output);
}

static bool show(struct report *report, const struct arguments *arguments, struct output *output,
		 struct error *error)
{
	const struct dump *dump = report->dump;
	bool done = merge_ranges(report, error) &&
		    count_pages(report, has_option(arguments, 'c'), error);

	/* That somebody has had enough is no error. */
	if (done && emit_headers(output, report) && emit_files(output, dump) &&
	    emit_regions(output, report) && emit_notes(output, dump) && emit_erased(output, dump) &&
	    has_option(arguments, 'v'))
		emit_info(output, dump);
	free(report->regions);
	return done;
}

static bool dump_run(struct kernel *kernel, const struct arguments *arguments,
		     struct output *output, const struct host *host, struct error *error)
{
	struct report report = { .host = host };
	struct patience watch = {
		.interrupted = host ? host->interrupted : NULL,
		.progress = host ? host->progress : NULL,
		.context = host ? host->context : NULL,
	};
	bool done;

	if (!arguments->nr_words) {
		if (!kernel)
			return error_set(error, ERROR_USAGE,
					 "no kernel dump is open; name its file: kernel dump FILE, "
					 "or open it: target vmcore FILE");
		report.dump = kernel->dump;
		done = show(&report, arguments, output, error);
		if (done && !kernel->memory && kernel->damage[0])
			output_note(output, "no kernel was found in it: %s", kernel->damage);
		return done;
	}
	if (!dump_open_watched(arguments->words, arguments->nr_words, &watch, &report.dump, error))
		return false;
	done = show(&report, arguments, output, error);
	dump_close(report.dump);
	return done;
}

static const char help[] =
	"What a dump file says of itself: format, header, compression, what was left\n"
	"out, files, the map of physical memory with its holes, pages that are there,\n"
	"excluded or lost, and the notes. With FILE it looks at that file (several: the\n"
	"parts of a split set; FILE@ADDRESS: raw memory) and needs neither a vmlinux nor\n"
	"an open dump; RELEASE and BUILD ID say which vmlinux to look for. Without FILE\n"
	"it shows the dump that is open.\n"
	"\n"
	"ZERO counts pages of zeros that the writer stored only once. LOST are pages that\n"
	"should be there, but the file is cut off before them or they were not written.\n"
	"\n"
	"JSON: an object \"dump\", arrays \"files\", \"memory\" (kind: memory or hole) and\n"
	"\"notes\"; \"erased\" where makedumpfile's filters were at work; with -v\n"
	"\"vmcoreinfo\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel dump /var/crash/dump.202611220443\n"
	"        FORMAT: kdump-compressed\n"
	"HEADER VERSION: 6\n"
	"   COMPRESSION: lzo\n"
	"        STATUS: complete (0x2)\n"
	"...\n"
	"   IN THE FILE: 196314\n"
	"  OF THEM ZERO: 146269\n"
	"...\n"
	"   FIRST BYTE        LAST BYTE            SIZE  PAGES IN FILE  KIND\n"
	"0000000000100000  000000002dffffff   735.0 MiB         188160  memory\n";

static const struct mi_name mi_names[] = { { "dump", NULL }, { "memory-map", NULL }, { 0 } };

const struct command command_dump = {
	.name = "dump",
	.mi = mi_names,
	.summary = "Show what is in a dump file: format, memory map, pages, notes.",
	.usage = "dump [-vc] [FILE]...",
	.help = help,
	.options = options,
	.words = COMPLETE_FILE,
	.without_kernel = true,
	.run = dump_run,
};
