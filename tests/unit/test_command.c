// SPDX-License-Identifier: GPL-3.0-or-later
/* Words, options, help, and the lists of CPUs, as a person types them. */
#include "test_command_image.h"

static const struct option options[] = {
	{ 'k', NULL, "kernel threads" },
	{ 'u', NULL, "user tasks" },
	{ 'C', "LIST", "some CPUs" },
	{ 0 }
};

static const struct command plain = { .name = "plain",
				      .alias = "simple",
				      .summary = "Does nothing.",
				      .usage = "plain [-ku] [-C LIST] WORD...",
				      .help = "The rest of it.",
				      .options = options };
static const struct command tasks = { .name = "tasks", .options = options, .words = COMPLETE_TASK };

static const struct command line = { .name = "line", .words = COMPLETE_TASK, .line = true };

struct parsed {
	struct arguments arguments;
	char *storage;
	bool json, done;
	struct error error;
};

static struct parsed parse(const struct command *command, const char *text)
{
	struct parsed parsed = { 0 };

	parsed.done = command_parse(command, text, &parsed.arguments, &parsed.storage, &parsed.json,
				    &parsed.error);
	return parsed;
}

/* WORDS are separated by |. */
static void expect_words(const struct command *command, const char *text, const char *words)
{
	struct parsed parsed = parse(command, text);
	struct buffer got = { 0 };

	assert_true(parsed.done);
	for (size_t i = 0; i < parsed.arguments.nr_words; i++)
		buffer_printf(&got, "%s|", parsed.arguments.words[i]);
	assert_string_equal(got.data ? got.data : "", words);
	buffer_free(&got);
	free(parsed.storage);
}

/* A command that has another in its line: nothing of that is taken apart, and -j is the outer one's wherever it stands. */
static void lines(void **state)
{
	static const char *const with_json[] = { "-j user bt -l", "user -j bt -l", "user bt -l -j", " -j -j user bt -l " };
	struct parsed parsed;

	(void)state;
	expect_words(&line, NULL, "");
	expect_words(&line, " -j ", "");
	expect_words(&line, " 'a b' \\x p -x  \"c d\" -- ' ", "'a b' \\x p -x  \"c d\" -- '|");
	for (size_t i = 0; i < ARRAY_SIZE(with_json); i++) {
		parsed = parse(&line, with_json[i]);
		assert_true(parsed.done && parsed.json && parsed.arguments.nr_words == 1);
		assert_string_equal(parsed.arguments.words[0], "user bt -l");
		free(parsed.storage);
	}
	parsed = parse(&line, "user bt -jl");
	assert_true(parsed.done && !parsed.json);
	free(parsed.storage);
	parsed = parse(&line, "-x user bt");
	assert_true(!parsed.done && parsed.error.kind == ERROR_USAGE);
}

static void words(void **state)
{
	(void)state;
	expect_words(&plain, NULL, "");
	expect_words(&plain, "  \t", "");
	expect_words(&plain, " one  two ", "one|two|");
	expect_words(&plain, "\"a b\" 'c d' e\\ f", "a b|c d|e f|");
	expect_words(&plain, "a\"b\"'c' \"\\\"\" '\\'", "abc|\"|\\|");
	expect_words(&plain, "'' \"\"", "||");
	expect_words(&plain, "\\", "\\|");
	expect_words(&plain, "-- -k --", "-k|--|");
	expect_words(&plain, "'-k' \\-u - ", "-k|-u|-|");
	/* Words that name tasks keep the marks. */
	expect_words(&tasks, "'a b' \"c d\" \\12 x'y' \\'z", "'a b'|c d|\\12|xy|\\'z|");
}

/* Words that come split, from MI: nothing in them is looked at again. */
static void lists(void **state)
{
	const char *const good[] = { "a b", "-kC", "0,1", "'x'", "-j", "--", "-u" };
	const char *const bad[] = { "one", "-C" };
	struct arguments arguments;
	struct error error = { 0 };

	(void)state;
	assert_true(command_parse_list(&plain, good, ARRAY_SIZE(good), &arguments, &error));
	assert_int_equal(arguments.nr_words, 3);
	assert_string_equal(arguments.words[0], "a b");
	assert_string_equal(arguments.words[1], "'x'");
	assert_string_equal(arguments.words[2], "-u");
	assert_true(has_option(&arguments, 'k') && !has_option(&arguments, 'u'));
	assert_string_equal(option_value(&arguments, 'C'), "0,1");
	assert_false(command_parse_list(&plain, bad, ARRAY_SIZE(bad), &arguments, &error));
	assert_non_null(strstr(error.text, "-C needs LIST"));
	assert_true(command_parse_list(&plain, bad, 0, &arguments, &error));
	assert_int_equal(arguments.nr_words, 0);
}

/* Names in MI are letters and dashes, and none is there twice. */
static void mi_names(void **state)
{
	char seen[512] = "|";

	(void)state;
	for (size_t i = 0; command_table[i]; i++) {
		assert_non_null(command_table[i]->mi);
		for (const struct mi_name *mi = command_table[i]->mi; mi->name; mi++) {
			char name[64];

			snprintf(name, sizeof(name), "|%s|", mi->name);
			assert_null(strstr(seen, name));
			assert_int_equal(strspn(mi->name, "abcdefghijklmnopqrstuvwxyz-"),
					 strlen(mi->name));
			strcat(seen, name + 1);
		}
	}
}

static void parse_options(void **state)
{
	struct parsed parsed = parse(&plain, "-ku one -C0,1 two -j -C 2-3");

	(void)state;
	assert_true(parsed.done);
	assert_true(parsed.json);
	assert_true(has_option(&parsed.arguments, 'k'));
	assert_true(has_option(&parsed.arguments, 'u'));
	assert_string_equal(option_value(&parsed.arguments, 'C'), "2-3");
	assert_int_equal(parsed.arguments.nr_words, 2);
	assert_string_equal(parsed.arguments.words[1], "two");
	assert_false(has_option(&parsed.arguments, 'x'));
	assert_null(option_value(&parsed.arguments, 'x'));
	free(parsed.storage);
	parsed = parse(&plain, "-kjC '0 1'");
	assert_true(parsed.done && parsed.json);
	assert_false(has_option(&parsed.arguments, 'u'));
	assert_string_equal(option_value(&parsed.arguments, 'C'), "0 1");
	free(parsed.storage);
	parsed = parse(&plain, "-k");
	assert_true(parsed.done && !parsed.json);
	assert_null(option_value(&parsed.arguments, 'C'));
	free(parsed.storage);
}

static void expect_error(const char *text, const char *message)
{
	struct parsed parsed = parse(&plain, text);

	assert_false(parsed.done);
	assert_null(parsed.storage);
	assert_int_equal(parsed.error.kind, ERROR_USAGE);
	assert_string_equal(parsed.error.text, message);
}

static void errors(void **state)
{
	struct buffer many = { 0 };
	struct parsed parsed;

	(void)state;
	expect_error("-kz", "plain: there is no option -z; the options are -k -u -C -j. `help "
			    "kernel plain` explains them");
	expect_error("one -C", "plain: -C needs LIST after it: some CPUs");
	expect_error("one 'two", "the quote that begins at 'two is not closed");
	expect_error("\"two\\\"", "the quote that begins at \"two\\\" is not closed");
	for (int i = 0; i < COMMAND_MAX_WORDS; i++)
		buffer_string(&many, "x ");
	parsed = parse(&plain, many.data);
	assert_true(parsed.done);
	free(parsed.storage);
	buffer_string(&many, "y");
	expect_error(many.data, "plain: more than 64 words; give fewer at a time");
	buffer_free(&many);
}

static void help(void **state)
{
	struct buffer text = { 0 };

	(void)state;
	command_help(&plain, &text);
	assert_string_equal(text.data,
			    "Does nothing.\n\n"
			    "Usage: kernel plain [-ku] [-C LIST] WORD...\n"
			    "       (simple is another name of it)\n"
			    "\nOptions:\n"
			    "  -k          kernel threads\n"
			    "  -u          user tasks\n"
			    "  -C LIST     some CPUs\n"
			    "  -j          the same as JSON, with everything that is known\n"
			    "\nThe rest of it.\n");
	buffer_clear(&text);
	command_complete_options(&plain, "-", &text);
	assert_string_equal(text.data, "-k\n-u\n-C\n-j\n");
	buffer_clear(&text);
	command_complete_options(&plain, "x", &text);
	assert_int_equal(text.size, 0);
	buffer_free(&text);
}

/* Every command of the table can be found, has help, and its options do not collide with each other
 * or -j. */
static void table(void **state)
{
	(void)state;
	for (size_t i = 0; command_table[i]; i++) {
		const struct command *command = command_table[i];
		bool seen[256] = { ['j'] = true };

		assert_ptr_equal(command_find(command->name), command);
		if (command->alias)
			assert_ptr_equal(command_find(command->alias), command);
		assert_non_null(command->run);
		assert_int_equal(command->summary[strlen(command->summary) - 1], '.');
		assert_memory_equal(command->usage, command->name, strlen(command->name));
		for (size_t j = 0; command->options && command->options[j].letter; j++) {
			assert_in_range(j, 0, 63);
			assert_false(seen[(unsigned char)command->options[j].letter]);
			seen[(unsigned char)command->options[j].letter] = true;
		}
	}
	assert_null(command_find("nothing"));
}

static void cpu_lists(void **state)
{
	static const struct { const char *text; unsigned mask;
	} good[] = {
		{ "0", 1 },	   { "a", 0x3f },   { "all", 0x3f },
		{ "0,2-4", 0x1d }, { "5,5", 0x20 }, { "0-5", 0x3f },
	};
	static const char *const bad[] = {
		"", "6", "0-6", "3-1", "1,", ",1", "x", "1x", "-1", "1-", "99999999999999999999"
	};
	struct kernel kernel = { .nr_cpu_ids = 6 };
	bool cpus[6];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		unsigned mask = 0;

		assert_true(parse_cpu_list(&kernel, good[i].text, cpus, NULL));
		for (unsigned cpu = 0; cpu < 6; cpu++)
			mask |= (unsigned)cpus[cpu] << cpu;
		assert_int_equal(mask, good[i].mask);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error error = { 0 };

		assert_false(parse_cpu_list(&kernel, bad[i], cpus, &error));
		assert_int_equal(error.kind, ERROR_USAGE);
	}
}

struct found {
	uint32_t pids[16];
	size_t count, stop_after;
};

static bool found(void *context, const struct task *task)
{
	struct found *found = context;

	assert_in_range(found->count, 0, 15);
	found->pids[found->count++] = task->pid;
	return found->count != found->stop_after;
}

static void selects(void **state)
{
	struct command_image *set = command_image_new(NULL, 0);
	const char *const list[] = { "900", "'k.*'", "init" };
	const char *const bad[] = { "900", "nobody", "init" };
	const char *const odd[] = { "\\900" };
	struct found seen = { 0 };
	struct error error = { 0 };

	(void)state;
	assert_true(select_tasks(&set->image->kernel, list, 3, found, &seen, &error));
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.pids[0], 900);
	assert_int_equal(seen.pids[1], 30);
	assert_int_equal(seen.pids[2], 1);
	seen = (struct found){ .stop_after = 2 };
	assert_true(select_tasks(&set->image->kernel, list, 3, found, &seen, &error));
	assert_int_equal(seen.count, 2);
	seen = (struct found){ 0 };
	/* The others are there all the same, and the error is for the end. */
	assert_false(select_tasks(&set->image->kernel, bad, 3, found, &seen, &error));
	assert_int_equal(error.kind, ERROR_PARTIAL);
	assert_non_null(strstr(error.text, "nobody"));
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.pids[1], 1);
	seen = (struct found){ 0 };
	assert_false(select_tasks(&set->image->kernel, bad + 1, 1, found, &seen, &error));
	assert_int_equal(error.kind, ERROR_USAGE);
	seen = (struct found){ 0 };
	assert_true(select_tasks(&set->image->kernel, odd, 1, found, &seen, &error));
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.pids[0], 40);
	command_image_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(lines),   cmocka_unit_test(parse_options),
		cmocka_unit_test(errors),  cmocka_unit_test(help),
		cmocka_unit_test(table),   cmocka_unit_test(cpu_lists),
		cmocka_unit_test(selects), cmocka_unit_test(lists),
		cmocka_unit_test(mi_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
