// SPDX-License-Identifier: GPL-3.0-or-later
/* The command mod (lsmod): the modules that were loaded. */
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "kernel/modules/module.h"

static const struct option options[] = {
	{ 's', NULL, "load the debug information of the modules named; of one, from FILE" },
	{ 'S', NULL, "load that of all modules; what is below DIRECTORY comes first" },
	{ 'd', NULL, "take the debug information of the modules named away from gdb" },
	{ 't', NULL, "show only modules that taint the kernel, and how" },
	{ 'u', NULL, "show sizes and users instead of addresses, as lsmod does" },
	{ 0 }
};

enum {
	ADDRESS,
	NAME,
	BASE,
	SIZE,
	OBJECT_TEXT,
	OBJECT,
	TAINTS,
	REFCOUNT,
	USERS_TEXT,
	USED_BY,
	STATE,
	PERMANENT,
	BUILD_ID,
	VERSION,
	SRCVERSION,
	DAMAGE,
	NR_COLUMNS
};

/* One set of cells, three views: what differs is what a person sees of it. */
#define HIDDEN COLUMN_JSON_ONLY
#define COLUMNS(address_, object_, taints_, users_) { \
	[ADDRESS] = { "address", "MODULE", 16, COLUMN_ADDRESS | address_ }, \
	[NAME] = { "name", "NAME", 18, COLUMN_LEFT }, \
	[BASE] = { "base", "BASE", 16, COLUMN_ADDRESS | address_ }, \
	[SIZE] = { "size", "SIZE", 7, COLUMN_RIGHT }, \
	[OBJECT_TEXT] = { "object_text", "OBJECT FILE", 0, COLUMN_TEXT_ONLY | object_ }, \
	[OBJECT] = { "object_file", NULL, 0, HIDDEN }, \
	[TAINTS] = { "taints", "TAINTS", 6, taints_ }, \
	[REFCOUNT] = { "refcount", "USES", 5, COLUMN_RIGHT | users_ }, \
	[USERS_TEXT] = { "users_text", "USED BY", 0, COLUMN_TEXT_ONLY | users_ }, \
	[USED_BY] = { "used_by", NULL, 0, HIDDEN }, \
	[STATE] = { "state", "STATE", 0, HIDDEN }, \
	[PERMANENT] = { "permanent", NULL, 0, HIDDEN }, \
	[BUILD_ID] = { "build_id", NULL, 0, HIDDEN }, \
	[VERSION] = { "version", NULL, 0, HIDDEN }, \
	[SRCVERSION] = { "srcversion", NULL, 0, HIDDEN }, \
	[DAMAGE] = { "damage", NULL, 0, HIDDEN }, \
}
static const struct column list_columns[] = COLUMNS(0, 0, HIDDEN, HIDDEN);
static const struct column taint_columns[] = COLUMNS(HIDDEN, HIDDEN, 0, HIDDEN);
static const struct column user_columns[] = COLUMNS(HIDDEN, HIDDEN, HIDDEN, 0);

static const struct shape list_shape = { "modules", SHAPE_TABLE, list_columns, NR_COLUMNS };
static const struct shape taint_shape = { "modules", SHAPE_TABLE, taint_columns, NR_COLUMNS };
static const struct shape user_shape = { "modules", SHAPE_TABLE, user_columns, NR_COLUMNS };

static bool check_options(const struct arguments *arguments, struct error *error)
{
	if (has_option(arguments, 's') && !arguments->nr_words)
		return error_set(error, ERROR_USAGE,
				 "mod: -s needs the names of modules; -S loads all");
	if (has_option(arguments, 'd') && !arguments->nr_words)
		return error_set(error, ERROR_USAGE, "mod: -d needs the names of modules");
	if (has_option(arguments, 's') + has_option(arguments, 'S') + has_option(arguments, 'd') > 1)
		return error_set(error, ERROR_USAGE, "mod: -S loads all modules, -s those named, -d takes away; give one of them");
	if (has_option(arguments, 'S') && arguments->nr_words > 1)
		return error_set(error, ERROR_USAGE, "mod: -S loads all modules, out of one directory; -s those named");
	if (has_option(arguments, 't') && has_option(arguments, 'u'))
		return error_set(error, ERROR_USAGE,
				 "mod: -t and -u are different views; give one of them");
	return true;
}

/* Where files are to come from: mod -s NAME FILE, mod -S DIRECTORY; NULL = not said. */
static const char *files_from(struct kernel *kernel, const struct arguments *arguments)
{
	const char *last = arguments->nr_words ? arguments->words[arguments->nr_words - 1] : NULL;

	if (has_option(arguments, 'S'))
		return last;
	return has_option(arguments, 's') && arguments->nr_words == 2 && strchr("/.~", last[strcspn(last, "/.~")]) &&
	       last[strcspn(last, "/.~")] && !module_find(kernel, last) ? last : NULL;
}

/* The words that are names of modules. */
static size_t nr_names(struct kernel *kernel, const struct arguments *arguments)
{
	return arguments->nr_words - (files_from(kernel, arguments) != NULL);
}

/* Words without an answer; ERROR_PARTIAL where others have one. */
static bool check_words(struct kernel *kernel, const struct arguments *arguments,
			struct error *error)
{
	const char *first = NULL;
	size_t missing = 0;

	size_t count = nr_names(kernel, arguments);

	for (size_t i = 0; i < count; i++)
		if (!module_find(kernel, arguments->words[i]) && !missing++)
			first = arguments->words[i];
	return !missing ||
	       error_set(error, missing < count ? ERROR_PARTIAL : ERROR_USAGE,
			 "mod: no module is called \"%s\"; `mod` lists them", first);
}

static bool wanted(const struct arguments *arguments, const struct module *module)
{
	if (has_option(arguments, 't') && !module->taints[0])
		return false;
	if (!arguments->nr_words || has_option(arguments, 'S'))
		return true;
	for (size_t i = 0; i < arguments->nr_words; i++)
		if (strcmp(arguments->words[i], module->name) == 0)
			return true;
	return false;
}

static const char *object_file(const struct module *module)
{
	if (module->debug_refused)
		return "(not usable)";
	if (module->debug_unwanted)
		return "(not loaded)";
	if (module->debug_path)
		return module->debug_path;
	return module->debug_searched ? "(not found)" : "(not loaded)";
}

static bool optional(struct output *output, size_t column, const char *string)
{
	return !string || !string[0] || output_string(output, column, string);
}

/* Who uses it; what is permanent or not (yet) live says so here too, as /proc/modules does. */
static bool emit_users(struct output *output, const struct module *module)
{
	const char *users = module->used_by;
	const char *permanent = module->permanent ? "[permanent]" : "";

	return (module->refcount < 0 || output_int(output, REFCOUNT, module->refcount)) &&
	       (!users || (output_string(output, USED_BY, users) &&
			   output_printf(output, USERS_TEXT, "%s%s%s", users, *users && *permanent ? "," : "", permanent))) &&
	       output_bool(output, PERMANENT, module->permanent, module->permanent ? "yes" : "no");
}

static bool emit_module(struct output *output, const struct module *module)
{
	uint64_t base = module->nr_regions ? module->regions[0].start : 0;

	return output_row(output) && output_address(output, ADDRESS, module->address) &&
	       output_string(output, NAME, module->name) &&
	       (!base || output_address(output, BASE, base)) &&
	       (module->size_unknown || output_uint(output, SIZE, module->size)) &&
	       output_string(output, OBJECT_TEXT, object_file(module)) &&
	       optional(output, OBJECT, module->debug_refused || module->debug_unwanted ? NULL : module->debug_path) &&
	       optional(output, TAINTS, module->taints) && emit_users(output, module) &&
	       optional(output, STATE, module->state) &&
	       optional(output, BUILD_ID, module->build_id) &&
	       optional(output, VERSION, module->version) &&
	       optional(output, SRCVERSION, module->srcversion) &&
	       optional(output, DAMAGE, module->damage);
}

/*
 * Has gdb load the files. One that has none does not keep the others from being loaded; NOTES tells
 * at the end, and of those named *MISSING.
 */
static bool load_files(struct kernel *kernel, const struct arguments *arguments,
		       const struct host *host, struct buffer *notes, struct error *missing, struct error *error)
{
	const char *from = files_from(kernel, arguments);
	struct module_list *list;
	struct error why;
	size_t count = 0;

	if (!host || !host->load_module || !host->unload_module)
		return error_set(error, ERROR_UNSUPPORTED,
				 "mod: debug information can be loaded in gdb only");
	if (!modules_get(kernel, &list, error))
		return false;
	for (size_t i = 0; i < list->count; i++)
		count += wanted(arguments, &list->modules[i]);
	for (size_t i = 0; i < list->count; i++) {
		if (!kernel_step(kernel, "loading", i, list->count, error))
			return false;
		if (!wanted(arguments, &list->modules[i]) ||
		    (has_option(arguments, 'd') ? host->unload_module(host->context, list->modules[i].address, &why) :
						  host->load_module(host->context, list->modules[i].address, from, &why)))
			continue;
		if (why.kind == ERROR_INTERRUPTED || (!has_option(arguments, 'S') && count == 1)) {
			*error = why;
			return false;
		}
		buffer_printf(notes, "%s\n", why.text);
		if (arguments->nr_words && missing->kind == ERROR_NONE)
			error_set(missing, ERROR_PARTIAL, "mod: not all of these modules could be loaded");
	}
	return true;
}

/* What the columns do not say. */
static void emit_notes_of(struct output *output, const struct module *module)
{
	if (module->state[0] && strcmp(module->state, "live"))
		output_note(output, "%s is %s%s", module->name, module->state,
			    !strcmp(module->state, "coming") ? ": its init function has not returned" : "");
	if (module->damage)
		output_note(output, "%s: part of it could not be read: %s", module->name, module->damage);
	if (module->sections_inferred)
		output_note(output, "%s: where its sections are is inferred from %s", module->name,
			    module->sections_inferred);
	if (module->debug_refused)
		output_note(output, "%s: gdb cannot have its debug information: %s", module->name,
			    module->debug_refused);
}

static void emit_notes(struct output *output, const struct module_list *list,
		       const struct buffer *notes)
{
	for (const char *line = notes->data, *end; line && (end = strchr(line, '\n'));
	     line = end + 1)
		output_note(output, "%.*s", (int)(end - line), line);
	if (list->damage)
		output_note(output, "%s", list->damage);
	for (size_t i = 0; i < list->count; i++)
		emit_notes_of(output, &list->modules[i]);
}

/* Not read is not clean. */
static bool are_taints_known(const struct module_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->modules[i].damage)
			return false;
	return !list->damage;
}

static const struct shape *view(const struct arguments *arguments)
{
	if (has_option(arguments, 't'))
		return &taint_shape;
	return has_option(arguments, 'u') ? &user_shape : &list_shape;
}

static bool mod_run(struct kernel *kernel, const struct arguments *arguments, struct output *output,
		    const struct host *host, struct error *error)
{
	struct error missing = { .kind = ERROR_NONE };
	struct buffer notes = { 0 };
	struct module_list *list;
	size_t nr_shown = 0;
	bool good = true;

	if (!check_options(arguments, error) || !modules_get(kernel, &list, error))
		return false;
	if (!check_words(kernel, arguments, &missing) && missing.kind != ERROR_PARTIAL) {
		*error = missing;
		return false;
	}
	if (has_option(arguments, 's') || has_option(arguments, 'S') || has_option(arguments, 'd'))
		good = load_files(kernel, arguments, host, &notes, &missing, error);
	if (good && output_begin(output, view(arguments))) {
		for (size_t i = 0; i < list->count; i++) {
			if (!wanted(arguments, &list->modules[i]))
				continue;
			nr_shown++;
			if (!emit_module(output, &list->modules[i]))
				break;
		}
		output_end(output);
		if (!list->count && !list->damage)
			output_note(output, "the kernel's list of modules is empty");
		else if (has_option(arguments, 't') && !nr_shown && are_taints_known(list) && missing.kind == ERROR_NONE)
			output_note(output, nr_names(kernel, arguments) ? "none of these modules taints the kernel" : "no module taints the kernel");
		emit_notes(output, list, &notes);
	}
	buffer_free(&notes);
	if (good && missing.kind == ERROR_PARTIAL) {
		*error = missing;
		return false;
	}
	if (good && list->damage && !nr_names(kernel, arguments))
		return error_set(error, ERROR_PARTIAL, "mod: the list of modules is not complete");
	return good;
}

static const char help[] =
	"Lists the modules: the address of each one's struct module, its name, where its\n"
	"code begins, its size in bytes (as lsmod counts it), and the file its debug\n"
	"information was loaded from.\n"
	"\n"
	"\"(not loaded)\" is no fault: gdb reads a module's file when it shows a frame in\n"
	"it, or when -s or -S tells it to, since reading all takes time. It looks for\n"
	"NAME.ko.debug and NAME.ko with the module's build-id, below `set vmcore\n"
	"module-path` first, then beside vmlinux and in /usr/lib/debug; what has another\n"
	"build-id is not used. \"(not found)\" means that they were looked for in vain.\n"
	"-s NAME FILE takes that file (with a / or a . in its name), if it is the\n"
	"module's; -S DIRECTORY what is below it before all other places. -d takes it\n"
	"away: a stack that passes through the module does not bring it back, -s does.\n"
	"\n"
	"USES and USED BY (-u) are as in lsmod; [permanent] is a module that cannot be\n"
	"unloaded. Taints (-t): P proprietary, F force loaded, O built out of the\n"
	"kernel's tree, E unsigned, C staging, K live patch; `kernel sys -t` says the\n"
	"kernel's own.\n"
	"\n"
	"JSON: an array \"modules\" with all of that whatever the view, and state, version,\n"
	"srcversion and build_id.\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel mod failover net_failover btrfs\n"
	"     MODULE       NAME                      BASE           SIZE  OBJECT FILE\n"
	"ffffffffc0544100  failover            ffffffffc0605000    16384  (not loaded)\n"
	"ffffffffc054a140  net_failover        ffffffffc0606000    24576  (not loaded)\n"
	"ffffffffc0ae58c0  btrfs               ffffffffc0c00000  2584576  (not loaded)\n"
	"\n"
	"(gdb) kernel mod -u failover net_failover btrfs\n"
	"NAME                   SIZE   USES  USED BY\n"
	"failover              16384      1  net_failover\n"
	"net_failover          24576      1  virtio_net\n"
	"btrfs               2584576      0\n"
	"\n"
	"(gdb) kernel mod -t\n"
	"NAME                   SIZE  TAINTS\n"
	"vmcore_rig            20480  OE\n"
	"\n"
	"(gdb) kernel mod -s e1000e /home/me/e1000e/e1000e.ko\n"
	"(gdb) kernel mod -d e1000e\n";

static const struct mi_name mi_names[] = { { "modules", NULL }, { 0 } };

const struct command command_mod = {
	.name = "mod",
	.alias = "lsmod",
	.mi = mi_names,
	.summary = "List the modules; load their debug information.",
	.usage = "mod [-t|-u] [MODULE]... | mod -s MODULE [FILE|MODULE...] | mod -S [DIRECTORY] | mod -d MODULE...",
	.help = help,
	.options = options,
	.words = COMPLETE_MODULE,
	.run = mod_run,
};
