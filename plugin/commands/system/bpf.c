// SPDX-License-Identifier: GPL-3.0-or-later
/* bpf: the programs and maps of BPF that are loaded. */
#include <inttypes.h>
#include <string.h>

#include "commands/command.h"
#include "kernel/containers.h"

static const struct option options[] = {
	{ 'p', NULL, "only programs" },
	{ 'P', "ID", "only the program of this number" },
	{ 'm', NULL, "only maps" },
	{ 'M', "ID", "only the map of this number" },
	{ 0 }
};

enum { PROGRAM, ID, TYPE, TAG, INSTRUCTIONS, JITED, NAME, FUNCTION, MAPS, LOADED };

static const struct column program_columns[] = {
	[PROGRAM] = { "program", "BPF_PROG", 16, COLUMN_ADDRESS },
	[ID] = { "id", "ID", 4, COLUMN_RIGHT },
	[TYPE] = { "type", "TYPE", 14, COLUMN_LEFT },
	[TAG] = { "tag", "TAG", 16, COLUMN_LEFT },
	[INSTRUCTIONS] = { "instructions", "INSNS", 5, COLUMN_RIGHT },
	[JITED] = { "jited_bytes", "JITED", 6, COLUMN_RIGHT },
	[NAME] = { "name", "NAME", 0, COLUMN_LEFT },
	[FUNCTION] = { "function", NULL, 0, COLUMN_ADDRESS | COLUMN_JSON_ONLY },
	[MAPS] = { "nr_maps", NULL, 0, COLUMN_JSON_ONLY },
	[LOADED] = { "load_time_ns", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape programs_shape = { "programs", SHAPE_TABLE, program_columns, ARRAY_SIZE(program_columns) };

enum { MAP, MAP_ID, MAP_TYPE, KEY, VALUE, ENTRIES, MAP_NAME, FLAGS };

static const struct column map_columns[] = {
	[MAP] = { "map", "BPF_MAP", 16, COLUMN_ADDRESS },
	[MAP_ID] = { "id", "ID", 4, COLUMN_RIGHT },
	[MAP_TYPE] = { "type", "TYPE", 14, COLUMN_LEFT },
	[KEY] = { "key_bytes", "KEY", 5, COLUMN_RIGHT },
	[VALUE] = { "value_bytes", "VALUE", 6, COLUMN_RIGHT },
	[ENTRIES] = { "max_entries", "ENTRIES", 8, COLUMN_RIGHT },
	[MAP_NAME] = { "name", "NAME", 0, COLUMN_LEFT },
	[FLAGS] = { "flags", NULL, 0, COLUMN_JSON_ONLY },
};
static const struct shape maps_shape = { "maps", SHAPE_TABLE, map_columns, ARRAY_SIZE(map_columns) };

struct view {
	struct kernel *kernel;
	struct output *output;
	uint64_t id;		/* 0 = all */
	size_t found, damaged;
	struct error first;
	bool stopped;
};

static void lose(struct view *view, uint64_t address, const struct error *why)
{
	output_note(view->output, "not all of 0x%" PRIx64 " is known: %s", address, why->text);
	if (!view->damaged++)
		view->first = *why;
}

static bool read_member(struct view *view, uint64_t address, const char *type, const char *path, uint64_t *value_ret)
{
	struct error why = { 0 };

	if (kernel_read_member(view->kernel, address, type, path, value_ret, &why))
		return true;
	lose(view, address, &why);
	return false;
}

static void number_cell(struct view *view, size_t column, uint64_t address, const char *type, const char *path)
{
	uint64_t value;

	if (read_member(view, address, type, path, &value))
		output_uint(view->output, column, value);
}

struct naming {
	int64_t value;
	const char *name;
};

static bool is_named(void *context, const char *name, int64_t value)
{
	struct naming *naming = context;

	if (value == naming->value)
		naming->name = name;
	return !naming->name;
}

/* The name of the kernel's own enumeration behind PREFIX; of one that has none the number. */
static void type_cell(struct view *view, size_t column, uint64_t address, const char *type, const char *path, const char *enumeration, const char *prefix)
{
	struct naming naming = { 0 };
	size_t length = strlen(prefix);
	uint64_t value;

	if (!read_member(view, address, type, path, &value))
		return;
	naming.value = (int64_t)value;
	types_for_each_enumerator(view->kernel->types, enumeration, is_named, &naming, NULL);
	if (naming.name)
		output_string(view->output, column, strncmp(naming.name, prefix, length) ? naming.name : naming.name + length);
	else
		output_printf(view->output, column, "%" PRIu64, value);
}

static void name_cell(struct view *view, size_t column, uint64_t address, const char *type)
{
	struct error why = { 0 };
	struct member member;
	char name[64];

	if (types_member(view->kernel->types, type, "name", &member, &why) && member.size <= sizeof(name) &&
	    memory_read_string(view->kernel->memory, address + member.offset, name, member.size, &why))
		output_string(view->output, column, name);
	else if (why.kind != ERROR_NONE)
		lose(view, address, &why);
}

/* The first bytes of the program's hash, by which bpftool names it. */
static void tag_cell(struct view *view, uint64_t program)
{
	struct error why = { 0 };
	struct member member;
	uint8_t tag[8];
	char text[2 * sizeof(tag) + 1];

	if (!types_member(view->kernel->types, "bpf_prog", "tag", &member, &why) || member.size != sizeof(tag) ||
	    !memory_read(view->kernel->memory, program + member.offset, tag, sizeof(tag), &why)) {
		if (why.kind != ERROR_NONE)
			lose(view, program, &why);
		return;
	}
	for (size_t i = 0; i < sizeof(tag); i++) {
		text[2 * i] = "0123456789abcdef"[tag[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[tag[i] & 15];
	}
	text[2 * sizeof(tag)] = '\0';
	output_string(view->output, TAG, text);
}

static bool begin_row(struct view *view, uint64_t id, uint64_t address)
{
	view->found++;
	view->stopped = !output_row(view->output) || !output_address(view->output, 0, address) || !output_uint(view->output, 1, id);
	return !view->stopped;
}

static bool one_program(void *context, uint64_t id, uint64_t program, struct error *error)
{
	struct view *view = context;
	uint64_t aux, function;

	if (!kernel_check_interrupt(view->kernel, error))
		return false;
	if (view->id && id != view->id)
		return true;
	if (!begin_row(view, id, program))
		return false;
	type_cell(view, TYPE, program, "bpf_prog", "type", "bpf_prog_type", "BPF_PROG_TYPE_");
	tag_cell(view, program);
	number_cell(view, INSTRUCTIONS, program, "bpf_prog", "len");
	number_cell(view, JITED, program, "bpf_prog", "jited_len");
	if (read_member(view, program, "bpf_prog", "bpf_func", &function))
		output_address(view->output, FUNCTION, function);
	if (!read_member(view, program, "bpf_prog", "aux", &aux))
		return true;
	name_cell(view, NAME, aux, "bpf_prog_aux");
	number_cell(view, MAPS, aux, "bpf_prog_aux", "used_map_cnt");
	number_cell(view, LOADED, aux, "bpf_prog_aux", "load_time");
	return true;
}

static bool one_map(void *context, uint64_t id, uint64_t map, struct error *error)
{
	struct view *view = context;

	if (!kernel_check_interrupt(view->kernel, error))
		return false;
	if (view->id && id != view->id)
		return true;
	if (!begin_row(view, id, map))
		return false;
	type_cell(view, MAP_TYPE, map, "bpf_map", "map_type", "bpf_map_type", "BPF_MAP_TYPE_");
	number_cell(view, KEY, map, "bpf_map", "key_size");
	number_cell(view, VALUE, map, "bpf_map", "value_size");
	number_cell(view, ENTRIES, map, "bpf_map", "max_entries");
	number_cell(view, FLAGS, map, "bpf_map", "map_flags");
	name_cell(view, MAP_NAME, map, "bpf_map");
	return true;
}

static bool show(struct view *view, const char *symbol, const char *number, const struct shape *shape,
		 bool (*callback)(void *context, uint64_t id, uint64_t entry, struct error *error), struct error *error)
{
	struct error why = { 0 };
	struct member root;
	uint64_t idr;
	bool whole;

	view->id = 0;
	view->found = 0;
	if (number && !parse_count("bpf", "ID", number, UINT32_MAX, &view->id, error))
		return false;
	if (!kernel_symbol(view->kernel, symbol, &idr, error) || !types_member(view->kernel->types, "idr", "idr_rt", &root, error))
		return error_prefix(error, "bpf: this kernel's table of %s is not known", shape->key);
	output_begin(view->output, shape);
	whole = xarray_for_each(view->kernel, idr + root.offset, callback, view, &why);
	output_end(view->output);
	if (!whole && (why.kind == ERROR_INTERRUPTED || why.kind == ERROR_NO_MEMORY)) {
		*error = why;
		return false;
	}
	if (!whole) {
		output_note(view->output, "there may be more %s: %s", shape->key, why.text);
		if (!view->damaged++)
			view->first = why;
	} else if (view->id && !view->found) {
		return error_set(error, ERROR_USAGE, "bpf: of the %s none has the number %" PRIu64, shape->key, view->id);
	}
	return true;
}

static bool bpf_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		    struct error *error)
{
	struct view view = { .kernel = kernel, .output = output };
	const char *program = option_value(arguments, 'P'), *map = option_value(arguments, 'M');
	bool programs = has_option(arguments, 'p') || program, maps = has_option(arguments, 'm') || map;

	(void)host;
	if (arguments->nr_words)
		return error_set(error, ERROR_USAGE, "bpf: %s? One is named by -P ID or -M ID", arguments->words[0]);
	if ((programs || !maps) && !show(&view, "prog_idr", program, &programs_shape, one_program, error))
		return false;
	if (!view.stopped && (maps || !programs) && !show(&view, "map_idr", map, &maps_shape, one_map, error))
		return false;
	return !view.damaged || error_set(error, ERROR_PARTIAL, "bpf: not all is known: %s", view.first.text);
}

static const char help[] =
	"The programs and maps that the kernel has numbers of, as bpftool lists them. TAG\n"
	"begins the hash of a program, JITED is how many bytes of code it was made into\n"
	"(0: it is interpreted); JSON has where that code is.\n"
	"\n"
	"JSON: \"programs\", \"maps\" (as asked for).\n"
	"\n"
	"Example:\n"
	"(gdb) kernel bpf\n"
	"    BPF_PROG        ID  TYPE            TAG               INSNS   JITED  NAME\n"
	"ff68e82fc00b5000     1  SOCKET_FILTER   c9589159e92674d1      3      21  rig\n";

static const struct mi_name mi_names[] = { { "bpf", NULL }, { 0 } };

const struct command command_bpf = {
	.name = "bpf",
	.mi = mi_names,
	.summary = "Show BPF programs and maps.",
	.usage = "bpf [-p|-P ID] [-m|-M ID]",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.run = bpf_run,
};
