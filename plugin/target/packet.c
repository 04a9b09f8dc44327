// SPDX-License-Identifier: GPL-3.0-or-later
#include "target/packet.h"

static bool must_escape(uint8_t byte)
{
	return byte == '#' || byte == '$' || byte == '}' || byte == '*';
}

static void start(struct packet_decoder *decoder)
{
	buffer_clear(&decoder->data);
	buffer_append(&decoder->data, "", 0);	/* so that an empty packet has its NUL too */
	decoder->state = PACKET_BODY;
	decoder->sum = 0;
	decoder->bad = false;
}

static void body_byte(struct packet_decoder *decoder, uint8_t byte)
{
	/* What is too long is read to its end and dropped: it must not cost memory. */
	if (decoder->data.size >= PACKET_SIZE)
		decoder->bad = true;
	else
		buffer_char(&decoder->data, byte);
}

static enum packet_event outside(struct packet_decoder *decoder, uint8_t byte)
{
	switch (byte) {
	case '$':
		start(decoder);
		return PACKET_MORE;
	case '+':
		return PACKET_ACK;
	case '-':
		return PACKET_NAK;
	case 3:
		return PACKET_INTERRUPT;
	}
	return PACKET_MORE;
}

static void body(struct packet_decoder *decoder, uint8_t byte)
{
	if (byte == '#') {
		decoder->state = PACKET_SUM_HIGH;
		return;
	}
	if (byte == '$') {
		/* Never inside a packet: the rest of the last one was lost, this is the next. */
		start(decoder);
		return;
	}
	decoder->sum += byte;
	if (decoder->state == PACKET_ESCAPED) {
		decoder->state = PACKET_BODY;
		body_byte(decoder, byte ^ 0x20);
	} else if (byte == '}') {
		decoder->state = PACKET_ESCAPED;
	} else {
		body_byte(decoder, byte);
	}
}

enum packet_event packet_decode(struct packet_decoder *decoder, uint8_t byte)
{
	int digit;

	switch (decoder->state) {
	case PACKET_OUTSIDE:
		return outside(decoder, byte);
	case PACKET_BODY:
	case PACKET_ESCAPED:
		body(decoder, byte);
		return PACKET_MORE;
	case PACKET_SUM_HIGH:
	case PACKET_SUM_LOW:
		break;
	}
	digit = packet_hex_digit(byte);
	if (digit < 0) {
		decoder->bad = true;
		digit = 0;
	}
	if (decoder->state == PACKET_SUM_HIGH) {
		decoder->sum_sent = digit << 4;
		decoder->state = PACKET_SUM_LOW;
		return PACKET_MORE;
	}
	decoder->sum_sent |= digit;
	decoder->state = PACKET_OUTSIDE;
	if (decoder->bad || decoder->data.failed || decoder->sum_sent != decoder->sum)
		return PACKET_GARBLED;
	return PACKET_COMPLETE;
}

void packet_encode(struct buffer *out, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;
	size_t done = 0;

	buffer_char(out, '$');
	for (size_t i = 0; i < size; i++) {
		if (must_escape(bytes[i])) {
			char escape[2] = { '}', bytes[i] ^ 0x20 };

			buffer_append(out, bytes + done, i - done);
			buffer_append(out, escape, 2);
			sum += (uint8_t)escape[0] + (uint8_t)escape[1];
			done = i + 1;
		} else {
			sum += bytes[i];
		}
	}
	buffer_append(out, bytes + done, size - done);
	buffer_char(out, '#');
	packet_append_hex(out, &sum, 1);
}

size_t packet_fits(const void *data, size_t size, size_t space)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < size; i++) {
		size_t need = must_escape(bytes[i]) ? 2 : 1;

		if (need > space)
			break;
		space -= need;
	}
	return i;
}

int packet_hex_digit(uint8_t character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	if (character >= 'a' && character <= 'f')
		return character - 'a' + 10;
	if (character >= 'A' && character <= 'F')
		return character - 'A' + 10;
	return -1;
}

void packet_append_hex(struct buffer *out, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;
	char block[512];

	while (size) {
		size_t count = size < sizeof(block) / 2 ? size : sizeof(block) / 2;

		for (size_t i = 0; i < count; i++) {
			block[i * 2] = digits[bytes[i] >> 4];
			block[i * 2 + 1] = digits[bytes[i] & 15];
		}
		buffer_append(out, block, count * 2);
		bytes += count;
		size -= count;
	}
}

bool packet_parse_hex(const char **text, const char *end, uint64_t *value_ret)
{
	const char *start = *text;
	uint64_t value = 0;

	while (*text < end) {
		int digit = packet_hex_digit(**text);

		if (digit < 0)
			break;
		if (value >> 60)
			return false;
		value = value << 4 | digit;
		(*text)++;
	}
	*value_ret = value;
	return *text > start;
}
