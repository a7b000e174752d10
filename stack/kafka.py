"""A Kafka broker from its jars: one node, broker and controller in one process.

`install` fetches the jars; `KafkaBroker` formats a data folder on its first start and runs the
broker on it. Topics are created by those who own them, never by a typo in a consumer.
"""

# ruff: noqa: S603 - starting programs is what this file is for; no argument comes from outside

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
import struct
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from stack.jars import KAFKA_VERSION, fetch, find_java, locked
from stack.program import (
    HOST,
    Program,
    Say,
    StackError,
    find_free_port,
    require_free_ports,
    say_on_stderr,
)
from stack.server import Server

__all__ = ["KAFKA_VERSION", "KafkaBroker", "install"]

MAIN = "kafka.Kafka"
LOGGING = Path(__file__).with_name("log4j2.xml")
#: Measured on 2 cores against G1 and both compilers: start in 4.2 s instead of 6.9 s, 312 MB
#: instead of 430 MB resident after 60,000 records, and no more CPU a record after 600,000.
JVM_OPTIONS = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    # An archive that does not fit is ignored, and this keeps the JVM from saying so.
    "-Xshare:auto",
    "-Xlog:cds=off",
    "-Xlog:cds+dynamic=off",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
)
#: `Metadata` version 4: the newest without compact encoding; Kafka 4 still answers it.
METADATA_API_KEY, METADATA_API_VERSION = 3, 4
PROBE_WITHIN_S = 2.0


def install(cache: Path | None = None, say: Say = say_on_stderr) -> Path:
    """Fetch Kafka's jars and prepare them for a fast start; does nothing when that was done.

    Any number of processes may call this at once: one works, the others wait for it.

    Args:
        cache: Folder to keep them in; by default Whistle's part of the user's cache folder.
        say: Told what is going on before it takes a while.

    Returns:
        The folder that holds the jars.

    Raises:
        StackError: Java or Maven is missing, or Maven could not fetch the jars.
    """
    libs = fetch(cache, say)
    archive = archive_beside(libs)
    if not archive.exists():
        with locked(libs.parent / "archive.lock"):
            if not archive.exists():
                say("Preparing Kafka's classes for a fast start (once, some 10 s) ...")
                _archive_classes(libs, archive, say)
    return libs


def archive_beside(libs: Path) -> Path:
    """Return where the class archive for these jars and this machine's Java is kept."""
    # Another Java cannot use it, and would not say so.
    java = hashlib.sha256(find_java().banner.encode()).hexdigest()[:12]
    return libs.parent / f"classes-{java}.jsa"


def _archive_classes(libs: Path, archive: Path, say: Say) -> None:
    """Let a broker start once and write down the classes it loaded, already parsed.

    That halves every later start (measured: 4.1 s to 2.2 s, formatting 1.7 s to 1.0 s).
    """
    with tempfile.TemporaryDirectory(prefix="archive-", dir=libs.parent) as scratch:
        folder = Path(scratch)
        broker = _Recorder(folder / "data", libs, folder / archive.name)
        try:
            broker.start()
        except StackError as error:
            say(f"Going on without: {error}")
        if not broker.stop():
            broker.recording.unlink(missing_ok=True)
        # An empty archive means: it was tried, do not lose the time again.
        broker.recording.touch()
        broker.recording.rename(archive)


class KafkaBroker(Server):
    """One broker on the loopback address, with data that outlives it.

    Replication factors are 1 and there is no password: this is for one machine, not for a cluster.
    """

    name = "kafka"

    def __init__(self, data_dir: Path, port: int, controller_port: int, heap_mb: int = 384) -> None:
        """Describe the broker; `start` makes what is missing.

        Args:
            data_dir: Where records, settings and the log are kept.
            port: Where clients connect.
            controller_port: For the broker's talk with itself; not for clients.
            heap_mb: Java heap at most; the process takes about 120 MB more outside it.
        """
        super().__init__(data_dir)
        self.port = port
        self.controller_port = controller_port
        self.heap_mb = heap_mb
        self.log_file = self.data_dir / "kafka.log"

    @property
    def bootstrap(self) -> str:
        """Address a client starts from."""
        return f"{HOST}:{self.port}"

    def prepare(self) -> None:
        """Fetch the jars, write the settings and, once, format the data folder."""
        self._libs()
        require_free_ports(self.name, self.port, self.controller_port)
        # Records hold what people said: nobody else on this machine may read them.
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._records.mkdir(mode=0o700, exist_ok=True)
        self._settings.write_text(self._render_settings())
        # `meta.properties` is written last, so a format cut short is simply done again.
        if not (self._records / "meta.properties").exists():
            self._format()

    def program(self) -> Program:
        """Describe the broker's process."""
        heap = ("-Xms128m", f"-Xmx{self.heap_mb}m")
        return Program(
            name=self.name,
            argv=(*self._java(), *self._archive_options(), *heap, MAIN, str(self._settings)),
            env={},
            log_file=self.log_file,
            ready=self.is_ready,
            # Java writes its crash reports into the working folder.
            cwd=self.data_dir,
        )

    def answers(self) -> bool:
        """Say whether the broker serves clients and lists itself as alive."""
        try:
            return count_brokers(self.port) > 0
        except (OSError, struct.error):
            return False

    @property
    def _records(self) -> Path:
        return self.data_dir / "records"

    @property
    def _settings(self) -> Path:
        return self.data_dir / "server.properties"

    def _libs(self) -> Path:
        return install()

    def _archive_options(self) -> tuple[str, ...]:
        archive = archive_beside(self._libs())
        is_usable = archive.exists() and archive.stat().st_size > 0
        return (f"-XX:SharedArchiveFile={archive}",) if is_usable else ()

    def _java(self) -> tuple[str, ...]:
        # Sorted, because an archive fits only the class path it was made with.
        classpath = ":".join(str(jar) for jar in sorted(self._libs().glob("*.jar")))
        logging = f"-Dlog4j2.configurationFile={LOGGING}"
        return (find_java().path, *JVM_OPTIONS, logging, "-cp", classpath)

    def _format(self) -> None:
        cluster_id = base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()
        command = [*self._java(), *self._archive_options(), "kafka.tools.StorageTool", "format"]
        # With the equals sign, because one in 64 begins with a dash and would pass for an option.
        command += ["--standalone", f"--cluster-id={cluster_id}", "--config", str(self._settings)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            words = (done.stdout + done.stderr).strip()[-2000:]
            raise StackError("kafka-format-failed", f"{self._records} was not formatted:\n{words}")

    def _render_settings(self) -> str:
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{HOST}:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.bootstrap.servers": f"{HOST}:{self.controller_port}",
            "log.dirs": str(self._records),
            "auto.create.topics.enable": "false",
            "num.network.threads": "2",
            "num.io.threads": "2",
            # One node has nobody to copy to; without these no group or transaction would work.
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "share.coordinator.state.topic.num.partitions": "1",
            # A broker that was killed may register anew only when its old session has lapsed: with
            # the default of 9 s a restart takes 13 s.
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            # The default waits 3 s for further members before a group starts to work.
            "group.initial.rebalance.delay.ms": "0",
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())


class _Recorder(KafkaBroker):
    """A broker that writes down the classes it loaded when it ends."""

    def __init__(self, data_dir: Path, libs: Path, recording: Path) -> None:
        super().__init__(data_dir, find_free_port(), find_free_port())
        self.recording = recording
        self._fetched = libs

    def _libs(self) -> Path:
        return self._fetched

    def _archive_options(self) -> tuple[str, ...]:
        return ()

    def program(self) -> Program:
        record = f"-XX:ArchiveClassesAtExit={self.recording}"
        plain = super().program()
        java, *rest = plain.argv
        # Writing takes 5 s where the machine is idle.
        return replace(plain, argv=(java, record, *rest), stop_within_s=60.0)


def count_brokers(port: int) -> int:
    """Ask the broker how many brokers its cluster lists as alive.

    An open port is not enough: it is open seconds before the broker may be written to. The question
    is spelled out in bytes, because a client library would log errors while the broker starts.

    Raises:
        OSError: Nothing answers.
        struct.error: What answers is not a broker.
    """
    client = b"whistle"
    body = struct.pack(">hhih", METADATA_API_KEY, METADATA_API_VERSION, 1, len(client)) + client
    # An array of no topics, and: do not create any.
    body += struct.pack(">i?", 0, False)
    with socket.create_connection((HOST, port), timeout=PROBE_WITHIN_S) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        with connection.makefile("rb") as answer:
            # Length, correlation id, throttle time, number of brokers.
            _, _, _, brokers = struct.unpack(">iiii", answer.read(16))
    return int(brokers)
