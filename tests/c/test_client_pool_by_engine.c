/* What test_client_pool.c says of threads and connections, of the engine. */
#include "test_client_pool.c"
