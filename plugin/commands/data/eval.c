// SPDX-License-Identifier: GPL-3.0-or-later
/* The command eval: a number in every base. What this file's grammar does not know (members, registers, casts) is gdb's to evaluate. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/command.h"

#define MAX_DEPTH 100	/* of parentheses and signs */

static const struct option options[] = {
	{ 'b', NULL, "which bits are set, too" },
	{ 'l', NULL, "64 bits, also where the machine's words have 32" },
	{ 0 }
};

enum { SHOWN, HEXADECIMAL, SIZE, DECIMAL, SIGNED, OCTAL, BINARY, BITS };

static const struct column columns[] = {
	[SHOWN] = { "shown", "hexadecimal", 11, COLUMN_TEXT_ONLY },
	[HEXADECIMAL] = { "hexadecimal", NULL, 0, COLUMN_JSON_ONLY },
	[SIZE] = { "size", NULL, 0, COLUMN_JSON_ONLY },
	[DECIMAL] = { "decimal", "decimal", 11, 0 },
	[SIGNED] = { "signed", NULL, 0, COLUMN_JSON_ONLY },
	[OCTAL] = { "octal", "octal", 11, 0 },
	[BINARY] = { "binary", "binary", 11, 0 },
	[BITS] = { "bits_set", "bits set", 11, 0 },
};
/* Without -b there is no line for the bits. */
static const struct shape shape = { "value", SHAPE_LIST, columns, ARRAY_SIZE(columns) - 1 };
static const struct shape bits_shape = { "value", SHAPE_LIST, columns, ARRAY_SIZE(columns) };

/* C's grammar of whole numbers, all of them 64 bits without a sign. */
struct parser {
	struct kernel *kernel;	/* may be NULL */
	struct output *output;
	const char *at;
	unsigned depth;
	bool foreign;		/* what stands here is none of ours */
	struct error *error;
};

static bool refuse(struct parser *parser)
{
	parser->foreign = true;
	return error_set(parser->error, ERROR_USAGE, *parser->at ? "eval: \"%.60s\" is neither a number nor a symbol nor an operator" :
			 "eval: the expression ends too early%s", parser->at);
}

static void skip_space(struct parser *parser)
{
	while (isspace((unsigned char)*parser->at))
		parser->at++;
}

/* k, m, g, t, p in either case. */
static unsigned unit_shift(char letter)
{
	static const char units[] = "kmgtp";
	const char *found = letter ? strchr(units, tolower((unsigned char)letter)) : NULL;

	return found ? 10 * (found - units + 1) : 0;
}

/* A number of SIZE letters in all of TEXT: C's way, or hexadecimal without 0x where a letter says so; a unit behind it. */
static bool parse_number(struct parser *parser, const char *text, size_t size, uint64_t *value_ret)
{
	unsigned shift = size > 1 ? unit_shift(text[size - 1]) : 0;
	size_t digits = size - (shift != 0), at = 0;
	unsigned base = 10, digit;
	uint64_t value = 0;

	if (digits > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		base = 16, at = 2;
	else if (strcspn(text, "abcdefABCDEF") < digits)
		base = 16;
	else if (digits > 1 && text[0] == '0')
		base = 8, at = 1;
	for (; at < digits; at++) {
		if (!isxdigit((unsigned char)text[at]))
			return false;
		digit = isdigit((unsigned char)text[at]) ? text[at] - '0' : tolower((unsigned char)text[at]) - 'a' + 10;
		if (digit >= base)
			return false;
		if (value > (UINT64_MAX - digit) / base)
			return error_set(parser->error, ERROR_USAGE, "eval: %.*s does not fit into 64 bits", (int)size, text);
		value = value * base + digit;
	}
	if (shift && value > UINT64_MAX >> shift)
		return error_set(parser->error, ERROR_USAGE, "eval: %.*s does not fit into 64 bits", (int)size, text);
	*value_ret = value << shift;
	return true;
}

/* A number or a symbol; what can be both is the symbol, as in every command. */
static bool parse_word(struct parser *parser, uint64_t *value_ret)
{
	char word[256];
	size_t size = 0;

	while (isalnum((unsigned char)parser->at[size]) || parser->at[size] == '_')
		size++;
	if (!size || size >= sizeof(word))
		return refuse(parser);
	memcpy(word, parser->at, size);
	word[size] = '\0';
	if (!isdigit((unsigned char)*word) && parser->kernel && parser->kernel->symbols &&
	    kernel_symbol(parser->kernel, word, value_ret, NULL)) {
		hint_at_number(parser->output, word);
	} else if (!parse_number(parser, word, size, value_ret)) {
		return parser->error->kind == ERROR_NONE ? refuse(parser) : false;
	}
	parser->at += size;
	return true;
}

static bool parse_binary(struct parser *parser, unsigned least, uint64_t *value_ret);

static bool parse_unary(struct parser *parser, uint64_t *value_ret)
{
	bool done;
	char sign;

	skip_space(parser);
	sign = *parser->at;
	if (!sign || !strchr("-+~!(", sign))
		return parse_word(parser, value_ret);
	if (++parser->depth > MAX_DEPTH)
		return error_set(parser->error, ERROR_USAGE, "eval: parentheses and signs are nested more than %u deep", MAX_DEPTH);
	parser->at++;
	done = sign == '(' ? parse_binary(parser, 0, value_ret) : parse_unary(parser, value_ret);
	if (!done)
		return false;
	parser->depth--;
	switch (sign) {
	case '-': *value_ret = -*value_ret; break;
	case '~': *value_ret = ~*value_ret; break;
	case '!': *value_ret = !*value_ret; break;
	case '(':
		skip_space(parser);
		if (*parser->at != ')')
			return refuse(parser);
		parser->at++;
	}
	return true;
}

static const struct operator {
	const char *text;
	unsigned precedence;	/* C's order */
} operators[] = {
	{ "<<", 4 }, { ">>", 4 }, { "|", 1 }, { "^", 2 }, { "&", 3 }, { "+", 5 }, { "-", 5 }, { "*", 6 }, { "/", 6 }, { "%", 6 },
};

static const struct operator *find_operator(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
		if (!strncmp(text, operators[i].text, strlen(operators[i].text)))
			return &operators[i];
	return NULL;
}

static bool apply(char operator, uint64_t left, uint64_t right, uint64_t *value_ret, struct error *error)
{
	if ((operator == '/' || operator == '%') && !right)
		return error_set(error, ERROR_USAGE, "eval: a division by zero");
	switch (operator) {
	case '<': *value_ret = right < 64 ? left << right : 0; break;
	case '>': *value_ret = right < 64 ? left >> right : 0; break;
	case '|': *value_ret = left | right; break;
	case '^': *value_ret = left ^ right; break;
	case '&': *value_ret = left & right; break;
	case '+': *value_ret = left + right; break;
	case '-': *value_ret = left - right; break;
	case '*': *value_ret = left * right; break;
	case '/': *value_ret = left / right; break;
	case '%': *value_ret = left % right; break;
	}
	return true;
}

/* Operators that bind more tightly than LEAST. */
static bool parse_binary(struct parser *parser, unsigned least, uint64_t *value_ret)
{
	const struct operator *operator;
	uint64_t right;

	if (!parse_unary(parser, value_ret))
		return false;
	for (;;) {
		skip_space(parser);
		operator = find_operator(parser->at);
		if (!operator || operator->precedence <= least)
			return true;
		parser->at += strlen(operator->text);
		if (!parse_binary(parser, operator->precedence, &right) ||
		    !apply(*operator->text, *value_ret, right, value_ret, parser->error))
			return false;
	}
}

static bool evaluate(struct kernel *kernel, const char *text, struct output *output, const struct host *host, uint64_t *value_ret,
		     struct error *error)
{
	struct parser parser = { .kernel = kernel, .output = output, .at = text, .error = error };
	struct error why;

	if (parse_binary(&parser, 0, value_ret) && (skip_space(&parser), !*parser.at || refuse(&parser)))
		return true;
	if (!parser.foreign || !kernel || !host || !host->evaluate)
		return false;
	if (host->evaluate(host->context, text, value_ret, &why)) {
		*error = (struct error){ .kind = ERROR_NONE };
		return true;
	}
	if (why.kind == ERROR_INTERRUPTED)
		*error = why;
	return why.kind != ERROR_INTERRUPTED ? error_set(error, ERROR_USAGE, "eval: %s", why.text) : false;
}

/* "128MB" where it is a whole number of them. */
static void size_of(uint64_t value, char *text, size_t size)
{
	static const char units[] = "KMGTP";
	int unit = -1;

	while (value && value % 1024 == 0 && unit < 4) {
		value /= 1024;
		unit++;
	}
	*text = '\0';
	if (unit >= 0)
		snprintf(text, size, "%" PRIu64 "%cB", value, units[unit]);
}

static void show(struct output *output, uint64_t value, unsigned bits, bool list_bits)
{
	int64_t as_signed = (int64_t)(value << (64 - bits)) >> (64 - bits);
	char size[32], binary[65] = "", set[200] = "";
	size_t used = 0;

	size_of(value, size, sizeof(size));
	for (unsigned i = 0; i < bits; i++) {
		bool bit = value >> (bits - 1 - i) & 1;

		binary[i] = bit ? '1' : '0';
		binary[i + 1] = '\0';
		if (bit)
			used += snprintf(set + used, sizeof(set) - used, "%s%u", used ? " " : "", bits - 1 - i);
	}
	output_begin(output, list_bits ? &bits_shape : &shape);
	output_row(output);
	output_printf(output, SHOWN, *size ? "%" PRIx64 "  (%s)" : "%" PRIx64, value, size);
	output_printf(output, HEXADECIMAL, "%" PRIx64, value);
	if (*size)
		output_string(output, SIZE, size);
	if (as_signed < 0)
		output_uint_as(output, DECIMAL, value, "%" PRIu64 " (%" PRId64 ")", value, as_signed);
	else
		output_uint(output, DECIMAL, value);
	output_int(output, SIGNED, as_signed);
	output_printf(output, OCTAL, value ? "0%" PRIo64 : "%" PRIo64, value);
	output_string(output, BINARY, binary);
	if (list_bits)
		output_string(output, BITS, set);
	output_end(output);
}

static bool eval_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		     struct error *error)
{
	bool narrow = kernel && kernel->arch && kernel->arch->pointer_size == 4 && !has_option(arguments, 'l');
	struct buffer text = { 0 };
	uint64_t value;
	bool done;

	*error = (struct error){ .kind = ERROR_NONE };
	if (!join_words(arguments, &text, error))
		done = false;
	else if (!text.size)
		done = error_set(error, ERROR_USAGE, "eval: of what? eval EXPRESSION; one with |, > or >> in parentheses");
	else
		done = evaluate(kernel, text.data, output, host, &value, error);
	buffer_free(&text);
	if (done)
		show(output, narrow ? value & UINT32_MAX : value, narrow ? 32 : 64, has_option(arguments, 'b'));
	return done;
}

static const char help[] =
	"Shows a number in hexadecimal, decimal, octal and binary. The expression is one\n"
	"of C's, of whole numbers without a sign: + - * / % << >> & ^ | ~ ! and\n"
	"parentheses, which must be around all of it where |, > or >> is in it, since\n"
	"these are the shell's otherwise; what begins with - wants them as well. A number\n"
	"is written in C's way (0x10, 16, 020), hexadecimal without 0x if a letter is in\n"
	"it, with k, m, g, t or p behind it if that many are meant; a symbol is its\n"
	"address. What is none of that (a member, a register, a cast) gdb evaluates.\n"
	"\n"
	"JSON: \"value\" with these as strings, \"decimal\" and \"signed\" as numbers.\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel eval -b 128m + 4k\n"
	"hexadecimal: 8001000  (131076KB)\n"
	"    decimal: 134221824\n"
	"      octal: 01000010000\n"
	"     binary: 0000000000000000000000000000000000001000000000000001000000000000\n"
	"   bits set: 27 12\n"
	"(gdb) kernel eval (1 << 20 | 3)\n"
	"(gdb) kernel eval sizeof(struct page) * 32768\n";

static const struct mi_name mi_names[] = { { "eval", NULL }, { 0 } };

const struct command command_eval = {
	.name = "eval",
	.mi = mi_names,
	.summary = "Show a number in every base.",
	.usage = "eval [-b] [-l] EXPRESSION",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.without_kernel = true,
	.run = eval_run,
};
