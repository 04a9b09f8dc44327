// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The lockless log ring of 5.10 and later (896fbe20b4e2), kernel/printk/printk_ringbuffer.[ch].
 *
 * Three arrays: descriptors, which say in their state_var whether record ID is complete and in
 * text_blk_lpos where its text is; infos, one per descriptor, with the metadata; and the text data,
 * a ring of blocks, each with the ID of its record in front. A logical position (lpos) only ever
 * grows; its low size_bits are the index. A block does not wrap in the middle: one that would is
 * stored at index 0 of the next turn.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/system/log_internal.h"

/* The two top bits of state_var (DESC_FLAGS_SHIFT); the rest is the ID. */
enum {
	STATE_RESERVED = 0,	/* being written when the machine died */
	STATE_COMMITTED = 1,	/* complete, but may still have been continued */
	STATE_FINALIZED = 2,
	STATE_REUSABLE = 3,	/* its text is gone */
};

/* Positions with bit 0 set stand for no block at all. */
#define LPOS_FAILED 1
#define LPOS_EMPTY_LINE 3

/* LOG_BUF_LEN_MAX is 2 GiB; a descriptor stands for at least 2^5 bytes of it (PRB_AVGBITS). */
#define MAX_SIZE_BITS 31
#define MAX_COUNT_BITS 26

struct ring_layout {
	uint64_t desc_size, info_size;
	struct member state, begin, next;	/* of struct prb_desc */
	/* of printk_info */
	struct member seq, ts, text_len, facility, level, caller, comm, subsystem, device;
	bool has_caller, has_comm, has_dev_info;
};

struct ring {
	struct kernel *kernel;
	struct ring_layout layout;
	unsigned long_bits;
	uint64_t id_mask;
	uint64_t head_id, tail_id;
	uint64_t count_mask;		/* number of descriptors - 1 */
	unsigned size_bits;		/* of the text ring */
	struct log_window descs, infos, data;
	struct log_losses losses;
	uint64_t sequence;		/* of the record before */
	char text[UINT16_MAX + 1];
	char dictionary[160], comm[32];
};

static bool ring_layout_info(struct kernel *kernel, struct ring_layout *layout, struct error *error)
{
	struct member dev_info;

	if (!log_type_size(kernel, "printk_info", &layout->info_size, error) ||
	    !log_member(kernel, "printk_info", "seq", 8, &layout->seq, error) ||
	    !log_member(kernel, "printk_info", "ts_nsec", 8, &layout->ts, error) ||
	    !log_member(kernel, "printk_info", "text_len", 2, &layout->text_len, error))
		return false;
	/*
	 * VMCOREINFO does not name these two; they have always followed text_len (the level: top
	 * bits of flags).
	 */
	if (!log_member(kernel, "printk_info", "facility", 1, &layout->facility, NULL))
		layout->facility =
			(struct member){ .offset = layout->text_len.offset + 2, .size = 1 };
	if (!log_member(kernel, "printk_info", "level", 1, &layout->level, NULL))
		layout->level = (struct member){ .offset = layout->text_len.offset + 3, .size = 1,
						 .bit_offset = kernel->arch->big_endian ? 0 : 5, .bit_size = 3 };
	layout->has_caller =
		log_member(kernel, "printk_info", "caller_id", 4, &layout->caller, NULL);
	layout->has_comm = log_member(kernel, "printk_info", "comm", 16, &layout->comm, NULL);
	layout->has_dev_info =
		log_member(kernel, "printk_info", "dev_info", 64, &dev_info, NULL) &&
		log_member(kernel, "dev_printk_info", "subsystem", 16, &layout->subsystem, NULL) &&
		log_member(kernel, "dev_printk_info", "device", 48, &layout->device, NULL);
	if (layout->has_dev_info) {
		layout->subsystem.offset += dev_info.offset;
		layout->device.offset += dev_info.offset;
	}
	return true;
}

static bool ring_layout(struct kernel *kernel, struct ring_layout *layout, struct error *error)
{
	unsigned word = kernel->arch->pointer_size;
	struct member block;

	if (!log_type_size(kernel, "prb_desc", &layout->desc_size, error) ||
	    !log_member(kernel, "prb_desc", "state_var", word, &layout->state, error) ||
	    !log_member(kernel, "prb_desc", "text_blk_lpos", 2 * word, &block, error) ||
	    !log_member(kernel, "prb_data_blk_lpos", "begin", word, &layout->begin, error) ||
	    !log_member(kernel, "prb_data_blk_lpos", "next", word, &layout->next, error) ||
	    !ring_layout_info(kernel, layout, error))
		return false;
	layout->begin.offset += block.offset;
	layout->next.offset += block.offset;
	layout->state.size = word;	/* an atomic_long_t: a structure around one number */
	if (layout->desc_size > 256 || layout->info_size > 1024)
		return error_set(error, ERROR_CORRUPT,
				 "the layout of the log's descriptors makes no sense");
	return true;
}

/* One number of TYPE.NAME at ADDRESS, of SIZE bytes even where the member is an atomic_long_t. */
static bool read_number(struct kernel *kernel, uint64_t address, const char *type, const char *name,
			size_t size, uint64_t *value_ret, struct error *error)
{
	struct member member;

	return log_member(kernel, type, name, size, &member, error) &&
	       memory_read_uint(kernel->memory, address + member.offset, size, value_ret, error);
}

static bool ring_open_descs(struct ring *ring, uint64_t address, struct error *error)
{
	struct kernel *kernel = ring->kernel;
	unsigned word = kernel->arch->pointer_size;
	uint64_t bits, descs, infos;

	if (!read_number(kernel, address, "prb_desc_ring", "count_bits", 4, &bits, error) ||
	    !read_number(kernel, address, "prb_desc_ring", "descs", word, &descs, error) ||
	    !read_number(kernel, address, "prb_desc_ring", "infos", word, &infos, error) ||
	    !read_number(kernel, address, "prb_desc_ring", "head_id", word, &ring->head_id,
			 error) ||
	    !read_number(kernel, address, "prb_desc_ring", "tail_id", word, &ring->tail_id, error))
		return false;
	if (bits == 0 || bits > MAX_COUNT_BITS)
		return error_set(error, ERROR_CORRUPT,
				 "the log ring says it has 2^%llu descriptors",
				 (unsigned long long)bits);
	ring->count_mask = (1ull << bits) - 1;
	ring->head_id &= ring->id_mask;
	ring->tail_id &= ring->id_mask;
	log_window_open(&ring->descs, kernel, descs, ring->layout.desc_size << bits);
	log_window_open(&ring->infos, kernel, infos, ring->layout.info_size << bits);
	return true;
}

static bool ring_open(struct ring *ring, struct error *error)
{
	struct kernel *kernel = ring->kernel;
	unsigned word = kernel->arch->pointer_size;
	struct member desc_ring, data_ring;
	uint64_t prb, size_bits, data;

	ring->long_bits = word * 8;
	ring->id_mask = ~0ull >> (64 - ring->long_bits + 2);
	/*
	 * prb points to the static ring early and to the big one once there is memory
	 * (setup_log_buf).
	 */
	if (!ring_layout(kernel, &ring->layout, error) || !log_symbol(kernel, "prb", &prb, error) ||
	    !memory_read_uint(kernel->memory, prb, word, &prb, error) ||
	    !log_member(kernel, "printk_ringbuffer", "desc_ring", word, &desc_ring, error) ||
	    !log_member(kernel, "printk_ringbuffer", "text_data_ring", word, &data_ring, error) ||
	    !ring_open_descs(ring, prb + desc_ring.offset, error) ||
	    !read_number(kernel, prb + data_ring.offset, "prb_data_ring", "size_bits", 4,
			 &size_bits, error) ||
	    !read_number(kernel, prb + data_ring.offset, "prb_data_ring", "data", word, &data,
			 error))
		return error_prefix(error, "the kernel log");
	if (size_bits < 6 || size_bits > MAX_SIZE_BITS)
		return error_set(error, ERROR_CORRUPT,
				 "the kernel log: its text ring says it has 2^%llu bytes",
				 (unsigned long long)size_bits);
	ring->size_bits = size_bits;
	log_window_open(&ring->data, kernel, data, 1ull << size_bits);
	return true;
}

/*
 * Index and size of the block from BEGIN to NEXT, as get_data() of the kernel does. A block that
 * ends exactly with the ring's end was moved to index 0 until "printk: ringbuffer: don't needlessly
 * wrap data blocks around", and is stored in place since; both come out right, because its NEXT
 * differs.
 */
static bool block_locate(const struct ring *ring, uint64_t begin, uint64_t next,
			 uint64_t *index_ret, uint64_t *size_ret)
{
	unsigned bits = ring->size_bits;
	uint64_t mask = (1ull << bits) - 1;
	uint64_t longs = ~0ull >> (64 - ring->long_bits);
	uint64_t last_turn = ((next - 1) & longs) >> bits;

	if (last_turn == begin >> bits && next > begin) {
		*index_ret = begin & mask;
		*size_ret = next - begin;
	} else if (last_turn == ((begin + mask + 1) & longs) >> bits) {
		*index_ret = 0;
		*size_ret = ((next - 1) & mask) + 1;
	} else if (next == 0 &&
		   begin >> bits == longs >> bits) { /* the positions themselves wrapped */
		*index_ret = begin & mask;
		*size_ret = mask + 1 - *index_ret;
	} else {
		return false;
	}
	return *index_ret + *size_ret <= mask + 1;
}

/*
 * IDs and sequence numbers go up together; the very first record has the ID -COUNT, of 32 bits or of what a word has for IDs (DESC0_ID;
 * desc_reserve() numbers the first turn by the index). This many bits of the number are known by the ID.
 */
static uint64_t number_mask(const struct ring *ring)
{
	return ring->id_mask & UINT32_MAX;
}

static uint64_t number_of(const struct ring *ring, uint64_t id)
{
	return (id + ring->count_mask + 1) & number_mask(ring);
}

/*
 * A record's length is its info's word. The block knows it, too, to a few bytes: printk reserves what it formats, then takes the
 * newline and the level in front away (printk_sprint), and blocks are padded. Where the two contradict the block's text is shown: up to
 * what is none.
 */
#define MAX_SLACK 32
#define MAX_SLACK_EMPTY 16

/*
 * The text in SIZE bytes of a block. Where there was a level in front (two bytes, KERN_SOH) the text has been moved over it, and its
 * last two letters and the newline still stand behind it.
 */
static size_t text_length(const char *text, size_t size)
{
	size_t length = 0;

	while (length < size && ((uint8_t)text[length] >= ' ' || text[length] == '\n' || text[length] == '\t'))
		length++;
	while (length && text[length - 1] == '\n')
		length--;
	if (length >= 4 && length < size && text[length] == '\n' && !memcmp(text + length - 4, text + length - 2, 2))
		length -= 2;
	return length;
}

static bool read_block(struct ring *ring, uint64_t index, uint64_t size, size_t *length, struct error *error)
{
	size_t said = *length;
	uint64_t room = size < sizeof(ring->text) ? size : sizeof(ring->text);

	if (said <= size && size - said <= (said ? MAX_SLACK : MAX_SLACK_EMPTY))
		return log_window_read(&ring->data, index, ring->text, said, error);
	if (!log_window_read(&ring->data, index, ring->text, room, error))
		return false;
	*length = text_length(ring->text, room);
	log_damaged(&ring->losses, "record %llu: its length is said to be %zu bytes, and its place is of %llu; what looks like text there is shown",
		    (unsigned long long)ring->sequence, said, (unsigned long long)size);
	return true;
}

/* The text of record ID, *LENGTH bytes by its info, into ring->text. */
static bool read_text(struct ring *ring, uint64_t id, uint64_t begin, uint64_t next, size_t *length,
		      struct error *error)
{
	unsigned word = ring->kernel->arch->pointer_size;
	uint64_t index, size;
	uint8_t owner[8];

	if (!block_locate(ring, begin, next, &index, &size) || size < word)
		return error_set(error, ERROR_CORRUPT,
				 "record %llu: there can be no text in a block from 0x%llx to 0x%llx",
				 (unsigned long long)ring->sequence, (unsigned long long)begin,
				 (unsigned long long)next);
	if (!log_window_read(&ring->data, index, owner, word, error))
		return false;
	if (memory_decode(ring->kernel->memory, owner, word) != id)
		return error_set(
			error, ERROR_CORRUPT,
			"record %llu: its text was overwritten by record %llu",
			(unsigned long long)ring->sequence,
			(unsigned long long)number_of(ring, memory_decode(ring->kernel->memory, owner, word)));
	return read_block(ring, index + word, size - word, length, error);
}

/*
 * A char array inside of INFO as a string of less than SIZE bytes; false if it is empty or not
 * there.
 */
static bool copy_name(const uint8_t *info, uint64_t info_size, const struct member *member,
		      char *name, size_t size)
{
	size_t length = member->size;

	if (member->offset > info_size || length > info_size - member->offset)
		return false;
	if (length > size - 1)
		length = size - 1;
	length = strnlen((const char *)info + member->offset, length);
	memcpy(name, info + member->offset, length);
	name[length] = 0;
	return length > 0;
}

static void record_names(struct ring *ring, const uint8_t *info, struct log_record *record)
{
	const struct ring_layout *layout = &ring->layout;
	char subsystem[64], device[80];

	if (layout->has_comm &&
	    copy_name(info, layout->info_size, &layout->comm, ring->comm, sizeof(ring->comm)))
		record->comm = ring->comm;
	if (!layout->has_dev_info ||
	    !copy_name(info, layout->info_size, &layout->subsystem, subsystem, sizeof(subsystem)))
		return;
	stpcpy(stpcpy(ring->dictionary, "SUBSYSTEM="), subsystem);
	if (copy_name(info, layout->info_size, &layout->device, device, sizeof(device)))
		stpcpy(stpcpy(strchr(ring->dictionary, 0), "\nDEVICE="), device);
	record->dictionary = ring->dictionary;
}

static bool decode(struct ring *ring, const void *copy, size_t size, const struct member *member,
		   uint64_t *value_ret, struct error *error)
{
	return kernel_decode_field(ring->kernel, copy, size, member, value_ret) ||
	       error_set(error, ERROR_CORRUPT,
			 "the layout of the log's descriptors makes no sense");
}

/* Record ID says that it is number SAID: is it? */
static uint64_t sequence_of(struct ring *ring, uint64_t id, uint64_t said)
{
	uint64_t mask = number_mask(ring), low = number_of(ring, id);
	uint64_t right = ring->sequence + ((low - ring->sequence) & mask);

	if ((said & mask) == low && said - ring->sequence <= mask) {
		right = said;
	} else {
		log_damaged(&ring->losses, "record %llu says that it is number %llu", (unsigned long long)right, (unsigned long long)said);
	}
	ring->sequence = right;
	return right;
}

/* Reads record ID whose descriptor is DESC. */
static bool read_record(struct ring *ring, uint64_t id, const uint8_t *desc,
			struct log_record *record, struct error *error)
{
	const struct ring_layout *layout = &ring->layout;
	uint64_t begin, next, length, facility, level, sequence, timestamp, caller = 0;
	uint8_t info[1024];
	size_t text;
	size_t size = layout->info_size;

	if (!log_window_read(&ring->infos, (id & ring->count_mask) * size, info, size, error) ||
	    !decode(ring, desc, layout->desc_size, &layout->begin, &begin, error) ||
	    !decode(ring, desc, layout->desc_size, &layout->next, &next, error) ||
	    !decode(ring, info, size, &layout->seq, &sequence, error) ||
	    !decode(ring, info, size, &layout->ts, &timestamp, error) ||
	    !decode(ring, info, size, &layout->text_len, &length, error) ||
	    !decode(ring, info, size, &layout->facility, &facility, error) ||
	    !decode(ring, info, size, &layout->level, &level, error) ||
	    (layout->has_caller && !decode(ring, info, size, &layout->caller, &caller, error)))
		return false;
	text = length;
	record->sequence = sequence_of(ring, id, sequence);
	log_set_time(&ring->losses, record, record->sequence, timestamp);
	if (begin & 1) {
		if (begin != LPOS_EMPTY_LINE || next != LPOS_EMPTY_LINE)
			return error_set(error, ERROR_CORRUPT,
					 "record %llu: there was no room for its text",
					 (unsigned long long)record->sequence);
		text = 0;
	} else if (!read_text(ring, id, begin, next, &text, error)) {
		return false;
	}
	record->facility = facility;
	record->level = level;
	record->caller = caller;
	record->has_caller = layout->has_caller;
	record->text = ring->text;
	record->size = text;
	record_names(ring, info, record);
	return true;
}

/*
 * Descriptor ID could not be read: how many from it on are on a page that is not there. A damaged
 * pointer or count else means millions of failed reads.
 */
static uint64_t count_missing(struct ring *ring, uint64_t id)
{
	uint64_t index = id & ring->count_mask, size = ring->layout.desc_size, nr;
	uint8_t byte;

	if (!size || log_window_read(&ring->descs, index * size, &byte, 1, NULL))
		return 1;
	nr = (LOG_PAGE - (ring->descs.address + index * size) % LOG_PAGE + size - 1) / size;
	return nr < ring->count_mask + 1 - index ? nr : ring->count_mask + 1 - index;
}

/*
 * A healthy ring's edges: at its head what CPUs were about to write, first still the descriptor of a turn before, or of none; at its tail
 * what was about to be given up. The very first descriptor is born reusable. In between it is damage.
 */
#define EDGE 64

static bool is_edge(const struct ring *ring, uint64_t id, uint64_t state)
{
	bool own = (state & ring->id_mask) == id, before = (state & ring->id_mask) == ((id - ring->count_mask - 1) & ring->id_mask);
	bool head = ((ring->head_id - id) & ring->id_mask) < EDGE + ring->kernel->nr_cpu_ids;
	bool tail = ((id - ring->tail_id) & ring->id_mask) < EDGE + ring->kernel->nr_cpu_ids;

	switch (state >> (ring->long_bits - 2)) {
	case STATE_RESERVED:
		return head && (own || !state);
	case STATE_REUSABLE:
		return (head && before) || (tail && own);
	}
	return false;
}

/*
 * One descriptor of LEFT. False = the callback has had enough. *nr_ret is how many that were: more
 * where a page is missing.
 */
static bool visit(struct ring *ring, uint64_t id, uint64_t left, uint64_t *nr_ret,
		  bool (*callback)(void *context, const struct log_record *record), void *context)
{
	const struct ring_layout *layout = &ring->layout;
	struct log_record record = { .level = 0 };
	struct error why = { .kind = ERROR_NONE };
	uint8_t desc[256];
	uint64_t state, flags;

	*nr_ret = 1;
	if (!log_window_read(&ring->descs, (id & ring->count_mask) * layout->desc_size, desc,
			     layout->desc_size, &why) ||
	    !decode(ring, desc, layout->desc_size, &layout->state, &state, &why)) {
		log_lost(&ring->losses, &why, "%s", "");
		*nr_ret = count_missing(ring, id);
		if (*nr_ret > left)
			*nr_ret = left;
		ring->losses.lost += *nr_ret - 1;
		return true;
	}
	if (is_edge(ring, id, state))
		return true;
	flags = state >> (ring->long_bits - 2);
	if ((state & ring->id_mask) != id || flags == STATE_RESERVED || flags == STATE_REUSABLE) {
		log_lost(&ring->losses, NULL, "the descriptor of record %llu says that it is of record %llu%s",
			 (unsigned long long)number_of(ring, id), (unsigned long long)number_of(ring, state & ring->id_mask),
			 flags == STATE_RESERVED ? ", which is not written yet" : flags == STATE_REUSABLE ? ", which is no more" : "");
		return true;
	}
	if (!read_record(ring, id, desc, &record, &why)) {
		log_lost(&ring->losses, &why, "%s", "");
		return true;
	}
	return callback(context, &record);
}

bool log_ring_for_each(struct kernel *kernel,
		       bool (*callback)(void *context, const struct log_record *record),
		       void *context, struct error *error)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	bool good;

	if (!ring)
		return error_no_memory(error, "the kernel log", sizeof(*ring));
	ring->kernel = kernel;
	good = ring_open(ring, error);
	if (good) {
		uint64_t count = ((ring->head_id - ring->tail_id) & ring->id_mask) + 1;
		uint64_t id = ring->tail_id;

		if (count > ring->count_mask + 1) {
			log_lost(&ring->losses, NULL,
				 "the ring's ends are %llu records apart, it holds %llu",
				 (unsigned long long)count,
				 (unsigned long long)ring->count_mask + 1);
			id = (ring->head_id - ring->count_mask) & ring->id_mask;
			count = ring->count_mask + 1;
		}
		for (uint64_t turn = 1, nr = 1; good && count > 0; turn++) {
			if (turn % 1024 == 0 && !kernel_check_interrupt(kernel, error))
				good = false;
			else if (!visit(ring, id, count, &nr, callback, context))
				break;
			count -= nr;
			id = (id + nr) & ring->id_mask;
		}
		good = good && log_finish(&ring->losses, error);
	}
	free(ring);
	return good;
}
