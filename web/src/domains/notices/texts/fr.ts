export default {
  title: "Messages",
  none: "Aucun message. Ce qui arrive à vos voitures est dit ici.",
  more: "Messages plus anciens",
  new: "Nouveau",
  toCar: "Vers la voiture",
  further_one: "encore une fois dans l'heure",
  further_many: "encore {{count}} de fois dans l'heure",
  further_other: "encore {{count}} fois dans l'heure",
};
