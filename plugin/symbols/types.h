/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's types: where a member is, how big a structure is, what an enumerator's value is.
 *
 * One interface over several sources, each a `const struct types_source`: BTF (vmlinux's .BTF
 * section, or the copy in the dump's own memory), which takes milliseconds, and DWARF, for kernels
 * without BTF. To add a source, implement the ops in a new file and a constructor here.
 *
 * Kernel code asks by name and by existence, never by version:
 *
 *	struct member state;
 *	if (!types_member(types, "task_struct", "__state", &state, NULL) &&
 *	    !types_member(types, "task_struct", "state", &state, error))	// before 5.14, 2f064a59a11f
 *		return false;
 *
 * Lookups are cached, also the negative ones, so asking again costs a hash lookup.
 * Offsets and sizes are bytes unless the name says bits.
 */
#ifndef VMCORE_SYMBOLS_TYPES_H
#define VMCORE_SYMBOLS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct types;

enum type_kind {
	TYPE_OTHER,		/* void, function, float ... */
	TYPE_INTEGER,		/* also bool, char, enumerations */
	TYPE_POINTER,
	TYPE_STRUCT,		/* also unions */
	TYPE_ARRAY,
};

struct member {
	/* of the byte that holds the member's first bit, from the start of the outermost type */
	uint64_t offset;
	uint64_t size;		/* bytes of the member's whole type; 0 for a flexible array */
	enum type_kind kind;	/* typedefs and qualifiers removed */
	bool is_signed;
	/* bit fields: first bit within the bytes at offset, the machine's counting: big-endian from the most significant */
	uint8_t bit_offset;
	uint8_t bit_size;	/* bit fields: width, 0 = not a bit field */
	/* arrays: number of elements (0 = flexible), of all dimensions together */
	uint64_t count;
	uint64_t element_size;	/* arrays: bytes of one element */
	/*
	 * of the struct, enum or typedef; of an array's element; what a pointer points to; "" if
	 * none
	 */
	const char *type_name;
};

/*
 * TYPE is "task_struct" (struct, union or typedef name without keyword); PATH is "comm",
 * "se.vruntime", "thread.sp", "iter[0].x" is not supported (use element_size). Anonymous members
 * are looked through. Errors: ERROR_NO_MEMBER naming the type and the member.
 */
bool types_member(struct types *types, const char *type, const char *path,
		  struct member *member_ret, struct error *error);
bool types_has_member(struct types *types, const char *type, const char *path);
bool types_size(struct types *types, const char *type, uint64_t *size_ret, struct error *error);
/* Any enumerator of any enumeration (TYPE NULL), or of enum TYPE. */
bool types_enumerator(struct types *types, const char *type, const char *name, int64_t *value_ret,
		      struct error *error);
/* Calls back for every enumerator of enum TYPE in order; the callback returns false to stop. */
bool types_for_each_enumerator(struct types *types, const char *type,
			       bool (*callback)(void *context, const char *name, int64_t value),
			       void *context, struct error *error);
/*
 * Calls back for every structure and union with a name and a size, or only for those that have a member whose type's name, that of what a
 * pointer leads to included, has MEMBER_TYPE in it (NULL = all). One name may come several times. The callback returns false to stop;
 * names live as long as TYPES. ERROR_UNSUPPORTED where the source cannot list them in a reasonable time (DWARF).
 */
typedef bool structure_callback(void *context, const char *name, bool is_union, uint64_t size);
bool types_for_each_structure(struct types *types, const char *member_type, structure_callback *callback, void *context,
			      struct error *error);
/* "BTF of FILE", "DWARF of FILE": for messages. */
const char *types_origin(const struct types *types);

/* BTF from a section's or memory's bytes; DATA is copied. ORIGIN is for messages. */
bool types_open_btf(const void *data, size_t size, const char *origin, struct types **types_ret,
		    struct error *error);
/* The .BTF section of the ELF file PATH; ERROR_NO_SYMBOL if it has none. */
bool types_open_btf_file(const char *path, struct types **types_ret, struct error *error);
/* DWARF of the ELF file PATH, read lazily. */
bool types_open_dwarf(const char *path, struct types **types_ret, struct error *error);
void types_close(struct types *types);

/* --- for the sources --- */
struct types_source {
	const char *name;
	/* Like the functions above, uncached. */
	bool (*member)(void *private, const char *type, const char *path, struct member *member_ret,
		       struct error *error);
	bool (*size)(void *private, const char *type, uint64_t *size_ret, struct error *error);
	/* NULL = all enumerations */
	bool (*for_each_enumerator)(void *private, const char *type,
				    bool (*callback)(void *context, const char *name,
						     int64_t value),
				    void *context, struct error *error);
	/* Optional. */
	bool (*for_each_structure)(void *private, const char *member_type, structure_callback *callback, void *context,
				   struct error *error);
	/*
	 * Optional, cheap: false = no type, member or enumerator has this name, so do not search.
	 */
	bool (*has_name)(void *private, const char *name);
	void (*close)(void *private);
};
/* Takes PRIVATE over. */
bool types_new(const struct types_source *source, void *private, const char *origin,
	       struct types **types_ret, struct error *error);

#endif
