/** Texts of the car's privacy level. */
export const en = {
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

export const fr: typeof en = {
  title: "Confidentialité",
  level: { private: "Privé", data: "Données sans position", position: "Données et position" },
  levelWhat: {
    private: "La voiture ne dit rien d'elle. Les appels d'urgence fonctionnent toujours.",
    data: "La voiture dit comment elle va, mais pas où elle est.",
    position: "La voiture dit comment elle va et où elle est.",
  },
  by: "Réglé par {{by}}, {{at}}",
  byWhom: { driver: "la personne au volant", "head unit": "les personnes dans la voiture", "hardware buttons": "les personnes dans la voiture, avec les boutons", factory: "le constructeur" },
  byNobody: "Inchangé depuis que la voiture est à vous",
  onlyCar: "Seulement dans la voiture",
  onlyCarWhat:
    "Le niveau se règle uniquement dans la voiture : sur son écran, ou en maintenant ensemble les boutons SOS et assistance puis en appuyant sur assistance. Personne ne peut l'élever de l'extérieur : ni cette application, ni la marque.",
  twoLevels: "Cette voiture connaît deux niveaux\u00a0: «\u00a0{{low}}\u00a0» et «\u00a0{{high}}\u00a0».",
  ceiling: "Cette voiture est conçue pour ne jamais partager plus que : {{level}}.",
  remote: "Accès à distance",
  remoteUnheard: "Réglé dans la voiture\u00a0: si l'application peut l'interroger et lui donner des ordres. L'application apprend qu'il est coupé quand un ordre est refusé.",
  remoteOff: "Coupé dans la voiture : l'application ne peut ni l'interroger ni lui donner d'ordres.",
  services: "Ce que cela change pour chaque service",
  inCar: "Chacun peut aussi être désactivé dans la voiture même\u00a0; l'application ne le voit pas.",
  open: "permis",
  closed: "fermé",
  needs: "Demande le niveau «\u00a0{{level}}\u00a0».",
  how: "Comment le changer",
};
