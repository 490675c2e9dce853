"""Certificates for servers on loopback, made by `openssl`."""

import shutil
import subprocess
from pathlib import Path

import pytest


def make(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """A certificate for `name` and 127.0.0.1 that signs itself, and its key; what was there is replaced."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (Debian: apt-get install openssl)")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    words = [
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-days",
        "3",
    ]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1"]
    subprocess.run(
        ["openssl", *words, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    return certificate, key


AUTHORITY = """\
[ca]
default_ca = here
[here]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = names
[names]
commonName = supplied
"""


def make_ended(folder: Path) -> tuple[Path, Path]:
    """A certificate for `localhost` that ended in 2021, and its key, in a folder of their own."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (Debian: apt-get install openssl)")
    certificate, key, wish = folder / "certificate.pem", folder / "key.pem", folder / "wish.pem"
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01\n")
    (folder / "authority").write_text(AUTHORITY.format(folder=folder))
    new: list[str | Path] = [
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    times = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"]
    sign: list[str | Path] = ["ca", "-batch", "-notext", "-selfsign", "-config", folder / "authority", *times]
    for words in (
        [*new, "-subj", "/CN=localhost", "-keyout", key, "-out", wish],
        [*sign, "-keyfile", key, "-in", wish, "-out", certificate],
    ):
        subprocess.run(["openssl", *words], check=True, capture_output=True)
    return certificate, key
