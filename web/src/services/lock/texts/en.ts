/** Texts of locking and unlocking. */
export default {
  title: "Lock and unlock",
  lockWhat: "Doors and boot are locked. The car tells when its own sensors say so.",
  unlockWhat: "The doors are unlocked for everybody who stands at the car.",
  underWay: "{{command}}: under way",
};
