/* What test_client_faults.c says of each fault, of the engine. */
#include "test_client_faults.c"
