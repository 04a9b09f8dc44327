// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The record buffer of 3.5 to 5.9 (7ff9554bb578): log_buf holds records one after the other, each a
 * struct printk_log followed by its text and its dictionary; a record never wraps, a header with
 * len 0 sends the reader to the start.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/system/log_internal.h"

struct records {
	struct kernel *kernel;
	uint64_t header_size;
	struct member ts, length, text_length, dict_length, facility, level, caller;
	bool has_caller;
	uint64_t size;			/* of the buffer */
	uint64_t first, next;		/* offsets */
	uint64_t sequence;
	bool sequence_unknown;
	struct log_window window;
	struct log_losses losses;
	char text[2 * (UINT16_MAX + 1)];
};

static bool records_layout(struct records *records, struct error *error)
{
	struct kernel *kernel = records->kernel;
	/* Called "log" before 62e32ac3505a, 3.11, and still by RHEL 7. */
	const char *type = log_type_size(kernel, "printk_log", &records->header_size, NULL) ? "printk_log" : "log";

	if (!log_type_size(kernel, type, &records->header_size, error) ||
	    !log_member(kernel, type, "ts_nsec", 8, &records->ts, error) ||
	    !log_member(kernel, type, "len", 2, &records->length, error) ||
	    !log_member(kernel, type, "text_len", 2, &records->text_length, error) ||
	    !log_member(kernel, type, "dict_len", 2, &records->dict_length, error))
		return false;
	/* VMCOREINFO does not name these two; they have always followed dict_len. */
	if (!log_member(kernel, type, "facility", 1, &records->facility, NULL))
		records->facility =
			(struct member){ .offset = records->dict_length.offset + 2, .size = 1 };
	if (!log_member(kernel, type, "level", 1, &records->level, NULL))
		records->level = (struct member){ .offset = records->dict_length.offset + 3,
						  .size = 1,
						  .bit_offset = kernel->arch->big_endian ? 0 : 5,
						  .bit_size = 3 };
	/* Only with CONFIG_PRINTK_CALLER, 5.1 and later. */
	records->has_caller = log_member(kernel, type, "caller_id", 4, &records->caller, NULL);
	if (records->header_size < 16 || records->header_size > 256)
		return error_set(error, ERROR_CORRUPT,
				 "the layout of struct %s makes no sense", type);
	return true;
}

static bool read_global(struct kernel *kernel, const char *name, size_t size, uint64_t *value_ret,
			struct error *error)
{
	uint64_t address;

	return log_symbol(kernel, name, &address, error) &&
	       memory_read_uint(kernel->memory, address, size, value_ret, error);
}

static bool records_open(struct records *records, struct error *error)
{
	struct kernel *kernel = records->kernel;
	uint64_t buffer;

	if (!records_layout(records, error) ||
	    !read_global(kernel, "log_buf", kernel->arch->pointer_size, &buffer, error) ||
	    !read_global(kernel, "log_buf_len", 4, &records->size, error) ||
	    !read_global(kernel, "log_first_idx", 4, &records->first, error) ||
	    !read_global(kernel, "log_next_idx", 4, &records->next, error))
		return error_prefix(error, "the kernel log");
	/* The number of the first record is nice to have. */
	if (!read_global(kernel, "log_first_seq", 8, &records->sequence, NULL))
		records->sequence_unknown = true;
	if (records->size < records->header_size || records->size > 1u << 31 ||
	    records->first >= records->size || records->next >= records->size)
		return error_set(
			error, ERROR_CORRUPT,
			"the kernel log: records from 0x%llx to 0x%llx in a buffer of 0x%llx bytes",
			(unsigned long long)records->first, (unsigned long long)records->next,
			(unsigned long long)records->size);
	log_window_open(&records->window, kernel, buffer, records->size);
	return true;
}

/* A header's fields. The texts' sizes were checked against the record's. */
static bool parse_header(struct records *records, uint64_t offset, const uint8_t *header,
			 struct log_record *record, uint64_t *length_ret, uint64_t *dict_ret,
			 struct error *error)
{
	uint64_t text, facility, level, timestamp, caller = 0;
	struct kernel *kernel = records->kernel;
	size_t size = records->header_size;

	if (!kernel_decode_field(kernel, header, size, &records->ts, &timestamp) ||
	    !kernel_decode_field(kernel, header, size, &records->length, length_ret) ||
	    !kernel_decode_field(kernel, header, size, &records->text_length, &text) ||
	    !kernel_decode_field(kernel, header, size, &records->dict_length, dict_ret) ||
	    !kernel_decode_field(kernel, header, size, &records->facility, &facility) ||
	    !kernel_decode_field(kernel, header, size, &records->level, &level) ||
	    (records->has_caller &&
	     !kernel_decode_field(kernel, header, size, &records->caller, &caller)))
		return error_set(error, ERROR_CORRUPT,
				 "the layout of struct printk_log makes no sense");
	if (*length_ret && (*length_ret < size || text + *dict_ret > *length_ret - size))
		return error_set(error, ERROR_CORRUPT,
				 "the record at 0x%llx of log_buf has %llu bytes, its text %llu "
				 "and its dictionary %llu",
				 (unsigned long long)offset, (unsigned long long)*length_ret,
				 (unsigned long long)text, (unsigned long long)*dict_ret);
	if (*length_ret)
		log_set_time(&records->losses, record, records->sequence, timestamp);
	record->size = text;
	record->facility = facility;
	record->level = level;
	record->caller = caller;
	record->has_caller = records->has_caller;
	return true;
}

/*
 * Reads the record at OFFSET; *length_ret is 0 where the buffer wraps. Without a header nothing
 * after it can be found.
 */
static bool read_record(struct records *records, uint64_t offset, struct log_record *record,
			uint64_t *length_ret, bool *text_ret, struct error *error)
{
	uint8_t header[256];
	uint64_t dict;

	if (!log_window_read(&records->window, offset, header, records->header_size, error) ||
	    !parse_header(records, offset, header, record, length_ret, &dict, error))
		return false;
	*text_ret =
		*length_ret == 0 || log_window_read(&records->window, offset + records->header_size,
						    records->text, record->size + dict, error);
	record->text = records->text;
	if (*text_ret && dict) {
		/* "SUBSYSTEM=pci\0DEVICE=+pci:...", not terminated */
		char *dictionary = records->text + record->size;

		for (uint64_t i = 0; i + 1 < dict; i++)
			if (!dictionary[i])
				dictionary[i] = '\n';
		dictionary[dict] = 0;
		record->dictionary = dictionary;
	}
	return true;
}

static bool walk(struct records *records,
		 bool (*callback)(void *context, const struct log_record *record), void *context,
		 struct error *error)
{
	uint64_t offset = records->first, length, seen = 0;
	struct error why = { .kind = ERROR_NONE };
	bool wrapped = false, text;

	/* SEEN bounds the walk: the records together cannot be bigger than the buffer. */
	while (offset != records->next) {
		struct log_record record = { .sequence = records->sequence, .sequence_unknown = records->sequence_unknown };

		if (records->sequence % 1024 == 0 &&
		    !kernel_check_interrupt(records->kernel, error))
			return false;
		if (!read_record(records, offset, &record, &length, &text, &why)) {
			log_lost(&records->losses, &why, "%s", "");
			break;
		}
		if (length == 0) {
			if (wrapped) {
				log_lost(&records->losses, NULL, "log_buf wraps twice");
				break;
			}
			wrapped = true;
			offset = 0;
			continue;
		}
		seen += length;
		if (seen > records->size) {
			log_lost(&records->losses, NULL,
				 "log_buf's records do not lead to log_next_idx");
			break;
		}
		if (!text)
			log_lost(&records->losses, &why, "%s", "");
		else if (!callback(context, &record))
			return true;
		records->sequence++;
		offset += length;
	}
	return log_finish(&records->losses, error);
}

bool log_records_for_each(struct kernel *kernel,
			  bool (*callback)(void *context, const struct log_record *record),
			  void *context, struct error *error)
{
	struct records *records = calloc(1, sizeof(*records));
	bool good;

	if (!records)
		return error_no_memory(error, "the kernel log", sizeof(*records));
	records->kernel = kernel;
	good = records_open(records, error) && walk(records, callback, context, error);
	free(records);
	return good;
}
