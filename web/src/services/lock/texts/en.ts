/** Texts of locking and unlocking. */
export default {
  title: "Lock and unlock",
  lock: "Lock",
  unlock: "Unlock",
  lockWhat: "Doors and boot are locked. The car tells when its own sensors say so.",
  unlockWhat: "The doors are unlocked for everybody who stands at the car. Type your safety code to go on.",
  lockDo: "Lock the car",
  unlockDo: "Unlock the car",
  underWay: "{{command}}: under way",
  closed: "Not possible now",
  noKey: "This browser is no key of the car yet",
  noKeyWhat: "Whoever opens the car signs with a key that never leaves their phone. This takes a minute, in the car:",
  other: "Or command it here and approve it on a phone that the car already knows:",
  askPhone: "Ask another phone",
};
