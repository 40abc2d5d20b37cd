#include "wxidcard_connection.h"

const char *wxid_certificate_detail(long verify_result)
{
    switch (verify_result) {
    case 0: /* what a library other than OpenSSL's kin leaves, too */
    case 1: /* libcurl's "not looked at yet": it compares the name first */
    case 62:
    case 64: /* where it is an address */
        return "the certificate is made out to another host";
    case 9:
        return "the certificate is not yet valid";
    case 10:
        return "the certificate has expired";
    case 2:
    case 18:
    case 19:
    case 20:
    case 21:
        return "no trusted authority signed the certificate";
    case 22:
        return "the chain of certificates is longer than is allowed";
    default:
        return "the certificate was not accepted";
    }
}
