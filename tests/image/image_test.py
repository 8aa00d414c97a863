#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the steps of our Dockerfile in folders, without a container engine, and starts what comes out of them.

Needs root: mmdebstrap makes the base image, chroot and mount namespaces stand for containers. Takes as long as a release
build; --binary FILE takes a program that is built already in place of the build stage.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys

import dockerfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_BYTES = 60 * 1000 * 1000  # beyond the base image
STATE = "/var/lib/gatehouse"  # a volume of the Deployment

# In the folder as root file system, which nobody can write to, with a network of its own and no rights.
SCENE = r"""
set -eu
root=$1 user=$2
shift 2
mount --make-rprivate /
mount -t proc proc /proc
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o "mode=0700,uid=${user%:*},gid=${user#*:}" state "$root$STATE"
mount --bind "$SETTING" "$root/mnt"
mount -o remount,ro,bind "$root"
ip link set lo up
enter="setpriv --no-new-privs env -i STATE_DIRECTORY=$STATE $(command -v chroot) --userspec=$user $root"
ask() { curl -sS --max-time 5 -o /dev/null -w '%{http_code}' "$@" || true; }
await() {
  want=$1; shift
  for _ in $(seq 200); do
    [ "$(ask "$@" 2>/dev/null)" = "$want" ] && return
    sleep 0.1
  done
  echo "no answer $want from $*" >&2
  exit 1
}
if echo x 2>/dev/null > "$root/usr/local/bin/x"; then echo "the root can be written to" >&2; exit 1; fi
$enter "$@" echo --listen 127.0.0.1:9001 >/dev/null 2>&1 &
$enter "$@" run -f /mnt --address-pool 127.0.0.1 --port-map 80=8080 --admin-address 0.0.0.0:9901 &
gateway=$!
await 200 http://127.0.0.1:9901/readyz
await 200 -H 'Host: www.example.com' http://127.0.0.1:8080/
[ "$(awk '/^Uid:/ {print $2}' "/proc/$gateway/status")" = "${user%:*}" ]
[ "$(awk '/^CapEff:/ {print $2}' "/proc/$gateway/status")" = 0000000000000000 ]
kill -TERM "$gateway"
wait "$gateway"
"""

OBJECTS = """
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: gatehouse}
spec: {controllerName: gatehouse.dev/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: main}
spec:
  gatewayClassName: gatehouse
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  parentRefs: [{name: main}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
---
apiVersion: v1
kind: Service
metadata:
  name: web
  annotations: {gatehouse.dev/endpoints: "127.0.0.1:9001"}
spec: {ports: [{port: 80}]}
"""


def call(*words, **more) -> None:
    subprocess.run([str(word) for word in words], check=True, **more)


def in_namespaces(script: str, *words, network: bool, **environment) -> None:
    """Runs `script` as process 1 of a PID namespace, so that nothing outlives it."""
    flags = ["--mount", "--pid", "--fork", "--kill-child"] + (["--net"] if network else [])
    call("unshare", *flags, "sh", "-c", script, "sh", *words,
         env=os.environ | {key: str(value) for key, value in environment.items()})


def size_of(folder: pathlib.Path) -> int:
    """Without what an image of Debian does not keep of apt's work."""
    out = subprocess.run(["du", "--summarize", "--bytes", "--one-file-system", "--exclude=var/cache/apt",
                          "--exclude=var/lib/apt/lists", folder], capture_output=True, text=True, check=True)
    return int(out.stdout.split()[0])


class Builder:
    def __init__(self, work: pathlib.Path, binary: pathlib.Path | None):
        self.work = work
        self.binary = binary
        self.base = work / "base.tar"
        work.mkdir(parents=True, exist_ok=True)

    def folder(self, stage: str) -> pathlib.Path:
        return self.work / stage

    def build(self, stages: list[dockerfile.Stage]) -> None:
        if not self.base.exists():
            draft = self.base.with_suffix(".draft")
            call("mmdebstrap", "--variant=minbase", "--mode=root", "--format=tar", "bookworm", draft)
            draft.rename(self.base)
        for stage in stages:
            if stage.name != "final" and self.binary:
                continue
            print(f"image-test: stage {stage.name}", flush=True)
            self.unpack(stage.name)
            place = pathlib.PurePosixPath("/")
            for word, rest in stage.steps:
                place = self.step(stage, place, word, rest)

    def unpack(self, stage: str) -> None:
        folder = self.folder(stage)
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        call("tar", "--extract", "--file", self.base, "--directory", folder, "--exclude", "./dev/*")

    def step(self, stage: dockerfile.Stage, place, word: str, rest: str):
        print(f"image-test: {word} {rest}", flush=True)
        folder = self.folder(stage.name)
        if word == "WORKDIR":
            place = place / rest
            (folder / str(place).lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "RUN":
            self.run(folder, place, rest)
        else:
            self.copy(folder, place, rest)
        return place

    def run(self, folder: pathlib.Path, place, rest: str) -> None:
        caches, command = dockerfile.split_run(rest)
        script = """set -eu
root=$1 place=$2 command=$3
shift 3
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
touch "$root/etc/resolv.conf"
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
for cache in "$@"; do
  mkdir -p "$CACHES$cache" "$root$cache"
  mount --bind "$CACHES$cache" "$root$cache"
done
exec chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  JOBS="${JOBS:-}" DEBIAN_FRONTEND=noninteractive sh -ec "cd $place && $command"
"""
        in_namespaces(script, folder, place, command, *caches, network=False, CACHES=self.work / "caches",
                      JOBS=os.environ.get("JOBS", os.cpu_count()))

    def copy(self, folder: pathlib.Path, place, rest: str) -> None:
        source, names, target = dockerfile.split_copy(rest)
        to = folder / str(place / target).lstrip("/")
        if source:
            for name in names:
                built = self.folder(source) / name.lstrip("/")
                to.parent.mkdir(parents=True, exist_ok=True)
                if self.binary:
                    call("strip", "-o", to, self.binary)
                else:
                    shutil.copy2(built, to)
            return
        # What git knows, which is what .dockerignore leaves of a clean checkout.
        for name in names:
            files = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard",
                                    "--", name], capture_output=True, check=True).stdout
            present = b"\0".join(file for file in files.split(b"\0") if file and (ROOT / file.decode()).exists())
            inside = to if name == "." else to.parent
            inside.mkdir(parents=True, exist_ok=True)
            archive = subprocess.run(["tar", "--create", "--null", "--files-from=-"], input=present, cwd=ROOT,
                                     capture_output=True, check=True).stdout
            subprocess.run(["tar", "--extract", "--directory", inside], input=archive, check=True)


def try_out(builder: Builder, image: dockerfile.Stage) -> None:
    assert image.user == "65532:65532", f"the image runs as {image.user}"
    assert image.command[0] == "run", f"the image's command is {image.command}"
    folder = builder.folder("final")
    grown = size_of(folder) - builder.base_size
    print(f"image-test: {grown / 1e6:.1f} MB beyond the base", flush=True)
    assert grown <= MAX_BYTES, f"{grown} bytes beyond the base are more than {MAX_BYTES}"
    setting = builder.work / "setting"
    setting.mkdir(exist_ok=True)
    (setting / "objects.yaml").write_text(OBJECTS)
    (folder / STATE.lstrip("/")).mkdir(parents=True, exist_ok=True)  # as a kubelet makes it for a volume
    in_namespaces(SCENE, folder, image.user, *image.entrypoint, network=True, SETTING=setting, STATE=STATE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, help="a gatehouse in place of the build stage's")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/image", help="folder for what is made")
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("image-test: needs root", file=sys.stderr)
        return 2
    stages = dockerfile.parse(ROOT / "Dockerfile")
    builder = Builder(options.work.resolve(), options.binary)
    builder.build(stages)
    builder.unpack("base")
    builder.base_size = size_of(builder.folder("base"))
    shutil.rmtree(builder.folder("base"))
    try_out(builder, stages[-1])
    print("image-test: good")
    return 0


if __name__ == "__main__":
    sys.exit(main())
