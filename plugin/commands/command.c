// SPDX-License-Identifier: GPL-3.0-or-later
/* Words and options as people type them, and help made of the same descriptions. */
#include "commands/command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

static int option_index(const struct option *options, char letter)
{
	for (int i = 0; options && options[i].letter; i++)
		if (options[i].letter == letter)
			return i;
	return -1;
}

bool has_option(const struct arguments *arguments, char letter)
{
	int index = option_index(arguments->options, letter);

	return index >= 0 && index < 64 && arguments->flags >> index & 1;
}

bool has_option_twice(const struct arguments *arguments, char letter)
{
	int index = option_index(arguments->options, letter);

	return index >= 0 && index < 64 && arguments->twice >> index & 1;
}

const char *option_value(const struct arguments *arguments, char letter)
{
	int index = option_index(arguments->options, letter);

	return index >= 0 && index < 64 ? arguments->values[index] : NULL;
}

/* Where the next word is taken from and put to. */
struct splitter {
	const char *const *list; /* words that are split already; NULL = IN has them */
	size_t left;		 /* in the list */
	const char *in;
	char *out;
	bool keep_marks; /* of words that name tasks: quotes of 'pattern', the backslash of \name */
};

/* Copies one quoted stretch without its quotes, but for a 'pattern' that is a word of its own. */
static bool take_quoted(struct splitter *splitter, bool at_start, struct error *error)
{
	const char *begin = splitter->in;
	char quote = *splitter->in++;
	const char *end = splitter->in;
	bool keep;

	while (*end && *end != quote)
		end += *end == '\\' && quote == '"' && end[1] ? 2 : 1;
	if (!*end)
		return error_set(error, ERROR_USAGE, "the quote that begins at %.40s is not closed",
				 begin);
	keep = splitter->keep_marks && quote == '\'' && at_start &&
	       (!end[1] || end[1] == ' ' || end[1] == '\t');
	if (keep)
		*splitter->out++ = quote;
	while (splitter->in < end) {
		if (*splitter->in == '\\' && quote == '"')
			splitter->in++;
		*splitter->out++ = *splitter->in++;
	}
	if (keep)
		*splitter->out++ = quote;
	splitter->in++;
	return true;
}

/* The next word, NUL-terminated in the storage or the list; *word_ret is NULL at the end of the line. */
static bool take_word(struct splitter *splitter, char **word_ret, bool *quoted_ret,
		      struct error *error)
{
	char *word = splitter->out;

	*quoted_ret = false;
	if (splitter->list) {
		*word_ret = splitter->left ? (char *)*splitter->list++ : NULL;
		splitter->left -= splitter->left > 0;
		return true;
	}
	splitter->in += strspn(splitter->in, " \t\n");
	*word_ret = *splitter->in ? word : NULL;
	if (!*splitter->in)
		return true;
	while (*splitter->in && !strchr(" \t\n", *splitter->in)) {
		bool at_start = splitter->out == word;

		if (*splitter->in == '\'' || *splitter->in == '"') {
			*quoted_ret |= at_start;
			if (!take_quoted(splitter, at_start, error))
				return false;
		} else if (*splitter->in == '\\' && splitter->in[1]) {
			*quoted_ret |= at_start;
			if (splitter->keep_marks && at_start)
				*splitter->out++ = '\\';
			*splitter->out++ = splitter->in[1];
			splitter->in += 2;
		} else {
			*splitter->out++ = *splitter->in++;
		}
	}
	*splitter->out++ = '\0';
	return true;
}

static bool no_such_option(const struct command *command, char letter, struct error *error)
{
	struct buffer list = { 0 };

	for (size_t i = 0; command->options && command->options[i].letter; i++) {
		const char *argument = command->options[i].argument;

		/* An argument of digits is part of the option's name: -16. */
		buffer_printf(&list, "-%c%s ", command->options[i].letter, argument && isdigit((unsigned char)*argument) ? argument : "");
	}
	error_set(
		error, ERROR_USAGE,
		"%s: there is no option -%c; the options are %s-j. `help kernel %s` explains them",
		command->name, letter, list.data ? list.data : "", command->name);
	buffer_free(&list);
	return false;
}

/* One word of options: "-ku", "-C0,1", "-C" with its argument in the next word. */
static bool parse_options(const struct command *command, const char *word,
			  struct splitter *splitter, struct arguments *arguments, bool *json_ret,
			  struct error *error)
{
	for (const char *letter = word + 1; *letter; letter++) {
		int index = option_index(command->options, *letter);
		char *value = (char *)letter + 1;
		bool quoted;

		if (index < 0 && *letter == 'j') {
			*json_ret = true;
			continue;
		}
		if (index < 0 || index >= 64)
			return no_such_option(command, *letter, error);
		arguments->twice |= arguments->flags & 1ull << index;
		arguments->flags |= 1ull << index;
		if (!command->options[index].argument)
			continue;
		if (!*value && !take_word(splitter, &value, &quoted, error))
			return false;
		if (!value)
			return error_set(error, ERROR_USAGE, "%s: -%c needs %s after it: %s",
					 command->name, *letter, command->options[index].argument,
					 command->options[index].help);
		arguments->values[index] = value;
		break;
	}
	return true;
}

static bool parse_words(const struct command *command, struct splitter *splitter,
			struct arguments *arguments, bool *json_ret, struct error *error)
{
	bool options_end = false;
	bool quoted;
	char *word;

	for (;;) {
		if (!take_word(splitter, &word, &quoted, error))
			return false;
		if (!word)
			return true;
		if (!options_end && !quoted && !strcmp(word, "--")) {
			options_end = true;
		} else if (!options_end && !quoted && word[0] == '-' && word[1]) {
			if (!parse_options(command, word, splitter, arguments, json_ret, error))
				return false;
		} else if (arguments->nr_words == COMMAND_MAX_WORDS) {
			return error_set(error, ERROR_USAGE,
					 "%s: more than %d words; give fewer at a time",
					 command->name, COMMAND_MAX_WORDS);
		} else {
			arguments->words[arguments->nr_words++] = word;
			options_end = options_end || command->line;
		}
	}
}

/* The line of a command that has one (struct command), into STORAGE: as it is, but without -j, wherever it stands. */
static bool parse_line(const struct command *command, char *storage, const char *text, struct arguments *arguments, bool *json_ret,
		       struct error *error)
{
	static const char space[] = " \t\n";
	char *out = storage;

	text += strspn(text, space);
	while (*text) {
		size_t size = strcspn(text, space);
		size_t after = strspn(text + size, space);

		if (size == 2 && !strncmp(text, "-j", 2)) {
			*json_ret = true;
		} else if (*text == '-' && out == storage && !isdigit((unsigned char)text[1])) {
			return no_such_option(command, text[1], error);
		} else {
			memcpy(out, text, size + after);
			out += size + after;
		}
		text += size + after;
	}
	while (out > storage && strchr(space, out[-1]))
		out--;
	*out = 0;
	if (*storage)
		arguments->words[arguments->nr_words++] = storage;
	return true;
}

bool command_parse(const struct command *command, const char *text, struct arguments *arguments,
		   char **storage, bool *json_ret, struct error *error)
{
	struct splitter splitter = { .in = text ? text : "",
				     .keep_marks = command->words == COMPLETE_TASK };
	size_t size = strlen(splitter.in) +
		      2; /* every word but the last has a separator: its NUL's place */

	memset(arguments, 0, sizeof(*arguments));
	arguments->options = command->options;
	*json_ret = false;
	*storage = splitter.out = malloc(size);
	if (!*storage)
		return error_no_memory(error, "the command line", size);
	if (command->line ? parse_line(command, *storage, splitter.in, arguments, json_ret, error)
			  : parse_words(command, &splitter, arguments, json_ret, error)) {
		arguments->json = *json_ret;
		return true;
	}
	free(*storage);
	*storage = NULL;
	return false;
}

bool command_parse_list(const struct command *command, const char *const *list, size_t count,
			struct arguments *arguments, struct error *error)
{
	struct splitter splitter = { .list = list, .left = count };
	bool json; /* MI's results are those of JSON anyway */

	memset(arguments, 0, sizeof(*arguments));
	arguments->options = command->options;
	return parse_words(command, &splitter, arguments, &json, error);
}

#define HELP_WIDTH 80
#define HELP_INDENT 14	/* of what an option does */
#define USAGE_INDENT 14 /* behind "Usage: kernel " */

/* Where the first piece of TEXT ends, which stays on one line: at a space outside of [brackets]. */
static size_t piece_size(const char *text)
{
	size_t size;
	int depth = 0;

	for (size = 0; text[size] && (depth > 0 || text[size] != ' '); size++)
		depth += (text[size] == '[') - (text[size] == ']');
	return size;
}

/* Appends TEXT from COLUMN on, its further lines indented by INDENT, and ends the line. */
static void put_wrapped(struct buffer *buffer, const char *text, size_t column, size_t indent)
{
	for (size_t size; *text; text += size + (text[size] == ' ')) {
		size = piece_size(text);
		if (column > indent && column + 1 + size > HELP_WIDTH) {
			buffer_printf(buffer, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buffer_char(buffer, ' ');
			column++;
		}
		buffer_append(buffer, text, size);
		column += size;
	}
	buffer_char(buffer, '\n');
}

static void help_option(struct buffer *text, char letter, const char *argument, const char *help)
{
	char option[HELP_INDENT + 1];

	/* An argument of digits is part of the option's name: -16. */
	snprintf(option, sizeof(option), "  -%c%s%s", letter,
		 argument && !isdigit((unsigned char)argument[0]) ? " " : "",
		 argument ? argument : "");
	buffer_printf(text, "%-*s", HELP_INDENT, option);
	put_wrapped(text, help, HELP_INDENT, HELP_INDENT);
}

void command_help(const struct command *command, struct buffer *text)
{
	buffer_printf(text, "%s\n\nUsage: kernel ", command->summary);
	put_wrapped(text, command->usage, USAGE_INDENT, USAGE_INDENT);
	if (command->alias)
		buffer_printf(text, "       (%s is another name of it)\n", command->alias);
	for (const struct mi_name *mi = command->mi; mi && mi->name; mi++)
		buffer_printf(text, "       (in MI: -vmcore-%s%s%s)\n", mi->name,
			      mi->preset ? ", with " : "", mi->preset ? mi->preset : "");
	buffer_string(text, "\nOptions:\n");
	for (size_t i = 0; command->options && command->options[i].letter; i++)
		help_option(text, command->options[i].letter, command->options[i].argument,
			    command->options[i].help);
	help_option(text, 'j', NULL, "the same as JSON, with everything that is known");
	buffer_printf(text, "\n%s", command->help);
	if (text->size && text->data[text->size - 1] != '\n')
		buffer_char(text, '\n');
}

/* "-k" if it begins with PREFIX. */
static void complete_option(char letter, const char *prefix, struct buffer *lines)
{
	char option[] = { '-', letter, '\0' };

	if (!strncmp(option, prefix, strlen(prefix)))
		buffer_printf(lines, "%s\n", option);
}

void command_complete_options(const struct command *command, const char *prefix,
			      struct buffer *lines)
{
	for (size_t i = 0; command->options && command->options[i].letter; i++)
		complete_option(command->options[i].letter, prefix, lines);
	complete_option('j', prefix, lines);
}
