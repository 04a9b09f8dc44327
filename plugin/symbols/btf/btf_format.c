// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading the BTF format; see btf.h. */
#include "symbols/btf/btf.h"

#include <stdlib.h>
#include <string.h>

#define BTF_MAGIC 0xeb9f
#define BTF_HEADER_SIZE 24

/*
 * Bytes of a record of each kind: 12, and these, and for those with a list these for each element.
 */
static const struct { uint8_t fixed, each; } record_sizes[BTF_NR_KINDS] = {
	[BTF_INT] = { 4, 0 }, [BTF_ARRAY] = { 12, 0 }, [BTF_STRUCT] = { 0, 12 }, [BTF_UNION] = { 0, 12 },
	[BTF_ENUM] = { 0, 8 }, [BTF_FUNC_PROTO] = { 0, 8 }, [BTF_VAR] = { 4, 0 }, [BTF_DATASEC] = { 0, 12 },
	[BTF_DECL_TAG] = { 4, 0 }, [BTF_ENUM64] = { 0, 12 },
};

uint32_t btf_get32(const struct btf *btf, uint32_t at)
{
	uint32_t value;

	memcpy(&value, btf->data + at, 4);
	return btf->swap ? __builtin_bswap32(value) : value;
}

const char *btf_string(const struct btf *btf, uint32_t offset)
{
	return offset < btf->strings_size ? (const char *)btf->data + btf->strings + offset : "";
}

struct btf_type btf_decode(const struct btf *btf, uint32_t at)
{
	uint32_t info = btf_get32(btf, at + 4);

	return (struct btf_type){
		.kind = info >> 24 & 0x1f, .flag = info >> 31, .count = info & 0xffff, .name = btf_get32(btf, at),
		.size_or_type = btf_get32(btf, at + 8), .at = at + 12,
	};
}

bool btf_get_type(const struct btf *btf, uint32_t id, struct btf_type *type, struct error *error)
{
	if (id >= btf->nr_records)
		return error_set(error, ERROR_CORRUPT, "BTF refers to type %u but has only %u", id,
				 btf->nr_records);
	if (id == 0)
		*type = (struct btf_type){ .kind = BTF_VOID };
	else
		*type = btf_decode(btf, btf->records[id]);
	return true;
}

static bool read_header(struct btf *btf, size_t size, struct error *error)
{
	uint16_t magic;
	uint32_t header;

	if (size < BTF_HEADER_SIZE || size > UINT32_MAX)
		return error_set(error, ERROR_FORMAT, "BTF of %zu bytes cannot be", size);
	memcpy(&magic, btf->data, 2);
	btf->swap = magic == __builtin_bswap16(BTF_MAGIC);
	if (magic != BTF_MAGIC && !btf->swap)
		return error_set(error, ERROR_FORMAT, "no BTF there: it starts with 0x%04x", magic);
	if (btf->data[2] != 1)
		return error_set(error, ERROR_UNSUPPORTED, "BTF of version %u, only 1 is known",
				 btf->data[2]);
	header = btf_get32(btf, 4);
	btf->types_size = btf_get32(btf, 12);
	btf->strings_size = btf_get32(btf, 20);
	if (header < BTF_HEADER_SIZE || header > size ||
	    btf_get32(btf, 8) > size - header || btf->types_size > size - header - btf_get32(btf, 8) ||
	    btf_get32(btf, 16) > size - header || btf->strings_size > size - header - btf_get32(btf, 16))
		return error_set(error, ERROR_FORMAT, "BTF's header points outside of its %zu bytes", size);
	btf->types = header + btf_get32(btf, 8);
	btf->strings = header + btf_get32(btf, 16);
	if (btf->strings_size == 0 || btf->data[btf->strings + btf->strings_size - 1])
		return error_set(error, ERROR_FORMAT, "BTF's strings do not end");
	return true;
}

/*
 * Size of the record at offset AT of the LEFT bytes there; 0 if it does not fit or is of no known
 * kind.
 */
static uint32_t record_size(const struct btf *btf, uint32_t at, uint32_t left)
{
	struct btf_type type;
	uint32_t size;

	if (left < 12)
		return 0;
	type = btf_decode(btf, at);
	if (type.kind == BTF_VOID || type.kind >= BTF_NR_KINDS)
		return 0;
	size = 12 + record_sizes[type.kind].fixed + type.count * record_sizes[type.kind].each;
	return size <= left ? size : 0;
}

/* Counts the records, and on the second round (RECORDS allocated) notes them. */
static bool walk_records(struct btf *btf, struct error *error)
{
	uint32_t left = btf->types_size, at = btf->types, id = 1;

	while (left) {
		uint32_t size = record_size(btf, at, left);

		if (size == 0)
			return error_set(error, ERROR_FORMAT,
					 "BTF's type %u is damaged or of an unknown kind", id);
		if (btf->records) {
			struct btf_type type = btf_decode(btf, at);

			btf->records[id] = at;
			btf->signed_enums |= type.kind == BTF_ENUM && type.flag;
		}
		id++;
		at += size;
		left -= size;
	}
	btf->nr_records = id;
	return true;
}

bool btf_open(struct btf *btf, const void *data, size_t size, struct error *error)
{
	*btf = (struct btf){ .data = malloc(size ? size : 1) };
	if (!btf->data)
		return error_no_memory(error, "BTF", size);
	memcpy(btf->data, data, size);
	if (!read_header(btf, size, error) || !walk_records(btf, error))
		return false;
	btf->records = calloc(btf->nr_records, sizeof(*btf->records));
	if (!btf->records)
		return error_no_memory(error, "BTF's types", btf->nr_records * 4ul);
	return walk_records(btf, error);
}

void btf_free(struct btf *btf)
{
	free(btf->data);
	free(btf->records);
	free(btf->names);
	*btf = (struct btf){ 0 };
}

/* Only the header: a module's strings and types do not stand on their own. */
static bool parts(struct btf *btf, const void *data, size_t size, struct error *error)
{
	*btf = (struct btf){ .data = (uint8_t *)data };
	return read_header(btf, size, error);
}

bool btf_join(const void *base, size_t base_size, const void *split, size_t split_size,
	      struct buffer *joined, struct error *error)
{
	struct btf first, second;
	uint32_t header[6] = { 0 };

	if (!parts(&first, base, base_size, error) || !parts(&second, split, split_size, error))
		return false;
	if (first.swap || second.swap)
		return error_set(error, ERROR_UNSUPPORTED,
				 "a module's BTF of the other byte order than this machine's");
	if ((uint64_t)first.types_size + second.types_size + first.strings_size +
		    second.strings_size > INT32_MAX)
		return error_set(error, ERROR_CORRUPT, "BTF is absurdly large");
	memcpy(header, base, 8);	/* magic, version, flags */
	header[1] = BTF_HEADER_SIZE;
	header[3] = first.types_size + second.types_size;
	header[4] = header[3];
	header[5] = first.strings_size + second.strings_size;
	buffer_append(joined, header, sizeof(header));
	buffer_append(joined, first.data + first.types, first.types_size);
	buffer_append(joined, second.data + second.types, second.types_size);
	buffer_append(joined, first.data + first.strings, first.strings_size);
	buffer_append(joined, second.data + second.strings, second.strings_size);
	return !joined->failed || error_no_memory(error, "BTF", base_size + split_size);
}
