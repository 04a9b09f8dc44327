// SPDX-License-Identifier: GPL-3.0-or-later
/* Packets that read memory. A short reply is allowed and means that the rest cannot be read. */
#include "target/packets.h"

#include <stdlib.h>
#include <string.h>

/*
 * Bytes searched between two looks at whether anybody still waits. The first are few: gdb asks
 * again behind each hit, and the next one is often near.
 */
#define FIRST_CHUNK  (16u << 10)
#define SEARCH_CHUNK (1u << 20)

static bool parse_range(struct session *session, const struct arguments *arguments, size_t limit,
			uint64_t *address_ret, size_t *size_ret)
{
	const char *text = arguments->text;
	uint64_t size;

	if (!parse_pair(&text, arguments->end, ',', address_ret, &size) || text != arguments->end) {
		reply_malformed(session);
		return false;
	}
	if (size > limit)
		size = limit;
	/* Memory does not wrap around: [address, 2^64) at most. */
	if (size && size - 1 > UINT64_MAX - *address_ret)
		size = UINT64_MAX - *address_ret + 1;
	*size_ret = size;
	return true;
}

/*
 * Where not even the first byte can be read the reply has none: gdb takes that for the end of what
 * can be read, and says "Cannot access memory". No gdb shows the text of an error here, and after
 * an error it looks by itself for the part of a range that can be read, and takes one byte of its
 * own heap with it (read_whatever_is_readable, -data-read-memory-bytes; 13.1 to 18.1).
 */
static size_t read_memory(struct session *session, uint64_t address, size_t size)
{
	return session->ops->read_memory(session->context, session_thread(session), address,
					 session->scratch, size, NULL);
}

void handle_read_hex(struct session *session, const struct arguments *arguments)
{
	uint64_t address;
	size_t size;

	if (!parse_range(session, arguments, PACKET_SIZE / 2, &address, &size))
		return;
	if (size == 0) {
		/* No bytes would be an empty reply, which means something else. */
		reply_malformed(session);
		return;
	}
	size = read_memory(session, address, size);
	packet_append_hex(&session->reply, session->scratch, size);
}

/* Offered as "binary-upload"; gdb 16's own, whose reply starts with a 'b' (LLDB's x does not). */
void handle_read_binary(struct session *session, const struct arguments *arguments)
{
	uint64_t address;
	size_t size;

	if (!parse_range(session, arguments, PACKET_SIZE - 1, &address, &size))
		return;
	if (size) {
		size = read_memory(session, address, size);
		size = packet_fits(session->scratch, size, PACKET_SIZE - 1);
	}
	buffer_char(&session->reply, 'b');
	buffer_append(&session->reply, session->scratch, size);
}

/*
 * One find command: memory is read into a window whose start is the last chunk's end, for matches
 * across.
 */
struct search {
	uint64_t address; /* of the window's first byte */
	uint64_t left;	  /* bytes not read yet */
	const char *pattern;
	size_t pattern_size;
	uint8_t *window; /* SEARCH_CHUNK + pattern_size bytes */
	size_t filled;
	size_t chunk; /* how much to read next */
};

/* Searches the next chunk; false when the search is over and has been replied to. */
static bool search_chunk(struct session *session, struct search *search)
{
	struct error error = { .kind = ERROR_NONE, .text = "memory cannot be read" };
	size_t want = search->left < search->chunk ? search->left : search->chunk;
	uint64_t from = search->address + search->filled;
	size_t done = session->ops->read_memory(session->context, session_thread(session), from,
						search->window + search->filled, want, &error);
	const uint8_t *found;
	size_t keep;

	search->filled += done;
	search->left -= done;
	found = memmem(search->window, search->filled, search->pattern, search->pattern_size);
	if (found) {
		buffer_printf(&session->reply, "1,%llx",
			      (unsigned long long)(search->address + (found - search->window)));
		return false;
	}
	if (done < want) {
		error_prefix(&error, "the search stopped at 0x%llx",
			     (unsigned long long)(from + done));
		/*
		 * An error would end gdb's find with "Pattern not found", which is not true. Any
		 * other unknown reply is shown: "Unknown qSearch:memory reply: the search stopped
		 * at ..." (13.1 to 18.1).
		 */
		reply_plain(session, error.text);
		return false;
	}
	if (search->left == 0) {
		reply_string(session, "0");
		return false;
	}
	keep = search->pattern_size - 1 < search->filled ? search->pattern_size - 1
							 : search->filled;
	search->address += search->filled - keep;
	memmove(search->window, search->window + search->filled - keep, keep);
	search->filled = keep;
	return true;
}

/*
 * A far search, by the target's own faster means. True: found, and replied to. Else what is left
 * for search_chunk begins where that got to.
 */
static bool search_far(struct session *session, struct search *search)
{
	struct target_search far = {
		.address = search->address,
		.size = search->left + search->filled,
		.pattern = search->pattern,
		.pattern_size = search->pattern_size,
		.give_up = session->give_up,
		.give_up_context = session->give_up_context,
	};
	uint64_t at = search->address, keep = search->pattern_size - 1;

	if (session->ops->search(session->context, session_thread(session), &far, &at)) {
		buffer_printf(&session->reply, "1,%llx", (unsigned long long)at);
		return true;
	}
	/* Matches can end behind it. */
	at -= at - far.address < keep ? at - far.address : keep;
	search->left = far.size - (at - far.address);
	search->address = at;
	search->filled = 0;
	return false;
}

void handle_search(struct session *session, const struct arguments *arguments)
{
	const char *text = arguments->text;
	struct search search = { 0 };

	if (!parse_pair(&text, arguments->end, ';', &search.address, &search.left) ||
	    text == arguments->end || *text++ != ';' || text == arguments->end) {
		reply_malformed(session);
		return;
	}
	search.pattern = text;
	search.pattern_size = arguments->end - text;
	if (search.left && search.left - 1 > UINT64_MAX - search.address)
		search.left = UINT64_MAX - search.address + 1;
	if (search.left < search.pattern_size) {
		reply_string(session, "0");
		return;
	}
	search.window = malloc(SEARCH_CHUNK + search.pattern_size);
	if (!search.window) {
		reply_error(session, "no memory for the search");
		return;
	}
	search.chunk = FIRST_CHUNK;
	while (search_chunk(session, &search)) {
		if (search.chunk == SEARCH_CHUNK && session->ops->search &&
		    search_far(session, &search))
			break;
		if (search.chunk < SEARCH_CHUNK)
			search.chunk *= 2;
		if (session->give_up && session->give_up(session->give_up_context)) {
			reply_error(session, "the search was interrupted");
			break;
		}
	}
	free(search.window);
}
