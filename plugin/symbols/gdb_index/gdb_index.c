// SPDX-License-Identifier: GPL-3.0-or-later
/* The index as a whole: threads over the units, and the file that comes out; see gdb_index.h. */
#include "symbols/gdb_index/gdb_index.h"

#include <endian.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/files.h"
#include "base/threads.h"
#include "symbols/gdb_index/gdb_index_internal.h"

#define MAX_THREADS 32
#define POLL_MS	    20

/* The header: the version and where each part starts. From version 9 on there is one more part. */
enum {
	HEADER_VERSION,
	HEADER_UNITS,
	HEADER_TYPES,
	HEADER_RANGES,
	HEADER_SYMBOLS,
	HEADER_POOL,
	HEADER_LATE_POOL,
	HEADER_WORDS
};

/* Of an entry of each part but the pool. */
#define UNIT_SIZE   16
#define TYPE_SIZE   24
#define RANGE_SIZE  20
#define SYMBOL_SIZE 8

struct job {
	struct index_file file;
	atomic_size_t next;	   /* unit that nobody has taken */
	atomic_uint_fast64_t done; /* bytes of .debug_info */
	atomic_bool stop;
	pthread_mutex_t lock;
	pthread_cond_t finished;
	unsigned running; /* under the lock, as is the rest */
	struct error error;
	bool failed;
};

struct worker {
	struct job *job;
	struct scanner scanner;
	pthread_t thread;
};

/* The pages of a unit are not needed twice: the file may be larger than memory. */
static void release_pages(const struct index_file *file, const struct index_unit *unit)
{
	uintptr_t page = sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)(file->info.data + unit->offset + page - 1) & ~(page - 1);
	uintptr_t end = (uintptr_t)(file->info.data + unit->offset + unit->size) & ~(page - 1);

	if (file->info_mapped && start < end)
		madvise((void *)start, end - start, MADV_DONTNEED);
}

static void *work(void *context)
{
	struct worker *worker = context;
	struct job *job = worker->job;
	struct error error = { 0 };
	bool done = true;
	size_t number;

	worker->scanner.file = &job->file;
	while (done && !atomic_load(&job->stop) &&
	       (number = atomic_fetch_add(&job->next, 1)) < job->file.nr_units) {
		done = scan_unit(&worker->scanner, number, &error);
		release_pages(&job->file, &job->file.units[number]);
		atomic_fetch_add(&job->done, job->file.units[number].size);
	}
	pthread_mutex_lock(&job->lock);
	if (!done) {
		atomic_store(&job->stop, true);
		if (!job->failed)
			job->error = error;
		job->failed = true;
	}
	job->running--;
	pthread_cond_signal(&job->finished);
	pthread_mutex_unlock(&job->lock);
	return NULL;
}

/* Waits until the threads are through, and tells and asks the caller meanwhile. */
static bool supervise(struct job *job, const struct gdb_index_options *options, struct error *error)
{
	bool interrupted = false;
	struct timespec until;

	pthread_mutex_lock(&job->lock);
	while (job->running) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += POLL_MS * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&job->finished, &job->lock, &until);
		pthread_mutex_unlock(&job->lock);
		if (options && options->progress)
			options->progress(options->context, atomic_load(&job->done),
					  job->file.info.size);
		if (options && options->interrupted && !interrupted &&
		    options->interrupted(options->context)) {
			interrupted = true;
			atomic_store(&job->stop, true);
		}
		pthread_mutex_lock(&job->lock);
	}
	pthread_mutex_unlock(&job->lock);
	if (interrupted)
		return error_set(error, ERROR_INTERRUPTED, "interrupted");
	if (job->failed && error)
		*error = job->error;
	return !job->failed;
}

static unsigned count_threads(const struct gdb_index_options *options, size_t nr_units)
{
	unsigned threads = options ? options->threads : 0;

	if (!threads)
		threads = threads_useful();
	if (threads > MAX_THREADS)
		threads = MAX_THREADS;
	return threads > nr_units ? nr_units : threads;
}

/* Starts up to NR workers; at least one, or an error. */
static unsigned start_workers(struct job *job, struct worker *workers, unsigned nr)
{
	unsigned started = 0;

	job->running = nr;
	while (started < nr) {
		workers[started].job = job;
		if (!threads_start(&workers[started].thread, work, &workers[started]))
			break;
		started++;
	}
	pthread_mutex_lock(&job->lock);
	job->running -= nr - started;
	pthread_mutex_unlock(&job->lock);
	return started;
}

static bool scan_all(struct job *job, struct worker *workers, unsigned *nr,
		     const struct gdb_index_options *options, struct error *error)
{
	pthread_condattr_t attributes;
	bool done;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&job->finished, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&job->lock, NULL);
	*nr = start_workers(job, workers, *nr);
	done = *nr ? supervise(job, options, error)
		   : error_set(error, ERROR_NO_MEMORY, "cannot start a thread");
	for (unsigned i = 0; i < *nr; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_cond_destroy(&job->finished);
	pthread_mutex_destroy(&job->lock);
	return done;
}

/* The file */

static void append_u64(struct buffer *buffer, uint64_t value)
{
	value = htole64(value);
	buffer_append(buffer, &value, sizeof(value));
}

static void append_ranges(struct buffer *buffer, const struct index_range *list, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		append_u64(buffer, list[i].start);
		append_u64(buffer, list[i].end);
		append_u32(buffer, list[i].unit);
	}
}

static int compare_ranges(const void *a, const void *b)
{
	const struct index_range *left = a, *right = b;

	if (left->unit != right->unit)
		return left->unit < right->unit ? -1 : 1;
	return left->start < right->start ? -1 : left->start > right->start;
}

/*
 * Where ranges overlap gdb believes the first: those of .debug_aranges, then the units' own, in
 * file order whichever thread had them.
 */
static bool append_all_ranges(struct buffer *buffer, const struct index_ranges *aranges,
			      const struct worker *workers, unsigned nr, struct error *error)
{
	struct index_ranges all = { 0 };
	bool done = true;

	append_ranges(buffer, aranges->list, aranges->nr);
	for (unsigned i = 0; i < nr && done; i++) {
		const struct index_ranges *ranges = &workers[i].scanner.ranges;

		for (size_t j = 0; j < ranges->nr && done; j++)
			done = ranges_add(&all, ranges->list[j].start, ranges->list[j].end,
					  ranges->list[j].unit);
	}
	if (done && all.nr)
		qsort(all.list, all.nr, sizeof(*all.list), compare_ranges);
	append_ranges(buffer, all.list, all.nr);
	ranges_free(&all);
	return done ? true : error_no_memory(error, "address ranges", 0);
}

static bool write_file(const struct job *job, const struct index_ranges *aranges,
		       struct worker *workers, unsigned nr, const char *path, unsigned version,
		       struct error *error)
{
	uint32_t header[HEADER_WORDS] = { version };
	size_t header_size = sizeof(uint32_t) * (version < 9 ? HEADER_POOL + 1 : HEADER_WORDS);
	struct buffer out = { 0 }, table = { 0 }, pool = { 0 };
	struct names *names = calloc(nr, sizeof(*names));
	bool done;

	if (!names)
		return error_no_memory(error, "an index", 0);
	for (unsigned i = 0; i < nr; i++)
		names[i] = workers[i].scanner.names;
	done = names_write(names, nr, &table, &pool, error);
	free(names);
	buffer_zeros(&out, header_size);
	header[HEADER_UNITS] = out.size;
	for (size_t i = 0; i < job->file.nr_units; i++) {
		append_u64(&out, job->file.units[i].offset);
		append_u64(&out, job->file.units[i].size);
	}
	header[HEADER_TYPES] = header[HEADER_RANGES] = out.size;
	done = done && append_all_ranges(&out, aranges, workers, nr, error);
	if (done) {
		header[HEADER_SYMBOLS] = out.size;
		buffer_append(&out, table.data, table.size);
		header[HEADER_POOL] = out.size;
		if (version >= 9) { /* a table of main()'s name and language: there is none */
			buffer_zeros(&out, 2 * sizeof(uint32_t));
			header[HEADER_LATE_POOL] = out.size;
		}
		buffer_append(&out, pool.data, pool.size);
		if (out.failed || out.size > INT32_MAX)
			done = error_no_memory(error, "an index", out.size);
	}
	if (done) {
		for (unsigned i = 0; i < HEADER_WORDS; i++)
			header[i] = htole32(header[i]);
		memcpy(out.data, header, header_size);
		done = files_write_atomically(path, out.data, out.size, error);
	}
	buffer_free(&out);
	buffer_free(&table);
	buffer_free(&pool);
	return done;
}

unsigned gdb_index_version_for(unsigned gdb)
{
	return gdb < 15 ? 8 : 9;
}

bool gdb_index_write(const char *vmlinux, const char *path, const struct gdb_index_options *options,
		     struct error *error)
{
	unsigned gdb = options ? options->gdb : 0, nr;
	struct index_ranges aranges = { 0 };
	struct job job = { 0 };
	struct worker *workers;
	bool done;

	if (!index_file_open(&job.file, vmlinux, error))
		return false;
	job.file.lost_variables = gdb >= 15;
	nr = count_threads(options, job.file.nr_units);
	workers = calloc(nr, sizeof(*workers));
	for (unsigned i = 0; workers && i < nr; i++)
		workers[i].scanner.names.first_only = (gdb < 18) << INDEX_TYPE |
						      (gdb < 15) << INDEX_VARIABLE;
	done = workers && ranges_read_aranges(&aranges, &job.file);
	if (!done)
		error_no_memory(error, "an index", 0);
	done = done && scan_all(&job, workers, &nr, options, error) &&
	       write_file(&job, &aranges, workers, nr, path, gdb_index_version_for(gdb), error);
	for (unsigned i = 0; workers && i < nr; i++)
		scan_free(&workers[i].scanner);
	free(workers);
	ranges_free(&aranges);
	index_file_close(&job.file);
	return done;
}

/* What is in the cache already */

/*
 * Is the name that is last in the pool all there? In gdb's files and ours it is the end of the
 * file, except that version 9 may have another behind it.
 */
static bool ends_with_name(const uint8_t *data, size_t size, const uint64_t *header)
{
	struct cursor cursor = { .at = data + header[HEADER_SYMBOLS],
				 .end = data + header[HEADER_POOL] };
	uint64_t last = 0, pool = header[HEADER_LATE_POOL];
	const uint8_t *nul;

	while (cursor.at < cursor.end) {
		uint64_t name = cursor_u32(&cursor);

		cursor_u32(&cursor);
		if (name > last)
			last = name;
	}
	if (!last || last >= size - pool)
		return false;
	nul = memchr(data + pool + last, 0, size - pool - last);
	return nul && (header[HEADER_VERSION] > 8 || nul == data + size - 1);
}

/* The version of the index in DATA if its list of units goes with .debug_info, else 0. */
static unsigned check(const uint8_t *data, size_t size, uint64_t first_size, uint64_t info_size)
{
	struct cursor cursor = { .at = data, .end = data + size };
	uint64_t header[HEADER_WORDS + 1], units, symbols, last;

	for (unsigned i = 0; i < HEADER_WORDS; i++)
		header[i] = cursor_u32(&cursor);
	if (header[HEADER_VERSION] < 9)
		header[HEADER_LATE_POOL] = header[HEADER_POOL];
	header[HEADER_WORDS] = size;
	if (cursor.failed || header[HEADER_VERSION] < 7 || header[HEADER_VERSION] > 9 ||
	    header[HEADER_UNITS] < sizeof(uint32_t) * (HEADER_POOL + 1))
		return 0;
	for (unsigned i = HEADER_UNITS; i < HEADER_WORDS; i++)
		if (header[i] > header[i + 1])
			return 0;
	units = header[HEADER_TYPES] - header[HEADER_UNITS];
	/* In version 9 there is another table before the pool. */
	symbols = header[HEADER_POOL] - header[HEADER_SYMBOLS];
	if (!units || units % UNIT_SIZE || symbols < SYMBOL_SIZE || (symbols & (symbols - 1)) ||
	    (header[HEADER_RANGES] - header[HEADER_TYPES]) % TYPE_SIZE ||
	    (header[HEADER_SYMBOLS] - header[HEADER_RANGES]) % RANGE_SIZE)
		return 0;
	cursor.at = data + header[HEADER_UNITS];
	if (cursor_uint(&cursor, 8) != 0 || cursor_uint(&cursor, 8) != first_size)
		return 0;
	cursor.at = data + header[HEADER_TYPES] - UNIT_SIZE;
	last = cursor_uint(&cursor, 8);
	/* type units, which are in another list, may follow */
	if (last > info_size || cursor_uint(&cursor, 8) > info_size - last)
		return 0;
	return ends_with_name(data, size, header) ? header[HEADER_VERSION] : 0;
}

/* The sizes of .debug_info's first unit and of all of it. */
static bool info_sizes(const char *vmlinux, uint64_t *first, uint64_t *all)
{
	struct index_file file = { .path = vmlinux };
	struct cursor cursor;
	bool done;

	if (!elf_file_open(&file.elf, vmlinux, NULL))
		return false;
	file.info.data = elf_file_contents(&file.elf, ".debug_info", NULL, &file.info.size);
	file.big_endian = file.elf.header.e_ident[EI_DATA] == ELFDATA2MSB;
	cursor = index_cursor(&file, file.info, 0);
	*first = cursor_u32(&cursor) + 4;
	if (*first == 0x100000003)
		*first = cursor_uint(&cursor, 8) + 12;
	*all = file.info.size;
	done = !cursor.failed;
	index_file_close(&file);
	return done;
}

unsigned gdb_index_version(const char *path, const char *vmlinux)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* it might be a FIFO */
	struct stat status;
	uint64_t first, all;
	unsigned version = 0;
	void *data;

	if (fd < 0)
		return 0;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
		data = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data != MAP_FAILED) {
			if (info_sizes(vmlinux, &first, &all))
				version = check(data, status.st_size, first, all);
			munmap(data, status.st_size);
		}
	}
	close(fd);
	return version;
}

bool gdb_index_build_id(const char *vmlinux, char *id, size_t size, struct error *error)
{
	struct elf_file file;

	if (!elf_file_open(&file, vmlinux, error))
		return false;
	elf_file_build_id(&file, id, size);
	elf_file_close(&file);
	return id[0] ? true : error_set(error, ERROR_UNSUPPORTED, "%s has no build-id", vmlinux);
}
