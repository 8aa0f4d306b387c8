/** Texts of locking and unlocking. */
export const en = {
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

export const fr: typeof en = {
  title: "Verrouiller et déverrouiller",
  lock: "Verrouiller",
  unlock: "Déverrouiller",
  lockWhat: "Les portes et le coffre sont verrouillés. La voiture le dit quand ses propres capteurs le constatent.",
  unlockWhat: "Les portes sont déverrouillées pour quiconque se tient près de la voiture. Saisissez votre code de sécurité pour continuer.",
  lockDo: "Verrouiller la voiture",
  unlockDo: "Déverrouiller la voiture",
  underWay: "{{command}} : en cours",
  closed: "Impossible pour l'instant",
  noKey: "Ce navigateur n'est pas encore une clé de la voiture",
  noKeyWhat: "Qui ouvre la voiture signe avec une clé qui ne quitte jamais son téléphone. Cela prend une minute, dans la voiture :",
  other: "Ou donnez l'ordre ici et approuvez-le sur un téléphone que la voiture connaît déjà :",
  askPhone: "Demander à un téléphone",
};
