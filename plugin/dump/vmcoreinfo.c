// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/vmcoreinfo.h"

#include <elf.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "dump/dump.h"
#include "dump/file.h"
#include "dump/notes.h"

#define PREFIX "OSRELEASE="
#define PREFIX_SIZE (sizeof(PREFIX) - 1)
#define MAX_PAGES_READ (8ull << 20)	/* 32 GiB; about a minute of zlib */
/*
 * A page in a dump costs at least a descriptor of this size, so a small file cannot claim many of
 * them.
 */
#define MIN_BYTES_PER_PAGE 24
#define MIN_PAGES_SEEN 4096
#define MAX_CANDIDATES 16
#define CHUNK_PAGES 4096
#define PERFECT_SCORE 4

struct search {
	struct dump *dump;
	char *page, *best;	/* page_size bytes each, and a NUL */
	unsigned best_score;
	unsigned nr_candidates;
	uint64_t nr_seen, max_seen, nr_read;
	bool all;		/* keep each in dump->infos, and go on to the end */
};

const char *dump_vmcoreinfo(const struct dump *dump, const char *key, size_t *length_ret)
{
	const char *line = dump->vmcoreinfo, *end;
	size_t key_length = strlen(key);

	for (; line && *line; line = *end ? end + 1 : NULL) {
		end = strchrnul(line, '\n');
		if ((size_t)(end - line) <= key_length || line[key_length] != '=' ||
		    memcmp(line, key, key_length) != 0)
			continue;
		/* What passed through other systems may have their ends of lines. */
		if (length_ret)
			*length_ret = end - line - key_length - 1 - (end[-1] == '\r');
		return line + key_length + 1;
	}
	return NULL;
}

/* Lines that are one key's: up to the '='; 0 = none. */
static size_t key_length(const char *line)
{
	size_t length = strcspn(line, "=\n");

	return line[length] == '=' ? length : 0;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : NULL;
}

/* A line behind LINE that is of the same key; NULL = none. *SAME_RET: it says the same. */
static const char *again(const char *line, bool *same_ret)
{
	size_t key = key_length(line), length = strcspn(line, "\r\n");

	if (!key)
		return NULL;
	for (const char *other = next_line(line); other && *other; other = next_line(other))
		if (!strncmp(other, line, key + 1)) {
			*same_ret = strcspn(other, "\r\n") == length && !memcmp(line, other, length);
			return other;
		}
	return NULL;
}

bool dump_vmcoreinfo_contradicts(const struct dump *dump, const char *key)
{
	size_t length = strlen(key);
	bool same;

	for (const char *line = dump->vmcoreinfo; line && *line; line = next_line(line))
		if (key_length(line) == length && !memcmp(line, key, length) && again(line, &same) && !same)
			return true;
	return false;
}

/* The kernel's has 150. */
#define MAX_LINES 2048

bool vmcoreinfo_contradictions(struct dump *dump, struct error *error)
{
	struct buffer last = { 0 };
	unsigned lines = 0, found = 0;
	bool same, done = true;

	for (const char *line = dump->vmcoreinfo; line && *line && lines < MAX_LINES; line = next_line(line), lines++) {
		size_t length = strcspn(line, "\n");

		if (!again(line, &same))
			buffer_append(&last, line, length + (line[length] == '\n'));
		else if (!same && !found++)
			dump_doubt(dump, "VMCOREINFO contradicts itself: it has %.*s more than once, with different values",
				   (int)(key_length(line) < 60 ? key_length(line) : 60), line);
	}
	if (found > 1)
		dump_doubt(dump, "and %u more", found - 1);
	if (found && last.data && !last.failed)
		done = notes_add_info(dump, last.data, last.size, false, error);
	buffer_free(&last);
	return done;
}

bool dump_vmcoreinfo_string(const struct dump *dump, const char *key, char *text, size_t size)
{
	size_t length;
	const char *value = dump_vmcoreinfo(dump, key, &length);

	if (value)
		snprintf(text, size, "%.*s", (int)length, value);
	return value != NULL;
}

bool dump_vmcoreinfo_number(const struct dump *dump, const char *key, int base, uint64_t *value_ret)
{
	size_t length;
	const char *text = dump_vmcoreinfo(dump, key, &length);
	char *end;
	uint64_t value;

	/*
	 * Some values are signed (NUMBER(phys_base)): strtoull wraps those the way they are meant.
	 */
	if (!text || !length || !strchr("+-0123456789abcdefABCDEF", *text))
		return false;
	value = strtoull(text, &end, base);
	if (end != text + length)
		return false;
	*value_ret = value;
	return true;
}

/* Is it text all along? */
static bool is_text(const char *text)
{
	for (; *text; text++)
		if (*text != '\n' && *text != '\t' && (*text < 0x20 || *text == 0x7f))
			return false;
	return true;
}

/*
 * How much this page, with a NUL after it, looks like the running kernel's VMCOREINFO; 0 = not at
 * all.
 */
static unsigned score(const char *page)
{
	if (strncmp(page, PREFIX, PREFIX_SIZE) != 0 || !strstr(page, "\nPAGESIZE=") ||
	    !is_text(page))
		return 0;
	return 1 + (strstr(page, "\nBUILD-ID=") != NULL) +
	       (strstr(page, "\nKERNELOFFSET=") != NULL) + (strstr(page, "\nSYMBOL(") != NULL);
}

/* Looks at one page. True to go on. */
static bool look_at(struct search *search, uint64_t pfn)
{
	struct dump *dump = search->dump;
	char start[PREFIX_SIZE];
	unsigned page_score;

	if (++search->nr_seen > search->max_seen || search->nr_read > MAX_PAGES_READ)
		return false;
	if (dump->format->has_page && !dump->format->has_page(dump, pfn))
		return true;
	search->nr_read++;
	if (dump->format->read_page_start &&
	    (!dump->format->read_page_start(dump, pfn, start, sizeof(start)) ||
	     memcmp(start, PREFIX, PREFIX_SIZE) != 0))
		return true;
	if (!dump->format->read_page(dump, pfn, search->page, NULL))
		return true;
	page_score = score(search->page);
	if (page_score && search->all)
		notes_add_info(dump, search->page, strlen(search->page), true, NULL);
	/*
	 * The kernel's copy for the crash kernel comes with the same text, and a previous kernel's
	 * may be left.
	 */
	if (page_score > search->best_score) {
		search->best_score = page_score;
		memcpy(search->best, search->page, dump->page_size);
	}
	search->nr_candidates += page_score > 0;
	return search->all ||
	       (search->best_score < PERFECT_SCORE && search->nr_candidates < MAX_CANDIDATES);
}

static bool may_go_on(const struct dump *dump, uint64_t done, uint64_t total, struct error *error)
{
	const struct patience *watch = dump->watch;

	if (watch && watch->progress)
		watch->progress(watch->context, "looking for VMCOREINFO", done, total);
	return !watch || !watch->interrupted || !watch->interrupted(watch->context) ||
	       error_set(error, ERROR_INTERRUPTED, "interrupted");
}

/*
 * From the top down: the page is allocated early in boot, when the page allocator still hands out
 * the highest memory first. But upwards inside chunks: the system reads a file ahead, never
 * backwards, and a scan page by page downwards of a file that is not in the page cache took minutes
 * for 1 GiB.
 */
static bool look_everywhere(struct search *search, struct error *error)
{
	const struct dump *dump = search->dump;
	uint64_t done = 0, total = 0;

	for (size_t i = 0; i < dump->nr_ranges; i++)
		total += dump->ranges[i].size >> dump->page_shift;

	for (size_t i = dump->nr_ranges; i-- > 0; ) {
		uint64_t start = dump->ranges[i].start >> dump->page_shift;
		uint64_t end = (dump->ranges[i].start + dump->ranges[i].size) >> dump->page_shift;

		while (end > start) {
			uint64_t chunk = end - start > CHUNK_PAGES ? end - CHUNK_PAGES : start;

			if (!may_go_on(dump, done, total, error))
				return false;
			for (uint64_t pfn = chunk; pfn < end; pfn++)
				if (!look_at(search, pfn))
					return true;
			done += end - chunk;
			end = chunk;
		}
	}
	return true;
}

static bool run(struct search *search, struct error *error)
{
	const struct dump *dump = search->dump;
	char *pages = calloc(2, (size_t)dump->page_size + 1);

	if (!pages)
		return error_no_memory(error, "looking for VMCOREINFO",
				       2 * (size_t)dump->page_size);
	search->page = pages;
	search->best = pages + dump->page_size + 1;
	search->max_seen = MIN_PAGES_SEEN;
	for (size_t i = 0; i < dump->nr_files; i++)
		search->max_seen += dump->files[i]->raw_size / MIN_BYTES_PER_PAGE;
	return look_everywhere(search, error);
}

/* --- where it is said to be --- */

/*
 * s390's dumpers find it by a word in the first page of absolute memory (struct lowcore, vmcore_info in
 * arch/s390/include/asm/lowcore.h): the address of an ELF note.
 */
#define LOWCORE_VMCORE_INFO 0xe0c
#define NOTE_NAME "VMCOREINFO"
#define NOTE_NAME_SIZE 12	/* with its padding */

static bool look_at_lowcore(struct search *search)
{
	struct dump *dump = search->dump;
	uint8_t word[8], header[12 + NOTE_NAME_SIZE];
	uint64_t address, size;

	if (dump->machine != EM_S390 || !dump_read_phys(dump, LOWCORE_VMCORE_INFO, word, sizeof(word), NULL))
		return false;
	address = bytes_u64(word, true);
	if (!address || !dump_read_phys(dump, address, header, sizeof(header), NULL) ||
	    memcmp(header + 12, NOTE_NAME, sizeof(NOTE_NAME)) != 0)
		return false;
	size = bytes_u32(header + 4, true);
	search->page = calloc(1, (size_t)dump->page_size + 1);
	if (!search->page || size > dump->page_size ||
	    !dump_read_phys(dump, address + sizeof(header), search->page, size, NULL))
		return false;
	search->best = search->page;
	search->best_score = score(search->page);
	return search->best_score;
}

bool vmcoreinfo_search(struct dump *dump, struct error *error)
{
	struct search search = { .dump = dump };
	bool done = look_at_lowcore(&search);

	if (!done) {
		free(search.page);
		search = (struct search){ .dump = dump };
		done = run(&search, error);
	}
	if (done && search.best_score) {
		done = notes_set_vmcoreinfo(dump, search.best, dump->page_size, error);
		dump->vmcoreinfo_from_memory = dump->vmcoreinfo != NULL;
	}
	free(search.page);
	return done;
}

bool vmcoreinfo_search_all(struct dump *dump, struct error *error)
{
	struct search search = { .dump = dump, .all = true };
	bool done = run(&search, error);

	free(search.page);
	return done;
}

/* --- which of several --- */

/* Changes places with the one in use. */
static void exchange(struct dump *dump, struct dump_info *info)
{
	struct dump_info was = { (char *)dump->vmcoreinfo, dump->vmcoreinfo_size,
				 dump->vmcoreinfo_from_memory };

	dump->vmcoreinfo = info->text;
	dump->vmcoreinfo_size = info->size;
	dump->vmcoreinfo_from_memory = info->from_memory;
	*info = was;
}

bool dump_next_vmcoreinfo(struct dump *dump, struct error *error)
{
	if (!dump->vmcoreinfo)
		return false;
	if (dump->next_info == dump->nr_infos && !dump->memory_searched) {
		if (!vmcoreinfo_search_all(dump, error))
			return false;
		dump->memory_searched = true;
	}
	if (dump->next_info == dump->nr_infos)
		return false;
	exchange(dump, &dump->infos[dump->next_info++]);
	return true;
}

void dump_first_vmcoreinfo(struct dump *dump)
{
	while (dump->next_info)
		exchange(dump, &dump->infos[--dump->next_info]);
}

/* The line [LINE, END) with what has moved in it moved. */
static void correct_line(struct buffer *text, const char *line, const char *end, uint64_t start,
			 uint64_t stop, uint64_t delta, uint64_t phys_base)
{
	static const char base_key[] = "NUMBER(phys_base)=", offset_key[] = "KERNELOFFSET=";
	const char *equals = memchr(line, '=', end - line);
	size_t length = end - line;
	uint64_t value = equals ? strtoull(equals + 1, NULL, 16) : 0;

	if (length > sizeof(base_key) && !memcmp(line, base_key, sizeof(base_key) - 1))
		buffer_printf(text, "%s%" PRId64, base_key, (int64_t)phys_base);
	else if (length > sizeof(offset_key) && !memcmp(line, offset_key, sizeof(offset_key) - 1))
		buffer_printf(text, "%s%" PRIx64, offset_key, value + delta);
	else if (equals && !strncmp(line, "SYMBOL(", 7) && value >= start && value < stop)
		buffer_printf(text, "%.*s=%" PRIx64, (int)(equals - line), line, value + delta);
	else
		buffer_append(text, line, length);
}

bool dump_correct_vmcoreinfo(struct dump *dump, uint64_t start, uint64_t end, uint64_t delta,
			     uint64_t phys_base, struct error *error)
{
	struct buffer text = { 0 };

	for (const char *line = dump->vmcoreinfo; line && *line;) {
		const char *stop = strchrnul(line, '\n');

		correct_line(&text, line, stop, start, end, delta, phys_base);
		if (*stop)
			buffer_append(&text, "\n", 1);
		line = *stop ? stop + 1 : NULL;
	}
	if (text.failed || !text.data) {
		buffer_free(&text);
		return error_no_memory(error, "VMCOREINFO", dump->vmcoreinfo_size);
	}
	free((void *)dump->vmcoreinfo);
	dump->vmcoreinfo = text.data; /* malloc'ed by the buffer, and it ends with a NUL */
	dump->vmcoreinfo_size = text.size;
	dump->vmcoreinfo_corrected = true;
	return true;
}

void dump_doubt(struct dump *dump, const char *format, ...)
{
	size_t used = strlen(dump->doubt);
	va_list args;

	if (used && used < sizeof(dump->doubt) - 2) {
		strcpy(dump->doubt + used, "; ");
		used += 2;
	}
	va_start(args, format);
	vsnprintf(dump->doubt + used, sizeof(dump->doubt) - used, format, args);
	va_end(args);
}
