// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The memory path measured against what it cannot beat: tests/bench/memory builds and runs this.
 *
 *   memory sequential FILE         all pages through dump_scan_pages on all processors; beside it
 * the decompressor alone over the same compressed pages already in memory, or, where nothing is
 * compressed, pread of the same bytes memory random FILE             8-byte reads of kernel virtual
 * memory from pages that are cached; beside it the same loads from an array; from 1 MiB and from 32
 * MiB of them memory open FILE [ADDRESS...]  dump_open, then 8 bytes at each physical address
 * (hexadecimal)
 *
 * Each prints one line "NAME VALUE UNIT" per figure. Nothing is asserted.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arch/arch.h"
#include "dump/compress.h"
#include "dump/dump.h"
#include "dump/file.h"

#define BATCH_PAGES  128
#define MAX_THREADS  64
#define RANDOM_PAGES 8192 /* 32 MiB: half of the page cache */
#define RANDOM_READS 4000000

struct stopwatch {
	double wall, cpu;
};

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static struct stopwatch start(void)
{
	return (struct stopwatch){ seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID) };
}

static struct stopwatch stop(struct stopwatch since)
{
	struct stopwatch now = start();

	return (struct stopwatch){ now.wall - since.wall, now.cpu - since.cpu };
}

static void die(const char *what, const struct error *error)
{
	fprintf(stderr, "%s: %s\n", what, error ? error->text : "no memory");
	exit(1);
}

static struct dump *open_dump(const char *path)
{
	struct dump *dump;
	struct error error = { 0 };

	if (!dump_open(&path, 1, &dump, &error))
		die(path, &error);
	return dump;
}

static unsigned nr_threads(void)
{
	long nr = sysconf(_SC_NPROCESSORS_ONLN);

	return nr < 1 ? 1 : nr > MAX_THREADS ? MAX_THREADS : nr;
}

/* --- sequential --- */

/* Pages FIRST to END, in batches that threads take one after the other. */
struct batches {
	struct dump *dump;
	struct batch {
		uint64_t pfn;
		size_t nr;
	} * list;
	size_t nr;
	atomic_size_t next, pages;
	/* the compressed pages */
	struct block {
		const uint8_t *data;
		uint32_t size;
		bool compressed;
	} * blocks;
	size_t nr_blocks;
	uint32_t flags;
};

static void find_batches(struct batches *batches)
{
	struct dump *dump = batches->dump;
	uint64_t next = 0;

	for (size_t i = 0; i < dump->nr_ranges; i++) {
		uint64_t pfn = dump->ranges[i].start >> dump->page_shift;
		uint64_t end = (dump->ranges[i].start + dump->ranges[i].size + dump->page_size -
				1) >>
			       dump->page_shift;

		for (pfn = pfn < next ? next : pfn; pfn < end;) {
			size_t nr = end - pfn < BATCH_PAGES ? end - pfn : BATCH_PAGES;

			batches->list = realloc(batches->list,
						(batches->nr + 1) * sizeof(*batches->list));
			if (!batches->list)
				die("batches", NULL);
			batches->list[batches->nr++] = (struct batch){ pfn, nr };
			pfn += nr;
		}
		next = end > next ? end : next;
	}
}

/* All compressed pages into memory, as they are in the file. */
static void load_blocks(struct batches *batches)
{
	struct dump *dump = batches->dump;
	struct dump_place places[BATCH_PAGES];
	uint8_t kinds[BATCH_PAGES];
	size_t room = 0;

	for (size_t i = 0; i < batches->nr; i++) {
		dump_find_pages(dump, batches->list[i].pfn, batches->list[i].nr, places, kinds);
		for (size_t j = 0; j < batches->list[i].nr; j++) {
			uint8_t *data;

			if (kinds[j])
				continue;
			if (batches->nr_blocks == room) {
				room = room ? 2 * room : 1024;
				batches->blocks = realloc(batches->blocks,
							  room * sizeof(*batches->blocks));
			}
			data = malloc(places[j].size);
			if (!batches->blocks || !data)
				die("compressed pages", NULL);
			if (!dump_file_read(places[j].file, places[j].offset, data, places[j].size,
					    NULL))
				continue;
			batches->blocks[batches->nr_blocks++] = (struct block){
				data, places[j].size, places[j].size != dump->page_size
			};
		}
	}
}

static void *scan_thread(void *argument)
{
	struct batches *batches = argument;
	uint8_t *buffer = malloc((size_t)BATCH_PAGES * batches->dump->page_size);
	uint8_t kinds[BATCH_PAGES];
	size_t i, pages = 0;

	while ((i = atomic_fetch_add(&batches->next, 1)) < batches->nr) {
		const struct batch *batch = &batches->list[i];

		dump_scan_pages(batches->dump, batch->pfn, batch->nr, buffer, kinds);
		for (size_t j = 0; j < batch->nr; j++)
			pages += kinds[j] == ERROR_NONE;
	}
	atomic_fetch_add(&batches->pages, pages);
	free(buffer);
	return NULL;
}

static void *decompress_thread(void *argument)
{
	struct batches *batches = argument;
	size_t page_size = batches->dump->page_size, i, pages = 0;
	struct compress_scratch *scratch = compress_scratch_new();
	uint8_t *buffer = malloc(BATCH_PAGES * page_size);
	struct error error;

	while ((i = atomic_fetch_add(&batches->next, BATCH_PAGES)) < batches->nr_blocks) {
		for (size_t j = i; j < i + BATCH_PAGES && j < batches->nr_blocks; j++, pages++) {
			const struct block *block = &batches->blocks[j];
			uint8_t *to = buffer + (j - i) * page_size;

			if (!block->compressed)
				memcpy(to, block->data, page_size);
			else if (!decompress(scratch, batches->flags, block->data, block->size, to,
					     page_size, &error))
				die("decompressing", &error);
		}
	}
	atomic_fetch_add(&batches->pages, pages);
	compress_scratch_free(scratch);
	free(buffer);
	return NULL;
}

static void *copy_thread(void *argument)
{
	struct batches *batches = argument;
	struct dump *dump = batches->dump;
	size_t i, pages = 0;
	uint8_t *buffer = malloc((size_t)BATCH_PAGES * dump->page_size);

	while ((i = atomic_fetch_add(&batches->next, 1)) < batches->nr) {
		const struct batch *batch = &batches->list[i];
		struct dump_place place;

		if (!dump->format->find_page(dump, batch->pfn, &place, NULL))
			continue;
		pages += pread(place.file->fd, buffer, batch->nr * dump->page_size, place.offset) /
			 dump->page_size;
	}
	atomic_fetch_add(&batches->pages, pages);
	free(buffer);
	return NULL;
}

static void run_threads(const char *name, void *(*function)(void *), struct batches *batches)
{
	pthread_t threads[MAX_THREADS];
	unsigned nr = nr_threads(), started = 0;
	struct stopwatch watch = start();

	atomic_store(&batches->next, 0);
	atomic_store(&batches->pages, 0);
	while (started < nr && !pthread_create(&threads[started], NULL, function, batches))
		started++;
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	watch = stop(watch);
	printf("%s_wall %.6f s\n%s_cpu %.6f s\n%s_pages %zu\n", name, watch.wall, name, watch.cpu,
	       name, atomic_load(&batches->pages));
}

static void sequential(const char *path)
{
	struct batches batches = { .dump = open_dump(path) };
	bool compressed;

	find_batches(&batches);
	batches.flags = batches.dump->header_status & compress_flags();
	compressed = batches.dump->header_version && batches.flags;
	if (compressed)
		load_blocks(&batches);
	printf("format %s %s\n", batches.dump->format->name, batches.dump->compression);
	/* Each twice, in turns: the first warms the page cache and the buffers. */
	for (int i = 0; i < 4; i++) {
		run_threads("yardstick", compressed ? decompress_thread : copy_thread, &batches);
		run_threads("scan", scan_thread, &batches);
	}
	dump_close(batches.dump);
}

/* --- random --- */

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 32;
}

/* The kernel's mappings, some pages of each, until there are enough that the dump has. */
static size_t find_pages(struct memory *memory, uint64_t *pages)
{
	uint64_t address = memory_kernel_start(memory), seed = 1, value;
	size_t nr = 0;

	while (nr < RANDOM_PAGES) {
		struct translation translation;
		bool again;

		if (!memory_next_mapping(memory, 0, &address, UINT64_MAX - 4095, &translation,
					 &again)) {
			if (again)
				continue;
			break;
		}
		for (uint64_t at = 0; at < translation.run && nr < RANDOM_PAGES; at += 4096)
			if (next_random(&seed) % 4 == 0 &&
			    memory_read_uint(memory, address + at, 8, &value, NULL))
				pages[nr++] = address + at;
		address += translation.run;
	}
	return nr;
}

/*
 * Where read number I goes: DEPENDENT, the next place is not known before this one has been read,
 * as when pointers are followed; otherwise the processor reads ahead.
 */
static size_t place(uint64_t *seed, uint64_t value, int dependent)
{
	if (dependent)
		*seed ^= value;
	return next_random(seed);
}

static void time_reads(const char *name, struct memory *memory, const uint64_t *pages, size_t nr,
		       const uint8_t *array, int dependent)
{
	double best_array = 1e9, best_read = 1e9;

	for (int turn = 0; turn < 3; turn++) {
		uint64_t seed = 7, value = 0, sum = 0;
		struct stopwatch watch = start();
		double ns;

		for (size_t i = 0; i < RANDOM_READS; i++) {
			size_t where = place(&seed, value, dependent);

			memcpy(&value, array + where % nr * 4096 + (where >> 20) % 512 * 8, 8);
			sum += value;
		}
		ns = stop(watch).cpu / RANDOM_READS * 1e9;
		best_array = ns < best_array ? ns : best_array;
		watch = start();
		seed = 7;
		value = 0;
		for (size_t i = 0; i < RANDOM_READS; i++) {
			size_t where = place(&seed, value, dependent);

			if (memory_read_uint(memory, pages[where % nr] + (where >> 20) % 512 * 8, 8,
					     &value, NULL))
				sum -= value;
		}
		ns = stop(watch).cpu / RANDOM_READS * 1e9;
		best_read = ns < best_read ? ns : best_read;
		if (sum)
			die("the array and the dump differ", NULL);
	}
	printf("%s_array %.1f ns\n%s_read %.1f ns\n", name, best_array, name, best_read);
}

static void random_reads(const char *path)
{
	struct dump *dump = open_dump(path);
	uint64_t *pages = calloc(RANDOM_PAGES, sizeof(*pages));
	uint8_t *array = malloc((size_t)RANDOM_PAGES * 4096);
	struct memory *memory;
	struct error error = { 0 };
	size_t nr;

	if (!memory_open(dump, &memory, &error))
		die(path, &error);
	nr = find_pages(memory, pages);
	if (!nr || !array)
		die(path, NULL);
	for (size_t i = 0; i < nr; i++)
		memory_read(memory, pages[i], array + i * 4096, 4096, NULL);
	for (size_t set = 256; set <= nr; set *= 32) {
		printf("pages %zu\n", set);
		time_reads("independent", memory, pages, set, array, 0);
		time_reads("dependent", memory, pages, set, array, 1);
	}
	memory_close(memory);
	dump_close(dump);
	free(array);
	free(pages);
}

/* --- open --- */

/* The most memory this program ever had, KiB; getrusage would count what it was forked from. */
static long peak(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	long size = 0;

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmHWM: %ld", &size) == 1)
			break;
	if (status)
		fclose(status);
	return size;
}

static void open_only(const char *path, char **addresses)
{
	long before = peak();
	struct stopwatch watch = start();
	struct dump *dump = open_dump(path);

	watch = stop(watch);
	printf("open_wall %.6f s\nopen_cpu %.6f s\nopen_memory %ld KiB\n", watch.wall, watch.cpu,
	       peak() - before);
	for (; *addresses; addresses++) {
		uint64_t address = strtoull(*addresses, NULL, 16), value;
		struct error error = { 0 };
		bool done;

		watch = start();
		done = dump_read_phys(dump, address, &value, sizeof(value), &error);
		watch = stop(watch);
		printf("read_wall %.6f s\nread_cpu %.6f s\n", watch.wall, watch.cpu);
		printf("read_value 0x%" PRIx64 "\n", done ? value : 0);
		if (!done)
			fprintf(stderr, "%s\n", error.text);
	}
	printf("memory %ld KiB\n", peak() - before);
	dump_close(dump);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "sequential"))
		sequential(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "random"))
		random_reads(argv[2]);
	else if (argc >= 3 && !strcmp(argv[1], "open"))
		open_only(argv[2], argv + 3);
	else
		return fprintf(stderr, "see the head of tests/bench/memory.c\n"), 2;
	return 0;
}
