"""deploy/: the package, the unit, the alerts and the dashboard hold together with the program they are for."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import missing
from harness.postgres import ROOT
from test_server import Api

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "leat.rules.yml"
DASHBOARD = DEPLOY / "grafana" / "leat.json"
CPACK = ROOT / "build" / "release" / "CPackConfig.cmake"


def tool(name):
    return shutil.which(name) or missing(f"{name} is not here: scripts/setup.sh test")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def panels():
    return json.loads(DASHBOARD.read_text())["panels"]


def expressions():
    return [target["expr"] for panel in panels() for target in panel.get("targets", [])]


def metrics_in(text):
    return set(re.findall(r"\bleat_[a-z_]+", text))


@pytest.fixture
def page(database, leat):
    """/metrics of a server that captures."""
    database.execute("CREATE TABLE items (id int PRIMARY KEY)")
    process = leat.configure(database.url()).run()
    api = Api(process)
    process.wait_for(lambda: "leat_source_retained_bytes{" in api.get("/metrics"), "what the slot holds is known")
    return api.get("/metrics")


def test_alerts_fire_when_they_should():
    promtool = tool("promtool")
    run(promtool, "check", "rules", RULES)
    run(promtool, "test", "rules", "leat.rules.test.yml", cwd=RULES.parent)
    alerts = set(re.findall(r"alert: (\w+)", RULES.read_text()))
    tested = set(re.findall(r"alertname: (\w+)", (RULES.parent / "leat.rules.test.yml").read_text()))
    assert alerts == tested, "an alert without a test, or a test of none"


def test_metrics_are_what_alerts_and_dashboard_ask_for(page):
    there = set(re.findall(r"^# TYPE (\w+)", page, re.M))
    there |= {f"{name}_{part}" for name in re.findall(r"^# TYPE (\w+) histogram", page, re.M) for part in ("bucket", "sum", "count")}
    asked = metrics_in(" ".join(re.findall(r"expr: (.*)", RULES.read_text()))) | metrics_in(" ".join(expressions()))
    assert asked <= there, f"nothing has {asked - there}"
    run(tool("promtool"), "check", "metrics", input=page)
    documented = metrics_in((ROOT / "docs" / "http.md").read_text())
    assert {name for name in there if not name.endswith(("_bucket", "_sum", "_count"))} <= documented


def test_dashboard(tmp_path):
    assert [panel["title"] for panel in panels() if panel["type"] == "row"] == ["Overview", "Source health", "Log", "Delivery"]
    assert len({panel["id"] for panel in panels()}) == len(panels())
    places = {}
    for panel in panels():
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24, panel["title"]
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                assert (x, y) not in places, f"{panel['title']} lies on {places[x, y]}"
                places[x, y] = panel["title"]
    rules = [{"record": f"panel:{index}", "expr": expr.replace("$__rate_interval", "1m").replace("$source", ".*")}
             for index, expr in enumerate(expressions())]
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    run(tool("promtool"), "check", "rules", file)


def test_unit(binary, tmp_path):
    unit = (DEPLOY / "systemd" / "leat.service").read_text()
    assert "ExecStart=/usr/bin/leat run -c /etc/leat/leat.yaml" in unit
    file = tmp_path / "leat.service"
    file.write_text(unit.replace("/usr/bin/leat", str(binary)).replace("User=leat", "User=nobody").replace("Group=leat", "Group=nogroup")
                    .replace("file:/usr/share/doc/leat/README.md", "https://example.org/"))
    run(tool("systemd-analyze"), "verify", "--man=no", file)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    if not CPACK.exists():
        missing(f"{CPACK} is not there: make build")
    for name in ("cpack", "dpkg-deb", "dpkg-shlibdeps"):
        tool(name)
    folder = tmp_path_factory.mktemp("package")
    run("cpack", "--config", CPACK, "-B", folder)
    file, = folder.glob("*.deb")
    run("dpkg-deb", "-x", file, folder / "root")
    run("dpkg-deb", "-e", file, folder / "control")
    return file, folder


def test_package(package):
    file, folder = package
    assert re.fullmatch(r"leat_[\d.]+_\w+\.deb", file.name)
    for name in ("usr/bin/leat", "etc/leat/leat.yaml", "usr/lib/systemd/system/leat.service", "usr/share/doc/leat/README.md",
                 "usr/share/doc/leat/configuration.md", "usr/share/doc/leat/errors/README.md"):
        assert (folder / "root" / name).is_file(), name
    listed = run("dpkg-deb", "-c", file)
    assert all(" root/root " in line for line in listed.splitlines())
    assert (folder / "control" / "conffiles").read_text() == "/etc/leat/leat.yaml\n"
    for script in ("postinst", "prerm", "postrm"):
        assert (folder / "control" / script).stat().st_mode & 0o111
        run("sh", "-n", folder / "control" / script)
    depends = run("dpkg-deb", "-f", file, "Depends")
    assert "libpq5" in depends and "libssl3" in depends and "libgtest" not in depends
    program = folder / "root" / "usr" / "bin" / "leat"
    assert run(program, "--version").startswith("leat ")
    assert "debug_info" not in run("file", program), "stripped"
    assert str(ROOT) not in run("strings", "-n", "12", program), "no path of the machine that built it"
    links = Path(folder / "root" / "usr" / "share" / "doc" / "leat").rglob("*")
    assert not any(path.is_symlink() for path in links)


def test_configuration_of_the_package_is_valid(package, leat, server, database):
    """With the source in it that it has as a comment."""
    text = (package[1] / "root" / "etc" / "leat" / "leat.yaml").read_text()
    text = re.sub(r"^#(?=sources:|  )", "", text, flags=re.M).replace("/var/lib/leat", str(leat.data))
    text = re.sub(r"url: .*", f"url: {database.url()}", text)
    database.execute("CREATE TABLE items (id int PRIMARY KEY)")
    file = leat.folder / "packaged.yaml"
    file.write_text(text)
    process = leat.start("run", "-c", file)
    process.wait_stderr("RUNNING")


def test_dockerfile_copies_what_there_is():
    text = (DEPLOY / "docker" / "Dockerfile").read_text()
    assert re.search(r"^USER leat$", text, re.M), "not root"
    for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.M):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name
