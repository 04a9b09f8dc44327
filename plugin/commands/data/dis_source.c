// SPDX-License-Identifier: GPL-3.0-or-later
/* dis -s: the lines of source that a function is made of. Which ones they are DWARF says, where the file is gdb. */
#include "commands/data/dis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "kernel/modules/module.h"

#define MAX_LINES 20000	/* of one function: more is damage */

enum { FILE_NAME, LINE, FUNCTION };
static const struct column place_columns[] = {
	[FILE_NAME] = { "file", "FILE", 0, 0 },
	[LINE] = { "line", "LINE", 0, 0 },
	[FUNCTION] = { "function", "FUNCTION", 0, 0 },
};
static const struct shape place_shape = { "source", SHAPE_LIST, place_columns, ARRAY_SIZE(place_columns) };

enum { MARK, NUMBER, TEXT, HERE };
static const struct column line_columns[] = {
	[MARK] = { "mark", "%", 2, COLUMN_TEXT_ONLY | COLUMN_RIGHT },
	[NUMBER] = { "line", "%", 5, COLUMN_RIGHT },
	[TEXT] = { "text", " %", 0, COLUMN_RAW },
	[HERE] = { "here", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape line_shape = { "lines", SHAPE_PLAIN, line_columns, ARRAY_SIZE(line_columns) };

/* A function's own file and its lines in it. */
struct extent {
	char *file, *function;
	unsigned first, last, here;
	char inlined[256];	/* what is inlined at ADDRESS, and where that is; "" = nothing */
};

/*
 * The function's own frame is the last one: where code of another is inlined it has the line of the call. (Now and then the line table
 * has a line of what is inlined where the functions' tree does not know that. So what stands before the function's own line is not its.)
 */
static bool find_extent(const struct host *host, uint64_t address, uint64_t start, uint64_t end, struct extent *extent)
{
	for (uint64_t at = start; at < end; at++) {
		const struct source_frame *frames;
		size_t count = host_source(host, at, true, &frames);
		const struct source_frame *own = count ? &frames[count - 1] : NULL;

		if (!own || !own->file || !own->line)
			continue;
		if (!extent->file) {
			extent->file = strdup(own->file);
			extent->function = own->function ? strdup(own->function) : NULL;
			extent->first = extent->last = own->line;
		}
		/* Behind its end, where a symbol's size takes in what follows, it is another one. */
		if (!extent->file || strcmp(own->file, extent->file) || !own->function != !extent->function ||
		    (own->function && strcmp(own->function, extent->function)))
			continue;
		if (own->line > extent->last)
			extent->last = own->line;
		if (at != address)
			continue;
		extent->here = own->line < extent->first ? 0 : own->line;
		if (count > 1 && source_frame_place(&frames[0], extent->inlined, sizeof(extent->inlined) - 80) && frames[0].function)
			snprintf(extent->inlined + strlen(extent->inlined), 80, " %.70s", frames[0].function);
	}
	return extent->file;
}

/* What gdb found, opened; NULL: there is none. By its path alone not even gdb knows it: another file may be called the same. */
static FILE *open_file(const struct host *host, uint64_t start, struct error *error)
{
	static const char located[] = "Located in ";
	struct buffer around = { 0 }, place = { 0 };
	struct stat status;
	char command[64], *path = NULL;
	FILE *file = NULL;

	snprintf(command, sizeof(command), "list *0x%" PRIx64, start);
	if (host->execute(host->context, command, &around, error) && host->execute(host->context, "info source", &place, error) && place.data)
		path = strstr(place.data, located);
	if (path) {
		path += strlen(located);
		path[strcspn(path, "\n")] = 0;
		if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
			file = fopen(path, "re");
	}
	buffer_free(&around);
	buffer_free(&place);
	return file;
}

static bool show_line(struct output *output, unsigned number, bool here, const char *text, size_t size)
{
	return output_row(output) && output_string(output, MARK, here ? "*" : "") && output_uint(output, NUMBER, number) &&
	       output_bytes(output, TEXT, text, size) && output_bool(output, HERE, here, NULL);
}

/* True: so far as there are lines. */
static bool show_lines(struct output *output, const struct extent *extent, FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	unsigned number = 0;
	ssize_t size;

	if (!output_begin(output, &line_shape))
		return true;
	while (number < extent->last && (size = getline(&line, &room, file)) >= 0) {
		if (++number < extent->first)
			continue;
		size -= size && line[size - 1] == '\n';
		if (!show_line(output, number, number == extent->here, line, size))
			number = extent->last;
	}
	free(line);
	output_end(output);
	return number == extent->last;
}

bool dis_source(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host, uint64_t address,
		uint64_t start, uint64_t end, struct error *error)
{
	struct extent extent = { 0 };
	FILE *file = NULL;
	struct module *module = module_at(kernel, start);
	bool done;

	(void)arguments;
	if (module && host->load_module)
		host->load_module(host->context, module->address, NULL, NULL);	/* else gdb does not know its files */
	if (!host->execute || !find_extent(host, address, start, end, &extent)) {
		free(extent.file);
		return kernel_check_interrupt(kernel, error) &&
		       error_set(error, ERROR_NO_SYMBOL, "dis: no debug information says what source 0x%" PRIx64 " is made of", address);
	}
	output_begin(output, &place_shape);
	output_string(output, FILE_NAME, extent.file);
	if (extent.here)
		output_uint(output, LINE, extent.here);
	if (extent.function)
		output_string(output, FUNCTION, extent.function);
	output_end(output);
	if (extent.last - extent.first >= MAX_LINES)
		done = error_set(error, ERROR_PARTIAL, "dis: the function would have %u lines, which none has", extent.last - extent.first + 1);
	else if (!(file = open_file(host, start, error)))
		done = false;
	else
		done = show_lines(output, &extent, file) || error_set(error, ERROR_PARTIAL, "dis: the source file has fewer lines: it is another one");
	if (!done && !file && extent.last - extent.first < MAX_LINES && error->kind != ERROR_INTERRUPTED)
		error_set(error, ERROR_PARTIAL, "dis: the source file is not on this machine, or not where gdb looks for it: set vmcore source-path DIRECTORY");
	if (extent.inlined[0])
		output_note(output, "at the address itself is what is inlined there: %s", extent.inlined);
	if (file)
		fclose(file);
	free(extent.file);
	free(extent.function);
	return done;
}
