// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The command rd: memory as numbers and text, virtual, physical or a process's. gdb's x does most
 * of that, but not physical addresses, and not where no kernel was recognized in the dump.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "commands/command.h"
#include "base/bytes.h"
#include "kernel/modules/symbolize.h"
#include "kernel/tasks/task.h"

#define LINE	  16	      /* bytes on one line */
#define PIECE	  (64u << 10) /* bytes read and written at once by -r */
#define MAX_COUNT (1ull << 50)

static const struct option options[] = {
	{ 'p', NULL, "the address is physical" },
	{ 'u', NULL, "the address is the selected task's; what is not a kernel address is one" },
	{ '8', NULL, "values of 8 bits" },
	{ '1', "6", "values of 16 bits" },
	{ '3', "2", "values of 32 bits" },
	{ '6', "4", "values of 64 bits (the default on 64-bit machines)" },
	{ 'd', NULL, "signed decimal numbers, without the text column" },
	{ 'D', NULL, "unsigned decimal numbers, without it" },
	{ 's', NULL, "symbols in place of the addresses of kernel code and data, without it" },
	{ 'x', NULL, "without the text column" },
	{ 'a', NULL, "text only; without COUNT up to the first byte that is none" },
	{ 'N', NULL, "values in network byte order" },
	{ 'R', NULL, "the COUNT values that end with the one at ADDRESS, in reverse order" },
	{ 'o', "OFFSET", "begin OFFSET (hexadecimal) after ADDRESS" },
	{ 'e', "END", "stop before this address" },
	{ 'r', "FILE", "write COUNT bytes as they are to FILE" },
	{ 'g', NULL, "go on behind what is missing and say why it is; not with -R, -r, or -a alone" },
	{ 0 }
};

enum { ADDRESS, VALUES, TEXT, BYTES };

static const struct column columns[] = {
	[ADDRESS] = { "address", "%:", 16, COLUMN_ADDRESS },
	[VALUES] = { "values", "%", 0, COLUMN_TEXT_ONLY },
	[TEXT] = { "text", "%", 0, 0 },
	[BYTES] = { "bytes", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape shape = { "memory", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

enum { START, LAST, SIZE, REASON, WHY };

static const struct column missing_columns[] = {
	[START] = { "start", "%:", 16, COLUMN_ADDRESS },
	[LAST] = { "last", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[SIZE] = { "bytes", "%", 0, 0 },
	[REASON] = { "reason", NULL, 0, COLUMN_JSON_ONLY },
	[WHY] = { "text", "missing: %", 0, COLUMN_HIGHLIGHT },
};
static const struct shape missing_shape = { "missing", SHAPE_PLAIN, missing_columns,
					    ARRAY_SIZE(missing_columns) };

enum space { KERNEL_SPACE, USER_SPACE, PHYSICAL };

struct rd {
	struct kernel *kernel;
	const struct arguments *arguments;
	const struct host *host;
	struct output *output;
	enum space space;
	uint64_t root; /* of the user's page tables */
	uint64_t address, count;
	unsigned width; /* of a value: bytes */
	bool count_given, big_endian, over_gaps;
};

/* --- what was typed --- */

static bool parse_width(struct rd *rd, struct error *error)
{
	static const struct {
		char letter;
		unsigned bytes;
		const char *rest;
	} widths[] = { { '8', 1, NULL }, { '1', 2, "6" }, { '3', 4, "2" }, { '6', 8, "4" } };
	unsigned given = 0;

	rd->width = rd->kernel->dump->is_64bit || !rd->kernel->dump->machine ? 8 : 4;
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		if (!has_option(rd->arguments, widths[i].letter))
			continue;
		if (widths[i].rest &&
		    strcmp(option_value(rd->arguments, widths[i].letter), widths[i].rest))
			return error_set(error, ERROR_USAGE,
					 "rd: values have 8, 16, 32 or 64 bits, not %c%s",
					 widths[i].letter,
					 option_value(rd->arguments, widths[i].letter));
		rd->width = widths[i].bytes;
		given++;
	}
	if (has_option(rd->arguments, 'a'))
		rd->width = 1;
	return given < 2 || error_set(error, ERROR_USAGE, "rd: one of -8, -16, -32 and -64");
}

static bool choose_space(struct rd *rd, struct error *error)
{
	struct memory *memory = rd->kernel->memory;
	struct translation nowhere;

	if (has_option(rd->arguments, 'p')) {
		rd->space = PHYSICAL;
		return true;
	}
	if (!memory)
		return error_set(error, ERROR_USAGE,
				 "rd: only physical memory can be read (-p): %s",
				 rd->kernel->damage[0] ? rd->kernel->damage
						       : "no kernel was recognized in the dump");
	if (!has_option(rd->arguments, 'u') && memory->arch->is_kernel_address(memory, rd->address))
		return true;
	/* In neither half, and so nobody's: the translation says what it is. */
	if (memory_is_nowhere(memory, rd->address))
		return memory_translate(memory, 0, rd->address, &nowhere, error);
	rd->space = USER_SPACE;
	return select_user_root(rd->kernel, rd->host, "rd", 0, rd->address, ", -p reads physical memory", &rd->root, error);
}

static bool parse(struct rd *rd, struct error *error)
{
	const struct arguments *arguments = rd->arguments;
	const char *offset = option_value(arguments, 'o'), *end = option_value(arguments, 'e');
	uint64_t value;

	if (!arguments->nr_words || arguments->nr_words > 2)
		return error_set(error, ERROR_USAGE,
				 "rd: which address? rd [-p|-u] ADDRESS [COUNT]");
	if (!parse_width(rd, error) ||
	    !parse_address(rd->kernel, rd->host, rd->output, "rd", arguments->words[0], &rd->address, error))
		return false;
	if (offset) {
		if (!parse_address(rd->kernel, rd->host, rd->output, "rd", offset, &value, error))
			return false;
		rd->address += value;
	}
	rd->count = 1;
	rd->count_given = arguments->nr_words == 2 || end;
	if (arguments->nr_words == 2 &&
	    !parse_count("rd", "COUNT", arguments->words[1], MAX_COUNT, &rd->count, error))
		return false;
	if (end) {
		if (!parse_address(rd->kernel, rd->host, rd->output, "rd", end, &value, error))
			return false;
		if (value <= rd->address)
			return error_set(error, ERROR_USAGE,
					 "rd: the end, 0x%" PRIx64 ", is not above 0x%" PRIx64,
					 value, rd->address);
		rd->count = (value - rd->address - 1) / rd->width + 1;
	}
	if (option_value(arguments, 'r') && !rd->count_given)
		return error_set(error, ERROR_USAGE, "rd: how many bytes? rd -r FILE ADDRESS COUNT, or with -e END");
	if (has_option(arguments, 'R') && !end) {
		if (rd->count - 1 > rd->address / rd->width)
			return error_set(error, ERROR_USAGE, "rd: so many values do not fit in below 0x%" PRIx64, rd->address);
		rd->address -= (rd->count - 1) * rd->width;
	}
	if (rd->count - 1 > (UINT64_MAX - rd->address) / rd->width)
		return error_set(error, ERROR_USAGE,
				 "rd: that many values do not fit in above 0x%" PRIx64,
				 rd->address);
	rd->big_endian = rd->kernel->dump->big_endian || has_option(arguments, 'N');
	rd->over_gaps = has_option(arguments, 'g') && !has_option(arguments, 'R') &&
			(rd->count_given || !has_option(arguments, 'a'));
	return choose_space(rd, error);
}

/* --- reading --- */

static bool read_memory(const struct rd *rd, uint64_t address, void *buffer, size_t size,
			struct error *error)
{
	if (rd->space == PHYSICAL)
		return dump_read_phys(rd->kernel->dump, address, buffer, size, error);
	if (rd->space == USER_SPACE)
		return memory_read_user(rd->kernel->memory, rd->root, address, buffer, size, error);
	return memory_read(rd->kernel->memory, address, buffer, size, error);
}

/* As many whole values as there are, at most SIZE bytes; *error says why they are fewer. */
static size_t read_some(const struct rd *rd, uint64_t address, void *buffer, size_t size,
			struct error *error)
{
	size_t done = 0;

	if (read_memory(rd, address, buffer, size, error))
		return size;
	while (done < size &&
	       read_memory(rd, address + done, (uint8_t *)buffer + done, rd->width, error))
		done += rd->width;
	return done;
}

/* --- showing --- */

static void add_value(const struct rd *rd, struct buffer *text, uint64_t value)
{
	/* -128, 65535, -2147483648, 18446744073709551615 */
	static const unsigned char decimal_digits[] = { [1] = 4, [2] = 6, [4] = 11, [8] = 20 };
	unsigned bits = 8 * rd->width, digits = 2 * rd->width;
	char symbol[256];

	if (text->size)
		buffer_char(text, ' ');
	if (has_option(rd->arguments, 'd'))
		buffer_printf(text, "%*" PRId64, decimal_digits[rd->width],
			      (int64_t)(value << (64 - bits)) >> (64 - bits));
	else if (has_option(rd->arguments, 'D'))
		buffer_printf(text, "%*" PRIu64, decimal_digits[rd->width], value);
	else if (has_option(rd->arguments, 's') && rd->kernel->symbols &&
		 kernel_symbolize(rd->kernel, value, symbol, sizeof(symbol)))
		buffer_printf(text, "%-*s", digits, symbol);
	else
		buffer_printf(text, "%0*" PRIx64, digits, value);
}

/* One line: SIZE bytes (whole values) at ADDRESS. */
static bool emit_line(const struct rd *rd, uint64_t address, const uint8_t *bytes, size_t size)
{
	bool reverse = has_option(rd->arguments, 'R'), text_only = has_option(rd->arguments, 'a');
	bool numbers_only = has_option(rd->arguments, 'd') || has_option(rd->arguments, 'D') || has_option(rd->arguments, 's');
	bool with_text = text_only || (!reverse && !numbers_only && !has_option(rd->arguments, 'x'));
	struct buffer values = { 0 }, hex = { 0 };
	char text[LINE + 1];
	size_t cell;
	bool more;

	for (size_t at = 0; at < size; at += rd->width)
		add_value(rd, &values,
			  bytes_number(bytes + (reverse ? size - rd->width - at : at), rd->width,
				       rd->big_endian));
	/* The text of a last, shorter line stands below the others'. */
	cell = (values.size + 1) / (size / rd->width);
	for (size_t at = size; with_text && at < LINE && rd->count * rd->width > LINE;
	     at += rd->width)
		buffer_printf(&values, "%*s", (int)cell, "");
	for (size_t i = 0; i < size; i++) {
		text[i] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '.';
		buffer_printf(&hex, "%02x", bytes[i]);
	}
	text[size] = '\0';
	more = output_row(rd->output) && output_address(rd->output, ADDRESS, address) &&
	       (text_only || output_bytes(rd->output, VALUES, values.data, values.size)) &&
	       (!with_text || output_string(rd->output, TEXT, text)) &&
	       output_bytes(rd->output, BYTES, hex.data, hex.size);
	buffer_free(&values);
	buffer_free(&hex);
	return more;
}

/* -a without a COUNT: how many of these bytes are text. */
static size_t text_size(const struct rd *rd, const uint8_t *bytes, size_t size)
{
	size_t i = 0;

	if (!has_option(rd->arguments, 'a') || rd->count_given)
		return size;
	while (i < size && bytes[i] >= 0x20 && bytes[i] < 0x7f)
		i++;
	return i;
}

/* --- -g: what is missing --- */

static const char *reason(enum error_kind kind)
{
	switch (kind) {
	case ERROR_EXCLUDED: return "excluded";
	case ERROR_TRUNCATED: return "truncated";
	case ERROR_NOT_MAPPED: return "not mapped";
	case ERROR_IO:
	case ERROR_FORMAT:
	case ERROR_CORRUPT: return "damaged";
	default: return NULL; /* not the memory's fault */
	}
}

/* Has the dump nothing of the page of ADDRESS? Some formats hold parts of pages. */
static bool is_empty_page(const struct rd *rd, uint64_t address)
{
	struct dump *dump = rd->kernel->dump;
	struct translation translation = { .physical = address };
	struct dump_place place;

	if (rd->space != PHYSICAL &&
	    !memory_translate(rd->kernel->memory, rd->root, address, &translation, NULL))
		return true;
	if (!dump->format->read_bytes)
		return true; /* pages are there or not */
	return dump->format->find_page &&
	       !dump->format->find_page(dump, translation.physical >> dump->page_shift, &place,
					NULL);
}

/* How far behind a value that is missing the next is that may be there. */
static uint64_t next_value(const struct rd *rd, uint64_t address)
{
	uint32_t page_size = rd->kernel->dump->page_size;
	uint64_t left = page_size - address % page_size;

	if (left < rd->width || !is_empty_page(rd, address))
		return rd->width;
	return left / rd->width * rd->width;
}

static bool emit_missing(struct output *output, uint64_t start, uint64_t size,
			 const struct error *why)
{
	return output_end(output) && output_begin(output, &missing_shape) && output_row(output) &&
	       output_address(output, START, start) &&
	       output_address(output, LAST, start + size - 1) &&
	       output_uint_as(output, SIZE, size, "%" PRIu64 " bytes", size) &&
	       output_string(output, REASON, reason(why->kind)) &&
	       output_string(output, WHY, why->text) && output_end(output) &&
	       output_begin(output, &shape);
}

/*
 * Goes over what is missing from ADDRESS on, at most SIZE bytes, for the reason *WHY, and says so;
 * *DONE_RET is how much, or all if nobody wants more. False if that is the end, with *error.
 */
static bool skip_missing(const struct rd *rd, uint64_t address, uint64_t size,
			 const struct error *why, uint64_t *done_ret, struct error *error)
{
	struct error next = *why;
	uint8_t value[8];
	uint64_t done = 0;

	if (!rd->over_gaps || !reason(why->kind)) {
		if (error)
			*error = *why;
		return false;
	}
	while (done < size && next.kind == why->kind) {
		if (!kernel_check_interrupt(rd->kernel, error))
			return false;
		done += next_value(rd, address + done);
		if (done < size && read_memory(rd, address + done, value, rd->width, &next))
			break;
	}
	if (done > size)
		done = size;
	*done_ret = emit_missing(rd->output, address, done, why) ? done : size;
	return true;
}

static bool show(struct rd *rd, struct error *error)
{
	bool endless = has_option(rd->arguments, 'a') && !rd->count_given;
	bool reverse = has_option(rd->arguments, 'R');
	uint64_t left = endless ? UINT64_MAX - rd->address : rd->count * rd->width, done = 0;
	uint8_t bytes[LINE];

	while (left && kernel_check_interrupt(rd->kernel, error)) {
		size_t size = left < LINE ? left : LINE;
		uint64_t address = rd->address + (reverse ? left - size : done), missing = 0;
		struct error why;
		size_t got = read_some(rd, address, bytes, size, &why), shown;

		shown = text_size(rd, bytes, got);
		if (shown && !emit_line(rd, address, bytes, shown))
			return true; /* enough */
		if (shown < got)
			return true; /* the text has ended */
		if (got < size &&
		    !skip_missing(rd, address + got, left - got, &why, &missing, error))
			return false;
		left -= got + missing;
		done += got + missing;
	}
	return !left;
}

/* --- -r FILE --- */

static bool write_all(int fd, const char *path, const uint8_t *data, size_t size,
		      struct error *error)
{
	while (size) {
		ssize_t written = write(fd, data, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_set(error, ERROR_IO, "rd: cannot write to %s: %s", path,
					 strerror(errno));
		data += written;
		size -= written;
	}
	return true;
}

static bool copy(struct rd *rd, int fd, const char *path, uint64_t *done_ret, struct error *error)
{
	uint8_t *buffer = malloc(PIECE);
	bool good = buffer != NULL || error_no_memory(error, "memory to be written", PIECE);

	while (good && *done_ret < rd->count &&
	       (good = kernel_step(rd->kernel, "writing", *done_ret, rd->count, error))) {
		uint64_t left = rd->count - *done_ret;
		size_t size = left < PIECE ? left : PIECE;
		struct error why;
		size_t got = read_some(rd, rd->address + *done_ret, buffer, size, &why);

		good = write_all(fd, path, buffer, got, error);
		if (good)
			*done_ret += got;
		if (good && got < size) {
			if (error)
				*error = why;
			good = false;
		}
	}
	free(buffer);
	return good;
}

static bool write_file(struct rd *rd, const char *path, struct error *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint64_t done = 0;
	bool good;

	if (fd < 0)
		return error_set(error, ERROR_IO, "rd: cannot open %s: %s", path, strerror(errno));
	rd->width = 1;
	good = copy(rd, fd, path, &done, error);
	if (close(fd) != 0 && good)
		good = error_set(error, ERROR_IO, "rd: cannot write to %s: %s", path,
				 strerror(errno));
	if (!good)
		return error_prefix(error, "rd: only %" PRIu64 " bytes were written to %s", done,
				    path);
	return output_note(rd->output, "%" PRIu64 " bytes written to %s", done, path) || true;
}

static bool rd_run(struct kernel *kernel, const struct arguments *arguments, struct output *output,
		   const struct host *host, struct error *error)
{
	struct rd rd = { .kernel = kernel, .arguments = arguments, .host = host, .output = output };
	bool done;

	if (!kernel)
		return error_set(error, ERROR_USAGE,
				 "no kernel dump is open; open one with: target vmcore FILE");
	if (!parse(&rd, error))
		return false;
	if (option_value(arguments, 'r'))
		return write_file(&rd, option_value(arguments, 'r'), error);
	if (!output_begin(output, &shape))
		return true;
	done = show(&rd, error);
	if (done)
		output_end(output);
	return done;
}

static const char help[] =
	"Shows COUNT values (one, if not given) from ADDRESS on, 16 bytes to a line, and\n"
	"the same bytes as text. ADDRESS is a hexadecimal number, a symbol, or an\n"
	"(expression) that gdb evaluates. With -p it is physical; that also works in a\n"
	"dump in which no kernel was recognized. What the dump does not have is an error\n"
	"that says why, after the values before it; with -g it is a line (for MI: always)\n"
	"and what comes behind it is shown, too.\n"
	"\n"
	"JSON: an array \"memory\" with address, text and the bytes in hexadecimal, in the\n"
	"order in which they are in memory; with -g, where memory is missing, an array\n"
	"\"missing\" of ranges (start, last, bytes), the reason (excluded, not mapped,\n"
	"truncated or damaged) and, in words, of the first of the pages why it is.\n"
	"\n"
	"Example:\n"
	"(gdb) rd linux_banner 4\n"
	"ffffffff82000240: 65762078756e694c 2e36206e6f697372 Linux version 6.\n"
	"ffffffff82000250: 6c632d36352d302e 34366d612d64756f 1.0-56-cloud-amd\n";

static const struct mi_name mi_names[] = { { "memory", "-g" }, { 0 } };

const struct command command_rd = {
	.name = "rd",
	.mi = mi_names,
	.summary = "Show memory: virtual, physical or a process's.",
	.usage = "rd [-p|-u] [-8|-16|-32|-64] [-d|-D|-s] [-x|-a] [-N] [-R|-g] [-o OFFSET] [-e END] "
		 "[-r FILE] ADDRESS [COUNT]",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.without_kernel = true,
	.run = rd_run,
};
