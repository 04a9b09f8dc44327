// SPDX-License-Identifier: GPL-3.0-or-later
/* The block cache: what comes out is what went in, memory is bounded, threads do not disturb each other. */
#include "test_dump_image.h"

#include <pthread.h>

#include "dump/cache.h"

#define BLOCK 256

static void fill(uint64_t number, uint8_t *block)
{
	for (size_t i = 0; i < BLOCK; i++)
		block[i] = number * 31 + i;
}

/* Is block NUMBER here? If so it must be right. */
static bool check(struct page_cache *cache, uint64_t number)
{
	uint8_t expected[BLOCK], got[BLOCK];

	fill(number, expected);
	if (!page_cache_read(cache, number, 3, got, BLOCK - 3))
		return false;
	assert_memory_equal(got, expected + 3, BLOCK - 3);
	return true;
}

static void insert(struct page_cache *cache, uint64_t number)
{
	uint8_t block[BLOCK];

	fill(number, block);
	page_cache_insert(cache, number, block);
}

static void test_bounded(void **state)
{
	struct page_cache *cache = page_cache_new(BLOCK, 1024 * BLOCK);
	unsigned nr = 0;

	(void)state;
	assert_false(check(cache, 5));
	for (uint64_t i = 0; i < 100000; i++) {
		insert(cache, i * 3);
		assert_true(check(cache, i * 3));
	}
	for (uint64_t i = 0; i < 300000; i++)
		nr += check(cache, i);
	assert_int_equal(nr, 1024);
	insert(cache, UINT64_MAX);
	assert_true(check(cache, UINT64_MAX));
	page_cache_free(cache);
}

/* A block in steady use survives a long scan of others. */
static void test_second_chance(void **state)
{
	struct page_cache *cache = page_cache_new(BLOCK, 1024 * BLOCK);

	(void)state;
	insert(cache, 1000000);
	for (uint64_t i = 0; i < 20000; i++) {
		insert(cache, i);
		assert_true(check(cache, 1000000));
	}
	page_cache_free(cache);
}

static void test_no_cache(void **state)
{
	uint8_t byte;

	(void)state;
	assert_false(page_cache_read(NULL, 0, 0, &byte, 1));
	page_cache_insert(NULL, 0, &byte);
	page_cache_free(NULL);
}

static void *hammer(void *cache)
{
	uint64_t seed = (uintptr_t)&seed;
	uintptr_t wrong = 0;

	for (unsigned i = 0; i < 100000; i++) {
		uint8_t block[BLOCK], got[BLOCK];

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		fill(seed >> 52, block);
		if (!page_cache_read(cache, seed >> 52, 0, got, BLOCK))
			page_cache_insert(cache, seed >> 52, block);
		else
			wrong += memcmp(got, block, BLOCK) != 0;
	}
	return (void *)wrong;
}

static void test_threads(void **state)
{
	struct page_cache *cache = page_cache_new(BLOCK, 512 * BLOCK);
	pthread_t threads[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, cache), 0);
	for (unsigned i = 0; i < 4; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	page_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_second_chance),
		cmocka_unit_test(test_no_cache),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
