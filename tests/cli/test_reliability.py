"""Whatever ends or hinders a run, a run directory under its name is whole, and all else is said.

Set SALESSIM_KILLS for more than the twenty kills of the daily run: a fifth of them at any instant
of a command's life, the others while it writes.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest

from salessim import SalessimError, api, load_plan, save_run, simulate
from salessim.api import manifests, run_directory
from salessim.api.claims import make_claimed, release
from salessim.charts import style

KILLS = int(os.environ.get("SALESSIM_KILLS", "20"))
SALESSIM = (sys.executable, "-c", "from salessim.cli.main import main; main()")
MARK = ".first.tmp-"


def is_whole(run):
    """All files of the manifest, no others, with the content that it states."""
    manifest = run / "manifest.json"
    if not manifest.exists():
        return False
    files = json.loads(manifest.read_text())["files"]
    there = {file.name: file.read_bytes() for file in run.iterdir() if file != manifest}
    return len(files) > 5 and files == {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in there.items()
    }


def left(folder):
    """What is there besides the plan."""
    return sorted(file.name for file in folder.iterdir() if file.name != "acme.toml")


@pytest.fixture
def run(folder):
    plan = load_plan("acme.toml")
    forecast = simulate(plan)
    # what is imported or cached at the first writing is there before anything is shut
    style.save(forecast.plot.fan(), folder / "warm.png")
    (folder / "warm.png").unlink()
    shutil.rmtree(save_run(plan, forecast, "warm"))
    return lambda path="first": save_run(plan, forecast, path)


def test_what_is_not_whole_is_seen(run):
    path = run()
    assert is_whole(path)
    content = (path / "fan.svg").read_bytes()
    for damage in (content[:-1], content.replace(b"0", b"1"), None):
        (path / "fan.svg").write_bytes(damage or b"")
        if damage is None:
            (path / "fan.svg").unlink()
        assert not is_whole(path)


# Killed ----------------------------------------------------------------------------------------


class Killed:
    """Counts what kills left behind; the run directory of each is taken away for the next."""

    def __init__(self, folder):
        self.folder = folder
        self.whole = self.begun = self.nothing = 0

    def look(self):
        orphans = [file for file in self.folder.iterdir() if file.name.startswith(MARK)]
        assert {*left(self.folder)} <= {"first", *(file.name for file in orphans)}
        # those of earlier kills are gone
        assert len(orphans) <= 1
        if (self.folder / "first").exists():
            assert is_whole(self.folder / "first")
            shutil.rmtree(self.folder / "first")
            self.whole += 1
        elif orphans and any(orphans[0].iterdir()):
            self.begun += 1
        else:
            self.nothing += 1


def seconds(call):
    started = time.monotonic()
    call()
    return time.monotonic() - started


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_killed_at_any_instant(folder):
    command = (*SALESSIM, "run", "acme.toml", "-o", "first", "-q")
    draw = random.Random(1)  # noqa: S311 - no secret
    life = seconds(lambda: subprocess.run(command, check=True))
    killed = Killed(folder)
    killed.look()
    for _ in range(KILLS // 5):
        with subprocess.Popen(command) as process:
            time.sleep(draw.uniform(0.0, 1.1 * life))
            process.kill()
        killed.look()
    subprocess.run(command, check=True)
    assert left(folder) == ["first"]
    assert is_whole(folder / "first")
    assert killed.whole + killed.begun + killed.nothing == KILLS // 5 + 1


WRITE_WHEN_TOLD = """
import os, shutil, signal, sys, time
from salessim import load_plan, save_run, simulate
plan = load_plan("acme.toml")
forecast = simulate(plan, trajectories=5_000)
shutil.rmtree(save_run(plan, forecast, "slow at first"))
save_run(plan, forecast, "first")
print("ready", flush=True)
for seconds in iter(sys.stdin.readline, ""):
    child = os.fork()
    if not child:
        save_run(plan, forecast, "first")
        os._exit(0)
    if float(seconds) >= 0:
        time.sleep(float(seconds))
        os.kill(child, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no such call here")
def test_killed_while_writing(folder):
    with subprocess.Popen(
        (sys.executable, "-c", WRITE_WHEN_TOLD),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:

        def write(*, killed_after):
            writer.stdin.write(f"{killed_after}\n")
            writer.stdin.flush()
            assert int(writer.stdout.readline()) in (0, -signal.SIGKILL)

        assert writer.stdout.readline() == "ready\n"
        manifest = json.loads((folder / "first/manifest.json").read_text())
        life = manifest["timing"]["write_seconds"]
        draw = random.Random(2)  # noqa: S311 - no secret
        killed = Killed(folder)
        killed.look()
        writes = 0
        # some must find it writing, however the machine's load changes its speed
        while writes < KILLS - KILLS // 5 or (killed.begun <= KILLS // 4 and writes < 20 * KILLS):
            write(killed_after=draw.uniform(0.0, 1.2 * life))
            killed.look()
            writes += 1
        write(killed_after=-1)
        assert left(folder) == ["first"]
        assert is_whole(folder / "first")
        writer.stdin.close()
    assert killed.begun > KILLS // 4


def test_what_a_living_run_fills_is_not_taken_for_an_orphan(folder, run):
    with api.RunDirectory("first") as living:
        (living.work / "file").write_text("mine")
        for dead in (".first.tmp-00000000", ".first-20270101-000000-2.tmp-00000000"):
            (folder / dead).mkdir()
            (folder / dead / "file").write_text("nobody's")
        for other in (".first.tmp-mine", ".second.tmp-00000000", "first.tmp-00000000"):
            (folder / other).mkdir()
        assert is_whole(run())
        assert (living.work / "file").exists()
        with pytest.raises(SalessimError, match="appeared while the run was under way"):
            living.publish()
    assert left(folder) == [
        ".first.tmp-mine",
        ".second.tmp-00000000",
        "first",
        "first.tmp-00000000",
    ]


def test_a_folder_taken_before_it_was_locked_is_made_again(folder, monkeypatch):
    from salessim.api import claims

    lock = claims._lock
    taken = []

    def late(path, *, wait):
        if not taken:
            taken.append(path.rmdir())
        return lock(path, wait=wait)

    monkeypatch.setattr(claims, "_lock", late)
    made, handle = make_claimed(folder / "first")
    assert taken
    assert left(folder) == [made.name]
    release(handle)


# Hindered --------------------------------------------------------------------------------------


def sabotage(monkeypatch, act):
    """Do something once, in the midst of writing."""
    whole, done = style.save, []

    def save(axes, path):
        if not done:
            done.append(act())
        whole(axes, path)

    monkeypatch.setattr(style, "save", save)


@pytest.mark.parametrize("removed", ["out", "out/deep"])
def test_a_folder_removed_meanwhile_is_said(folder, run, monkeypatch, removed):
    sabotage(monkeypatch, lambda: shutil.rmtree(removed))
    with pytest.raises(SalessimError) as caught:
        run("out/deep/first")
    assert str(caught.value) == (
        "out/deep/first cannot be written: its folder was removed while the run was under way; "
        "nothing is left of it: run it again"
    )
    assert left(folder) == []


@pytest.mark.parametrize("what", ["folder", "file", "link"])
def test_a_name_taken_meanwhile_is_said(folder, run, monkeypatch, what):
    path = folder / "first"
    act = {
        "folder": path.mkdir,
        "file": path.touch,
        "link": lambda: path.symlink_to("nowhere"),
    }
    sabotage(monkeypatch, act[what])
    with pytest.raises(SalessimError) as caught:
        run()
    assert str(caught.value) == (
        "first appeared while the run was under way: nothing is kept; "
        "choose another name with -o, or move it, and run it again"
    )
    assert left(folder) == ["first"]
    assert path.is_symlink() or not path.is_dir() or not list(path.iterdir())


def test_a_name_taken_at_the_last_moment_is_said(folder, run, monkeypatch):
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    (folder / "first").mkdir()
    (folder / "first/file").touch()
    with pytest.raises(SalessimError, match="first appeared while the run was under way"):
        run()
    assert left(folder) == ["first"]


@pytest.fixture
def as_nobody(folder, run, monkeypatch):
    """Permissions bind: as root they do not."""
    assert run
    folder.chmod(0o777)
    # where the libraries are installed, nobody may be shut out
    versions = {name: metadata.version(name) for name in manifests.LIBRARIES}
    monkeypatch.setattr(manifests.metadata, "version", versions.__getitem__)
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.usefixtures("as_nobody")
def test_a_folder_that_cannot_be_written_is_said(run):
    Path("shut").mkdir(mode=0o500)
    with pytest.raises(SalessimError) as caught:
        run("shut/first")
    assert str(caught.value) == (
        "shut/first cannot be written: Permission denied; nothing is left of it: "
        "choose another place with -o"
    )
    assert left(Path()) == ["shut"]


@pytest.mark.usefixtures("as_nobody")
def test_a_folder_shut_meanwhile_is_said_with_what_is_left(run, monkeypatch):
    Path("out").mkdir()
    sabotage(monkeypatch, lambda: Path("out").chmod(0o500))
    with pytest.raises(SalessimError) as caught:
        run("out/first")
    Path("out").chmod(0o700)
    (name,) = left(Path("out"))
    assert str(caught.value) == (
        f"out/first cannot be written: Permission denied; out/{name} could not be removed: "
        "choose another place with -o"
    )
    assert is_whole(run("out/second"))
    # the next run of that name tidies up
    run("out/first")
    assert left(Path("out")) == ["first", "second"]


FILL = """
import os, subprocess, sys
from salessim import SalessimError, load_plan, save_run, simulate
plan = load_plan("acme.toml")
forecast = simulate(plan, trajectories=5_000)
for size in sys.argv[1:]:
    subprocess.run(("mount", "-t", "tmpfs", "-o", f"size={size}", "none", "disk"), check=True)
    try:
        save_run(plan, forecast, "disk/deep/first")
        print("whole", end="")
    except SalessimError as error:
        print(error, end="")
    print(":", *os.listdir("disk"), flush=True)
    subprocess.run(("umount", "disk"), check=True)
"""
IN_A_NAMESPACE = ("unshare", "--map-root-user", "--mount")


def can_mount():
    """Mount as root of a namespace of its own: nothing outside sees it."""
    command = (*IN_A_NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt")
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def test_a_full_disk_is_said_wherever_it_is_full(folder):
    if not can_mount():
        pytest.skip("no disk can be made here")
    (folder / "disk").mkdir()
    sizes = ("4k", "8k", "40k", "100k", "200k", "300k", "400k", "64m")
    command = (*IN_A_NAMESPACE, sys.executable, "-c", FILL, *sizes)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *full, last = done.stdout.splitlines()
    assert last == "whole: deep"
    assert len(full) == len(sizes) - 1
    assert set(full) == {
        (
            "disk/deep/first cannot be written: No space left on device; it needs about 2 MB; "
            "nothing is left of it: free some space, or choose another place with -o:"
        )
    }


def test_the_size_said_is_about_that_of_the_files(folder):
    plan = load_plan("acme.toml")
    forecast = simulate(plan, trajectories=20_000)
    path = save_run(plan, forecast, folder / "first")
    size = sum(file.stat().st_size for file in path.iterdir()) / 1e6
    assert 0.6 < run_directory._megabytes(forecast, run_directory.FORMATS) / size < 1.6


# Interrupted -----------------------------------------------------------------------------------


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_one_interrupt_does_not_end_the_writing(call, folder, monkeypatch):
    sabotage(monkeypatch, interrupt)
    result = call("run", "acme.toml", "-o", "first")
    assert result.exit_code == 0
    assert "what is finished is being kept; interrupt again to give it up" in result.stderr
    assert is_whole(folder / "first")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_two_interrupts_give_it_up(call, folder, monkeypatch, number):
    sabotage(monkeypatch, lambda: (interrupt(), os.kill(os.getpid(), number)))
    result = call("run", "acme.toml", "-o", "first")
    assert result.exit_code == 130
    assert "interrupt again to give it up" in result.stderr
    assert "interrupted: nothing is written" in result.stderr
    assert left(folder) == []


def test_a_signal_that_is_ignored_stays_so(call, folder, monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        monkeypatch.setattr(api, "validate", lambda _: os.kill(os.getpid(), signal.SIGHUP) or ())
        assert call("run", "acme.toml", "-o", "first").exit_code == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert is_whole(folder / "first")


# Printed to where nothing can be ---------------------------------------------------------------


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_is_printed_on_a_full_disk_is_said_and_the_run_stays(folder, unbuffered):
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w") as full:
        done, helped = (
            subprocess.run(
                (*SALESSIM, *typed),
                stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment,
            )
            for typed in (("run", "acme.toml", "-o", "first", "--json", "-q"), ("--help",))
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        1,
        "error: stdout cannot be written: No space left on device; the run is whole in first\n",
    )
    assert is_whole(folder / "first")
    assert (helped.returncode, helped.stderr) == (
        1,
        "error: cannot write: No space left on device\n",
    )


@pytest.mark.parametrize("options", [(), ("--json", "--quiet")])
def test_a_reader_who_has_seen_enough_is_no_error(folder, options):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        (*SALESSIM, "run", "acme.toml", "-o", "first", *options),
        stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 1
    assert all(line.startswith("note: ") for line in done.stderr.splitlines())
    assert is_whole(folder / "first")
