/* The driver of C's blocking client: so many threads, each taking its tasks off standard input.
 * usage: endurance_by_c THREADS */
#include "by_c.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEAD "\xff\xd8\xff\xe0"
#define HEAD_LENGTH 4
#define MOST_THREADS 64

static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;
static cJSON *first;   /* the task that a round begins with, once it has been read */
static int is_over;    /* the input has ended */
static cJSON *pausing; /* a line that asks to close clients and tell the memory in use */

void *or_die(void *allocated)
{
    if (allocated == NULL) {
        (void)fputs("out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return allocated;
}

const cJSON *member(const cJSON *object, const char *name)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);
    if (found == NULL) {
        (void)fprintf(stderr, "a line without %s\n", name);
        exit(EXIT_FAILURE);
    }
    return found;
}

/* A line of input, or NULL at its end. To be freed with cJSON_Delete(). */
static cJSON *read_line(void)
{
    char *line = NULL;
    size_t size = 0;
    cJSON *given = NULL;
    if (getline(&line, &size, stdin) > 0) {
        given = or_die(cJSON_Parse(line));
    }
    free(line);
    return given;
}

/* A task, or NULL when there is to be a pause, or nothing more comes. */
static cJSON *read_task(void)
{
    cJSON *given = pausing == NULL && !is_over ? read_line() : NULL;
    if (given != NULL && cJSON_HasObjectItem(given, "quiet")) {
        pausing = given;
        return NULL;
    }
    is_over = given == NULL && pausing == NULL;
    return given;
}

static cJSON *next_task(void)
{
    (void)pthread_mutex_lock(&reading);
    cJSON *task = first != NULL ? first : read_task();
    first = NULL;
    (void)pthread_mutex_unlock(&reading);
    return task;
}

/* ---- Calls ---- */

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static unsigned char *new_picture(const char *says, size_t length)
{
    size_t said = strlen(says);
    unsigned char *picture = or_die(malloc(length));
    memset(picture, 'x', length);
    memcpy(picture, HEAD, HEAD_LENGTH);
    memcpy(picture + HEAD_LENGTH, says, said < length - HEAD_LENGTH ? said : length - HEAD_LENGTH);
    return picture;
}

/* printf() writes a line whole, whatever other threads do. */
static void tell_card(const cJSON *call, double elapsed_ms, const wxid_value *card)
{
    long long crc32 = wxid_value_integer(wxid_value_get(card, "image_crc32"));
    long long length = wxid_value_integer(wxid_value_get(card, "image_length"));
    (void)printf("%.0f %.3f card %lld %lld\n", member(call, "number")->valuedouble, elapsed_ms,
                 crc32, length);
}

static void tell_error(const cJSON *call, double elapsed_ms, const wxid_error *error)
{
    (void)printf("%.0f %.3f error %s %d\n", member(call, "number")->valuedouble, elapsed_ms,
                 wxid_error_kind_name(error), wxid_error_http_status(error));
    (void)fprintf(stderr, "%.0f: %s\n", member(call, "number")->valuedouble,
                  wxid_error_message(error));
}

static void recognize(wxid_client *client, const cJSON *call)
{
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    recognition.image_length = (size_t)member(call, "length")->valuedouble;
    unsigned char *picture =
        new_picture(member(call, "says")->valuestring, recognition.image_length);
    recognition.image = picture;
    double began_ms = now_ms();
    int failed = wxid_client_recognize(&card, client, &recognition, NULL, &error);
    double elapsed_ms = now_ms() - began_ms;
    if (failed) {
        tell_error(call, elapsed_ms, error);
    } else {
        tell_card(call, elapsed_ms, card);
    }
    (void)fflush(stdout);
    wxid_error_free(error);
    wxid_value_free(card);
    free(picture);
}

static void *work(void *unused)
{
    cJSON *task;
    (void)unused;
    while ((task = next_task()) != NULL) {
        const cJSON *call;
        wxid_client *client = begin_task(task);
        cJSON_ArrayForEach(call, member(task, "calls"))
        {
            recognize(client, call);
        }
        end_task(task);
        cJSON_Delete(task);
    }
    return NULL;
}

/* ---- Rounds ---- */

static void pause_for_a_look(void)
{
    close_clients(strcmp(member(pausing, "quiet")->valuestring, "closed") == 0);
    cJSON_Delete(pausing);
    pausing = NULL;
    (void)malloc_trim(0);
    struct mallinfo2 info = mallinfo2();
    (void)printf("quiet %zu\n", info.uordblks + info.hblkhd);
    (void)fflush(stdout);
}

/* There are threads only while there are tasks: until then somebody may be counting them. */
static void run_threads(int count)
{
    pthread_t threads[MOST_THREADS];
    for (int i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, work, NULL) != 0) {
            (void)fputs("no thread can be had\n", stderr);
            exit(EXIT_FAILURE);
        }
    }
    for (int i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

static void run(int count)
{
    first = read_task();
    if (first != NULL) {
        run_threads(count);
    }
    if (pausing != NULL) {
        pause_for_a_look();
    }
}

int main(int argc, char **argv)
{
    int count = argc == 2 ? atoi(argv[1]) : 0;
    if (count < 1 || count > MOST_THREADS) {
        (void)fputs("usage: endurance_by_c THREADS\n", stderr);
        return 2;
    }
    while (!is_over) {
        run(count);
    }
    return 0;
}
