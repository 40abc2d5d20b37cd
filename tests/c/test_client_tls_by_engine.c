/* What test_client_tls.c says of TLS, of the engine. */
#include "test_client_tls.c"
