"""schemathesis against the server's own OpenAPI document: whatever is sent, no 5xx, and no answer that is not described."""

import os
import subprocess
import sys
from pathlib import Path

from conftest import missing
from test_control import Control, configure

SECONDS = int(os.environ.get("LEAT_API_FUZZ_SECONDS", "30"))
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"


def test_no_5xx_and_nothing_undeclared(leat, tmp_path):
    configure(leat)
    process = leat.run()
    api = Control(process)
    # No database is asked: what is made of answers is the same.
    api.call("POST", "/sources", {"source_id": "shop", "url": "postgresql://nobody@127.0.0.1:1/shop", "check": False}, 201)
    # TRACE, which it would send too, is 501 of the HTTP server, as RFC 9110 has it for a method that is served nowhere.
    (tmp_path / "schemathesis.toml").write_text(
        '[phases.coverage]\nunexpected-methods = ["DELETE", "GET", "PATCH", "POST", "PUT"]\n')
    tool = Path(sys.executable).parent / "schemathesis"
    if not tool.exists():
        missing("schemathesis is not here: scripts/setup.sh test")
    address = f"http://{api.host}:{api.port}"
    # With a token: once one is made, nothing is answered without.
    token = api.call("POST", "/tokens", {"name": "fuzz", "role": "admin"}, 201)["token"]
    done = subprocess.run(
        # Streams do not end by themselves, a token may be the one that is used here, and /readyz is 503 while a source that is
        # made here cannot run: tests/test_server.py, test_security.py.
        [str(tool), "run", f"{address}/api/v1/openapi.json", "--checks", CHECKS, "--max-time", str(SECONDS), "--request-timeout", "60", "--exclude-path-regex", "/changes$|/tokens|/readyz", "--header", f"Authorization: Bearer {token}",
         "--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--no-color", "--suppress-health-check", "all"],
        capture_output=True, text=True, timeout=SECONDS + 120, cwd=tmp_path, env={**os.environ, "PYTHONUTF8": "1"})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert process.running and api.get("/healthz") == "ok\n"
