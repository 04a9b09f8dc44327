// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The record buffer of 3.5 to 5.9 (7ff9554bb578): log_buf holds records one after the other, each a
 * struct printk_log followed by its text and its dictionary; a record never wraps, a header of
 * zeros sends the reader to the start.
 *
 * Where a record is damaged nothing leads to the next one: it is found by its form (find_again()).
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
	uint64_t sequence, next_sequence;	/* of the first one, and of the one behind the last */
	bool sequence_unknown, next_unknown;
	uint64_t timestamp;		/* of the last one that was read */
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
	records->next_unknown = records->sequence_unknown || !read_global(kernel, "log_next_seq", 8, &records->next_sequence, NULL);
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
	/* log_store() adds no more than what aligns the next one: to 4 bytes, or 8. */
	if (*length_ret && (*length_ret < size || text + *dict_ret > *length_ret - size || *length_ret % 4 ||
			    *length_ret - size - text - *dict_ret >= 8))
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

/* --- behind a damaged one --- */

#define FORM_RECORDS 3			/* so many in a row are no accident */
#define CLOCKS_APART 1000000000ull	/* CPUs' clocks may differ; so much they do not */

/* Could a record begin at OFFSET? No older one: the buffer has those of the round before, too. */
static bool looks_like_one(struct records *records, uint64_t offset, uint64_t since, uint64_t *length_ret)
{
	struct log_losses unused = { 0 };
	struct log_record record = { 0 };
	uint8_t header[256];
	uint64_t dict;

	if (!log_window_read(&records->window, offset, header, records->header_size, NULL))
		return false;
	/* parse_header() counts absurd times. */
	unused = records->losses;
	if (!parse_header(records, offset, header, &record, length_ret, &dict, NULL)) {
		records->losses = unused;
		return false;
	}
	records->losses = unused;
	return *length_ret && !record.timestamp_unknown && record.timestamp >= since && *length_ret <= records->size - offset &&
	       log_window_read(&records->window, offset + records->header_size, records->text, record.size, NULL) &&
	       !memchr(records->text, 0, record.size);
}

/* log_store() clears the header where it wraps. */
static bool is_cleared(struct records *records, uint64_t offset)
{
	static const uint8_t zeros[256];
	uint8_t header[256];

	return log_window_read(&records->window, offset, header, records->header_size, NULL) && !memcmp(header, zeros, records->header_size);
}

/* Does a row of records begin at OFFSET, or the last ones before END? */
static bool is_a_row(struct records *records, uint64_t offset, uint64_t end, uint64_t since)
{
	for (unsigned i = 0; i < FORM_RECORDS && offset != end; i++) {
		uint64_t length;

		/* It ends where the buffer wraps. */
		if (i && end == records->size && (end - offset < records->header_size || is_cleared(records, offset)))
			return true;
		if (offset > end || end - offset < records->header_size || !looks_like_one(records, offset, since, &length) || length > end - offset)
			return false;
		offset += length;
	}
	return true;
}

/* The next record from *OFFSET on, before END; false with *error at Ctrl-C only. *FOUND_RET: there is one. */
static bool find_row(struct records *records, uint64_t *offset, uint64_t end, uint64_t since, bool *found_ret, struct error *error)
{
	uint8_t byte;

	*found_ret = false;
	for (uint64_t steps = 0; *offset < end && !*found_ret; steps++) {
		if (steps % 4096 == 0 && !kernel_check_interrupt(records->kernel, error))
			return false;
		if (!log_window_read(&records->window, *offset, &byte, 1, NULL))
			*offset += LOG_PAGE - (records->window.address + *offset) % LOG_PAGE;	/* the page is not there */
		else if (is_a_row(records, *offset, end, since))
			*found_ret = true;
		else
			*offset += 4;
	}
	return true;
}

/*
 * Where the records go on behind the damaged one at *OFFSET; the end if nowhere. *WRAPPED: they have begun anew at the buffer's start, where
 * one always begins.
 */
static bool find_again(struct records *records, uint64_t *offset, bool *wrapped, struct error *error)
{
	uint64_t since = records->timestamp > CLOCKS_APART ? records->timestamp - CLOCKS_APART : 0;
	bool found, before_wrap = !*wrapped && *offset > records->next;

	*offset = (*offset + 4) & ~3ull;
	if (before_wrap) {
		if (!find_row(records, offset, records->size, since, &found, error))
			return false;
		if (found)
			return true;
		*wrapped = true;
		*offset = 0;
	}
	if (!find_row(records, offset, records->next, since, &found, error))
		return false;
	if (!found)
		*offset = records->next;
	return true;
}

/* At a header of length 0: is that the end of the buffer, or has a record lost its length? */
static bool is_wrap(struct records *records, uint64_t offset, bool wrapped, bool *wrap_ret, struct error *error)
{
	bool found = false;

	*wrap_ret = false;
	if (wrapped || offset < records->next || !is_cleared(records, offset))
		return true;
	/* What is behind it is of the round before. */
	offset += 4;
	if (!find_row(records, &offset, records->size, records->timestamp, &found, error))
		return false;
	*wrap_ret = !found;
	return true;
}

/* How many are missing of those that the kernel has counted; what is not known of one gap is how many were in it. */
static void count_lost(struct records *records, uint64_t first, uint64_t delivered)
{
	uint64_t all = records->next_sequence - first;

	if (records->next_unknown || all > records->size / records->header_size || all <= delivered)
		return;
	/* One may be: a CPU that was caught in the middle of it. */
	if (!records->losses.lost && all - delivered > 1)
		log_lost(&records->losses, NULL, "log_buf has %llu records, the kernel has counted %llu", (unsigned long long)delivered,
			 (unsigned long long)all);
	if (records->losses.lost && all - delivered > records->losses.lost)
		records->losses.lost = all - delivered;
}

static bool walk(struct records *records,
		 bool (*callback)(void *context, const struct log_record *record), void *context,
		 struct error *error)
{
	uint64_t offset = records->first, length, seen = 0, first = records->sequence, delivered = 0;
	struct error why = { .kind = ERROR_NONE };
	bool wrapped = false, text;

	/* SEEN bounds the walk: the records together cannot be bigger than the buffer. */
	for (size_t steps = 0; offset != records->next; steps++) {
		struct log_record record = { .sequence = records->sequence, .sequence_unknown = records->sequence_unknown };
		uint64_t end = wrapped || offset < records->next ? records->next : records->size;
		bool good, wrap = false;

		if (steps % 1024 == 0 && !kernel_check_interrupt(records->kernel, error))
			return false;
		good = read_record(records, offset, &record, &length, &text, &why);
		if (good && length == 0) {
			if (!is_wrap(records, offset, wrapped, &wrap, error))
				return false;
			if (wrap) {
				wrapped = true;
				offset = 0;
				continue;
			}
			good = error_set(&why, ERROR_CORRUPT, "the record at 0x%llx of log_buf has no length", (unsigned long long)offset);
		}
		seen += good ? length : 0;
		if (good && (length > end - offset || seen > records->size))
			good = error_set(&why, ERROR_CORRUPT, "log_buf's records do not lead to log_next_idx: the one at 0x%llx has %llu bytes",
					 (unsigned long long)offset, (unsigned long long)length);
		if (!good) {
			log_lost(&records->losses, &why, "%s", "");
			/* How many there were until then nobody knows. */
			records->sequence_unknown = true;
			if (!find_again(records, &offset, &wrapped, error))
				return false;
			continue;
		}
		if (text && !record.timestamp_unknown)
			records->timestamp = record.timestamp;
		if (!text)
			log_lost(&records->losses, &why, "%s", "");
		else if (!callback(context, &record))
			return true;
		delivered += text;
		records->sequence++;
		offset += length;
	}
	count_lost(records, first, delivered);
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
