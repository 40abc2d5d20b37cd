#include "curl_failure.h"

#include "curl_system.h"
#include "wxidcard_connection.h"

typedef struct row {
    CURLcode code;
    wxid_failure failure;
    const char *detail;
} row;

/* A code that is not here is one that this library gives no occasion for. */
static const row rows[] = {
    {CURLE_COULDNT_RESOLVE_HOST, WXID_FAILURE_CONNECT, "the host's name was not resolved"},
    {CURLE_COULDNT_RESOLVE_PROXY, WXID_FAILURE_CONNECT, "the proxy's name was not resolved"},
    {CURLE_COULDNT_CONNECT, WXID_FAILURE_CONNECT, "nobody accepted the connection"},
    {CURLE_PROXY, WXID_FAILURE_CONNECT, "the proxy refused"},
    {CURLE_INTERFACE_FAILED, WXID_FAILURE_CONNECT, NULL},
    {CURLE_SSL_CONNECT_ERROR, WXID_FAILURE_TLS, "the handshake failed"},
    {CURLE_SSL_CACERT_BADFILE, WXID_FAILURE_TLS, "the file of authorities cannot be read"},
    {CURLE_SSL_CERTPROBLEM, WXID_FAILURE_TLS, NULL},
    {CURLE_SSL_CIPHER, WXID_FAILURE_TLS, "no cipher in common"},
    {CURLE_SSL_ISSUER_ERROR, WXID_FAILURE_TLS, NULL},
    {CURLE_SSL_CRL_BADFILE, WXID_FAILURE_TLS, NULL},
    {CURLE_SSL_INVALIDCERTSTATUS, WXID_FAILURE_TLS, NULL},
    {CURLE_SSL_CLIENTCERT, WXID_FAILURE_TLS, "the service asks for a certificate of ours"},
    {CURLE_SSL_ENGINE_NOTFOUND, WXID_FAILURE_TLS, NULL},
    {CURLE_SSL_ENGINE_SETFAILED, WXID_FAILURE_TLS, NULL},
    {CURLE_SSL_ENGINE_INITFAILED, WXID_FAILURE_TLS, NULL},
    {CURLE_USE_SSL_FAILED, WXID_FAILURE_TLS, NULL},
    {CURLE_GOT_NOTHING, WXID_FAILURE_NETWORK, "closed without a reply"},
    {CURLE_PARTIAL_FILE, WXID_FAILURE_NETWORK, "the reply broke off"},
    {CURLE_ABORTED_BY_CALLBACK, WXID_FAILURE_NETWORK, "a kept connection was closed"},
    {CURLE_READ_ERROR, WXID_FAILURE_NETWORK, "sending broke off"},
    {CURLE_SEND_FAIL_REWIND, WXID_FAILURE_NETWORK, "a kept connection was closed"},
    {CURLE_WEIRD_SERVER_REPLY, WXID_FAILURE_PROTOCOL, "not a reply in HTTP/1.1"},
    {CURLE_UNSUPPORTED_PROTOCOL, WXID_FAILURE_PROTOCOL, "not a reply in HTTP/1.1"},
    {CURLE_WRITE_ERROR, WXID_FAILURE_PROTOCOL, "a reply that cannot be read"},
    {CURLE_BAD_CONTENT_ENCODING, WXID_FAILURE_PROTOCOL, "a reply that cannot be read"},
    {CURLE_FILESIZE_EXCEEDED, WXID_FAILURE_PROTOCOL, "a reply that is far too long"},
    {CURLE_OUT_OF_MEMORY, WXID_FAILURE_MEMORY, NULL},
    {CURLE_UNKNOWN_OPTION, WXID_FAILURE_SYSTEM, "this libcurl lacks something that is needed"},
    {CURLE_NOT_BUILT_IN, WXID_FAILURE_SYSTEM, "this libcurl lacks something that is needed"},
};

static wxid__failure from_table(CURLcode code)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].code == code) {
            return (wxid__failure){rows[i].failure, rows[i].detail};
        }
    }
    return (wxid__failure){WXID_FAILURE_SYSTEM, "libcurl failed"};
}

int wxid__fail_as(wxid_error **where, wxid_kind kind, const char *message)
{
    if (where != NULL) {
        *where = wxid_error_new(kind, message);
    }
    return -1;
}

wxid__failure wxid__failure_of(CURLcode code, int sent, long verify_result)
{
    wxid__failure found = from_table(code);
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        found = (wxid__failure){WXID_FAILURE_TIMEOUT, sent ? "no reply came in time"
                                                           : "no connection came about in time"};
        break;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: /* also what a proxy's refusal is called */
        found = sent ? (wxid__failure){WXID_FAILURE_NETWORK, "closed by the other end"}
                     : (wxid__failure){WXID_FAILURE_CONNECT, "broken off while it was being made"};
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        found = (wxid__failure){WXID_FAILURE_TLS, wxid_certificate_detail(verify_result)};
        break;
    default:
        break;
    }
    /* Without a descriptor neither a name can be resolved nor a file of authorities be opened. */
    if ((found.failure == WXID_FAILURE_CONNECT || found.failure == WXID_FAILURE_SYSTEM ||
         code == CURLE_SSL_CACERT_BADFILE) &&
        wxid__descriptors_used_up()) {
        found = (wxid__failure){WXID_FAILURE_SYSTEM, "no file descriptor is left"};
    }
    return found;
}
