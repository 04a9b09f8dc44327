// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Bytes out of a dump, made safe for a terminal: a task may call itself "\e]0;...", and a name may
 * be half a UTF-8 sequence. What is good text stays as it is.
 */
#include "commands/output_escape.h"

#include "base/buffer.h"
#include "base/unicode.h"
#include "commands/output.h"

/* Columns on a terminal. The blocks, not the single characters: names of tasks and files are what
 * comes here. */
static unsigned character_width(uint32_t c)
{
	if (c < 0x300)
		return 1;
	if (c < 0x370 || (c >= 0x200b && c <= 0x200d) || (c >= 0x20d0 && c < 0x2100) ||
	    (c >= 0xfe00 && c < 0xfe10) || (c >= 0xfe20 && c < 0xfe30) ||
	    (c >= 0x1ab0 && c < 0x1b00) || (c >= 0x1dc0 && c < 0x1e00))
		return 0;	/* combining */
	if ((c >= 0x1100 && c < 0x1160) || (c >= 0x2e80 && c < 0xa4d0 && c != 0x303f) ||
	    (c >= 0xac00 && c < 0xd7a4) || (c >= 0xf900 && c < 0xfb00) ||
	    (c >= 0xfe30 && c < 0xfe70) || (c >= 0xff00 && c < 0xff61) ||
	    (c >= 0xffe0 && c < 0xffe7) || (c >= 0x1f300 && c < 0x1f650) ||
	    (c >= 0x1f900 && c < 0x1fa00) || (c >= 0x20000 && c < 0x3fffe))
		return 2;	/* East Asian wide, emoji */
	return 1;
}

size_t escape_text(struct buffer *buffer, const char *string, size_t size, bool raw)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *s = (const unsigned char *)string;
	size_t width = 0;
	size_t plain = 0;	/* start of what needs no change */
	size_t i = 0;

	while (i < size) {
		uint32_t character;
		size_t length;

		if (s[i] >= 0x20 && s[i] < 0x7f) {
			width++;
			i++;
			continue;
		}
		length = unicode_decode(s + i, size - i, &character);
		if (length && (!unicode_is_control(character) ||
			       (raw && (character == '\n' || character == '\t')))) {
			width += character_width(character);
			i += length;
			continue;
		}
		buffer_append(buffer, s + plain, i - plain);
		if (!length)
			length = 1;
		for (size_t end = i + length; i < end; i++) {
			char escape[4] = { '\\', 'x', digits[s[i] >> 4], digits[s[i] & 15] };

			buffer_append(buffer, escape, 4);
			width += 4;
		}
		plain = i;
	}
	buffer_append(buffer, s + plain, size - plain);
	return width;
}

void output_escape(struct buffer *buffer, const char *string, size_t size)
{
	escape_text(buffer, string, size, false);
}
