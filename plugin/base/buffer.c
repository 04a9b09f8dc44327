// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/buffer.h"

#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for EXTRA more bytes and the NUL. */
static bool reserve(struct buffer *buffer, size_t extra)
{
	size_t need, capacity;
	char *data;

	if (buffer->failed || __builtin_add_overflow(buffer->size, extra, &need) ||
	    need == SIZE_MAX) {
		buffer->failed = true;
		return false;
	}
	need++;
	if (need <= buffer->capacity)
		return true;
	capacity = buffer->capacity ? buffer->capacity : 64;
	while (capacity < need)
		capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
	data = realloc(buffer->data, capacity);
	if (!data) {
		buffer->failed = true;
		return false;
	}
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
	if (!reserve(buffer, size))
		return;
	if (size)
		memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
	buffer->data[buffer->size] = '\0';
}

void buffer_string(struct buffer *buffer, const char *string)
{
	buffer_append(buffer, string, strlen(string));
}

void buffer_char(struct buffer *buffer, char c)
{
	buffer_append(buffer, &c, 1);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0 || !reserve(buffer, size))
		return;
	va_start(args, format);
	vsnprintf(buffer->data + buffer->size, size + 1, format, args);
	va_end(args);
	buffer->size += size;
}

void buffer_number(struct buffer *buffer, uint64_t value, size_t size, bool big_endian)
{
	uint8_t bytes[8];

	bytes_put(bytes, size, big_endian, value);
	buffer_append(buffer, bytes, size);
}

void buffer_uleb(struct buffer *buffer, uint64_t value)
{
	uint8_t bytes[10];
	size_t size = 0;

	do {
		bytes[size] = value & 0x7f;
		value >>= 7;
		bytes[size++] |= value ? 0x80 : 0;
	} while (value);
	buffer_append(buffer, bytes, size);
}

void buffer_sleb(struct buffer *buffer, int64_t value)
{
	uint8_t bytes[10];
	size_t size = 0;
	bool more = true;

	while (more) {
		uint8_t byte = value & 0x7f;

		value >>= 7;
		more = !((value == 0 && !(byte & 0x40)) || (value == -1 && (byte & 0x40)));
		bytes[size++] = byte | (more ? 0x80 : 0);
	}
	buffer_append(buffer, bytes, size);
}

void buffer_zeros(struct buffer *buffer, size_t size)
{
	if (!reserve(buffer, size))
		return;
	memset(buffer->data + buffer->size, 0, size + 1);
	buffer->size += size;
}

void buffer_align(struct buffer *buffer, size_t alignment)
{
	size_t over = buffer->size % alignment;

	if (over)
		buffer_zeros(buffer, alignment - over);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->size = 0;
	buffer->failed = false;
	if (buffer->data)
		buffer->data[0] = '\0';
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ 0 };
}
