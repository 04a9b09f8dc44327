// SPDX-License-Identifier: GPL-3.0-or-later
/* Symbols out of a System.map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/symtab.h"

#define KASLR 0x12000000

static bool read_map(const char *text, struct symtab **symtab, struct error *error)
{
	char path[] = "/tmp/test-map-XXXXXX";
	int fd = mkstemp(path);
	bool done;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_true(symtab_new(symtab, NULL));
	done = symtab_read_map(*symtab, path, KASLR, error) && symtab_finish(*symtab, error);
	unlink(path);
	return done;
}

static void symbols(void **state)
{
	static const char text[] = "0000000000000000 D __per_cpu_start\n"
				   "0000000000001000 D runqueues\n"
				   "0000000000002000 D __per_cpu_end\n"
				   "ffffffff81000000 T _text\n"
				   "ffffffff81000000 T _stext\n"
				   "ffffffff81000040 t a_static_one\n"
				   "ffffffff82000000 d some_data\n"
				   "ffffffff83000000 B _end\n";
	struct symtab *symtab;
	struct error error = { 0 };
	const struct symbol *symbol;

	(void)state;
	if (!read_map(text, &symtab, &error))
		fail_msg("%s", error.text);
	assert_int_equal(symtab_count(symtab), 8);
	symbol = symtab_find(symtab, "a_static_one");
	assert_int_equal(symbol->address, 0xffffffff81000040 + KASLR);
	assert_int_equal(symbol->letter, 't');
	assert_true(symbol->function);
	assert_int_equal(symtab_find(symtab, "_text")->size, 0x40);
	assert_int_equal(symtab_find(symtab, "_stext")->size, 0x40);
	/* Linked at 0: an offset, which does not move. */
	symbol = symtab_find(symtab, "runqueues");
	assert_int_equal(symbol->address, 0x1000);
	assert_int_equal(symbol->size, 0x1000);
	assert_true(symbol->percpu);
	assert_false(symtab_find(symtab, "some_data")->percpu);
	assert_false(symtab_find(symtab, "some_data")->function);
	assert_string_equal(symtab_lookup(symtab, 0xffffffff81000050 + KASLR)->name, "a_static_one");
	symtab_free(symtab);
}

/* Since 6.15 per-CPU symbols are linked among the others, and move. */
static void percpu_that_moves(void **state)
{
	static const char text[] = "ffffffff81000000 T _text\nffffffff82000000 D __per_cpu_start\n"
				   "ffffffff82001000 D runqueues\nffffffff82002000 D __per_cpu_end\n";
	struct symtab *symtab;

	(void)state;
	assert_true(read_map(text, &symtab, NULL));
	assert_true(symtab_find(symtab, "runqueues")->percpu);
	assert_int_equal(symtab_find(symtab, "runqueues")->address, 0xffffffff82001000 + KASLR);
	symtab_free(symtab);
}

static void no_maps(void **state)
{
	static const struct { const char *text, *says; } files[] = {
		{ "", "has 0 symbols and no _text" },
		{ "ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n", "it says: The" },
		{ "ffffffff81000000 T _text\nnonsense\n", "line 2 is not \"ADDRESS LETTER NAME\"" },
		{ "ffffffff81000000 T _text\nffffffff81000000 T \n", "line 2" },
		{ "ffffffff81000000000 T _text\n", "line 1" },
		{ "\177ELF", "line 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct symtab *symtab;
		struct error error = { 0 };

		assert_false(read_map(files[i].text, &symtab, &error));
		assert_int_equal(error.kind, ERROR_FORMAT);
		if (!strstr(error.text, files[i].says))
			fail_msg("%s", error.text);
		symtab_free(symtab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbols),
		cmocka_unit_test(percpu_that_moves),
		cmocka_unit_test(no_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
