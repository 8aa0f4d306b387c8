export default {
  save: "Speichern",
  lost: "Eine Änderung im Fahrzeug wurde nicht wirksam.",
  by: { owner: "einen Halter in der App", car: "jemanden im Fahrzeug", platform: "die Plattform" },
  newer: {
    title: "Inzwischen wurde es geändert",
    what: "Durch {{by}}. Das gilt jetzt; Ihre Eingabe steht noch unten.",
    mine: "Mit meiner Eingabe weiter",
    take: "Die neuere übernehmen",
  },
};
