"""Cars and owners on the real database: provisioning, tenure, certificates, and what each change does to the car's policy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from openmarque.brands.pack import BrandPack, load_pack
from openmarque.catalogue.decide import Ask, Kind, Moment, Permit
from openmarque.catalogue.policy import CompiledPolicy, Policy, SignedPolicy
from openmarque.domains.accounts.service import Accounts
from openmarque.domains.contracts.rules import ContractStepImpossible, Step
from openmarque.domains.contracts.service import Contracts, PlanUnknown
from openmarque.domains.garage.errors import CeilingNotOffered, ModelUnknown, TenureRunning, VehicleExists, VehicleUnknown
from openmarque.domains.garage.service import Build, Garage, NewVehicle
from openmarque.domains.garage.vault import VinVault
from openmarque.governance.enforcing import enforce, set_app_password
from openmarque.governance.facts import PostgresFacts, PostgresPolicyStore
from openmarque.governance.platform import installed_catalogue
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.kit.clock import SystemClock, to_ms
from openmarque.kit.csr import certificate_request, new_car_key
from openmarque.kit.ids import VehicleId
from openmarque.kit.vin import InvalidVin
from openmarque.link.pki import RefusedRequest
from openmarque.link.pki_keys import KeyRing, Purpose
from openmarque.link.ports import PolicyRow
from openmarque.link.postgres import PostgresLinkStore
from openmarque.protocol import signals as vss
from openmarque.protocol import signing
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import CertificateRequest
from openmarque.storage.migrate import migrate
from openmarque.storage.postgres import PostgresDatabase, PostgresTransaction, open_database
from tests.databases import APP_PASSWORD, as_app
from tests.integration.conftest import Pki, Postgres

VIN = "VF1AACVYB00000001"


class Yard:
    """A garage with everything it stands on."""

    def __init__(self, database: PostgresDatabase, keys: KeyRing, pki: Pki) -> None:
        self.database = database
        self.clock = SystemClock()
        self.keys = keys
        pack = load_pack()
        self.compiler = StoringPolicyCompiler(
            installed_catalogue(load_pack()), PostgresFacts(load_pack()), PostgresPolicyStore(), keys.signing(Purpose.POLICY)[1]
        )
        self._pki = pki
        self.garage = self.of_brand(pack)
        self.contracts = Contracts(pack, self.compiler)
        self.accounts = Accounts(pack)
        self.link = PostgresLinkStore(database)

    def of_brand(self, pack: BrandPack) -> Garage:
        return Garage(pack, VinVault(self.keys), self._pki.ca, self.compiler)

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[PostgresTransaction]:
        async with self.database.begin() as tx:
            yield tx

    async def policy(self, vehicle_id: VehicleId) -> PolicyRow:
        async with self.tx() as tx:
            return (await self.link.policies(tx, [vehicle_id]))[vehicle_id]

    async def is_open(self, vehicle_id: VehicleId) -> bool:
        """Whether status is open for this car at the highest level."""
        frame = msgspec.msgpack.decode((await self.policy(vehicle_id)).frame, type=SignedPolicy)
        rules = CompiledPolicy(msgspec.msgpack.decode(frame.policy, type=Policy))
        moment = Moment(to_ms(self.clock.now()), Level.POSITION)
        return isinstance(rules.judge(Ask("status", Kind.SIGNAL, vss.SPEED), moment), Permit)


def prepare(url: str) -> None:
    def with_password(connection: psycopg.Connection) -> None:
        enforce(connection)
        set_app_password(connection, APP_PASSWORD)

    migrate(url, with_password)


@pytest.fixture
async def yard(postgres: Postgres, pki: Pki, tmp_path: Path) -> AsyncIterator[Yard]:
    postgres.template("garage", prepare)

    async def nowhere(_messages: object) -> None:
        await asyncio.sleep(0)

    with postgres.fresh(template="garage") as url:
        database, pool = await open_database(as_app(url), nowhere)
        try:
            yard = Yard(database, KeyRing(tmp_path / "keys", SystemClock()), pki)
            async with yard.tx() as tx:
                await yard.garage.store_brand(tx)
            yield yard
        finally:
            await pool.close()


async def owned(yard: Yard, vin: str = VIN) -> VehicleId:
    """A car with an owner and the trial."""
    now = yard.clock.now()
    async with yard.tx() as tx:
        vehicle_id = await yard.garage.register(tx, NewVehicle(vin, "brise"), now)
        account_id = await yard.accounts.create(tx, "fr", "Europe/Paris", now)
        tenure_id = await yard.garage.start_tenure(tx, vehicle_id, account_id, now)
        await yard.contracts.activate_trial(tx, tenure_id, vehicle_id, "connect", now)
    return vehicle_id


@pytest.mark.req("LNK-1a", "LNK-1b")
@pytest.mark.parametrize("vin", ["VF1AACVYB0000000I", "VF1AACVYB0000000O", "1M8GDM9A1KP042788", "SHORT"])
async def test_a_wrong_vin_is_refused_with_the_reason_and_leaves_nothing(yard: Yard, vin: str) -> None:
    with pytest.raises(InvalidVin):
        async with yard.tx() as tx:
            await yard.garage.register(tx, NewVehicle(vin, "brise"), yard.clock.now())
    async with yard.tx() as tx:
        assert await tx.rows("om_platform", "SELECT FROM vehicle") == []


@pytest.mark.req("PRV-1e")
async def test_a_car_is_built_with_the_levels_of_its_brand_and_for_one_of_them_at_most(yard: Yard) -> None:
    two = yard.of_brand(msgspec.structs.replace(load_pack(), levels=("private", "position")))
    async with yard.tx() as tx:
        with pytest.raises(CeilingNotOffered, match="data") as caught:
            await two.register(tx, NewVehicle(VIN, "brise", Level.DATA), yard.clock.now())
        assert caught.value.remedy == "Choose one of: private, position."
        car = await two.register(tx, NewVehicle(VIN, "brise"), yard.clock.now())
        assert await two.build_of(tx, car) == Build("brise", Level.POSITION, (Level.PRIVATE, Level.POSITION))
        assert await yard.garage.build_of(tx, car) == await two.build_of(tx, car), "a car keeps what it was built with"
        with pytest.raises(VehicleUnknown):
            await two.build_of(tx, VehicleId(uuid4()))


async def test_a_vin_is_provisioned_once_also_after_the_look_up_key_was_rotated(yard: Yard) -> None:
    vehicle_id = await owned(yard)
    yard.keys.rotate(Purpose.VIN_LOOKUP)
    yard.keys.rotate(Purpose.VIN_ENCRYPTION)
    with pytest.raises(VehicleExists):
        await owned(yard)
    async with yard.tx() as tx:
        assert await yard.garage.find(tx, VIN.lower()) == vehicle_id
        assert await yard.garage.vin(tx, vehicle_id) == VIN
        with pytest.raises(VehicleUnknown):
            await yard.garage.find(tx, "VF1AACVYB00000002")


async def test_the_vin_stands_nowhere_in_the_database(yard: Yard) -> None:
    vehicle_id = await owned(yard)
    async with yard.tx() as tx:
        (row,) = await tx.rows("om_platform", "SELECT v::text FROM vehicle v WHERE vehicle_id = %s", (vehicle_id,))
        assert VIN not in row[0]
        assert VIN.encode().hex() not in row[0]


async def test_an_unknown_model_or_plan_names_those_there_are(yard: Yard) -> None:
    with pytest.raises(ModelUnknown) as unknown:
        async with yard.tx() as tx:
            await yard.garage.register(tx, NewVehicle(VIN, "zeppelin"), yard.clock.now())
    assert "brise" in unknown.value.remedy
    vehicle_id = await owned(yard)
    async with yard.tx() as tx:
        (row,) = await tx.rows("om_platform", "SELECT tenure_id FROM tenure")
    with pytest.raises(PlanUnknown):
        async with yard.tx() as tx:
            await yard.contracts.activate_trial(tx, row[0], vehicle_id, "gold", yard.clock.now())


@pytest.mark.req("LNK-8d")
async def test_services_open_with_the_contract_and_close_with_it(yard: Yard) -> None:
    now = yard.clock.now()
    async with yard.tx() as tx:
        vehicle_id = await yard.garage.register(tx, NewVehicle(VIN, "brise"), now)
    assert not await yard.is_open(vehicle_id)
    async with yard.tx() as tx:
        account_id = await yard.accounts.create(tx, "fr", "Europe/Paris", now)
        tenure_id = await yard.garage.start_tenure(tx, vehicle_id, account_id, now)
    assert not await yard.is_open(vehicle_id)
    async with yard.tx() as tx:
        contract_id = (await yard.contracts.activate_trial(tx, tenure_id, vehicle_id, "connect", now)).contract_id
    assert contract_id is not None
    assert await yard.is_open(vehicle_id)
    before = (await yard.policy(vehicle_id)).version
    async with yard.tx() as tx:
        await yard.contracts.step(tx, contract_id, Step.TERMINATE, now)
    assert not await yard.is_open(vehicle_id)
    assert (await yard.policy(vehicle_id)).version == before + 1
    with pytest.raises(ContractStepImpossible):
        async with yard.tx() as tx:
            await yard.contracts.step(tx, contract_id, Step.RESUME, now)


async def test_a_car_without_telematics_has_no_connected_service(yard: Yard) -> None:
    now = yard.clock.now()
    async with yard.tx() as tx:
        vehicle_id = await yard.garage.register(tx, NewVehicle(VIN, "radio"), now)
        account_id = await yard.accounts.create(tx, "fr", "Europe/Paris", now)
        tenure_id = await yard.garage.start_tenure(tx, vehicle_id, account_id, now)
        await yard.contracts.activate_trial(tx, tenure_id, vehicle_id, "connect", now)
    assert not await yard.is_open(vehicle_id)


async def test_a_car_has_one_owner_at_a_time_also_when_two_try_at_once(yard: Yard) -> None:
    now = yard.clock.now()
    async with yard.tx() as tx:
        vehicle_id = await yard.garage.register(tx, NewVehicle(VIN, "brise"), now)
        accounts = [await yard.accounts.create(tx, "fr", "Europe/Paris", now) for _ in range(4)]

    async def attempt(number: int) -> bool:
        try:
            async with yard.tx() as tx:
                await yard.garage.start_tenure(tx, vehicle_id, accounts[number], now)
        except TenureRunning:
            return False
        return True

    assert sum(await asyncio.gather(*map(attempt, range(4)))) == 1


async def test_after_a_sale_the_buyer_starts_with_nothing_of_the_sellers(yard: Yard) -> None:
    vehicle_id = await owned(yard)
    now = yard.clock.now()
    async with yard.tx() as tx:
        (row,) = await tx.rows("om_platform", "SELECT tenure_id FROM tenure")
        await tx.execute("om_link", """UPDATE last_values SET signals = '{"Vehicle.Speed": [50, 1, 1]}'""")
        await yard.garage.end_tenure(tx, row[0], now + timedelta(seconds=1))
    assert not await yard.is_open(vehicle_id)
    async with yard.tx() as tx:
        buyer = await yard.accounts.create(tx, "fr", "Europe/Paris", now)
        tenure_id = await yard.garage.start_tenure(tx, vehicle_id, buyer, now + timedelta(seconds=1))
        rows = await tx.rows("om_link", "SELECT tenure_id, signals FROM last_values WHERE vehicle_id = %s", (vehicle_id,))
        grants = await tx.rows("om_platform", "SELECT subject_id FROM capability_grant WHERE until_at IS NULL")
    assert rows == [(tenure_id, {})]
    assert grants == [(buyer,)]


def asking(vehicle_id: VehicleId, signer: EllipticCurvePrivateKey, new: EllipticCurvePrivateKey) -> CertificateRequest:
    """A request for a certificate for `new`, signed with `signer` as the car's present key."""
    csr = certificate_request(new, vehicle_id)
    return CertificateRequest(csr, signing.key_id(signer.public_key()), signing.sign(signer, signing.renewal_statement(csr)))


@pytest.mark.req("LNK-1d")
async def test_a_certificate_is_renewed_with_a_fresh_key_only_and_for_the_car_itself(yard: Yard) -> None:
    vehicle_id, other = await owned(yard), await owned(yard, "VF1AACVYB00000002")
    key, stranger = new_car_key(), new_car_key()
    async with yard.tx() as tx:
        await yard.garage.certify(tx, vehicle_id, certificate_request(key, vehicle_id))
        chain = await yard.garage.renew(tx, vehicle_id, asking(vehicle_id, key, new_car_key()), yard.clock.now())
    assert chain.startswith(b"-----BEGIN CERTIFICATE")
    attempts = (
        asking(vehicle_id, key, key),  # the same key again
        asking(other, key, new_car_key()),  # a request that names another car
        asking(vehicle_id, stranger, new_car_key()),  # signed by nobody we know
        msgspec.structs.replace(asking(vehicle_id, key, new_car_key()), signature=b"\0" * 70),
        CertificateRequest(certificate_request(new_car_key(), vehicle_id)),  # not signed at all
        CertificateRequest(b"garbage"),
    )
    for request in attempts:
        with pytest.raises(RefusedRequest):
            async with yard.tx() as tx:
                await yard.garage.renew(tx, vehicle_id, request, yard.clock.now())


async def test_a_revoked_car_cannot_renew_itself_back_in(yard: Yard) -> None:
    vehicle_id, key = await owned(yard), new_car_key()
    async with yard.tx() as tx:
        await yard.garage.certify(tx, vehicle_id, certificate_request(key, vehicle_id))
    request = asking(vehicle_id, key, new_car_key())
    async with yard.tx() as tx:
        assert await yard.garage.revoke(tx, vehicle_id, "stolen", yard.clock.now()) == 1
        assert await yard.garage.revoke(tx, vehicle_id, "stolen", yard.clock.now()) == 0
    with pytest.raises(RefusedRequest):
        async with yard.tx() as tx:
            await yard.garage.renew(tx, vehicle_id, request, yard.clock.now())
    # Nor after the unit was replaced: the thief's key is still a revoked one.
    async with yard.tx() as tx:
        await yard.garage.certify(tx, vehicle_id, certificate_request(new_car_key(), vehicle_id))
    with pytest.raises(RefusedRequest):
        async with yard.tx() as tx:
            await yard.garage.renew(tx, vehicle_id, request, yard.clock.now())


async def test_a_renewal_and_a_revocation_at_once_leave_no_good_certificate(yard: Yard) -> None:
    vehicle_id, key = await owned(yard), new_car_key()
    async with yard.tx() as tx:
        await yard.garage.certify(tx, vehicle_id, certificate_request(key, vehicle_id))

    async def renew() -> None:
        with suppress(RefusedRequest):
            async with yard.tx() as tx:
                await yard.garage.renew(tx, vehicle_id, asking(vehicle_id, key, new_car_key()), yard.clock.now())

    async def revoke() -> None:
        async with yard.tx() as tx:
            await yard.garage.revoke(tx, vehicle_id, "stolen", yard.clock.now())

    await asyncio.gather(*(renew() for _ in range(4)), revoke(), *(renew() for _ in range(4)))
    async with yard.tx() as tx:
        assert await tx.rows("om_platform", "SELECT FROM certificate WHERE revoked_at IS NULL") == []


async def test_what_a_car_signed_and_its_certificates_can_be_added_but_not_rewritten(yard: Yard) -> None:
    for statement in (
        "UPDATE privacy_level SET level = 3",
        "DELETE FROM privacy_level",
        "UPDATE certificate SET public_key = ''",
        "DELETE FROM certificate",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with yard.tx() as tx:
                await tx.execute("om_platform", statement)
