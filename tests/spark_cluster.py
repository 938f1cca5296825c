"""A standalone Spark cluster on loopback, a master and a worker, from what pyspark brings."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.service import free_port
from tests.tools import required

# Little is computed here: what takes time is to start virtual machines, and to compile what they run.
_SMALL = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"
_CONF = f"""\
spark.cores.max 1
spark.driver.extraJavaOptions {_SMALL}
spark.executor.extraJavaOptions {_SMALL}
spark.executor.memory 700m
spark.default.parallelism 1
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
spark.sql.files.minPartitionNum 1
spark.sql.adaptive.enabled false
"""


def installed() -> Path:
    """Return where Spark is: tests skip without it, except in CI."""
    required("java")
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        if os.environ.get("CI"):
            pytest.fail("pyspark is not installed, and CI requires it")
        pytest.skip("pyspark is not installed: `make spark` installs it")
    return Path(found.origin).parent


@contextmanager
def cluster(folder: Path) -> Iterator[Mapping[str, str]]:
    """Start one, and give what the environment of whoever submits to it has to say."""
    home, port = installed(), free_port()
    (folder / "spark-defaults.conf").write_text(_CONF)
    master = f"spark://127.0.0.1:{port}"
    environment = {
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONF_DIR": str(folder),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_MASTER": master,
        "SPARK_SCALA_VERSION": "2.13",  # as its start scripts would find out
    }
    java = [required("java"), *_SMALL.split(), "-Xmx256m", "-cp", f"{home}/jars/*"]
    deploy = "org.apache.spark.deploy"
    parts = [
        ("master.Master", "--port", str(port)),
        ("worker.Worker", "--cores", "1", "--memory", "1g", "-d", str(folder), master),
    ]
    with ExitStack() as stack:
        for name, *options in parts:
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            command = [*java, f"{deploy}.{name}", "--webui-port", "0", "--host", "127.0.0.1"]
            process = subprocess.Popen(
                [*command, *options], stdout=log, stderr=log, env=os.environ | environment
            )
            stack.callback(process.wait)
            stack.callback(process.kill)  # the worker waits for its master until there is one
        yield environment
