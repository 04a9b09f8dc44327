// SPDX-License-Identifier: GPL-3.0-or-later
/* eval and ascii: numbers, and what is none. */
#include "test_command_image.h"

static void numbers(void **state)
{
	struct command_image *set = command_image_new(NULL, 0);

	(void)state;
	expect_text(set, "eval 128m",
		    "hexadecimal: 8000000  (128MB)\n"
		    "    decimal: 134217728\n"
		    "      octal: 01000000000\n"
		    "     binary: 0000000000000000000000000000000000001000000000000000000000000000\n");
	expect_part(set, "eval 2 + 3 * 4", "decimal: 14\n");
	expect_part(set, "eval (2 + 3) * 4", "decimal: 20\n");
	expect_part(set, "eval (1 | 2 ^ 3 & 6 << 1 + 1)", "decimal: 3\n");
	expect_part(set, "eval 10 - 4 - 3", "decimal: 3\n");
	expect_part(set, "eval 7 % 4 * 2", "decimal: 6\n");
	expect_part(set, "eval (-1)", "decimal: 18446744073709551615 (-1)\n");
	expect_part(set, "eval ~0xff", "hexadecimal: ffffffffffffff00\n");
	expect_part(set, "eval !5 + !0", "decimal: 1\n");
	expect_part(set, "eval 020", "decimal: 16\n");
	expect_part(set, "eval 1ff8000", "hexadecimal: 1ff8000  (32736KB)\n");
	expect_part(set, "eval 0x10K", "hexadecimal: 4000  (16KB)\n");
	expect_part(set, "eval 3t", "hexadecimal: 30000000000  (3TB)\n");
	expect_part(set, "eval 1 << 64", "decimal: 0\n");
	expect_part(set, "eval init_task + 0x10", "hexadecimal: ffff888000010010\n");
	expect_part(set, "eval -b 5", "   bits set: 2 0\n");
	expect_part(set, "eval -b 0xffffffffffffffff", " 3 2 1 0\n");
	expect_part(set, "eval 0", "octal: 0\n");
	command_image_free(set);
}

static void no_numbers(void **state)
{
	struct command_image *set = command_image_new(NULL, 0);
	char deep[400] = "eval ";

	(void)state;
	memset(deep + 5, '(', 300);
	strcpy(deep + 305, "1");
	expect_part(set, deep, "error: eval: parentheses and signs are nested more than 100 deep");
	expect_part(set, "eval", "error: eval: of what?");
	expect_part(set, "eval 1 / 0", "error: eval: a division by zero");
	expect_part(set, "eval 1 % (2 - 2)", "error: eval: a division by zero");
	expect_part(set, "eval 18446744073709551616", "does not fit into 64 bits");
	expect_part(set, "eval 16384p", "does not fit into 64 bits");
	expect_part(set, "eval 1 +", "error: eval: the expression ends too early");
	expect_part(set, "eval (1", "error: eval: the expression ends too early");
	expect_part(set, "eval 1)", "error: eval: \")\" is neither");
	expect_part(set, "eval 089", "error: eval: \"089\" is neither");
	expect_part(set, "eval 0x", "error: eval: \"0x\" is neither");
	expect_part(set, "eval nonsense->x", "error: eval: \"nonsense->x\" is neither");
	expect_part(set, "eval 1 2", "error: eval: \"2\" is neither");
	command_image_free(set);
}

static void texts(void **state)
{
	struct command_image *set = command_image_new(NULL, 0);

	(void)state;
	expect_text(set, "ascii 62696c2f7273752f 0x4142 f", "62696c2f7273752f: /usr/lib\n0x4142: BA\nf: .\n");
	expect_part(set, "ascii 41 xyz", "error: ascii: xyz is no hexadecimal number");
	expect_part(set, "ascii", "\n 1  SOH  DC1    !    1    A    Q    a    q\n");
	expect_part(set, "ascii", "\n f   SI   US    /    ?    O    _    o  DEL\n");
	command_image_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(no_numbers),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
