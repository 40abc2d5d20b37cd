/* What test_client_resolver.c says, of the engine. */
#include "test_client_resolver.c"
