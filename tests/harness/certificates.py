"""A certificate authority and server certificates, made with openssl for one test run."""

import subprocess
from pathlib import Path


def openssl(*arguments, folder):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def make_authority(folder, name):
    """folder/NAME.crt and .key"""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt", folder=folder)
    return Path(folder) / f"{name}.crt"


def make_certificate(folder, authority, name, host):
    """A certificate for HOST, signed by the authority: (certificate, key)."""
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={host}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr", folder=folder)
    (Path(folder) / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-CAcreateserial",
            "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt", folder=folder)
    return Path(folder) / f"{name}.crt", Path(folder) / f"{name}.key"


def lock_key(folder, name, locked, password):
    """A copy of NAME.key that only the password opens: LOCKED.key."""
    openssl("ec", "-in", f"{name}.key", "-aes256", "-passout", f"pass:{password}", "-out", f"{locked}.key", folder=folder)
    return Path(folder) / f"{locked}.key"
