"""From the command line a token is made for the demo owner of a demo home, and for nobody else, whatever lies in the home."""

import msgspec
import pytest

from openmarque.cli.demo_home import FOLDER, NotADemoHome, account_of, demo_owner, known_demo_owner
from openmarque.kit.ids import wire

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def owner_file(platform):
    path = platform.settings.home / FOLDER / "owner.json"
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


async def test_a_home_without_a_demo_owner_opens_no_account(platform, owner_file):
    with pytest.raises(NotADemoHome):
        await known_demo_owner(platform)


async def test_a_demo_home_knows_its_demo_owner(platform, owner_file):
    made = await demo_owner(platform)
    assert account_of(await known_demo_owner(platform)) == account_of(made)


async def test_a_file_that_names_another_account_opens_none(platform, street, owner_file):
    victim = await street.owner()
    made = await demo_owner(platform)
    forged = msgspec.structs.replace(made, account_id=wire(victim.account_id))
    owner_file.write_bytes(msgspec.json.encode(forged))
    with pytest.raises(NotADemoHome):
        await known_demo_owner(platform)


async def test_a_real_owner_whose_address_the_file_names_is_opened_by_no_file(platform, owner_file):
    now = platform.clock.now()
    async with platform.database.begin() as tx:
        victim = await platform.accounts.create(tx, "fr", "Europe/Paris", now)
        await platform.accounts.create_with_password(tx, victim, "victim@people.example", "a-long-password-of-mine", now)
    made = await demo_owner(platform)
    forged = msgspec.structs.replace(made, account_id=wire(victim), email="victim@people.example")
    owner_file.write_bytes(msgspec.json.encode(forged))
    with pytest.raises(NotADemoHome):
        await known_demo_owner(platform)
