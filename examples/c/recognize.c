/* Recognises pictures, one after the other, and prints their fields.
 *
 *     cc recognize.c $(pkg-config --cflags --libs wxidcard) -o recognize
 *     WXIDCARD_APPID=... WXIDCARD_SECRET=... ./recognize front.jpg back.jpg
 *
 * Or WXIDCARD_ACCESS_TOKEN=..., a token in hand. WXIDCARD_BASE_URL points it at a sandbox. Exit
 * status 0 when every picture was a card. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <wxidcard_curl.h>

static void print_card(const wxid_value *card)
{
    for (size_t i = 0; i < wxid_value_count(card); i++) {
        const wxid_value *field = wxid_value_at(card, i);
        const char *text = wxid_value_string(field, NULL);
        if (text != NULL) {
            printf("  %s: %s\n", wxid_value_name_at(card, i), text);
        } else if (wxid_value_type(field) == WXID_TYPE_INTEGER) {
            printf("  %s: %" PRId64 "\n", wxid_value_name_at(card, i), wxid_value_integer(field));
        }
    }
}

static int recognize(wxid_client *client, const char *path)
{
    wxid_recognition recognition = WXID_RECOGNITION_INIT;
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    recognition.image_path = path;
    printf("%s\n", path);
    if (wxid_client_recognize(&card, client, &recognition, NULL, &error) != 0) {
        printf("  %s: %s\n", wxid_error_kind_name(error), wxid_error_message(error));
        wxid_error_free(error);
        return 1;
    }
    print_card(card);
    wxid_value_free(card);
    return 0;
}

int main(int argc, char **argv)
{
    wxid_settings settings = WXID_SETTINGS_INIT;
    wxid_client *client = NULL;
    wxid_error *error = NULL;
    int failed = 0;
    settings.appid = getenv("WXIDCARD_APPID");
    settings.secret = getenv("WXIDCARD_SECRET");
    settings.access_token = getenv("WXIDCARD_ACCESS_TOKEN");
    settings.base_url = getenv("WXIDCARD_BASE_URL");
    if (wxid_client_new(&client, &settings, &error) != 0) {
        fprintf(stderr, "%s\n", wxid_error_message(error));
        wxid_error_free(error);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        failed |= recognize(client, argv[i]);
    }
    wxid_client_free(client);
    return failed;
}
