export default {
  title: "Meldungen",
  none: "Keine Meldungen. Was mit Ihren Fahrzeugen geschieht, steht hier.",
  more: "Frühere Meldungen",
  new: "Neu",
  toCar: "Zum Fahrzeug",
  further_one: "noch einmal innerhalb einer Stunde",
  further_other: "noch {{count}} Mal innerhalb einer Stunde",
};
