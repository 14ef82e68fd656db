/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit a durable step is measured against: fdatasync of a 4 KiB overwrite, one thread.
 *   bench_limit FILE SECONDS    prints the rate a second
 */
#include "figures.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fputs("usage: bench_limit FILE SECONDS\n", stderr);
        return 2;
    }
    static char block[4096];
    memset(block, 'x', sizeof block);
    int fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || pwrite(fd, block, sizeof block, 0) != (ssize_t)sizeof block || fdatasync(fd) != 0) {
        perror(argv[1]);
        return 1;
    }
    double begin = seconds(), end = begin + strtod(argv[2], NULL), now = begin;
    long count = 0;
    for (; now < end; now = seconds(), count++) {
        block[0]++;
        if (pwrite(fd, block, sizeof block, 0) != (ssize_t)sizeof block || fdatasync(fd) != 0) {
            perror(argv[1]);
            return 1;
        }
    }
    (void)printf("%.0f\n", (double)count / (now - begin));
    (void)close(fd);
    return 0;
}
