#include "shortage.h"

#include "../support/failing_memory.h"

#include <curl/curl.h>
#include <string.h>

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = __wrap_malloc(size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

int start_server_and_wrap_libcurl(void **state)
{
    CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, __wrap_malloc, __wrap_free,
                                         __wrap_realloc, copy_text, __wrap_calloc);
    spare_allocations(slowness());
    return code == CURLE_OK ? start_server(state) : -1;
}

int is_of_memory(const wxid_error *error)
{
    return wxid_error_kind(error) == WXID_KIND_MEMORY ||
           strstr(wxid_error_message(error), "not resolved") != NULL ||
           strstr(wxid_error_message(error), "headers without end") != NULL;
}

int memory_outcome(int failed, wxid_error *error)
{
    if (!failed) {
        assert_null(error);
        return 0;
    }
    if (!is_of_memory(error)) {
        fail_msg("%s", wxid_error_message(error));
    }
    int is_plain = wxid_error_kind(error) == WXID_KIND_MEMORY;
    wxid_error_free(error);
    return is_plain ? -1 : SEEMS_OTHERWISE;
}
