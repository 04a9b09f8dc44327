/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The BTF format: Documentation/bpf/btf.rst and include/uapi/linux/btf.h. A header, records of
 * variable length that number themselves from 1, and strings.
 *
 * It may come out of a damaged or hostile dump: every record is checked to lie inside while opening;
 * type numbers and strings are checked when used. Who follows references has to bound the number of
 * steps. btf.c answers questions about types with it, btf_dwarf.c turns it into DWARF.
 */
#ifndef VMCORE_SYMBOLS_BTF_H
#define VMCORE_SYMBOLS_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum btf_kind {
	BTF_VOID, BTF_INT, BTF_PTR, BTF_ARRAY, BTF_STRUCT, BTF_UNION, BTF_ENUM, BTF_FWD, BTF_TYPEDEF,
	BTF_VOLATILE, BTF_CONST, BTF_RESTRICT, BTF_FUNC, BTF_FUNC_PROTO, BTF_VAR, BTF_DATASEC, BTF_FLOAT,
	BTF_DECL_TAG, BTF_TYPE_TAG, BTF_ENUM64,
	BTF_NR_KINDS
};

#define BTF_INT_SIGNED 1
#define BTF_INT_CHAR 2
#define BTF_INT_BOOL 4

struct btf {
	uint8_t *data;
	bool swap;			/* the other byte order than this machine's */
	uint32_t types, types_size;	/* offset of the records, and their size */
	uint32_t strings, strings_size;
	uint32_t *records;		/* offset of record I in data; 0 is void */
	uint32_t nr_records;
	uint32_t *names;		/* hash table of record numbers, 0 = empty */
	uint32_t names_mask;
	/* the enumerations say whether they are signed (pahole 1.24) */
	bool signed_enums;
};

struct btf_type {
	enum btf_kind kind;
	bool flag;			/* kind_flag */
	uint32_t count;			/* elements of the list */
	uint32_t name;			/* offset into the strings */
	uint32_t size_or_type;
	uint32_t at;			/* offset in data of what follows these 12 bytes */
};

/* DATA is copied. Zeroed or open, *btf is to be freed with btf_free. */
bool btf_open(struct btf *btf, const void *data, size_t size, struct error *error);
void btf_free(struct btf *btf);
/*
 * A module's BTF goes on where vmlinux's ends: types and strings are numbered from there. Joins the
 * two into one.
 */
bool btf_join(const void *base, size_t base_size, const void *split, size_t split_size,
	      struct buffer *joined, struct error *error);

uint32_t btf_get32(const struct btf *btf, uint32_t at);
/* A string, or "" for a wild offset. The last byte of the strings is checked to be NUL. */
const char *btf_string(const struct btf *btf, uint32_t offset);
/* The record at offset AT of the data. */
struct btf_type btf_decode(const struct btf *btf, uint32_t at);
/* Type number ID; 0 is void. */
bool btf_get_type(const struct btf *btf, uint32_t id, struct btf_type *type, struct error *error);

#endif
