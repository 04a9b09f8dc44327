// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Modules as gdb's shared libraries.
 *
 * gdb gets a small file for each loaded module (cfi_write_module): its sections where they were
 * loaded, the symbols the kernel had of it, and CFI out of its ORC. So every function of every
 * module has its name and unwinds, with no debug file at all, and attaching costs next to nothing.
 * The .ko with DWARF is added to it, as its separate debug file, when it is wanted: for modules on
 * the stacks of the CPUs, before `bt` of a thread that passes through one, or by `kernel mod -s
 * NAME`. Loading all of them at once would cost seconds for nothing.
 */
#include "gdb/session.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/modules/module_frames.h"
#include "kernel/open/own.h"
#include "kernel/tasks/task.h"
#include "kernel/stacks/unwind.h"
#include "symbols/cfi/cfi.h"
#include "symbols/cfi/companion.h"
#include "symbols/elf/elf_relocatable.h"

/* What gdb calls a file, and shows, is ASCII: of other names it would find none. */
static bool is_plain(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-+.,", *c))
			return false;
	return *name && *name != '.';
}

static bool is_only_one(const struct module_list *list, const struct module *module)
{
	for (size_t i = 0; i < list->count; i++)
		if (&list->modules[i] != module && !strcmp(list->modules[i].name, module->name))
			return false;
	return true;
}

/* What the file of each is called: NAME.ko; where that is no file's name, or that of two modules, the address tells which one it is. */
static bool name_file(const struct module_list *list, struct module *module, struct error *error)
{
	char name[sizeof(module->name) + 24];
	size_t length = strlen(module->name);

	free(module->gdb_name);
	if (is_plain(module->name) && is_only_one(list, module)) {
		module->gdb_name = strdup(module->name);
	} else {
		for (size_t i = 0; i < length; i++)
			name[i] = isalnum((unsigned char)module->name[i]) ? module->name[i] : '_';
		snprintf(name + length, sizeof(name) - length, "%s%" PRIx64, length ? "@" : "module@", module->address);
		module->gdb_name = strdup(name);
	}
	return module->gdb_name || error_no_memory(error, "a module's name", length);
}

/* SUFFIX: ".ko", ".ko.debug". */
static void module_file(struct session *session, const struct module *module, const char *suffix, char *path, size_t size)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s", module->gdb_name ? module->gdb_name : module->name, suffix);
	session_path(session, name, path, size);
}

static bool is_code(const struct module *module, uint64_t address)
{
	const struct module_region *region = module_region_at(module, address);

	return region && region->code;
}

/* Is SECTION still in memory? What was only needed to start the module has been freed since. */
static bool is_loaded(const struct module *module, const struct module_section *section)
{
	return module_region_at(module, section->address);
}

/*
 * Where gdb is told that the freed sections are: above everything else in the kernel's half. Left
 * out, gdb would put the .ko's .init.text where .text is, and name .text's functions by it.
 */
#define FREED_ADDRESS  0xfffffffff0000000ull
#define FREED_DISTANCE 0x40000ull
#define FREED_MAX      1000 /* that many fit below 2^64; the rest share the last place */

/* Where addresses have 32 bits all share one place, above the fixed mappings. */
#define FREED_ADDRESS_32 0xfffc0000ull
#define FREED_SIZE_32	 0x3f000ull

static struct cfi_section freed_section(const struct kernel *kernel, const char *name, size_t index)
{
	struct cfi_section section = { .name = name };

	section.address = kernel->arch->pointer_size == 4 ?
				  FREED_ADDRESS_32 :
				  FREED_ADDRESS + (index < FREED_MAX ? index : FREED_MAX) * FREED_DISTANCE;
	section.size = kernel->arch->pointer_size == 4 ? FREED_SIZE_32 : FREED_DISTANCE;
	return section;
}

/*
 * What the library list has to name, so that gdb moves nothing: the start of the file's first
 * segment, which is the lowest section of code, or of all if there is no code (elf_writer.h). That can be the
 * init area's, while the module starts: it may lie below the core area. False if the module has no memory.
 */
static bool first_segment(const struct module *module, uint64_t *address_ret)
{
	bool found = false, code = false;

	for (size_t i = 0; i < module->nr_sections; i++) {
		uint64_t address = module->sections[i].address;
		bool is = is_code(module, address);

		if (!is_loaded(module, &module->sections[i]) || (code && !is) ||
		    (found && code == is && address >= *address_ret))
			continue;
		*address_ret = address;
		found = true;
		code = is;
	}
	return found;
}

/* With the module's types if BASE, the kernel's own, is known. */
static bool write_object(struct session *session, struct module *module, struct cfi_object *object,
			 const struct buffer *base, const char *path, struct error *error)
{
	struct own_types types = { 0 };
	bool done;

	if (base && base->size &&
	    own_module_types(session->kernel, module, object->symtab, base, &types, NULL))
		object->types = &types.dwarf;
	done = cfi_write_object(object, path, error);
	own_types_free(&types);
	return done;
}

/* What gdb is told of the modules, and of which there is something to say. */
struct description {
	struct session *session;
	struct buffer base;	/* the kernel's own types; empty = not wanted */
	struct buffer inferred;	/* names of modules whose sections were worked out */
	size_t nr_nameless;	/* modules without symbols */
	struct error nameless;	/* why the first one is */
};

/* Up to the next section, or the end of the memory it is in. */
static uint64_t distance_to_next(const struct module *module, uint64_t address)
{
	const struct module_region *region = module_region_at(module, address);
	uint64_t end = region ? region->start + region->size : address;

	for (size_t i = 0; i < module->nr_sections; i++)
		if (module->sections[i].address > address && module->sections[i].address < end)
			end = module->sections[i].address;
	return end - address;
}

/*
 * Where gdb has the module's per-CPU variables, which the kernel does not list: it would have them at 0, or at another
 * object's. Where they are linked to start at 0 (x86_64 to 6.14) a variable is where the kernel's own pointers to it say.
 * Elsewhere such a pointer looks like any kernel address and can be another variable's: only $per_cpu() tells them apart.
 */
static bool per_cpu_section(struct kernel *kernel, const struct module *module, struct cfi_section *section)
{
	uint64_t pointer, size;

	*section = freed_section(kernel, ".data..percpu", module->nr_sections);
	if (!kernel_read_member(kernel, module->address, "module", "percpu", &pointer, NULL) ||
	    !kernel_read_member(kernel, module->address, "module", "percpu_size", &size, NULL))
		return true;
	if (pointer && size && !kernel->arch->is_kernel_address(kernel->memory, pointer)) {
		section->address = pointer;
		section->size = size;
	}
	return size != 0;
}

/* The kernel lists its copies of these as sections, too, but it does not list where the file's own are. */
static bool is_copied(const char *name)
{
	return !strcmp(name, ".symtab") || !strcmp(name, ".strtab") || !strcmp(name, ".modinfo");
}

/* Into SECTIONS, which has room for one more than the module has. */
static size_t list_sections(struct kernel *kernel, const struct module *module, bool have_symbols,
			    struct cfi_section *sections)
{
	size_t count = 0;

	for (size_t i = 0; i < module->nr_sections; i++) {
		const struct module_section *section = &module->sections[i];
		bool loaded = is_loaded(module, section);

		if (is_copied(section->name))
			continue;
		if (!loaded) {
			sections[count++] = freed_section(kernel, section->name, i);
			continue;
		}
		sections[count] = (struct cfi_section){
			.name = section->name,
			.address = section->address,
			.code = is_code(module, section->address),
		};
		if (!have_symbols)
			sections[count].size = distance_to_next(module, section->address);
		count++;
	}
	return count + per_cpu_section(kernel, module, &sections[count]);
}

static bool write_file(struct description *description, struct module *module, const char *path,
		       struct error *error)
{
	struct kernel *kernel = description->session->kernel;
	struct cfi_section *sections = calloc(module->nr_sections + 1, sizeof(*sections));
	struct cfi_object object = { .sections = sections, .data_is_local = true, .arch = kernel->arch };
	const struct orc_table *orc;
	struct symtab *symbols;
	struct error why;
	bool done;

	if (!sections)
		return error_no_memory(error, "a module's sections",
				       (module->nr_sections + 1) * sizeof(*sections));
	if (module_symbols(kernel, module, &symbols, &why))
		object.symtab = symbols;
	else if (!description->nr_nameless++)
		description->nameless = why;
	/* Without it unwinding stops there; names remain. */
	if (module_orc(kernel, module, &orc, NULL))
		object.table = orc;
	object.nr_sections = list_sections(kernel, module, object.symtab != NULL, sections);
	done = write_object(description->session, module, &object, &description->base, path, error);
	free(sections);
	return done;
}

/* Where the dump has lost where the sections were: the module's file may tell, if it is there. */
static void find_sections(struct description *description, struct module *module)
{
	if (!module->sections_lost)
		return;
	modules_find_debug(description->session, module, NULL);
	if (module->sections_inferred) {
		buffer_printf(&description->inferred, "%s%s", description->inferred.size ? ", " : "",
			      module->name);
		return;
	}
	if (!module->nr_sections)
		module_infer_sections(module);
	free(module->debug_refused);
	module->debug_refused =
		strdup("where its sections were is not in the dump, and the file was not known when gdb was "
		       "given the dump, to work it out; set vmcore module-path, and open the dump again");
}

static void describe_module(struct description *description, struct module *module, struct buffer *xml)
{
	struct session *session = description->session;
	struct error error = { 0 };
	uint64_t segment = 0;
	char path[256];

	module_file(session, module, ".ko", path, sizeof(path));
	find_sections(description, module);
	if (!first_segment(module, &segment))
		error_set(&error, ERROR_CORRUPT, "where its memory is is not known%s%s",
			  module->damage ? ": " : "", module->damage ? module->damage : "");
	if (error.kind != ERROR_NONE || !write_file(description, module, path, &error)) {
		gdb_announce(session->plugin, "warning: gdb knows nothing of module %s: %s\n", module->name,
			     error.text);
		free(module->debug_refused);
		module->debug_refused = strdup(error.text);
		return;
	}
	buffer_string(xml, "<library name=\"");
	xml_append(xml, path);
	buffer_printf(xml, "\"><segment address=\"0x%" PRIx64 "\"/></library>", segment);
}

static void announce(const struct description *description)
{
	struct plugin *plugin = description->session->plugin;

	if (description->inferred.size)
		gdb_announce(plugin,
			     "where sections of modules were is not in the dump; it was worked out of their symbols "
			     "and files: %s\n",
			     description->inferred.data);
	if (description->nr_nameless)
		gdb_announce(plugin, "warning: gdb has no names of %zu modules: %s\n", description->nr_nameless,
			     description->nameless.text);
}

bool modules_describe(struct session *session, struct error *error)
{
	struct description description = { .session = session };
	struct kernel *kernel = session->kernel;
	struct buffer *xml = &session->libraries;
	struct error why = { 0 };
	struct module_list *list;

	/* With a vmlinux there are .ko files, or may be. */
	if (!kernel->vmlinux_path && !own_btf(kernel, &description.base, NULL))
		buffer_clear(&description.base);
	buffer_string(xml, "<library-list>");
	if (modules_get(kernel, &list, &why)) {
		for (size_t i = 0; i < list->count; i++) {
			if (!name_file(list, &list->modules[i], error))
				return false;
			describe_module(&description, &list->modules[i], xml);
		}
		announce(&description);
		if (list->damage)
			gdb_announce(session->plugin,
				     "warning: the list of modules may be incomplete: %s\n",
				     list->damage);
	} else {
		gdb_announce(session->plugin, "warning: the modules cannot be read: %s\n",
			     why.text);
	}
	buffer_free(&description.base);
	buffer_free(&description.inferred);
	buffer_string(xml, "</library-list>");
	return xml->failed ? error_no_memory(error, "the list of modules", 0) : true;
}

/* The directory of the file that PATH (possibly a link) names. */
static void directory_of(const char *path, char directory[PATH_MAX])
{
	char *slash;

	if (!realpath(path, directory))
		snprintf(directory, PATH_MAX, "%s", path);
	slash = strrchr(directory, '/');
	if (slash)
		*slash = '\0';
	else
		strcpy(directory, ".");
}

/* Where a distribution's debug package was unpacked into one of the directories of debug-path. */
static void add_debug_path(struct session *session, char *storage, size_t size)
{
	const char *path = session->plugin->settings.debug_path;

	while (path && *path) {
		int length = strcspn(path, ":");
		size_t used = strlen(storage);

		if (length)
			snprintf(storage + used, size - used,
				 ":%.*s/lib/modules/%s:%.*s/usr/lib/debug/lib/modules/%s", length,
				 path, session->kernel->release, length, path,
				 session->kernel->release);
		path += length + (path[length] == ':');
	}
}

/* The directories to look for .ko files in: the person's, then those around vmlinux, then the
 * system's. */
static void search_paths(struct session *session, char *storage, size_t size, const char **paths,
			 size_t max)
{
	struct kernel *kernel = session->kernel;
	const char *own = session->plugin->settings.module_path, *release = kernel->release;
	char vmlinux[PATH_MAX], dump[PATH_MAX];
	size_t count = 0;
	char *at;

	directory_of(kernel->vmlinux_path ? kernel->vmlinux_path : session->file, vmlinux);
	directory_of(session->file, dump);
	/* Debian: .../boot/vmlinux-RELEASE and .../lib/modules/RELEASE/vmlinux are one file. */
	snprintf(
		storage, size,
		"%s:%s/kernel:%s/modules:%s/../lib/modules/%s:%s/modules:/usr/lib/debug/lib/modules/%s:"
		"/lib/modules/%s/kernel:/lib/modules/%s/updates",
		own ? own : "", vmlinux, vmlinux, vmlinux, release, dump, release, release,
		release);
	add_debug_path(session, storage, size);
	for (char *path = strtok_r(storage, ":", &at); path && count + 1 < max;
	     path = strtok_r(NULL, ":", &at))
		paths[count++] = path;
	paths[count] = NULL;
}

/*
 * A .ko is relocatable: its index holds the addresses it was loaded at this time, and gdb's index
 * cache would bring them back the next time (gdb 13 does, 18 warns).
 */
static bool add_without_index_cache(struct plugin *plugin, const char *path, const char *debug,
				    struct error *error)
{
	struct buffer enabled = { 0 };
	bool known = gdb_setting(plugin, "index-cache enabled", &enabled), done;

	if (known)
		gdb_execute(plugin, NULL, NULL, "set index-cache enabled off");
	done = attach_separate_debug(plugin, path, debug, error);
	if (known && enabled.data)
		gdb_execute(plugin, NULL, NULL, "set index-cache enabled %s", enabled.data);
	buffer_free(&enabled);
	return done;
}

/* DIRECTORY, if it is not NULL, comes first. */
static const char *find_debug(struct session *session, struct module *module, const char *directory, struct error *error)
{
	char storage[8 * PATH_MAX];
	const char *paths[64], *debug;
	struct buffer why = { 0 };

	paths[0] = directory;
	search_paths(session, storage, sizeof(storage), paths + !!directory, 64 - !!directory);
	debug = module_debug_file(session->kernel, module, paths, &why);
	if (!debug)
		error_set(
			error, ERROR_IO,
			"no debug file for module %s: %s; name a directory with: set vmcore module-path DIR",
			module->name, why.data ? why.data : "none was found");
	buffer_free(&why);
	return debug;
}

const char *modules_find_debug(struct session *session, struct module *module, struct error *error)
{
	return find_debug(session, module, NULL, error);
}

/* Is it one of list_sections()? */
static bool knows_section(void *context, const char *name)
{
	const struct module *module = context;

	for (size_t i = 0; i < module->nr_sections; i++)
		if (!strcmp(module->sections[i].name, name))
			return !is_copied(name);
	return !strcmp(name, ".data..percpu");
}

/*
 * Where there is no ORC the .ko's own entries are all there is; given for code that signs return addresses they are not what gdb
 * wants. In front of the .ko, so that gdb looks there first: that is the order in which it gets them.
 */
static bool add_module_companion(struct session *session, struct module *module, const char *path, struct error *error)
{
	struct kernel *kernel = session->kernel;
	const struct frame_table *table = !kernel->arch->orc_bases ? module_frame_table(kernel, module, NULL) : NULL;
	struct companion companion = companion_of(kernel);
	struct cfi_section *sections;
	struct symtab *symbols;
	char file[256];
	size_t count;
	bool done;

	if (!table || !module_symbols(kernel, module, &symbols, NULL))
		return true;
	sections = calloc(module->nr_sections + 1, sizeof(*sections));
	if (!sections)
		return error_no_memory(error, "a module's sections", (module->nr_sections + 1) * sizeof(*sections));
	companion.symtab = symbols;
	count = list_sections(kernel, module, false, sections);
	module_file(session, module, ".ko.cfi", file, sizeof(file));
	done = companion_write_module(&companion, sections, count, table, file, error) &&
	       attach_separate_debug(session->plugin, path, file, error);
	free(sections);
	return done;
}

void modules_find_for_kernel(void *context, struct module *module)
{
	modules_find_debug(context, module, NULL);
}

bool modules_load_debug(struct session *session, struct module *module, struct error *error)
{
	struct plugin *plugin = session->plugin;
	char path[256], copy[256];
	const char *debug;
	bool done;

	if (module->debug_loaded)
		return true;
	debug = modules_find_debug(session, module, error);
	if (!debug)
		return false;
	if (module->debug_refused)
		return error_set(error, ERROR_UNSUPPORTED, "gdb cannot have %s for module %s: %s", debug,
				 module->name, module->debug_refused);
	module_file(session, module, ".ko", path, sizeof(path));
	module_file(session, module, ".ko.debug", copy, sizeof(copy));
	done = elf_copy_for_gdb(debug, copy, knows_section, module, error) && add_module_companion(session, module, path, error) &&
	       add_without_index_cache(plugin, path, copy, error);
	module->debug_loaded = done;
	if (done)
		sources_module(session, debug);
	return done;
}

/* The file that the person named. */
static bool take_file(struct session *session, struct module *module, const char *file, struct error *error)
{
	struct buffer why = { 0 };
	bool done = module_debug_file_is(session->kernel, module, file, &why);

	if (!done)
		error_set(error, ERROR_USAGE, "%s is no debug file of module %s: %.*s", file, module->name, (int)strcspn(why.data ? why.data : "", "\n"),
			  why.data ? why.data : "");
	buffer_free(&why);
	return done;
}

bool modules_load_debug_from(struct session *session, struct module *module, const char *from, struct error *error)
{
	struct stat status;

	if (from && stat(from, &status) < 0)
		return error_set(error, ERROR_IO, "%s: %m", from);
	if (from && module->debug_loaded && !S_ISDIR(status.st_mode) && !modules_unload_debug(session, module, error))
		return false;
	if (from && !S_ISDIR(status.st_mode)) {
		if (!take_file(session, module, from, error))
			return false;
	} else if (from && !module->debug_loaded) {
		module_debug_file_forget(module);
		if (!find_debug(session, module, from, error))
			return false;
	}
	module->debug_unwanted = false;
	return modules_load_debug(session, module, error);
}

/*
 * gdb has no way to take a file away that was added to another one, but it reads the small files anew when it is told to, and the
 * others then get theirs again.
 */
bool modules_unload_debug(struct session *session, struct module *module, struct error *error)
{
	struct module_list *list;
	bool done;

	if (!module->debug_loaded)
		return error_set(error, ERROR_USAGE, "the debug information of module %s is not loaded", module->name);
	if (!modules_get(session->kernel, &list, error))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		list->modules[i].debug_expected = list->modules[i].debug_loaded && &list->modules[i] != module;
		list->modules[i].debug_loaded = false;
	}
	module->debug_unwanted = true;
	done = gdb_execute(session->plugin, NULL, error, "nosharedlibrary") && gdb_execute(session->plugin, NULL, error, "sharedlibrary");
	for (size_t i = 0; i < list->count; i++)
		list->modules[i].debug_expected = false;
	return done;
}

/* Is there anything to load? A file that was looked for in vain is not looked for again. */
static bool may_load_debug(const struct module *module)
{
	return !module->debug_loaded && !module->debug_unwanted && !module->debug_refused &&
	       (module->debug_path || !module->debug_searched);
}

#define MAX_ON_STACK 16

/* The modules on the stack that starts at REGISTERS for which there may be a debug file. */
static size_t modules_on_stack(struct session *session, const struct registers *registers, struct module *found[MAX_ON_STACK])
{
	struct frame *frames = calloc(UNWIND_MAX_FRAMES, sizeof(*frames));
	size_t count = 0, nr_found = 0;

	if (!frames)
		return 0;
	pthread_mutex_lock(&session->kernel->lock);
	unwind(session->kernel, registers, frames, UNWIND_MAX_FRAMES, &count, NULL);
	for (size_t i = 0; i < count && nr_found < MAX_ON_STACK; i++) {
		struct module *module = frames[i].kind == FRAME_USER
						? NULL
						: module_at(session->kernel, frames[i].pc);

		if (module && may_load_debug(module))
			found[nr_found++] = module;
	}
	pthread_mutex_unlock(&session->kernel->lock);
	free(frames);
	return nr_found;
}

void modules_load_for_stack(struct session *session, const struct registers *registers)
{
	struct module *found[MAX_ON_STACK];
	size_t count = modules_on_stack(session, registers, found);

	for (size_t i = 0; i < count; i++)
		modules_load_debug(session, found[i], NULL);
}

void modules_expect_stacks(struct session *session)
{
	struct module *found[MAX_ON_STACK];

	for (size_t i = 0; i < session->kernel->nr_cpus; i++) {
		size_t count = modules_on_stack(session, &session->kernel->cpus[i].registers, found);

		while (count)
			found[--count]->debug_expected = true;
	}
}

void modules_loaded(struct session *session, const char *path)
{
	size_t length = strlen(session->directory);
	const char *name = path + length + 1, *end = strrchr(path, '.');
	struct module_list *list;

	if (!length || strncmp(path, session->directory, length) || path[length] != '/' || !end || strcmp(end, ".ko"))
		return;
	if (!modules_get(session->kernel, &list, NULL))
		return;
	for (size_t i = 0; i < list->count; i++) {
		struct module *module = &list->modules[i];

		if (module->debug_expected && module->gdb_name && strlen(module->gdb_name) == (size_t)(end - name) &&
		    !strncmp(module->gdb_name, name, end - name))
			modules_load_debug(session, module, NULL);
	}
}

void modules_load_for_thread(struct session *session)
{
	uint64_t address = session_selected_task(session);
	const struct task *task;
	struct registers registers;
	bool known;

	pthread_mutex_lock(&session->kernel->lock);
	task = address ? task_find_address(session->kernel, address) : NULL;
	known = task && task_registers(session->kernel, task, &registers, NULL, NULL);
	pthread_mutex_unlock(&session->kernel->lock);
	if (known)
		modules_load_for_stack(session, &registers);
}
