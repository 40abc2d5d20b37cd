/* For the same tests over the engine: puts these in the place of the blocking client's. */
#ifndef TEST_CLIENT_BY_ENGINE_H
#define TEST_CLIENT_BY_ENGINE_H

#include <wxidcard_curl.h>

int by_engine_recognize(wxid_value **card, wxid_client *client, const wxid_recognition *recognition,
                        const wxid_hooks *hooks, wxid_error **error);
void by_engine_free(wxid_client *client);

#ifndef BY_ENGINE_ITSELF
#define wxid_client_recognize by_engine_recognize
#define wxid_client_free by_engine_free
#endif

#endif
