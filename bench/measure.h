/* Processor and wall time of a loop of calls, printed as one line of JSON. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define WARM_UP_CALLS 50

static double processor_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return 1e6 * (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static double wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e6 * (double)now.tv_sec + (double)now.tv_nsec / 1e3;
}

/* Reads a whole file; ends the program when it cannot. */
static char *read_picture(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *data = malloc(64 << 20);
    if (file == NULL || data == NULL) {
        perror(path);
        exit(1);
    }
    *length = fread(data, 1, 64 << 20, file);
    fclose(file);
    return data;
}

/* `call` returns 0 when it got a card. */
static int measure(int calls, int (*call)(void *context), void *context)
{
    int failed = 0;
    for (int i = 0; i < WARM_UP_CALLS; i++) {
        failed += call(context) != 0;
    }
    double processor = processor_us();
    double wall = wall_us();
    for (int i = 0; i < calls; i++) {
        failed += call(context) != 0;
    }
    printf("{\"processor_us\": %.2f, \"wall_us\": %.2f, \"failed\": %d}\n",
           (processor_us() - processor) / calls, (wall_us() - wall) / calls, failed);
    return failed != 0;
}

#endif
