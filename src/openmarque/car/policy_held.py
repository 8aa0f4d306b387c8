"""The policy that a car holds: verified when it comes, verified again when it is read back, never replaced by an older one."""

from openmarque.car.model import CarProfile
from openmarque.car.records import POLICY
from openmarque.car.store import CarStore, Changes
from openmarque.catalogue.policy import CompiledPolicy, Policy, PolicyRejected, open_policy
from openmarque.protocol import signing
from openmarque.protocol.messages import Welcome


class PolicyHeld:
    """The policy in force in one car. `compiled_policy` is None and `hash` empty before the first."""

    def __init__(self, profile: CarProfile, store: CarStore) -> None:
        """Read the stored policy; one that does not verify (a key no longer trusted, a changed file) is as good as none."""
        self._profile = profile
        self.compiled_policy: CompiledPolicy | None = None
        self.hash = ""
        frame = store.read(POLICY, bytes)
        if frame is not None:
            try:
                policy, self.hash = open_policy(frame, profile.vehicle_id, profile.policy_keys)
            except PolicyRejected:
                return
            self.compiled_policy = CompiledPolicy(policy)

    @property
    def policy(self) -> Policy | None:
        """The policy in force."""
        return self.compiled_policy.policy if self.compiled_policy else None

    @property
    def issued_ms(self) -> int:
        """When the policy in force was issued; 0 before the first."""
        return self.compiled_policy.policy.issued_ms if self.compiled_policy else 0

    def proves_epoch(self, welcome: Welcome, asked: int) -> bool:
        """Whether the platform signed the epoch of this answer for this car and this greeting (``signing.epoch_statement``)."""
        key = self._profile.policy_keys.get(welcome.key_id)
        if key is None:
            return False
        try:
            signing.verify(key, signing.epoch_statement(self._profile.vehicle_id, welcome.epoch, asked), welcome.signature)
        except signing.BadSignature:
            return False
        return True

    def offer(self, changes: Changes, frame: bytes) -> bool:
        """Take a policy into force; False when it is the one in force. Raises ``PolicyRejected`` for one that may not be."""
        held = self.policy
        newest = held.version if held else None
        policy, name = open_policy(frame, self._profile.vehicle_id, self._profile.policy_keys, newest)
        if held is not None and policy.version == held.version and policy.issued_ms < held.issued_ms:
            raise PolicyRejected("It was issued before the one in force.")
        if name == self.hash:
            return False
        self.compiled_policy, self.hash = CompiledPolicy(policy), name
        changes.put(POLICY, frame)
        return True
