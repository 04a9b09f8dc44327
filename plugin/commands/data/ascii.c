// SPDX-License-Identifier: GPL-3.0-or-later
/* The command ascii: the text in a number that was found in memory, or the table of all characters. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"

static const struct option options[] = { { 0 } };

enum { NUMBER, TEXT };

static const struct column columns[] = {
	[NUMBER] = { "number", "%:", 0, 0 },
	[TEXT] = { "text", "%", 0, 0 },
};
static const struct shape shape = { "texts", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

static const struct column table_columns[] = {
	{ "low", "", 2, COLUMN_RIGHT },	{ "high_0", "0x", 3, COLUMN_RIGHT },  { "high_1", "1x", 3, COLUMN_RIGHT },
	{ "high_2", "2x", 3, COLUMN_RIGHT }, { "high_3", "3x", 3, COLUMN_RIGHT }, { "high_4", "4x", 3, COLUMN_RIGHT },
	{ "high_5", "5x", 3, COLUMN_RIGHT }, { "high_6", "6x", 3, COLUMN_RIGHT }, { "high_7", "7x", 3, COLUMN_RIGHT },
};
static const struct shape table_shape = { "characters", SHAPE_TABLE, table_columns, ARRAY_SIZE(table_columns) };

static const char *const names[] = {
	"NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR", "SO", "SI",
	"DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US", "SP",
};

static bool show_table(struct output *output)
{
	output_begin(output, &table_shape);
	for (unsigned low = 0; low < 16; low++) {
		if (!output_row(output) || !output_printf(output, 0, "%x", low))
			break;
		for (unsigned high = 0; high < 8; high++) {
			unsigned character = high << 4 | low;

			if (character < ARRAY_SIZE(names))
				output_string(output, 1 + high, names[character]);
			else if (character == 0x7f)
				output_string(output, 1 + high, "DEL");
			else
				output_printf(output, 1 + high, "%c", character);
		}
	}
	output_end(output);
	return true;
}

/* As they lie in memory: on a little-endian machine the lowest byte is the first. What is no character is a dot */
static void text_of(uint64_t value, unsigned size, bool big_endian, char *text)
{
	for (unsigned i = 0; i < size; i++) {
		unsigned byte = value >> 8 * (big_endian ? size - 1 - i : i) & 0xff;

		text[i] = byte >= 0x20 && byte < 0x7f ? byte : '.';
	}
	text[size] = '\0';
}

static bool ascii_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		      struct error *error)
{
	bool big_endian = kernel && kernel->dump && kernel->dump->big_endian;
	uint64_t value;
	char text[9];

	(void)host;
	if (!arguments->nr_words)
		return show_table(output);
	for (size_t i = 0; i < arguments->nr_words; i++)	/* all or none */
		if (!parse_hex("ascii", arguments->words[i], &value, error))
			return false;
	output_begin(output, &shape);
	for (size_t i = 0; i < arguments->nr_words; i++) {
		const char *word = arguments->words[i];
		size_t digits = strlen(word) - (word[0] == '0' && (word[1] == 'x' || word[1] == 'X') ? 2 : 0);

		parse_hex("ascii", word, &value, error);
		text_of(value, digits > 16 ? 8 : (digits + 1) / 2, big_endian, text);
		if (!output_row(output) || !output_string(output, NUMBER, word) || !output_string(output, TEXT, text))
			break;
	}
	output_end(output);
	return true;
}

static const char help[] =
	"Shows what text a hexadecimal number is that was found in memory, its bytes in\n"
	"the order of the dump's machine; a dot is what is no character. Without a number\n"
	"the table of all characters.\n"
	"\n"
	"JSON: \"texts\" with \"number\" and \"text\", or \"characters\".\n"
	"\n"
	"Example:\n"
	"(gdb) kernel ascii 65762078756e694c 0x6e6f6973\n"
	"65762078756e694c: Linux ve\n"
	"0x6e6f6973: sion\n";

static const struct mi_name mi_names[] = { { "ascii", NULL }, { 0 } };

const struct command command_ascii = {
	.name = "ascii",
	.mi = mi_names,
	.summary = "Show the text that a number is.",
	.usage = "ascii [NUMBER]...",
	.help = help,
	.options = options,
	.words = COMPLETE_NONE,
	.without_kernel = true,
	.run = ascii_run,
};
