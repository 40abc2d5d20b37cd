/* What test_client_late.c says of late answers, of the engine. */
#include "test_client_late.c"
