/* What test_client_reuse.c says of kept connections, of the engine. */
#include "test_client_reuse.c"
