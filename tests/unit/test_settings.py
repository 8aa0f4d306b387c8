"""An operator sets something: it is taken from the right place, shown with its origin, and refused with a cure when wrong."""

from pathlib import Path

import pytest

from openmarque.kit.settings import InvalidSetting, Settings, load_settings


def env(tmp_path: Path, **values: str) -> dict[str, str]:
    return {"OPENMARQUE_HOME": str(tmp_path), **{f"OPENMARQUE_{k}": v for k, v in values.items()}}


def origins(settings: Settings) -> dict[str, str]:
    return {name: origin for name, _, origin, _ in settings.listing()}


def test_command_line_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    (tmp_path / "openmarque.toml").write_text('port = 1001\nmqtt_port = 1002\nlog_level = "debug"\n', "utf-8")
    settings = load_settings(env(tmp_path, PORT="2001", MQTT_PORT="2002"), {"port": 3001, "mqtt_port": None})
    assert (settings.port, settings.mqtt_port, settings.log_level, settings.host) == (3001, 2002, "debug", "127.0.0.1")
    assert origins(settings)["port"] == "command line"
    assert origins(settings)["mqtt_port"] == "environment variable OPENMARQUE_MQTT_PORT"
    assert origins(settings)["log_level"] == f"file {tmp_path / 'openmarque.toml'}"
    assert origins(settings)["host"] == "default"


def test_home_follows_the_xdg_base_directories(tmp_path: Path) -> None:
    assert load_settings({"HOME": str(tmp_path)}).home == tmp_path / ".local/share/openmarque"
    assert load_settings({"XDG_DATA_HOME": str(tmp_path)}).home == tmp_path / "openmarque"


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("PORT", "eighty", "a whole number"),
        ("PORT", "70000", "a port from 1 to 65535"),
        ("DATABASE_URL", "mysql://x", "postgresql://"),
        ("NATS_URL", "localhost:4222", "nats://"),
        ("NATS_URL", "tls://a:4222,nats://b:4222", "all with tls://"),
        ("NATS_URL", "TLS://a:4222", "tls://"),
        ("LOG_LEVEL", "loud", "one of debug"),
        ("GATES", "0", "at least 1"),
    ],
)
def test_a_bad_value_names_the_setting_its_origin_and_the_cure(tmp_path: Path, name: str, value: str, cure: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        load_settings(env(tmp_path, **{name: value}))
    assert name.lower() in caught.value.message
    assert f"environment variable OPENMARQUE_{name}" in caught.value.remedy
    assert cure in caught.value.remedy


def test_a_mistyped_name_in_the_file_is_refused_with_the_likely_one(tmp_path: Path) -> None:
    (tmp_path / "openmarque.toml").write_text("mqtt_prot = 1\n", "utf-8")
    with pytest.raises(InvalidSetting, match="did you mean mqtt_port"):
        load_settings(env(tmp_path))


def test_a_file_that_is_named_but_absent_or_broken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="exists"):
        load_settings(env(tmp_path, CONFIG=str(tmp_path / "absent.toml")))
    (tmp_path / "openmarque.toml").write_text("port = = 1", "utf-8")
    with pytest.raises(InvalidSetting, match="TOML"):
        load_settings(env(tmp_path))


def test_secrets_show_neither_in_the_listing_nor_in_the_repr_nor_in_an_error(tmp_path: Path) -> None:
    url = "postgresql://me:s3cret@db.example:5432/x?password=s3cret"
    settings = load_settings(env(tmp_path, DATABASE_URL=url, CA_PASSPHRASE="s3cret"))
    assert settings.database_url == url
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings.listing())
    assert "db.example" in str(settings.listing())
    with pytest.raises(InvalidSetting) as caught:
        load_settings(env(tmp_path, DATABASE_URL="mysql://me:s3cret@x"))
    assert "s3cret" not in caught.value.message + caught.value.remedy


def test_an_unknown_variable_with_our_prefix_is_remembered_for_the_doctor(tmp_path: Path) -> None:
    assert load_settings(env(tmp_path, MQTTPORT="1", SHARED="x")).unknown == ("OPENMARQUE_MQTTPORT",)
