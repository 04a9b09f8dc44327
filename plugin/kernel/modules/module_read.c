// SPDX-License-Identifier: GPL-3.0-or-later
/* struct module as it was in each kernel, turned into the one of module.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "kernel/containers.h"
#include "kernel/modules/module_internal.h"
#include "kernel/system/system.h"

#define MAX_STRUCT_MODULE 16384
#define MAX_SECTIONS 1024
#define MAX_NOTE 4096
#define MAX_USERS 65536
/* MODULES_VADDR to MODULES_END is 1.5 GiB at most on x86_64, 2 GiB on arm64. */
#define MAX_REGION (2ull << 30)

/* A struct module on its way. */
struct reading {
	struct kernel *kernel;
	struct module *module;
	const uint8_t *copy;
	size_t size;			/* of copy */
};

void module_damaged(struct module *module, const struct error *error)
{
	if (!module->damage)
		module->damage = strdup(error->text);
}

/* A member's value; false where the kernel has no such member. */
static bool field(const struct reading *reading, const char *path, uint64_t *value_ret)
{
	struct kernel *kernel = reading->kernel;
	struct member member;

	return types_member(kernel->types, "module", path, &member, NULL) &&
	       kernel_decode_field(kernel, reading->copy, reading->size, &member, value_ret);
}

static void read_string(const struct reading *reading, const char *path, char *string, size_t size)
{
	struct error why;
	uint64_t pointer;

	if (!field(reading, path, &pointer) || !pointer)
		return;
	if (!memory_read_string(reading->kernel->memory, pointer, string, size, &why)) {
		string[0] = 0;
		module_damaged(reading->module, &why);
	}
}

/* --- memory --- */

static void add_region(struct module *module, uint64_t start, uint64_t size, bool code)
{
	if (!start || !size)
		return;
	if (size > MAX_REGION || start + size < start) {
		struct error why;

		error_set(&why, ERROR_CORRUPT, "0x%llx bytes at 0x%llx are too many for a module",
			  (unsigned long long)size, (unsigned long long)start);
		module_damaged(module, &why);
		module->size_unknown = true;
		return;
	}
	module->size += size;
	if (module->nr_regions == sizeof(module->regions) / sizeof(module->regions[0]))
		return;
	module->regions[module->nr_regions++] = (struct module_region){ start, size, code };
}

/* 6.4 and later: mem[MOD_MEM_NUM_TYPES]. */
static void read_mem(const struct reading *reading, const struct member *mem)
{
	struct kernel *kernel = reading->kernel;
	int64_t text = 0, init_text = 4;
	struct member base, size;

	types_enumerator(kernel->types, "mod_mem_type", "MOD_TEXT", &text, NULL);
	types_enumerator(kernel->types, "mod_mem_type", "MOD_INIT_TEXT", &init_text, NULL);
	if (!types_member(kernel->types, "module_memory", "base", &base, NULL) ||
	    !types_member(kernel->types, "module_memory", "size", &size, NULL))
		return;
	for (uint64_t i = 0; i < mem->count && i < 32; i++) {
		uint64_t offset = mem->offset + i * mem->element_size, start, bytes;

		if (offset >= reading->size ||
		    !kernel_decode_field(kernel, reading->copy + offset, reading->size - offset,
					 &base, &start) ||
		    !kernel_decode_field(kernel, reading->copy + offset, reading->size - offset,
					 &size, &bytes))
			return;
		add_region(reading->module, start, bytes,
			   (int64_t)i == text || (int64_t)i == init_text);
	}
}

/* Up to 6.3: base, size, and how much of that is text, which comes first. */
static const char *const layouts[][3] = {
	{ "core_layout.base", "core_layout.size", "core_layout.text_size" },
	{ "data_layout.base", "data_layout.size", "data_layout.text_size" },	/* 5.18, 01dc0386efb7 */
	{ "init_layout.base", "init_layout.size", "init_layout.text_size" },
	{ "module_core", "core_size", "core_text_size" },			/* before 4.5, 7523e4dc5057 */
	{ "module_init", "init_size", "init_text_size" },
};

static void read_layout(const struct reading *reading, const char *const names[3])
{
	uint64_t base, size, text;

	if (!field(reading, names[0], &base) || !field(reading, names[1], &size))
		return;
	if (!field(reading, names[2], &text) || text > size)
		text = 0;
	add_region(reading->module, base, text, true);
	add_region(reading->module, base + text, size - text, false);
}

static void read_regions(const struct reading *reading)
{
	struct member mem;

	if (types_member(reading->kernel->types, "module", "mem", &mem, NULL)) {
		read_mem(reading, &mem);
		return;
	}
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		read_layout(reading, layouts[i]);
}

/* --- sections and notes: what sysfs shows --- */

/*
 * Length of an attribute group's NULL-terminated array of pointers. GROUP is the structure with a
 * `grp` in front. False: it is longer, or may be.
 */
static bool count_attributes(struct kernel *kernel, uint64_t address, const char *type, uint64_t max,
			     uint64_t *count_ret, struct error *error)
{
	uint64_t array, pointer;
	unsigned word = kernel->arch->pointer_size;

	*count_ret = 0;
	/* while both kinds existed */
	if (!kernel_read_member(kernel, address, type, "grp.bin_attrs_new", &array, NULL) &&
	    !kernel_read_member(kernel, address, type, "grp.bin_attrs", &array, error))
		return false;
	for (; array && *count_ret < max; ++*count_ret) {
		if (!kernel_read_pointer(kernel, array + *count_ret * word, &pointer, error))
			return false;
		if (!pointer)
			break;
	}
	return true;
}

/* How one element of sect_attrs->attrs[] tells its name and address. */
struct section_layout {
	uint64_t first, each;
	struct member name, address;
};

static bool section_layout(struct kernel *kernel, struct section_layout *layout,
			   struct error *error)
{
	struct member attrs;
	const char *type;

	if (!types_member(kernel->types, "module_sect_attrs", "attrs", &attrs, error))
		return false;
	type = attrs.type_name;
	layout->first = attrs.offset;
	if (!types_size(kernel->types, type, &layout->each, error))
		return false;
	if (types_has_member(kernel->types, type, "address")) {
		/*
		 * struct module_sect_attr, up to 6.13: a name of its own first, then that of its
		 * attribute
		 */
		return types_member(kernel->types, type, "address", &layout->address, error) &&
		       (types_member(kernel->types, type, "name", &layout->name, NULL) ||
			types_member(kernel->types, type, "battr.attr.name", &layout->name, error));
	}
	/* struct bin_attribute, 6.14 and later (4b2c11e4aaf7) */
	return types_member(kernel->types, type, "private", &layout->address, error) &&
	       types_member(kernel->types, type, "attr.name", &layout->name, error);
}

static bool read_section(struct kernel *kernel, const struct section_layout *layout,
			 uint64_t element, struct module_section *section, struct error *error)
{
	char name[128];
	uint64_t text;

	if (!kernel_read_field(kernel, element, &layout->address, &section->address, error) ||
	    !kernel_read_field(kernel, element, &layout->name, &text, error) ||
	    !memory_read_string(kernel->memory, text, name, sizeof(name), error))
		return false;
	section->name = strdup(name);
	return section->name || error_no_memory(error, "a section's name", sizeof(name));
}

static void read_sections(const struct reading *reading)
{
	struct kernel *kernel = reading->kernel;
	struct module *module = reading->module;
	struct section_layout layout;
	uint64_t attrs, count;
	bool counted = true;
	struct error why;

	module->sections_lost = true;	/* until all is read */
	if (!field(reading, "sect_attrs", &attrs) || !attrs)
		return;		/* no CONFIG_KALLSYMS or no sysfs, or not that far yet */
	if (!section_layout(kernel, &layout, &why)) {
		module_damaged(module, &why);
		return;
	}
	if (!kernel_read_member(kernel, attrs, "module_sect_attrs", "nsections", &count, &why)) {
		counted = why.kind == ERROR_NO_MEMBER &&
			  count_attributes(kernel, attrs, "module_sect_attrs", MAX_SECTIONS, &count, &why);
		if (!counted) {
			module_damaged(module, &why);
			count = 0;
		}
	}
	if (count > MAX_SECTIONS) {
		error_set(&why, ERROR_CORRUPT, "it says that it has %llu sections",
			  (unsigned long long)count);
		module_damaged(module, &why);
		return;
	}
	module->sections = calloc(count ? count : 1, sizeof(*module->sections));
	for (uint64_t i = 0; module->sections && i < count; i++) {
		if (read_section(kernel, &layout, attrs + layout.first + i * layout.each,
				 &module->sections[module->nr_sections], &why))
			module->nr_sections++;
		else
			module_damaged(module, &why);
	}
	module->sections_lost = !counted || !count || module->nr_sections < count;
}

static void set_build_id(struct module *module, const uint8_t *id, size_t size)
{
	if (size * 2 >= sizeof(module->build_id))
		return;
	for (size_t i = 0; i < size; i++)
		snprintf(module->build_id + 2 * i, 3, "%02x", id[i]);
}

/* Looks for NT_GNU_BUILD_ID among the notes at ADDRESS. */
static bool build_id_from_notes(struct kernel *kernel, uint64_t address, uint64_t size,
				struct module *module)
{
	uint8_t notes[MAX_NOTE];
	struct error why;
	size_t at = 0;

	if (size > sizeof(notes))
		return false;
	if (!memory_read(kernel->memory, address, notes, size, &why)) {
		error_prefix(&why, "its build-id");
		module_damaged(module, &why);
		return false;
	}
	while (size - at >= 12) {
		uint64_t name = memory_decode(kernel->memory, notes + at, 4);
		uint64_t bytes = memory_decode(kernel->memory, notes + at + 4, 4);
		uint64_t type = memory_decode(kernel->memory, notes + at + 8, 4);
		uint64_t name_room = (name + 3) & ~3ull, room = (bytes + 3) & ~3ull;

		at += 12;
		if (name_room > size - at || bytes > size - at - name_room)
			return false;
		if (type == 3 && name == 4 && memcmp(notes + at, "GNU", 4) == 0) {
			set_build_id(module, notes + at + name_room, bytes);
			return module->build_id[0] != 0;
		}
		at += name_room;
		at += room > size - at ? size - at : room;
	}
	return false;
}

static void read_build_id(const struct reading *reading)
{
	static const uint8_t none[20];
	struct kernel *kernel = reading->kernel;
	struct member id, attrs;
	struct error why;
	uint64_t notes, count, each, address, size;

	/* CONFIG_STACKTRACE_BUILD_ID, 5.14 and later */
	if (types_member(kernel->types, "module", "build_id", &id, NULL) &&
	    id.size == sizeof(none) && id.offset + id.size <= reading->size &&
	    memcmp(reading->copy + id.offset, none, sizeof(none)) != 0) {
		set_build_id(reading->module, reading->copy + id.offset, id.size);
		return;
	}
	if (!field(reading, "notes_attrs", &notes) || !notes ||
	    !types_member(kernel->types, "module_notes_attrs", "attrs", &attrs, NULL) ||
	    !types_size(kernel->types, "bin_attribute", &each, NULL))
		return;
	if (!kernel_read_member(kernel, notes, "module_notes_attrs", "notes", &count, &why) &&
	    (why.kind != ERROR_NO_MEMBER || !count_attributes(kernel, notes, "module_notes_attrs", 64, &count, &why)))
		goto unknown;
	for (uint64_t i = 0; i < count && i < 64; i++) {
		uint64_t attribute = notes + attrs.offset + i * each;

		if (!kernel_read_member(kernel, attribute, "bin_attribute", "private", &address, &why) ||
		    !kernel_read_member(kernel, attribute, "bin_attribute", "size", &size, &why))
			goto unknown;
		if (build_id_from_notes(kernel, address, size, reading->module))
			return;
	}
	return;
unknown:
	error_prefix(&why, "its build-id");
	module_damaged(reading->module, &why);
}

/* --- the rest --- */

static void read_state(const struct reading *reading)
{
	static const struct {
		const char *enumerator, *name;
	} states[] = {
		{ "MODULE_STATE_LIVE", "live" },
		{ "MODULE_STATE_COMING", "coming" },
		{ "MODULE_STATE_GOING", "going" },
		{ "MODULE_STATE_UNFORMED", "unformed" },
	};
	struct module *module = reading->module;
	uint64_t state;
	int64_t value;

	if (!field(reading, "state", &state))
		return;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (types_enumerator(reading->kernel->types, "module_state", states[i].enumerator,
				     &value, NULL) &&
		    (uint32_t)value == (uint32_t)state)
			strcpy(module->state, states[i].name);
	if (!module->state[0])
		snprintf(module->state, sizeof(module->state), "0x%x", (unsigned)state);
}

/* Before 2f35c41f58a9, 3.19: each CPU counts how often it took and gave back. */
static bool references_per_cpu(const struct reading *reading, int64_t *count_ret)
{
	struct kernel *kernel = reading->kernel;
	uint64_t pointer, address, taken, given;
	struct error why;

	if (!field(reading, "refptr", &pointer) || !pointer)
		return false;
	*count_ret = 0;
	for (unsigned cpu = 0; cpu < kernel->nr_cpu_ids; cpu++) {
		if (!kernel_per_cpu_pointer(kernel, pointer, cpu, &address, &why) ||
		    !kernel_read_member(kernel, address, "module_ref", "incs", &taken, &why) ||
		    !kernel_read_member(kernel, address, "module_ref", "decs", &given, &why)) {
			module_damaged(reading->module, &why);
			return false;
		}
		*count_ret += (int64_t)(taken - given);
	}
	return kernel->nr_cpu_ids != 0;
}

static void read_numbers(const struct reading *reading)
{
	struct module *module = reading->module;
	uint64_t taints = 0, count, init, leave;
	int64_t references;

	if (field(reading, "taints", &taints))
		system_taint_letters(reading->kernel, taints, false, module->taints,
				     sizeof(module->taints));
	module->refcount = -1;
	if (field(reading, "refcnt.counter", &count))
		module->refcount = (int64_t)(int32_t)count - 1;		/* MODULE_REF_BASE */
	else if (references_per_cpu(reading, &references))
		module->refcount = references;
	module->permanent =
		field(reading, "init", &init) && field(reading, "exit", &leave) && init && !leave;
}

bool module_read(struct kernel *kernel, uint64_t address, struct module *module,
		 struct error *error)
{
	struct reading reading = { .kernel = kernel, .module = module };
	struct member name;
	uint64_t size;
	uint8_t *copy;

	if (!types_size(kernel->types, "module", &size, error) ||
	    !types_member(kernel->types, "module", "name", &name, error))
		return false;
	if (size > MAX_STRUCT_MODULE || name.size > size || name.offset > size - name.size)
		return error_set(error, ERROR_CORRUPT, "struct module has %llu bytes",
				 (unsigned long long)size);
	copy = malloc(size);
	if (!copy)
		return error_no_memory(error, "a module", size);
	if (!memory_read(kernel->memory, address, copy, size, error)) {
		free(copy);
		return error_prefix(error, "module at 0x%llx", (unsigned long long)address);
	}
	reading.copy = copy;
	reading.size = size;
	module->address = address;
	memcpy(module->name, copy + name.offset,
	       name.size < sizeof(module->name) ? name.size : sizeof(module->name) - 1);
	read_state(&reading);
	read_numbers(&reading);
	read_string(&reading, "version", module->version, sizeof(module->version));
	read_string(&reading, "srcversion", module->srcversion, sizeof(module->srcversion));
	read_regions(&reading);
	read_sections(&reading);
	read_build_id(&reading);
	free(copy);
	return true;
}

struct users {
	struct kernel *kernel;
	const struct module_list *list;
	struct member source;
	struct buffer names;
	size_t count;
};

static bool add_user(void *context, uint64_t use, struct error *error)
{
	struct users *users = context;
	uint64_t address;

	if (users->count++ >= MAX_USERS)
		return error_set(error, ERROR_CORRUPT, "more than %u modules", MAX_USERS);
	if (!kernel_read_field(users->kernel, use, &users->source, &address, error))
		return false;
	for (size_t i = 0; i < users->list->count; i++) {
		if (users->list->modules[i].address == address) {
			if (users->names.size)
				buffer_char(&users->names, ',');
			buffer_string(&users->names, users->list->modules[i].name);
			return true;
		}
	}
	return error_set(error, ERROR_CORRUPT, "the module at 0x%llx is not in the list",
			 (unsigned long long)address);
}

void module_read_users(struct kernel *kernel, const struct module_list *list, struct module *module)
{
	struct users users = { .kernel = kernel, .list = list };
	struct error why = { .kind = ERROR_NONE };
	struct member head, link;

	/* Only with CONFIG_MODULE_UNLOAD. */
	if (types_member(kernel->types, "module", "source_list", &head, NULL) &&
	    types_member(kernel->types, "module_use", "source_list", &link, NULL) &&
	    types_member(kernel->types, "module_use", "source", &users.source, NULL))
		list_for_each(kernel, module->address + head.offset, link.offset, add_user, &users,
			      &why);
	/* Some of them are not who they all are. */
	if (why.kind != ERROR_NONE) {
		error_prefix(&why, "who uses it");
		module_damaged(module, &why);
	} else if (!users.names.failed) {
		module->used_by = strdup(users.names.data ? users.names.data : "");
	}
	buffer_free(&users.names);
}
