/** Texts of the car's privacy level. */
export default {
  // The levels are named as on the car's screen, where they are chosen.
  title: "Privacy",
  level: { private: "Private", data: "Data without position", position: "Data and position" },
  levelWhat: {
    private: "The car says nothing of itself. Emergency calls still work.",
    data: "The car says how it is, but not where it is.",
    position: "The car says how it is and where it is.",
  },
  by: "Set by {{by}}, {{at}}",
  byWhom: { driver: "the driver", "head unit": "the people in the car", "hardware buttons": "the people in the car, with the buttons", factory: "the maker" },
  byNobody: "Not changed since it became yours",
  onlyCar: "Only in the car",
  onlyCarWhat:
    "The level is set in the car alone: on its screen, or by holding the SOS and assistance buttons together and then pressing assistance. Nobody can raise it from outside: not this app, not the brand.",
  twoLevels: "This car knows two levels: “{{low}}” and “{{high}}”.",
  ceiling: "This car is built never to share more than: {{level}}.",
  remote: "Remote access",
  remoteUnheard: "Set in the car: whether the app may ask it and give it commands. The app learns that it is off when a remote command is refused.",
  remoteOff: "Off, switched in the car: the app may neither ask the car nor give it commands.",
  services: "What this means for each service",
  inCar: "Each can also be switched off in the car itself; the app does not see that.",
  open: "allowed",
  closed: "closed",
  needs: "Needs the level “{{level}}”.",
  how: "How to change it",
};
