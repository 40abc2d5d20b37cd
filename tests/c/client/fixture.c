#include "fixture.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t server_pid;
static int server_output = -1;
static char words[1024]; /* "http=… https=… ca=…", blanks become NUL */
static size_t words_length;

/* ---- The server ---- */

static void run_server(int output)
{
    (void)dup2(output, STDOUT_FILENO);
    execlp("python3", "python3", PROJECT_FOLDER "/tests/faults/server.py", (char *)NULL);
    _exit(127);
}

static void read_first_line(char *line, size_t size)
{
    size_t length = 0;
    while (length + 1 < size && read(server_output, line + length, 1) == 1 &&
           line[length] != '\n') {
        length++;
    }
    line[length] = '\0';
}

static void split_words(char *line)
{
    static const char *const first[] = {"http", "https"};
    static const char start[] = "fault server: ";
    char *rest = NULL;
    int number = 0;
    assert_int_equal(strncmp(line, start, sizeof start - 1), 0);
    for (char *word = strtok_r(line + sizeof start - 1, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest), number++) {
        int n = number < 2
                    ? snprintf(words + words_length, sizeof words - words_length, "%s=%s",
                               first[number], word)
                    : snprintf(words + words_length, sizeof words - words_length, "%s", word);
        words_length += (size_t)n + 1;
        assert_true(words_length < sizeof words);
    }
}

int start_server(void **state)
{
    char line[1024];
    int ends[2];
    (void)state;
    if (pipe(ends) != 0 || (server_pid = fork()) < 0) {
        return -1;
    }
    if (server_pid == 0) {
        run_server(ends[1]);
    }
    (void)close(ends[1]);
    server_output = ends[0];
    read_first_line(line, sizeof line);
    split_words(line);
    return 0;
}

int stop_server(void **state)
{
    (void)state;
    (void)kill(server_pid, SIGTERM);
    (void)close(server_output);
    return waitpid(server_pid, NULL, 0) == server_pid ? 0 : -1;
}

const char *server_word(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < words_length; i += strlen(words + i) + 1) {
        if (strncmp(words + i, name, length) == 0 && words[i + length] == '=') {
            return words + i + length + 1;
        }
    }
    fail_msg("the fault server named no %s", name);
    return "";
}

/* A control request by hand, for the library is what is being tested. */
static void control(char *reply, size_t size, const char *method, const char *path)
{
    char request[256];
    size_t length = 0;
    ssize_t n = 0;
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_port = htons((uint16_t)atoi(strrchr(server_word("http"), ':') + 1));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    int request_length = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\n\r\n", method, path);
    assert_int_equal(write(fd, request, (size_t)request_length), request_length);
    (void)shutdown(fd, SHUT_WR);
    while (length + 1 < size && (n = read(fd, reply + length, size - length - 1)) > 0) {
        length += (size_t)n;
    }
    reply[length] = '\0';
    (void)close(fd);
}

static int number(const cJSON *row, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, name);
    assert_true(cJSON_IsNumber(item));
    return item->valueint;
}

seen server_seen(const char *key)
{
    char path[128];
    char reply[2048];
    (void)snprintf(path, sizeof path, "/control/counters/%s", key);
    control(reply, sizeof reply, "GET", path);
    cJSON *row = cJSON_Parse(strchr(reply, '{'));
    assert_non_null(row);
    seen counted = {number(row, "connections"), number(row, "posts_begun"),
                    number(row, "posts_whole"), number(row, "bytes"),
                    number(row, "open"),        number(row, "most_open")};
    cJSON_Delete(row);
    return counted;
}

void server_reset(void)
{
    char reply[2048];
    control(reply, sizeof reply, "POST", "/control/reset");
}

/* ---- Pictures ---- */

unsigned char *new_picture(size_t length, unsigned number_of)
{
    unsigned char *picture = malloc(length);
    uint32_t noise = number_of * 2654435761u + 1;
    assert_non_null(picture);
    for (size_t i = 0; i < length; i++) {
        noise = noise * 1664525u + 1013904223u;
        picture[i] = (unsigned char)(noise >> 24);
    }
    memcpy(picture, "\xff\xd8\xff\xe0", 4);
    return picture;
}

/* By half bytes, which is quick enough and needs a table of 16. */
static uint32_t crc32_of(const unsigned char *data, size_t length)
{
    uint32_t table[16];
    uint32_t crc = 0xffffffffu;
    for (uint32_t i = 0; i < 16; i++) {
        table[i] = i;
        for (int bit = 0; bit < 4; bit++) {
            table[i] = (table[i] >> 1) ^ (table[i] & 1 ? 0xedb88320u : 0);
        }
    }
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return ~crc;
}

/* ---- Calls ---- */

wxid_client *new_client(client_options options)
{
    char base_url[256];
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_client *client = NULL;
    wxid_error *error = NULL;
    (void)snprintf(base_url, sizeof base_url, "%s/fault/%s",
                   server_word(options.word != NULL ? options.word : "http"), options.fault);
    settings.access_token = TOKEN;
    settings.base_url = base_url;
    settings.timeout_ms = options.timeout_ms != 0 ? options.timeout_ms : 3000 * slowness();
    settings.connect_timeout_ms =
        options.connect_timeout_ms != 0 ? options.connect_timeout_ms : 500 * slowness();
    settings.max_retries = options.max_retries;
    settings.max_connections = options.max_connections != 0 ? options.max_connections : WXID_UNSET;
    settings.ca_file = options.ca_file;
    settings.proxy = options.proxy;
    if (wxid_client_new(&client, &settings, &error) != 0) {
        fail_msg("%s", wxid_error_message(error));
    }
    return client;
}

static void compare_card(result *got, const wxid_value *card, const unsigned char *picture,
                         size_t length)
{
    const wxid_value *crc = wxid_value_get(card, "image_crc32");
    const wxid_value *its_length = wxid_value_get(card, "image_length");
    got->ok = crc != NULL && its_length != NULL &&
              wxid_value_integer(crc) == (int64_t)crc32_of(picture, length) &&
              wxid_value_integer(its_length) == (int64_t)length;
    got->mismatched = !got->ok;
}

/* Takes the card and the error over. */
static result read_result(int failed, wxid_value *card, wxid_error *error,
                          const unsigned char *picture, size_t length)
{
    result got = {0};
    if (failed) {
        got.kind = wxid_error_kind(error);
        got.http_status = wxid_error_http_status(error);
        (void)snprintf(got.message, sizeof got.message, "%s", wxid_error_message(error));
        wxid_error_free(error);
    } else {
        compare_card(&got, card, picture, length);
        wxid_value_free(card);
    }
    return got;
}

result take_result(wxid_call *call, const unsigned char *picture, size_t length)
{
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    int failed = wxid_call_take_card(&card, call, &error);
    return read_result(failed, card, error, picture, length);
}

result recognize_picture(wxid_client *client, const unsigned char *picture, size_t length,
                         const wxid_hooks *hooks)
{
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    recognition.image = picture;
    recognition.image_length = length;
    int64_t before = now_ms();
    int failed = wxid_client_recognize(&card, client, &recognition, hooks, &error);
    int64_t elapsed_ms = now_ms() - before;
    result got = read_result(failed, card, error, picture, length);
    got.elapsed_ms = elapsed_ms;
    return got;
}

result recognize(wxid_client *client, size_t length, unsigned number_of, const wxid_hooks *hooks)
{
    unsigned char *picture = new_picture(length, number_of);
    result got = recognize_picture(client, picture, length, hooks);
    free(picture);
    return got;
}

void assert_clean_call(wxid_client *client)
{
    result got = recognize(client, 3000, 4711, NULL);
    if (!got.ok) {
        fail_msg("a clean call failed: %s", got.message);
    }
}

/* ---- The process ---- */

int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int slowness(void)
{
    const char *given = getenv("WXIDCARD_TEST_SLOWNESS");
    return given != NULL ? atoi(given) : 1;
}

void sleep_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

int count_descriptors(void)
{
    int count = 0;
    struct rlimit limit;
    const struct dirent *entry;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    while ((entry = readdir(folder)) != NULL) {
        count += (rlim_t)atoi(entry->d_name) < limit.rlim_cur; /* past it are valgrind's own */
    }
    (void)closedir(folder);
    return count;
}
