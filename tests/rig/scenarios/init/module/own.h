/* SPDX-License-Identifier: GPL-2.0 */
struct rig_init_shared {
	char text[16];
};
extern struct rig_init_shared rig_init_shared;

void *rig_init_own(void);
long rig_init_die(long *nowhere, long number);
