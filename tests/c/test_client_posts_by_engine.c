/* What test_client_posts.c says of POSTs, of the engine. */
#include "test_client_posts.c"
