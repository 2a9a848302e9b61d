"""A real S3 server on this machine."""

from __future__ import annotations

import logging
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer


@contextmanager
def bucket(monkeypatch) -> Iterator[str]:
    """Serve one empty bucket and yield its URL; the environment says where it is."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        for variable, value in {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": url,
        }.items():
            monkeypatch.setenv(variable, value)
        name = f"bucket-{uuid.uuid4().hex}"  # the servers of one process share their buckets
        request = urllib.request.Request(f"{url}/{name}", method="PUT")
        with urllib.request.urlopen(request, timeout=60):
            yield f"s3://{name}/some/prefix"
    finally:
        server.stop()
