/* SPDX-License-Identifier: Apache-2.0 */
/* ferry-sim's loop: one thread, several clients, one world. */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "sim/world.h"

/* Listen on a UNIX socket (mode 0600). -1 and one sentence in why if that cannot be. */
int sim_server_listen(const char *path, char *why, size_t why_size);

/* scraper: a socket of scrape.h, or -1. Serve until SIGTERM, SIGINT, or until the socket was removed from its
 * folder. Frees nothing of the world.
 */
void sim_server_run(struct sim_world *world, int listener, int scraper, const char *path);

/* One request of client.h, answered. The caller owns the reply. NULL: reset the connection instead. */
json_t *sim_server_answer(struct sim_world *world, const json_t *request);

#endif
