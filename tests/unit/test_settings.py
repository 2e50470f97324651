"""Settings: the order of their sources, and what a wrong one says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from streamapp.errors import ConfigurationError, UsageError
from streamapp.settings import NAMES, Settings, load

REFERENCE = Path(__file__).parents[2] / "config" / "streamapp.toml"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str) -> Path:
    """A settings file in the current folder."""
    path = Path("my.toml")
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_when_nothing_is_set() -> None:
    """Without file, variable or option every setting has its default."""
    assert load(environ={}) == Settings()


def test_command_line_wins_over_environment_over_file() -> None:
    """Each source overrides the one below it, setting by setting."""
    config = write('application = "file"\nweb_port = 1\nguarantee = "at_least_once"\n')
    environ = {"STREAMAPP_APPLICATION": "environment", "STREAMAPP_WEB_PORT": "2"}
    settings = load({"web_port": 3, "state_dir": None}, environ=environ, config=config)
    assert (settings.application, settings.web_port, settings.guarantee) == (
        "environment",
        3,
        "at_least_once",
    )


def test_file_is_found_here_or_by_variable() -> None:
    """`config/streamapp.toml` of the current folder is read, unless STREAMAPP_CONFIG names another."""
    Path("config").mkdir()
    Path("config/streamapp.toml").write_text('application = "here"\n', encoding="utf-8")
    other = write('application = "other"\n')
    assert load(environ={}).application == "here"
    assert load(environ={"STREAMAPP_CONFIG": str(other)}).application == "other"


def test_commit_seconds_follow_the_guarantee_unless_set() -> None:
    """100 ms exactly once, 1 s at least once, or what was set."""
    assert load(environ={}).commit_seconds == 0.1
    assert load({"guarantee": "at_least_once"}, environ={}).commit_seconds == 1.0
    assert load({"commit_interval": "0.5"}, environ={}).commit_seconds == 0.5


def test_text_of_a_variable_becomes_the_type_of_the_setting() -> None:
    """Numbers, switches, folders and addresses are read from text."""
    environ = {
        "STREAMAPP_BOOTSTRAP_SERVERS": "a:1, b:2",
        "STREAMAPP_STATE_DIR": "~/state",
        "STREAMAPP_FAIL_FAST": "Yes",
        "STREAMAPP_SESSION_TIMEOUT": "45",
        "STREAMAPP_CACHE_BYTES": "2000000",
    }
    settings = load(environ=environ)
    assert settings.bootstrap_servers == "a:1,b:2"
    assert settings.state_dir == Path.home() / "state"
    assert (settings.fail_fast, settings.session_timeout, settings.cache_bytes) == (True, 45.0, 2_000_000)


def test_an_empty_variable_does_not_count() -> None:
    """`STREAMAPP_WEB_PORT= streamapp worker` clears the variable."""
    assert load(environ={"STREAMAPP_WEB_PORT": ""}).web_port == 6066


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("bootstrap_servers", "localhost", "host:port"),
        ("bootstrap_servers", "localhost:99999", "host:port"),
        ("application", "my shop", "letters, digits"),
        ("topologies", "topologies", "package:NAME"),
        ("guarantee", "exactly-once", "exactly_once or at_least_once"),
        ("commit_interval", "0", "seconds from 0.001 to 3600"),
        ("commit_interval", "nan", "seconds"),
        ("web_port", "70000", "0 to 65535"),
        ("web_port", "http", "0 to 65535"),
        ("replication_factor", "0", "1 to 32767"),
        ("fail_fast", "perhaps", "true or false"),
        ("cache_bytes", "64MB", "whole number"),
        ("log_level", "loud", "debug or info"),
    ],
)
def test_a_bad_value_names_setting_value_origin_and_remedy(name: str, value: str, expected: str) -> None:
    """The error of a bad value leaves nothing to look up."""
    variable = f"STREAMAPP_{name.upper()}"
    with pytest.raises(ConfigurationError) as raised:
        load(environ={variable: value})
    text = str(raised.value)
    assert all(part in text for part in (name, repr(value), variable, expected)), text


def test_the_origin_of_a_bad_value_is_the_source_that_gave_it() -> None:
    """File and option are named as such."""
    with pytest.raises(ConfigurationError, match=re.escape("(my.toml)")):
        load(environ={}, config=write("web_port = true\n"))
    with pytest.raises(UsageError, match="option --web-port"):
        load({"web_port": -1}, environ={})


def test_unknown_names_are_refused_with_the_nearest() -> None:
    """A misspelt setting is not silently ignored, wherever it stands."""
    with pytest.raises(ConfigurationError, match="'comit_interval': did you mean 'commit_interval'"):
        load(environ={}, config=write("comit_interval = 1\n"))
    with pytest.raises(ConfigurationError, match="did you mean STREAMAPP_BOOTSTRAP_SERVERS"):
        load(environ={"STREAMAPP_BOOTSTRAP_SERVER": "a:1"})
    with pytest.raises(ConfigurationError, match="there is bootstrap_servers,"):
        load({"xyzzy": 1}, environ={})


def test_variables_that_others_set_are_left_alone() -> None:
    """Kubernetes sets these for a service called streamapp; they are not ours."""
    environ = {
        "STREAMAPP_PORT": "tcp://10.0.0.1:80",
        "STREAMAPP_SERVICE_HOST": "10.0.0.1",
        "STREAMAPP_FAIL_POINT": "x:1",
    }
    assert load(environ=environ) == Settings()


def test_an_unreadable_file_is_named() -> None:
    """A missing or broken settings file stops everything, since it was asked for."""
    with pytest.raises(ConfigurationError, match=r"'gone\.toml' cannot be read \(No such file"):
        load(environ={"STREAMAPP_CONFIG": "gone.toml"})
    with pytest.raises(ConfigurationError, match=r"'my\.toml' is not TOML: .*line 1"):
        load(environ={}, config=write("web_port\n"))


def test_heartbeats_must_fit_the_session() -> None:
    """Kafka would take a member for dead between two heartbeats."""
    with pytest.raises(ConfigurationError, match="at most a third"):
        load({"heartbeat_interval": 20}, environ={})


def test_the_reference_file_names_every_setting_with_its_default() -> None:
    """`config/streamapp.toml`, every setting uncommented, is the defaults."""
    text = REFERENCE.read_text(encoding="utf-8")
    assert load(environ={}, config=REFERENCE) == Settings()
    uncommented = re.sub(r"(?m)^# (\w+ = )", r"\1", text)
    values = tomllib.loads(uncommented)
    assert set(values) == set(NAMES)
    depends = {"bootstrap_servers", "commit_interval"}
    loaded = load({name: value for name, value in values.items() if name not in depends}, environ={})
    assert loaded == Settings()
    assert values["commit_interval"] == Settings().commit_seconds
