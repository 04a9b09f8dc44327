// SPDX-License-Identifier: GPL-3.0-or-later
/* The search itself and its threads: scan.h. */
#include "kernel/scan.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH_SIZE SCAN_RUN_MAX
#define MAX_THREADS 16
#define WINDOW_PER_THREAD 4	/* batches that may be ready before their turn, for each thread */
#define POLL_NS (50 * 1000 * 1000)

/* Neighbouring runs of BATCH_SIZE bytes or less, and what was found in them. */
struct batch {
	size_t first, end;		/* runs */
	struct scan_hit *hits;
	size_t nr_hits, capacity;
	uint64_t pages_searched, pages_missing;
	bool done, failed;		/* failed: no memory */
};

struct job {
	struct kernel *kernel;
	const struct scan_request *request;
	struct batch *batches;		/* a ring of WINDOW, by number */
	size_t window;
	size_t next_run;		/* where the next batch begins */
	size_t nr_taken, nr_delivered;
	bool stop, all_taken;
	pthread_mutex_t lock;
	pthread_cond_t work, ready;
};

/* --- matching, in one piece of memory without gaps --- */

struct piece {
	const uint8_t *data;
	size_t size, starts;	/* hits begin within the first STARTS bytes */
	uint64_t address;
	uint32_t owner;
};

static bool add_hit(struct batch *batch, const struct scan_hit *hit)
{
	if (batch->nr_hits == batch->capacity) {
		size_t capacity = batch->capacity ? 2 * batch->capacity : 64;
		struct scan_hit *grown = realloc(batch->hits, capacity * sizeof(*grown));

		if (!grown) {
			batch->failed = true;
			return false;
		}
		batch->hits = grown;
		batch->capacity = capacity;
	}
	batch->hits[batch->nr_hits++] = *hit;
	return true;
}

/* Hits are wanted with all their bytes in [start, last]. */
static bool is_wanted(const struct scan_request *request, uint64_t address, size_t size)
{
	return address >= request->start && address <= request->last &&
	       size - 1 <= request->last - address;
}

static void match_text(const struct scan_request *request, const struct piece *piece,
		       struct batch *batch)
{
	for (size_t i = 0; i < request->nr_patterns; i++) {
		const struct scan_pattern *pattern = &request->patterns[i];
		const uint8_t *at = piece->data, *end = piece->data + piece->size;

		while ((at = memmem(at, end - at, pattern->text, pattern->size)) != NULL) {
			struct scan_hit hit = { piece->address + (at - piece->data), 0, i,
						piece->owner };

			if ((size_t)(at - piece->data) >= piece->starts)
				break;
			if (is_wanted(request, hit.address, pattern->size) && !add_hit(batch, &hit))
				return;
			at++;
		}
	}
}

#define MAX_NUMBERS 64

/* The patterns as they look when memory is loaded in this machine's byte order. */
struct numbers {
	uint64_t value[MAX_NUMBERS], keep[MAX_NUMBERS];
	size_t count;
};

static uint64_t as_loaded(const struct kernel *kernel, uint64_t value, size_t size)
{
	bool swap = kernel->dump->big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);

	if (size == 2)
		return swap ? __builtin_bswap16(value) : (uint16_t)value;
	if (size == 4)
		return swap ? __builtin_bswap32(value) : (uint32_t)value;
	return swap ? __builtin_bswap64(value) : value;
}

static void prepare_numbers(const struct kernel *kernel, const struct scan_request *request,
			    struct numbers *numbers)
{
	numbers->count = request->nr_patterns < MAX_NUMBERS ? request->nr_patterns : MAX_NUMBERS;
	for (size_t i = 0; i < numbers->count; i++) {
		const struct scan_pattern *pattern = &request->patterns[i];

		numbers->keep[i] = as_loaded(kernel, ~pattern->ignore, pattern->size);
		numbers->value[i] =
			as_loaded(kernel, pattern->value, pattern->size) & numbers->keep[i];
	}
}

static uint64_t load(const uint8_t *at, size_t size)
{
	uint64_t value64;
	uint32_t value32;
	uint16_t value16;

	if (size == 2)
		return memcpy(&value16, at, 2), value16;
	if (size == 4)
		return memcpy(&value32, at, 4), value32;
	return memcpy(&value64, at, 8), value64;
}

/* SIZE is a constant where this is called, so that each has its own tight loop. */
static inline __attribute__((always_inline)) void match_size(const struct kernel *kernel,
							     const struct scan_request *request,
							     const struct numbers *numbers,
							     const struct piece *piece, size_t size,
							     struct batch *batch)
{
	for (size_t at = 0; at + size <= piece->starts; at += size) {
		uint64_t value = load(piece->data + at, size);

		for (size_t i = 0; i < numbers->count; i++) {
			struct scan_hit hit = { piece->address + at, 0, i, piece->owner };

			if ((value & numbers->keep[i]) != numbers->value[i])
				continue;
			hit.value = as_loaded(kernel, value, size);
			if (is_wanted(request, hit.address, size) && !add_hit(batch, &hit))
				return;
			break;
		}
	}
}

static void match(struct job *job, const struct numbers *numbers, const struct piece *piece,
		  struct batch *batch)
{
	const struct scan_request *request = job->request;

	if (!piece->size || batch->failed)
		return;
	if (request->patterns[0].text)
		match_text(request, piece, batch);
	else if (request->patterns[0].size == 2)
		match_size(job->kernel, request, numbers, piece, 2, batch);
	else if (request->patterns[0].size == 4)
		match_size(job->kernel, request, numbers, piece, 4, batch);
	else
		match_size(job->kernel, request, numbers, piece, 8, batch);
}

/* --- one batch --- */

static bool read_page(struct job *job, uint64_t physical, uint8_t *to, struct batch *batch)
{
	struct dump *dump = job->kernel->dump;
	struct error error;

	if (dump_scan_page(dump, physical >> dump->page_shift, to, &error)) {
		batch->pages_searched++;
		return true;
	}
	/* A device's memory, which is mapped too, was never going to be in a dump. */
	batch->pages_missing += error.kind != ERROR_NOT_MAPPED;
	return false;
}

/* A string can go on in the page behind PIECE, which belongs to the next run: NEXT, or NULL. */
static void extend(struct job *job, struct piece *piece, uint8_t *end, const struct scan_run *next)
{
	struct dump *dump = job->kernel->dump;

	if (next && job->request->patterns[0].text &&
	    next->address == piece->address + piece->size && next->owner == piece->owner &&
	    dump_scan_page(dump, next->physical >> dump->page_shift, end, NULL))
		piece->size += dump->page_size;
}

/* BUFFER has room for BATCH_SIZE and a page. */
static void scan_batch(struct job *job, const struct numbers *numbers, struct batch *batch,
		       uint8_t *buffer)
{
	const struct scan_runs *runs = job->request->runs;
	uint64_t page_size = job->kernel->dump->page_size;
	struct piece piece = { .data = buffer };
	uint8_t *at = buffer;

	for (size_t i = batch->first; i < batch->end; i++) {
		const struct scan_run *run = &runs->runs[i];

		if (run->address != piece.address + piece.size || run->owner != piece.owner) {
			match(job, numbers, &piece, batch);
			piece = (struct piece){ at, 0, 0, run->address, run->owner };
		}
		for (uint64_t offset = 0; offset < run->size; offset += page_size) {
			if (read_page(job, run->physical + offset, at, batch)) {
				at += page_size;
				piece.size += page_size;
				piece.starts += page_size;
				continue;
			}
			match(job, numbers, &piece, batch);
			piece = (struct piece){ at, 0, 0, run->address + offset + page_size,
						run->owner };
		}
	}
	extend(job, &piece, at, batch->end < runs->count ? &runs->runs[batch->end] : NULL);
	match(job, numbers, &piece, batch);
}

/* --- threads --- */

/* The next batch to work on; NULL at the end. Called with the lock held. */
static struct batch *take_batch(struct job *job)
{
	const struct scan_runs *runs = job->request->runs;
	struct batch *batch;
	uint64_t size = 0;

	while (!job->stop && !job->all_taken && job->nr_taken == job->nr_delivered + job->window)
		pthread_cond_wait(&job->work, &job->lock);
	if (job->stop || job->all_taken)
		return NULL;
	batch = &job->batches[job->nr_taken++ % job->window];
	batch->first = batch->end = job->next_run;
	batch->nr_hits = 0;
	batch->pages_searched = batch->pages_missing = 0;
	batch->done = false;
	while (batch->end < runs->count && size + runs->runs[batch->end].size <= BATCH_SIZE)
		size += runs->runs[batch->end++].size;
	job->next_run = batch->end;
	job->all_taken = job->next_run == runs->count;
	return batch;
}

static void *work(void *argument)
{
	struct job *job = argument;
	uint8_t *buffer = malloc(BATCH_SIZE + job->kernel->dump->page_size);
	struct numbers numbers;
	struct batch *batch;

	prepare_numbers(job->kernel, job->request, &numbers);
	pthread_mutex_lock(&job->lock);
	while ((batch = take_batch(job)) != NULL) {
		pthread_mutex_unlock(&job->lock);
		if (buffer)
			scan_batch(job, &numbers, batch, buffer);
		else
			batch->failed = true;
		pthread_mutex_lock(&job->lock);
		batch->done = true;
		pthread_cond_signal(&job->ready);
	}
	pthread_mutex_unlock(&job->lock);
	free(buffer);
	return NULL;
}

static unsigned start_threads(struct job *job, pthread_t *threads, unsigned count)
{
	sigset_t all, before;
	unsigned started = 0;

	/* Ctrl-C and everything else is for gdb's own threads. */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < count && pthread_create(&threads[started], NULL, work, job) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

/* Waits until batch NUMBER is done; looks for Ctrl-C meanwhile. Called with the lock held. */
static bool wait_for(struct job *job, const struct batch *batch, struct error *error)
{
	while (!batch->done) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += POLL_NS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&job->ready, &job->lock, &until);
		size_t taken = job->next_run;
		pthread_mutex_unlock(&job->lock);
		bool go_on = kernel_step(job->kernel, "searching", taken, job->request->runs->count, error);
		pthread_mutex_lock(&job->lock);
		if (!go_on)
			return false;
	}
	return true;
}

/* Hands out a finished batch's hits. */
static bool deliver(struct job *job, struct batch *batch, struct scan_totals *totals, bool *enough,
		    struct error *error)
{
	const struct scan_request *request = job->request;

	totals->pages_searched += batch->pages_searched;
	totals->pages_missing += batch->pages_missing;
	for (size_t i = 0; i < batch->nr_hits && !*enough; i++) {
		if (i % 4096 == 0 && !kernel_check_interrupt(job->kernel, error))
			return false;
		*enough = !request->hit(request->context, &batch->hits[i]);
	}
	return !batch->failed || error_no_memory(error, "what a search found",
						 batch->capacity * sizeof(struct scan_hit));
}

static int compare_hits(const void *a, const void *b)
{
	const struct scan_hit *x = a, *y = b;

	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

static bool collect(struct job *job, struct scan_totals *totals, struct error *error)
{
	bool good = true, enough = false;

	pthread_mutex_lock(&job->lock);
	while (good && !enough && !(job->all_taken && job->nr_delivered == job->nr_taken)) {
		struct batch *batch = &job->batches[job->nr_delivered % job->window];

		good = wait_for(job, batch, error);
		if (!good)
			break;
		pthread_mutex_unlock(&job->lock);
		/*
		 * Several strings were looked for one after the other; owners and addresses ascend
		 * within a batch.
		 */
		if (job->request->patterns[0].text && job->request->nr_patterns > 1 &&
		    batch->nr_hits)
			qsort(batch->hits, batch->nr_hits, sizeof(*batch->hits), compare_hits);
		good = deliver(job, batch, totals, &enough, error);
		pthread_mutex_lock(&job->lock);
		batch->done = false;
		job->nr_delivered++;
		pthread_cond_broadcast(&job->work);
	}
	job->stop = true;
	pthread_cond_broadcast(&job->work);
	pthread_mutex_unlock(&job->lock);
	return good;
}

static unsigned thread_count(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	return processors < 1 ? 1 : processors > MAX_THREADS ? MAX_THREADS : processors;
}

bool scan(struct kernel *kernel, const struct scan_request *request, struct scan_totals *totals,
	  struct error *error)
{
	struct job job = { .kernel = kernel, .request = request };
	pthread_t threads[MAX_THREADS];
	unsigned wanted = thread_count();
	bool good;

	*totals = (struct scan_totals){ 0 };
	if (!request->runs->count || !request->nr_patterns)
		return true;
	job.window = wanted * WINDOW_PER_THREAD;
	job.batches = calloc(job.window, sizeof(*job.batches));
	if (!job.batches)
		return error_no_memory(error, "a search", job.window * sizeof(*job.batches));
	pthread_mutex_init(&job.lock, NULL);
	pthread_cond_init(&job.work, NULL);
	pthread_cond_init(&job.ready, NULL);
	totals->threads = start_threads(&job, threads, wanted);
	if (totals->threads)
		good = collect(&job, totals, error);
	else
		good = error_set(error, ERROR_NO_MEMORY, "no thread can be started to search with");
	for (unsigned i = 0; i < totals->threads; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < job.window; i++)
		free(job.batches[i].hits);
	free(job.batches);
	pthread_cond_destroy(&job.ready);
	pthread_cond_destroy(&job.work);
	pthread_mutex_destroy(&job.lock);
	return good;
}
