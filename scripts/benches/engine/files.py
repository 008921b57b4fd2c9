"""The compose files of the measurement, and the time of a probe.

files.py stack RESOLVED WITH WITHOUT      the stack under names and ports of its own, with and without health checks
files.py chain DEPTH KIND IMAGE OUT       services that are ready at once: healthy, started, or beside each other
files.py forty OUT                        40 services in most of the forms that people write
files.py probe PROJECT COUNT              milliseconds that the engine takes for one probe, the median
"""
import json
import socket
import statistics
import subprocess
import sys
import time


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def stack(resolved, with_checks, without_checks):
    model = json.load(open(resolved))
    model.pop("name", None)
    for service in model["services"].values():
        service.pop("container_name", None)
        service.pop("profiles", None)
        for port in service.get("ports", []):
            port["published"], port["host_ip"] = str(free_port()), "127.0.0.1"
    for kind in ("networks", "volumes"):
        for entry in model.get(kind, {}).values():
            # Names and addresses of its own: the real stack may run beside it.
            (entry or {}).pop("name", None)
            (entry or {}).pop("ipam", None)
    json.dump(model, open(with_checks, "w"), indent=1)
    for service in model["services"].values():
        service.pop("healthcheck", None)
        for dependency in service.get("depends_on", {}).values():
            dependency["condition"] = "service_started"
    json.dump(model, open(without_checks, "w"), indent=1)


def chain(depth, kind, image, out):
    services = {}
    for level in range(int(depth)):
        service = {"image": image, "command": ["sleep", "600"], "init": True, "stop_grace_period": "1s"}
        if kind == "healthy":
            service["healthcheck"] = {"test": ["CMD", "true"], "interval": "1s"}
        if level and kind != "beside":
            condition = "service_healthy" if kind == "healthy" else "service_started"
            service["depends_on"] = {f"s{level - 1}": {"condition": condition}}
        services[f"s{level}"] = service
    json.dump({"services": services}, open(out, "w"), indent=1)


def forty(out):
    lines = ["x-common: &common", "  restart: unless-stopped", "  logging: {driver: json-file, options: {max-size: 10m}}",
             "  networks: [front, back]", "services:"]
    for number in range(40):
        lines += [
            f"  service-{number:02}:",
            "    <<: *common",
            f"    image: registry.example/team/app-{number}:${{TAG:-1.2.3}}",
            "    environment:",
            f"      NAME: service-{number}",
            "      LEVEL: ${LEVEL:-info}",
            f"      URL: http://service-{(number + 1) % 40:02}:8080/",
            f"    ports: ['127.0.0.1:{20000 + number}:8080', '{21000 + number}:9090/udp']",
            f"    volumes: ['data-{number}:/data', './conf:/etc/app:ro']",
            "    healthcheck: {test: curl -f http://localhost:8080/, interval: 15s, timeout: 3s, retries: 5}",
            "    deploy: {resources: {limits: {cpus: '0.5', memory: 256M}}}",
        ]
        if number:
            lines += ["    depends_on:", f"      service-{number - 1:02}: {{condition: service_healthy}}"]
    lines += ["networks: {front: {}, back: {internal: true}}", "volumes:"]
    lines += [f"  data-{number}: {{}}" for number in range(40)]
    open(out, "w").write("\n".join(lines) + "\n")


def probe(project, count):
    container = subprocess.check_output(
        ["docker", "ps", "-q", "--filter", f"label=com.docker.compose.project={project}"], text=True).split()[0]

    def moment(text):
        seconds, _, fraction = text.split(" ")[0].partition("T")[2].partition(".")
        digits = "".join(c for c in fraction[:9] if c.isdigit())
        hours, minutes, rest = seconds.rstrip("Z").split(":")[:3]
        return (int(hours) * 60 + int(minutes)) * 60 + int(rest) + float("0." + (digits or "0"))

    for _ in range(120):
        log = json.loads(subprocess.check_output(
            ["docker", "inspect", "--format", "{{json .State.Health.Log}}", container], text=True)) or []
        if len(log) >= min(int(count), 5):
            times = [(moment(entry["End"]) - moment(entry["Start"])) * 1000 for entry in log]
            print(round(statistics.median(times), 1))
            return
        time.sleep(0.5)
    sys.exit("the engine has probed nothing")


{"stack": stack, "chain": chain, "forty": forty, "probe": probe}[sys.argv[1]](*sys.argv[2:])
