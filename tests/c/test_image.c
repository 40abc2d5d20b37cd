/* Pictures from paths: whatever a path may name, the call does not hang and reads no more than it
 * may. */
#include "support/support.h"

#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LIMIT 1024

static char folder[] = "/tmp/wxidcard-test-XXXXXX";
static char path[sizeof folder + 32];

static const char *path_of(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, size_t length)
{
    FILE *file = fopen(path_of(name), "wb");
    assert_non_null(file);
    for (size_t i = 0; i < length; i++) {
        fputc(i < sizeof small_jpeg ? small_jpeg[i] : 'x', file);
    }
    fclose(file);
}

/* Reads; returns the kind of the error, or -1 for a picture of `length` bytes. No message has the
 * path. */
static int read_kind(const char *name, size_t length, int *system_code)
{
    wxid__image image = {NULL, 0, NULL, NULL, NULL};
    wxid_error *error = NULL;
    if (wxid__image_from_path(&image, name, LIMIT, &error) == 0) {
        assert_int_equal(image.length, length);
        assert_memory_equal(image.data, small_jpeg, sizeof small_jpeg);
        wxid__image_clear(&image);
        return -1;
    }
    assert_null(strstr(wxid_error_message(error), "wxidcard-test"));
    int kind = (int)wxid_error_kind(error);
    if (system_code != NULL) {
        *system_code = wxid_error_system_code(error);
    }
    wxid_error_free(error);
    return kind;
}

static void test_sizes(void **state)
{
    (void)state;
    write_file("empty", 0);
    assert_int_equal(read_kind(path, 0, NULL), WXID_KIND_IMAGE_INPUT);
    write_file("small", sizeof small_jpeg);
    assert_int_equal(read_kind(path, sizeof small_jpeg, NULL), -1);
    write_file("below", LIMIT - 1);
    assert_int_equal(read_kind(path, LIMIT - 1, NULL), -1);
    write_file("at", LIMIT);
    assert_int_equal(read_kind(path, 0, NULL), WXID_KIND_IMAGE_INPUT);
    write_file("above", LIMIT + 1);
    assert_int_equal(read_kind(path, 0, NULL), WXID_KIND_IMAGE_INPUT);
    write_file("sparse", sizeof small_jpeg);
    assert_int_equal(truncate(path, 1 << 30), 0);
    assert_int_equal(read_kind(path, 0, NULL), WXID_KIND_IMAGE_INPUT);
}

static void test_not_files(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int code = 0;
    (void)state;
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_int_equal(read_kind(path, 0, NULL), WXID_KIND_IMAGE_INPUT);
    assert_int_equal(read_kind("/dev/zero", 0, NULL), WXID_KIND_IMAGE_INPUT);
    assert_int_equal(read_kind(folder, 0, NULL), WXID_KIND_IMAGE_INPUT);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path_of("socket"));
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(read_kind(path, 0, NULL), WXID_KIND_IMAGE_INPUT);
    close(listener);
    assert_int_equal(read_kind(path_of("missing"), 0, &code), WXID_KIND_SYSTEM);
    assert_int_equal(code, ENOENT);
    write_file("file", 1);
    assert_int_equal(read_kind(path_of("file/below"), 0, &code), WXID_KIND_SYSTEM);
    assert_int_equal(code, ENOTDIR);
}

/* stat says 0 of files in /proc: what counts is what is read. */
static void test_size_is_read_not_believed(void **state)
{
    (void)state;
    assert_int_equal(read_kind("/proc/self/status", 0, NULL), WXID_KIND_IMAGE_INPUT);
}

/* A regular file as far as can be told, of which no byte can be read at the beginning. */
static void test_reading_fails(void **state)
{
    int system_code = 0;
    (void)state;
    assert_int_equal(read_kind("/proc/self/mem", 0, &system_code), WXID_KIND_SYSTEM);
    assert_int_equal(system_code, EIO);
}

static void test_descriptors_are_closed(void **state)
{
    int before = dup(0);
    (void)state;
    close(before);
    for (int i = 0; i < 50; i++) {
        (void)read_kind(path_of("small"), sizeof small_jpeg, NULL);
        (void)read_kind("/dev/zero", 0, NULL);
        (void)read_kind(folder, 0, NULL);
    }
    int after = dup(0);
    close(after);
    assert_int_equal(after, before);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"empty", "small",  "below", "at",    "above",
                                        "fifo",  "sparse", "file",  "socket"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unlink(path_of(names[i]));
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_not_files),
        cmocka_unit_test(test_size_is_read_not_believed),
        cmocka_unit_test(test_reading_fails),
        cmocka_unit_test(test_descriptors_are_closed),
    };
    return cmocka_run_group_tests_name("image", tests, make_folder, remove_folder);
}
