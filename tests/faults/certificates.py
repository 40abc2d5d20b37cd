"""Certificates for one run, made with the openssl command."""

import os
import subprocess

REQUEST = """[req]
distinguished_name = name
prompt = no
[name]
CN = {host}
[extensions]
subjectAltName = {names}
"""


def openssl(folder, *arguments):
    subprocess.run(
        ["openssl", *arguments],
        cwd=folder,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def make_key(folder, name):
    openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", name + ".key")


def make_authority(folder):
    make_key(folder, "ca")
    openssl(
        folder, "req", "-x509", "-new", "-key", "ca.key", "-out", "ca.pem", "-days", "2",
        "-subj", "/CN=wxidcard fault server",
    )  # fmt: skip


def make_intermediate(folder):
    """An authority below the first one, which servers send with their certificates."""
    with open(os.path.join(folder, "intermediate.cnf"), "w", encoding="ascii") as file:
        file.write("[extensions]\nbasicConstraints = critical, CA:TRUE\n")
    make_key(folder, "intermediate")
    openssl(
        folder, "req", "-new", "-key", "intermediate.key", "-out", "intermediate.csr",
        "-subj", "/CN=wxidcard fault server, intermediate",
    )  # fmt: skip
    sign(folder, "intermediate", "ca")


def sign(folder, name, authority):
    openssl(
        folder, "x509", "-req", "-in", name + ".csr", "-CA", authority + ".pem",
        "-CAkey", authority + ".key", "-CAcreateserial", "-days", "2", "-extfile", name + ".cnf",
        "-extensions", "extensions", "-out", name + ".pem",
    )  # fmt: skip


def make_chain(folder, name, names):
    """A certificate by the intermediate authority, and that one's behind it."""
    make_certificate(folder, name, names, authority="intermediate")
    with open(os.path.join(folder, "intermediate.pem"), encoding="ascii") as intermediate:
        behind = intermediate.read()
    with open(os.path.join(folder, name + ".pem"), "a", encoding="ascii") as file:
        file.write(behind)


def make_certificate(folder, name, names, signed=True, expired=False, authority="ca"):
    with open(os.path.join(folder, name + ".cnf"), "w", encoding="ascii") as file:
        file.write(REQUEST.format(host=name, names=names))
    make_key(folder, name)
    files = ["-config", name + ".cnf", "-key", name + ".key"]
    if not signed:
        openssl(
            folder, "req", "-x509", "-new", *files, "-out", name + ".pem", "-days", "2",
            "-extensions", "extensions",
        )  # fmt: skip
        return
    openssl(folder, "req", "-new", *files, "-out", name + ".csr")
    if expired:
        issue_expired(folder, name)
    else:
        sign(folder, name, authority)


def issue_expired(folder, name):
    """`openssl x509` cannot date back before version 3.4; `openssl ca` can, and wants a ledger."""
    with open(os.path.join(folder, "ledger.cnf"), "w", encoding="ascii") as file:
        file.write(
            "[ca]\ndefault_ca = c\n[c]\ndatabase = ledger\nnew_certs_dir = .\n"
            "serial = ledger.serial\ndefault_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n"
        )
    open(os.path.join(folder, "ledger"), "w", encoding="ascii").close()
    with open(os.path.join(folder, "ledger.serial"), "w", encoding="ascii") as file:
        file.write("1000\n")
    openssl(
        folder, "ca", "-batch", "-config", "ledger.cnf",
        "-in", name + ".csr", "-out", name + ".pem",
        "-cert", "ca.pem", "-keyfile", "ca.key", "-startdate", "20200101000000Z",
        "-enddate", "20200102000000Z", "-extfile", name + ".cnf", "-extensions", "extensions",
        "-notext",
    )  # fmt: skip


def make(folder):
    """Listeners' names with certificate and key; the authority is ca.pem."""
    here = "IP:127.0.0.1,DNS:localhost"
    make_authority(folder)
    make_intermediate(folder)
    make_certificate(folder, "https", here)
    make_chain(folder, "chain", here)
    make_certificate(folder, "self-signed", here, signed=False)
    make_certificate(folder, "wrong-host", "DNS:elsewhere.example")
    make_certificate(folder, "expired", here, expired=True)
    names = ("https", "chain", "self-signed", "wrong-host", "expired")
    return {
        name: (os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key"))
        for name in names
    }
