/* The same calls by wxidcard's C client. usage: c_client BASE_URL PICTURE CALLS */
#include "measure.h"

#include <wxidcard_curl.h>

typedef struct loop {
    wxid_client *client;
    wxid_recognition recognition;
} loop;

static int call(void *context)
{
    loop *self = context;
    wxid_value *card = NULL;
    wxid_error *error = NULL;
    int result = wxid_client_recognize(&card, self->client, &self->recognition, NULL, &error);
    if (result != 0) {
        fprintf(stderr, "%s\n", wxid_error_message(error));
    }
    wxid_error_free(error);
    wxid_value_free(card);
    return result;
}

int main(int argc, char **argv)
{
    loop self = {NULL, WXID_RECOGNITION_INIT};
    wxid_settings settings = WXID_SETTINGS_INIT;
    if (argc != 4) {
        return 2;
    }
    settings.base_url = argv[1];
    settings.access_token = "a_token_for_the_bench";
    self.recognition.image = read_picture(argv[2], &self.recognition.image_length);
    if (wxid_client_new(&self.client, &settings, NULL) != 0) {
        return 1;
    }
    int result = measure(atoi(argv[3]), call, &self);
    wxid_client_free(self.client);
    return result;
}
