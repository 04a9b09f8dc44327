/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Framing of gdb's remote serial protocol (gdb manual, appendix E.1): bytes to packets and back.
 *
 * Knows nothing of what packets mean, nor of sockets: the decoder is fed one byte at a time and
 * never trusts any of them, so it can be fuzzed alone. Outside a packet unknown bytes are skipped.
 */
#ifndef VMCORE_TARGET_PACKET_H
#define VMCORE_TARGET_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Bytes of one packet's contents, either way; told to gdb as PacketSize. 64 KiB measured best. */
#define PACKET_SIZE 0x10000

enum packet_event {
	PACKET_MORE,		/* nothing yet: feed the next byte */
	PACKET_COMPLETE,	/* decoder->data is a packet, escapes undone, NUL-terminated */
	PACKET_GARBLED,		/* a packet ended, but its checksum is wrong or it was too long */
	PACKET_ACK,		/* '+' */
	PACKET_NAK,		/* '-': send the last reply again */
	PACKET_INTERRUPT,	/* the lone byte 3: Ctrl-C */
};

/* Zero-initialise; buffer_free(&decoder->data) at the end. */
struct packet_decoder {
	enum { PACKET_OUTSIDE, PACKET_BODY, PACKET_ESCAPED, PACKET_SUM_HIGH, PACKET_SUM_LOW } state;
	uint8_t sum;		/* of the raw bytes */
	uint8_t sum_sent;	/* what the packet says it is */
	bool bad;		/* too long, no memory, or an impossible checksum digit */
	struct buffer data;
};

enum packet_event packet_decode(struct packet_decoder *decoder, uint8_t byte);

/* Appends "$DATA#xx", with '#', '$', '}' and '*' escaped. */
void packet_encode(struct buffer *out, const void *data, size_t size);
/* How many bytes of DATA can be sent in SPACE bytes once escaped. */
size_t packet_fits(const void *data, size_t size, size_t space);

/* -1 if CHARACTER is no hexadecimal digit. */
int packet_hex_digit(uint8_t character);
void packet_append_hex(struct buffer *out, const void *data, size_t size);
/*
 * Reads hexadecimal digits at *text up to END: false if there are none or more than 64 bits. Moves
 * *text.
 */
bool packet_parse_hex(const char **text, const char *end, uint64_t *value_ret);

#endif
