/*
 * tests/rig/guest/workload.h: what workload.c (which starts the processes and waits until they are what they
 * should be) and roles_*.c (what each process does) say to each other.
 */
#ifndef RIG_WORKLOAD_H
#define RIG_WORKLOAD_H

#include <sys/types.h>

/*
 * One kind of process. To add one: write a function in roles_*.c that brings itself into its state and stays
 * there for ever, and give it a row in the table there. The name becomes "pid.NAME" in the set's info.txt
 * and, unless the function sets another, "rig-NAME" its comm.
 */
struct role {
	const char *name;
	void (*run)(void);
	char state; /* the letter of /proc/PID/stat that it ends up in */
	int call;   /* the system call that it sleeps in, or -1 */
};

extern const struct role task_roles[], file_roles[]; /* each ends with a row without a name */

/* For a role to say that it has made a further process or thread: "pid.NAME", with the state it will have. */
void report(const char *name, pid_t pid, char state);

/* Where the program was started from, for roles that execute it again. */
extern const char *program;

void set_comm(const char *comm);
void fail(const char *what); /* says what failed, with errno, and ends the process */

/* fork, and fail() if it does not work. */
pid_t start(void);

/* Never returns. */
void pause_for_ever(void);

#endif
