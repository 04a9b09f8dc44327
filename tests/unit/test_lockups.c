// SPDX-License-Identifier: GPL-3.0-or-later
/* The preempt count's fields, by the bits of include/linux/preempt.h, and whether interrupts were on, by each machine's own bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/arm64.h"
#include "arch/i386.h"
#include "arch/s390x.h"
#include "kernel/system/lockups.h"

static void test_preempt_count(void **state)
{
	struct preempt_count count;

	(void)state;
	preempt_count_decode(0, &count);
	assert_true(!count.raw && !count.preempt && !count.bh_off && !count.softirq && !count.hardirq && !count.nmi && !count.other);
	/* NMI and hard interrupt of who was stopped in a softirq, with preemption off twice; the top bit is x86's, and no count. */
	preempt_count_decode(0x80110102, &count);
	assert_int_equal(count.raw, 0x110102);
	assert_int_equal(count.nmi, 1);
	assert_int_equal(count.hardirq, 1);
	assert_true(count.softirq);
	assert_int_equal(count.bh_off, 0);
	assert_int_equal(count.preempt, 2);
	/* local_bh_disable() three times is three times two in that byte. */
	preempt_count_decode(0x600, &count);
	assert_false(count.softirq);
	assert_int_equal(count.bh_off, 3);
	/* All fields full, and a bit of an older kernel's; what is above 32 bits belongs to something else. */
	preempt_count_decode(0x1234567804ffffffull, &count);
	assert_int_equal(count.preempt, 0xff);
	assert_int_equal(count.bh_off, 0x7f);
	assert_int_equal(count.hardirq, 0xf);
	assert_int_equal(count.nmi, 0xf);
	assert_int_equal(count.other, 4);
	assert_int_equal(count.raw, 0x04ffffff);
}

static void test_interrupts(void **state)
{
	static const struct {
		const struct arch *arch;
		unsigned index;
		uint64_t on, off;
	} rows[] = {
		{ &arch_x86_64, X86_EFLAGS, 0x202, 0x2 },
		{ &arch_i386, I386_EFLAGS, 0x246, 0x46 },
		{ &arch_arm64, ARM64_PSTATE, 0x5, 0x3c5 },
		{ &arch_s390x, S390X_PSWM, 0x0704c00180000000, 0x0404c00180000000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct registers registers = { 0 };
		bool on;

		assert_false(rows[i].arch->interrupts(&registers, &on)); /* they do not say */
		registers.valid = 1ull << rows[i].index;
		registers.value[rows[i].index] = rows[i].on;
		assert_true(rows[i].arch->interrupts(&registers, &on) && on);
		registers.value[rows[i].index] = rows[i].off;
		assert_true(rows[i].arch->interrupts(&registers, &on) && !on);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_preempt_count),
		cmocka_unit_test(test_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
